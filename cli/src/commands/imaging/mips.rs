//! `adt imaging mips`

use adt_engine::imaging::mips::{Asked, Axes, mips};

use super::{Vars, context};
use crate::{
    args::{Common, ImagingMips},
    commands::{
        DONE, FAILED,
        ephys::{absolute, drive, location},
    },
    show,
};

/// Exit code 1 when an image has no projections.
pub(super) fn run(asked: &ImagingMips, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    let destination = location(&asked.destination)?;
    let (ctx, links) = context(&asked.tuning, common, vars)?;
    let what = Asked {
        source: absolute(&asked.source)?,
        destination: destination.clone(),
        axes: if asked.axes.is_empty() { Axes::ALL.to_vec() } else { asked.axes.clone() },
        overwrite: asked.overwrite,
        exclude: asked.exclude.clone(),
        links: asked.of_source.links_or(links),
    };
    let projected = drive(&ctx, mips(what, &ctx))?;
    if common.json {
        show::json_line(&projected);
    } else {
        show::out(&show::imaging::projected(&projected, &destination, common.quiet));
    }
    Ok(if projected.problems.is_empty() { DONE } else { FAILED })
}
