//! `adt imaging`

pub(super) mod convert;
mod info;
mod mips;
mod validate;
mod verify;

use std::{collections::BTreeMap, sync::Arc};

use adt_engine::{Ctx, Stop, Summary};
use adt_model::{Class, Fault, SourceLinks};

use crate::{
    args::{Common, Imaging, Tuning},
    commands::{FAILED, ephys::drive},
    settings, show, wire,
};

type Vars = BTreeMap<String, String>;

pub(super) fn run(asked: &Imaging, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    match asked {
        Imaging::Zarr(asked) => convert::run(asked, false, common, vars),
        Imaging::N5(asked) => convert::run(asked, true, common, vars),
        Imaging::Verify(asked) => verify::run(asked, common, vars),
        Imaging::Info(asked) => info::run(asked, common, vars),
        Imaging::Mips(asked) => mips::run(asked, common, vars),
        Imaging::Validate(asked) => validate::run(asked, common, vars),
    }
}

/// What work needs, and what a source's links mean where no flag says so.
fn context(tuning: &Tuning, common: &Common, vars: &Vars) -> anyhow::Result<(Arc<Ctx>, SourceLinks)> {
    let settings = settings::resolve(common, tuning, vars)?;
    let told = show::reporter(common, settings.log_level.unwrap_or_default());
    let ctx = wire::ctx(&settings, vars, wire::Ways::default(), told, Stop::default())?;
    Ok((ctx, settings.manner.links))
}

/// Drives work to its end and shows what came of it.
fn ended(
    work: impl Future<Output = Result<Summary, Fault>>,
    ctx: &Arc<Ctx>,
    common: &Common,
) -> anyhow::Result<u8> {
    match drive(ctx, work) {
        Ok(summary) => {
            show::ended(&summary, common);
            Ok(summary.exit_code() as u8)
        }
        Err(fault)
            if matches!(fault.class(), Class::Missing | Class::BadInput | Class::Bug | Class::Cancelled) =>
        {
            Err(fault.into())
        }
        Err(fault) => {
            show::error(&fault.into());
            Ok(FAILED)
        }
    }
}
