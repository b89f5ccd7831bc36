//! `adt ephys info`

use adt_engine::{Stop, ephys::info};

use super::{Vars, drive, location};
use crate::{
    args::{Common, EphysInfo, Tuning},
    commands::{DONE, FAILED},
    settings, show, wire,
};

/// Exit code 1 when something of it cannot be read.
pub(super) fn run(asked: &EphysInfo, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    let place = location(&asked.source)?;
    let settings = settings::resolve(common, &Tuning::default(), vars)?;
    let links = asked.of_source.links_or(settings.manner.links);
    let told = show::reporter(common, settings.log_level.unwrap_or_default());
    let ctx = wire::ctx(&settings, vars, wire::Ways::default(), told, Stop::default())?;
    let info =
        drive(&ctx, info::info(&place, links, asked.require_aligned_timestamps.unwrap_or_default(), &ctx))?;
    if common.json {
        show::json_line(&info);
    } else {
        show::out(&show::info(&info));
    }
    Ok(if info.problems().iter().any(|problem| problem.unread) { FAILED } else { DONE })
}
