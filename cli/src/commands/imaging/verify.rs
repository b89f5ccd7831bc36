//! `adt imaging verify`

use adt_engine::imaging::verify::{Asked, verify};
use adt_model::{Background, ImagingConfig};

use super::{Vars, context};
use crate::{
    args::{Common, ImagingVerify},
    commands::{
        DONE, FAILED,
        ephys::{absolute, drive, location},
    },
    show,
};

/// Exit code 1 when anything differs.
pub(super) fn run(asked: &ImagingVerify, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    let background = asked.bkg_img_dir.as_deref().map(absolute).transpose()?;
    let config = ImagingConfig {
        voxel: asked.voxel_size,
        background: background.map(Background::Folder),
        exclude: asked.exclude.clone(),
        ..ImagingConfig::default()
    };
    let (ctx, links) = context(&asked.tuning, common, vars)?;
    let what = Asked {
        source: absolute(&asked.source)?,
        destination: location(&asked.destination)?,
        config,
        links: asked.of_source.links_or(links),
    };
    let verified = drive(&ctx, verify(what, &ctx))?;
    if common.json {
        show::json_line(&verified);
    } else {
        show::out(&show::imaging::verified(&verified, common.quiet));
    }
    Ok(if verified.is_right() { DONE } else { FAILED })
}
