//! `adt ephys compress`

use std::sync::Arc;

use adt_engine::{
    Ctx, Stop,
    alone::{self, compress_ephys},
    ephys::fetch::{Fetched, fetch},
};
use adt_intake::ephys_config;
use adt_model::{
    BloscName, BloscShuffle, Class, EphysChoice, EphysConfig, Fault, Location, ProbeFile, ProbeStreams,
    TraceCodec,
};

use camino::Utf8PathBuf;

use super::{Vars, absolute, drive, location};
use crate::{
    args::{Common, EphysCodec, EphysCompress},
    commands::{DONE, FAILED},
    settings, show, wire,
};

pub(super) fn run(asked: &EphysCompress, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    let (source, destination) = (location(&asked.source)?, location(&asked.destination)?);
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
    let (folder, fetched) = match source {
        Location::Folder(folder) => (folder, None),
        bucket => match fetched(asked, &bucket, &destination, common, &ctx)? {
            Ok(fetched) => (fetched.session.clone(), Some(fetched)),
            Err(code) => return Ok(code),
        },
    };
    let done = drive(&ctx, compress_ephys(&folder, &destination, config, ways, &command, Arc::clone(&ctx)));
    let code = match done {
        Ok(summary) => {
            show::ended(&summary, common);
            Ok(summary.exit_code() as u8)
        }
        Err(fault) if ends_everything(&fault) => Err(fault.into()),
        Err(fault) => {
            show::error(&fault.into());
            Ok(FAILED)
        }
    };
    if let Some(fetched) = fetched {
        leave(&fetched, code.as_ref().is_ok_and(|code| *code == DONE));
    }
    code
}

fn ends_everything(fault: &Fault) -> bool {
    matches!(fault.class(), Class::Missing | Class::BadInput | Class::Bug | Class::Cancelled)
}

/// Downloads a session; the inner error is the exit code of a download that failed.
fn fetched(
    asked: &EphysCompress,
    source: &Location,
    destination: &Location,
    common: &Common,
    ctx: &Arc<Ctx>,
) -> anyhow::Result<Result<Fetched, u8>> {
    let work = match &asked.work_folder {
        Some(folder) => absolute(folder)?,
        None => Utf8PathBuf::from_path_buf(std::env::temp_dir()).map_err(|folder| {
            let what = format!("the folder for temporary files `{}` is not UTF-8", folder.display());
            Fault::new(Class::BadInput, what).help("name a folder with `--work-folder`")
        })?,
    };
    match drive(ctx, fetch(source, destination, &work, ctx)) {
        Ok(Ok(fetched)) => Ok(Ok(fetched)),
        Ok(Err(summary)) => {
            show::ended(&summary, common);
            Ok(Err(summary.exit_code() as u8))
        }
        Err(fault) if ends_everything(&fault) => Err(fault.into()),
        Err(fault) => {
            show::error(&fault.into());
            Ok(Err(FAILED))
        }
    }
}

/// A download is removed when its asset is complete; otherwise the next run uses it.
fn leave(fetched: &Fetched, done: bool) {
    if !done {
        let folder = &fetched.session;
        show::say(&format!("note: the download is kept in `{folder}`; the same command again uses it"));
    } else if let Err(fault) = fetched.remove() {
        show::say(&format!("note: {}", fault.line()));
    }
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
    let EphysChoice { streams, experiments, channels } = &mut config.choice;
    for (names, given) in
        [(streams, &asked.streams), (experiments, &asked.experiments), (channels, &asked.channels)]
    {
        if !given.is_empty() {
            given.clone_into(names);
        }
    }
    probe_file(&mut config, asked)?;
    config.aligned = asked.require_aligned_timestamps.unwrap_or(config.aligned);
    Ok((config, notes))
}

fn probe_file(config: &mut EphysConfig, asked: &EphysCompress) -> Result<(), Fault> {
    if let Some(path) = &asked.probe_file {
        config.probe_file =
            Some(ProbeFile { path: absolute(path)?, streams: ProbeStreams::default(), crc64: None });
    }
    match (&mut config.probe_file, asked.probe_file_for) {
        (Some(file), Some(streams)) => file.streams = streams,
        (None, Some(_)) => {
            return Err(Fault::new(Class::BadInput, "`--probe-file-for` needs `--probe-file`")
                .help("name the file with `--probe-file FILE`"));
        }
        (_, None) => {}
    }
    Ok(())
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
