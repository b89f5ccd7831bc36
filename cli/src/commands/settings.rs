//! `adt settings`

use std::collections::BTreeMap;

use super::DONE;
use crate::{
    args::{Common, Shown},
    settings, show,
};

pub(super) fn run(asked: &Shown, common: &Common, vars: &BTreeMap<String, String>) -> anyhow::Result<u8> {
    let mut shown = settings::resolve(common, &asked.tuning, vars)?.shown;
    for (name, value) in asked.manner.given() {
        settings::given(&mut shown, name, value);
    }
    if common.json {
        shown.iter().for_each(show::json_line);
    } else {
        show::out(&show::settings(&shown));
    }
    Ok(DONE)
}
