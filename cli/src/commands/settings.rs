//! `adt settings`

use std::collections::BTreeMap;

use super::DONE;
use crate::{
    args::{Common, Tuning},
    settings, show,
};

pub(super) fn run(tuning: &Tuning, common: &Common, vars: &BTreeMap<String, String>) -> anyhow::Result<u8> {
    let settings = settings::resolve(common, tuning, vars)?;
    if common.json {
        settings.shown.iter().for_each(show::json_line);
    } else {
        show::out(&show::settings(&settings.shown));
    }
    Ok(DONE)
}
