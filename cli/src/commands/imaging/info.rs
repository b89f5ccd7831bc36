//! `adt imaging info`

use adt_engine::imaging::info::info;

use super::{Vars, context};
use crate::{
    args::{Common, ImagingInfo, Tuning},
    commands::{
        DONE, FAILED,
        ephys::{drive, location},
    },
    show,
};

/// Exit code 1 when something of it cannot be read.
pub(super) fn run(asked: &ImagingInfo, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    let place = location(&asked.place)?;
    let (ctx, links) = context(&Tuning::default(), common, vars)?;
    let found = drive(&ctx, info(&place, asked.of_source.links_or(links), &ctx))?;
    if common.json {
        show::json_line(&found);
    } else {
        show::out(&show::imaging::info(&found));
    }
    Ok(if found.problems.is_empty() { DONE } else { FAILED })
}
