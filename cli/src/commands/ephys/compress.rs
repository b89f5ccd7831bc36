//! `adt ephys compress`

use std::sync::Arc;

use adt_engine::{
    Stop,
    alone::{self, compress_ephys},
};
use adt_intake::ephys_config;
use adt_model::{BloscName, BloscShuffle, Class, EphysConfig, Fault, TraceCodec};

use super::{Vars, absolute, drive, location};
use crate::{
    args::{Common, EphysCodec, EphysCompress},
    commands::FAILED,
    settings, show, wire,
};

pub(super) fn run(asked: &EphysCompress, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    let (source, destination) = (absolute(&asked.source)?, location(&asked.destination)?);
    let settings = settings::resolve(common, &asked.tuning, vars)?;
    let (config, notes) = config(asked)?;
    for note in notes {
        show::say(&format!("note: {note}"));
    }
    let told = show::reporter(common, settings.log_level.unwrap_or_default());
    let ctx = wire::ctx(&settings, vars, wire::Ways::default(), told, Stop::default())?;
    let links = asked.of_source.links_or(settings.manner.links);
    let ways = alone::Ways { dry_run: asked.dry_run, force: asked.force, links };
    let command = format!("adt ephys compress {source} {destination}");
    let summary =
        drive(&ctx, compress_ephys(&source, &destination, config, ways, &command, Arc::clone(&ctx)));
    let summary = match summary {
        Ok(summary) => summary,
        Err(fault)
            if matches!(fault.class(), Class::Missing | Class::BadInput | Class::Bug | Class::Cancelled) =>
        {
            return Err(fault.into());
        }
        Err(fault) => {
            show::error(&fault.into());
            return Ok(FAILED);
        }
    };
    show::ended(&summary, common);
    Ok(summary.exit_code() as u8)
}

/// The file's word, and over it the flags'.
fn config(asked: &EphysCompress) -> Result<(EphysConfig, Vec<String>), Fault> {
    let (mut config, notes) = match &asked.config_file {
        Some(path) => ephys_config(&absolute(path)?)?,
        None => (EphysConfig::default(), Vec::new()),
    };
    if let Some(codec) = asked.codec.filter(|codec| !is(*codec, config.codec)) {
        config.codec = match codec {
            EphysCodec::Wavpack => TraceCodec::default(),
            EphysCodec::Blosc => {
                TraceCodec::Blosc { cname: BloscName::default(), level: 5, shuffle: BloscShuffle::default() }
            }
            EphysCodec::Zstd => TraceCodec::Zstd { level: 3 },
        };
    }
    if let Some(level) = asked.level {
        set_level(&mut config.codec, level)?;
    }
    config.chunk = asked.chunk_duration.unwrap_or(config.chunk);
    config.clip_frames = asked.clip_frames.unwrap_or(config.clip_frames);
    config.lsb = asked.lsb.unwrap_or(config.lsb);
    Ok((config, notes))
}

fn is(codec: EphysCodec, other: TraceCodec) -> bool {
    match other {
        TraceCodec::Wavpack { .. } => codec == EphysCodec::Wavpack,
        TraceCodec::Blosc { .. } => codec == EphysCodec::Blosc,
        TraceCodec::Zstd { .. } => codec == EphysCodec::Zstd,
    }
}

fn set_level(codec: &mut TraceCodec, wanted: u8) -> Result<(), Fault> {
    let name = codec.to_string();
    let name = name.split(' ').next().unwrap_or_default().to_owned();
    let valid = match codec {
        TraceCodec::Wavpack { level } => {
            *level = wanted;
            1..=4
        }
        TraceCodec::Blosc { level, .. } => {
            *level = wanted;
            0..=9
        }
        TraceCodec::Zstd { level } => {
            *level = wanted.into();
            1..=22
        }
    };
    if valid.contains(&wanted) {
        return Ok(());
    }
    let what = format!("`--level {wanted}`: {name} has no such level");
    Err(Fault::new(Class::BadInput, what).help(format!("give one from {} to {}", valid.start(), valid.end())))
}
