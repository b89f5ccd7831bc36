//! `adt imaging zarr`, `adt imaging n5`

use std::sync::Arc;

use adt_engine::imaging::alone::{ImagingAsked, ome_zarr};
use adt_intake::{imaging_config, imaging_contradiction};
use adt_model::{Background, ChunkShape, Class, Fault, ImagingConfig, SourceLinks, Transform};

use super::{Vars, context, ended};
use crate::{
    args::{Common, Convert},
    commands::ephys::{absolute, location},
    show,
};

pub(super) fn run(convert: &Convert, n5: bool, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    let (ctx, links) = context(&convert.tuning, common, vars)?;
    let asked = asked(convert, n5, links)?;
    let verb = if n5 { "n5" } else { "zarr" };
    let command = format!("adt imaging {verb} {} {}", asked.source, asked.destination);
    ended(ome_zarr(asked, &command, Arc::clone(&ctx)), &ctx, common)
}

/// What a command means; `links` is the setting.
pub(in crate::commands) fn asked(
    convert: &Convert,
    n5: bool,
    links: SourceLinks,
) -> Result<ImagingAsked, Fault> {
    let (config, notes) = config(convert)?;
    for note in notes {
        show::say(&format!("note: {note}"));
    }
    Ok(ImagingAsked {
        source: absolute(&convert.source)?,
        destination: location(&convert.destination)?,
        config,
        n5,
        dry_run: convert.dry_run,
        force: convert.force,
        resume: convert.resume,
        plan_only: convert.plan_only,
        metrics: convert.metrics_file.as_deref().map(absolute).transpose()?,
        links: convert.of_source.links_or(links),
    })
}

/// The file's word, and over it the flags'.
fn config(asked: &Convert) -> Result<(ImagingConfig, Vec<String>), Fault> {
    let (mut config, notes) = match &asked.config_file {
        Some(path) => imaging_config(&absolute(path)?)?,
        None => (ImagingConfig::default(), Vec::new()),
    };
    if config.transform != Transform::Zarr {
        let what = format!("`transform` is {}: this command converts images", config.transform);
        return Err(Fault::new(Class::BadInput, what)
            .help("leave it out of the file; it has a meaning in a job list"));
    }
    config.levels = asked.n_levels.or(config.levels);
    config.factors = asked.scale_factor.unwrap_or(config.factors);
    if let Some(bytes) = asked.chunk_size {
        config.chunk = ChunkShape::Bytes(bytes);
    }
    if let Some(shape) = asked.chunk_shape {
        config.chunk = ChunkShape::Voxels(shape);
    }
    config.format = asked.zarr_format.unwrap_or(config.format);
    config.shard = asked.shard_shape.or(config.shard);
    config.cname = asked.codec.unwrap_or(config.cname);
    config.clevel = asked.clevel.unwrap_or(config.clevel);
    config.voxel = asked.voxel_size.or(config.voxel);
    if let Some(folder) = &asked.bkg_img_dir {
        config.background = Some(Background::Folder(absolute(folder)?));
    }
    config.exclude.extend(asked.exclude.iter().cloned());
    config.edge = asked.edge.unwrap_or(config.edge);
    config.rounding = asked.rounding.unwrap_or(config.rounding);
    config.link = asked.ng_link.or(config.link);
    config.item = asked.item_size.unwrap_or(config.item);
    config.strict_compat |= asked.strict_compat;
    if config.strict_compat {
        // As by the original, which makes one size unless it is told more.
        config.levels = config.levels.or(Some(1));
    }
    goes_together(&config)?;
    Ok((config, notes))
}

/// A flag may contradict the file, where neither contradicts itself.
fn goes_together(config: &ImagingConfig) -> Result<(), Fault> {
    let Some(wrong) = imaging_contradiction(config) else { return Ok(()) };
    let what = format!("`--{}`: {}", wrong.key.replace('_', "-"), wrong.what);
    Err(Fault::new(Class::BadInput, what).help(wrong.valid))
}
