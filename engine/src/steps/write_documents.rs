//! What the metadata service answered is written, and what the tool generates: a description before any work, and `processing.json` from
//! what the steps did.

use adt_metadata::{Document, Made, ProcessInput, ProcessingInput, Settings, processing};
use adt_model::{Action, Class, Fault, JobSpec, Key, LeftOut, ModalitySpec, TraceCodec};
use serde_json::Value;

use super::{EphysMade, ImagesMade, Zipped};
use crate::job::Job;

pub(super) async fn perform(names: &[String], job: &Job) -> Result<(), Fault> {
    for name in names {
        let document = match (name.as_str(), job.prepared.documents.get(name)) {
            (_, Some(prepared)) => prepared.clone(),
            ("processing.json", None) => processed(job.session()?, job),
            (other, None) => {
                return Err(Fault::new(Class::Bug, format!("nobody knows how to write `{other}`")));
            }
        };
        let key = Key::parse(name.as_str()).expect("the names of documents are keys");
        job.out().bytes(&key, document.text().into(), None).await?;
        job.documents(name, document);
    }
    Ok(())
}

/// One entry for each folder that was transformed, in the job's order.
fn processed(spec: &JobSpec, job: &Job) -> Document {
    let zipped = job.zipped.lock().expect("nobody panics while holding it");
    let ephys = job.ephys.lock().expect("nobody panics while holding it");
    let images = job.images.lock().expect("nobody panics while holding it");
    let of = |step: &str, verb: &str| {
        spec.modalities.iter().find(|modality| step == format!("{verb} {}", modality.folder))
    };
    let steps = job.plan.stages.iter().flat_map(|stage| &stage.steps);
    let processes = steps.filter_map(|step| match &step.action {
        Action::ZipFolder { key, .. } => Some(process(of(&step.id, "zip")?, key, zipped.get(&step.id)?)),
        Action::CompressEphys { folder, under, .. } => {
            Some(recordings(of(&step.id, "compress")?, under, folder.files, ephys.get(&step.id)?))
        }
        Action::WriteOmeZarr { folder, under: Some(under), .. } => {
            Some(pyramids(of(&step.id, "write")?, under, folder.files, images.get(&step.id)?))
        }
        _ => None,
    });
    let input = ProcessingInput {
        job: spec,
        version: job.ctx.version,
        began: job.started,
        written: (job.ctx.clock)(),
        processes: processes.collect(),
        notes: left_out(&job.plan.left_out),
    };
    processing(&input)
}

/// What of the sources is not in the asset, for whoever reads the document.
fn left_out(left_out: &LeftOut) -> Option<String> {
    if left_out.is_empty() {
        return None;
    }
    let things = if left_out.count == 1 { "1 item".to_owned() } else { format!("{} items", left_out.count) };
    Some(format!("{things} of the sources not uploaded: {}", left_out.lines().join("; ")))
}

fn process<'a>(modality: &'a ModalitySpec, key: &Key, zipped: &Zipped) -> ProcessInput<'a> {
    ProcessInput {
        modality,
        started: zipped.started,
        ended: zipped.ended,
        settings: Settings {
            container: "zip".into(),
            codec: "deflate".into(),
            level: Some(i32::from(zipped.level)),
            ..Settings::default()
        },
        made: Made {
            object: key.clone(),
            objects: 1,
            entries: zipped.entries,
            bytes_in: zipped.bytes_in,
            bytes_out: zipped.bytes_out,
            checksum: Some(zipped.crc64),
        },
        notes: None,
    }
}

fn recordings<'a>(
    modality: &'a ModalitySpec,
    under: &Key,
    files: u64,
    ephys: &EphysMade,
) -> ProcessInput<'a> {
    let EphysMade { config, made, started, ended } = ephys;
    let (codec, level) = match config.codec {
        TraceCodec::Wavpack { level } => ("wavpack".to_owned(), i32::from(level)),
        TraceCodec::Blosc { cname, level, .. } => (format!("blosc {}", cname.as_str()), i32::from(level)),
        TraceCodec::Zstd { level } => ("zstd".to_owned(), level),
    };
    let streams = serde_json::to_value(&made.streams).expect("records of plain fields");
    let mut further = vec![("lsb", Value::from(config.lsb.as_str())), ("streams", streams)];
    if !config.choice.is_all() {
        further.push(("chosen", serde_json::to_value(&config.choice).expect("lists of texts")));
    }
    if let Some(file) = &config.probe_file {
        further.push(("probe_file", serde_json::to_value(file).expect("a record of plain fields")));
    }
    let lossy = made.streams.iter().filter(|stream| stream.lost_samples > 0);
    let lossy = lossy.map(|stream| {
        format!("LOSSY: {} samples of `{}` do not come back", stream.lost_samples, stream.stream)
    });
    let left_out = made.left_out.iter().map(|left| format!("not stored: {left}"));
    let notes: Vec<_> = made.missing.iter().cloned().chain(lossy).chain(left_out).collect();
    ProcessInput {
        modality,
        started: *started,
        ended: *ended,
        settings: Settings {
            container: "zarr".into(),
            codec,
            level: Some(level),
            chunking: Some(Value::from(config.chunk.to_string())),
            further: further.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        },
        made: Made {
            object: under.clone(),
            objects: made.streams.iter().map(|stream| stream.objects).sum(),
            entries: files,
            bytes_in: made.bytes_in(),
            bytes_out: made.bytes_out(),
            checksum: None,
        },
        notes: (!notes.is_empty()).then(|| notes.join("; ")),
    }
}

fn pyramids<'a>(modality: &'a ModalitySpec, under: &Key, files: u64, made: &ImagesMade) -> ProcessInput<'a> {
    let ImagesMade { config, written, started, ended } = made;
    let tiles = serde_json::to_value(&written.tiles).expect("records of plain fields");
    let further = [
        ("zarr_format", Value::from(config.format.as_str())),
        ("factors", Value::from(config.factors.to_vec())),
        ("edge", Value::from(config.edge.as_str())),
        ("rounding", Value::from(config.rounding.as_str())),
        ("background_subtracted", Value::from(config.background.is_some())),
        ("tiles", tiles),
    ];
    ProcessInput {
        modality,
        started: *started,
        ended: *ended,
        settings: Settings {
            container: "zarr".into(),
            codec: format!("blosc {}", config.cname.as_str()),
            level: Some(config.clevel.into()),
            chunking: serde_json::to_value(config.chunk).ok(),
            further: further.map(|(name, value)| (name.to_owned(), value)).into_iter().collect(),
        },
        made: Made {
            object: under.clone(),
            objects: written.tiles.iter().map(|tile| tile.objects).sum(),
            entries: files,
            bytes_in: written.bytes_in(),
            bytes_out: written.bytes_out(),
            checksum: None,
        },
        notes: (!written.missing.is_empty()).then(|| written.missing.join("; ")),
    }
}
