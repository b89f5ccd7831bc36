//! `adt ephys verify`

use adt_engine::{Stop, ephys::restore};

use super::{Vars, drive, location, restore::code};
use crate::{
    args::{Common, EphysVerify},
    settings, show, wire,
};

pub(super) fn run(asked: &EphysVerify, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    let from = location(&asked.source)?;
    let settings = settings::resolve(common, &asked.tuning, vars)?;
    let told = show::reporter(common, settings.log_level.unwrap_or_default());
    let ctx = wire::ctx(&settings, vars, wire::Ways::default(), told, Stop::default())?;
    let verified = drive(&ctx, restore::verify(&from, &ctx))?;
    let text = show::verified(&verified, &from, common.quiet);
    if common.json {
        show::json_line(&verified);
        show::say_all(text.trim_end());
    } else {
        show::out(&text);
    }
    Ok(code(&verified))
}
