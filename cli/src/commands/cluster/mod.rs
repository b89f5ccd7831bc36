//! Work that many machines share: `adt submit`, `adt work`, `adt status`, `adt cancel`

mod jobs;
mod rest;
mod run_folder;
mod scheduler;
mod scratch;
mod status;
mod submissions;
mod submit;
mod trust;
mod wanted;
mod work;

use std::{collections::BTreeMap, sync::Arc};

use adt_engine::{
    Ctx, Stop,
    shares::{self, WorkPlan},
};
use adt_model::Plan;
use camino::Utf8Path;

use crate::{
    args::{Common, Tuning},
    settings, show, wire,
};

pub(super) use status::{cancel, status};
pub(super) use submit::submit;
pub(super) use work::work;

type Vars = BTreeMap<String, String>;

/// Not complete, or interrupted: the same again goes on there (`EX_TEMPFAIL` of sysexits).
pub(super) const AGAIN: u8 = 75;

/// What a command works with; a task of a cluster has a ledger of its own, since SQLite must not lie where several machines see it.
fn context(
    tuning: &Tuning,
    common: &Common,
    vars: &Vars,
    ledger: Option<&Utf8Path>,
    ways: wire::Ways,
) -> anyhow::Result<Arc<Ctx>> {
    let limited = jobs::limited(tuning, vars);
    let mut settings = settings::resolve(common, &limited, vars)?;
    if let Some(ledger) = ledger {
        ledger.clone_into(&mut settings.ledger);
    }
    let told = show::reporter(common, settings.log_level.unwrap_or_default());
    Ok(wire::ctx(&settings, vars, ways, told, Stop::default())?)
}

/// The items of a plan; nothing is written.
pub(super) fn units(plan: Plan, common: &Common, vars: &Vars) -> anyhow::Result<WorkPlan> {
    let scratch = scratch::Scratch::new()?;
    let ledger = scratch.ledger();
    let ctx = context(&Tuning::default(), common, vars, Some(&ledger), wire::Ways::default())?;
    Ok(super::ephys::drive(&ctx, shares::units(plan, &ctx))?)
}
