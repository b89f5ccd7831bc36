//! `adt imaging validate`

use adt_engine::imaging::validate::validate;

use super::{Vars, context};
use crate::{
    args::{Common, ImagingValidate, Tuning},
    commands::{
        DONE, FAILED,
        ephys::{absolute, drive},
    },
    show,
};

/// Exit code 1 when something is wrong.
pub(super) fn run(asked: &ImagingValidate, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    let (ctx, _) = context(&Tuning::default(), common, vars)?;
    let found = drive(&ctx, validate(absolute(&asked.folder)?, asked.deep, &ctx))?;
    if common.json {
        show::json_line(&found);
    } else {
        show::out(&show::imaging::validated(&found, common.quiet));
    }
    Ok(if found.problems.is_empty() { DONE } else { FAILED })
}
