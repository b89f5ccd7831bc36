//! `adt ephys restore`

use adt_engine::{
    Stop,
    ephys::restore::{self, Restored},
};
use adt_model::Class;

use super::{Vars, drive, location};
use crate::{
    args::{Common, EphysRestore},
    commands::{DONE, FAILED, INTERRUPTED},
    settings, show, wire,
};

pub(super) fn run(asked: &EphysRestore, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    let what = restore::Asked {
        from: location(&asked.source)?,
        to: location(&asked.destination)?,
        force: asked.force,
        dry_run: asked.dry_run,
    };
    let settings = settings::resolve(common, &asked.tuning, vars)?;
    let told = show::reporter(common, settings.log_level.unwrap_or_default());
    let ctx = wire::ctx(&settings, vars, wire::Ways::default(), told, Stop::default())?;
    let restored = drive(&ctx, restore::run(&what, &ctx))?;
    let text = if what.dry_run {
        show::would_restore(&restored, &what.to)
    } else {
        show::restored(&restored, &what.to, common.quiet)
    };
    if common.json {
        show::json_line(&restored);
        show::say_all(text.trim_end());
    } else {
        show::out(&text);
    }
    // The session that comes back lacks what was not chosen.
    Ok(if code(&restored) == DONE && !restored.left_out.is_empty() { FAILED } else { code(&restored) })
}

/// Of what went wrong.
pub(super) fn code(restored: &Restored) -> u8 {
    match restored {
        restored if restored.stopped => INTERRUPTED,
        restored if restored.failed.iter().any(|failed| failed.class == Class::Bug) => 3,
        restored if restored.failed.is_empty() => DONE,
        _ => FAILED,
    }
}
