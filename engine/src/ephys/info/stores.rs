use adt_formats::{
    ephys_store::{Source, Stored, StoredSamples},
    zarr::Compressor,
};
use adt_model::{Class, Fault};
use adt_store::Place;
use serde::Serialize;

use super::Problem;
use crate::ephys::open::{Seen, Session, open};

/// The stores of an asset.
#[derive(Debug, Serialize)]
pub struct Stores {
    /// Where they are.
    pub location: String,
    /// In the order of their names.
    pub stores: Vec<Store>,
    /// What cannot be used.
    pub problems: Vec<Problem>,
}

/// A stream of one experiment.
#[derive(Debug, Serialize)]
pub struct Store {
    /// Below the place; its last part is experiment and stream.
    pub name: String,
    /// The program that wrote it, where it says so.
    pub program: Option<String>,
    /// Hertz.
    pub sampling_frequency: f64,
    /// Channels that readers show.
    pub channels: u64,
    /// Columns of the source that are kept beside the channels.
    pub sync_columns: u64,
    /// The names of its probes.
    pub probes: Vec<String>,
    /// Recordings.
    pub segments: Vec<Segment>,
    /// Of all recordings.
    pub seconds: f64,
    /// How traces are compressed, with the level where there is one.
    pub codec: String,
    /// Frames of a chunk of traces.
    pub chunk_frames: u64,
    /// What is done about the step of the converter: `exact`, `spikeinterface`, `none`; `None` where nobody says it.
    pub lsb: Option<String>,
    /// Samples that are lost for good.
    pub lost_samples: u64,
    /// Of the files it was made from; of the traces where those are not known.
    pub original_bytes: u64,
    /// Of all its objects.
    pub stored_bytes: u64,
    /// Original to stored.
    pub ratio: Option<f64>,
    /// Whether the SHA-256 of every file is known.
    pub sha256_known: bool,
}

/// One recording of the stream.
#[derive(Debug, Serialize)]
pub struct Segment {
    /// Samples of each channel.
    pub frames: u64,
    /// The file it was made from, where that is noted.
    pub file: Option<String>,
    /// Its bytes.
    pub bytes: Option<u64>,
    /// Its checksum.
    pub sha256: Option<String>,
}

/// Opens each store; one that cannot be used hides no other.
pub(super) async fn look(place: &Place, sessions: &[Session]) -> Result<Stores, Fault> {
    let mut found =
        Stores { location: place.location().to_string(), stores: Vec::new(), problems: Vec::new() };
    for seen in sessions.iter().flat_map(|session| &session.stores) {
        let name = seen.name(place);
        match open(&seen.place(place)).await.and_then(|stored| store(&name, seen, &stored)) {
            Ok(store) => found.stores.push(store),
            Err(fault) if matches!(fault.class(), Class::Transient | Class::Cancelled | Class::Bug) => {
                return Err(fault);
            }
            Err(fault) => {
                let named = Fault::new(fault.class(), format!("`{name}` cannot be used"));
                let told = match fault.advice() {
                    Some(help) => named.help(help.to_owned()),
                    None => named,
                };
                found.problems.push(Problem::new(&told.because(fault), true));
            }
        }
    }
    Ok(found)
}

fn store(name: &str, seen: &Seen, stored: &Stored) -> Result<Store, Fault> {
    let (about, record) = (stored.description(), stored.record());
    let samples = record.map(StoredSamples::of).transpose()?;
    let sources = record.map_or(&[][..], |record| &record.sources);
    let frames: u64 = about.segments.iter().map(|segment| segment.frames).sum();
    let of_traces = frames.saturating_mul(2 * about.channel_ids.len() as u64);
    let original = if record.is_some() { sources.iter().map(|source| source.bytes).sum() } else { of_traces };
    let traces = stored.segments().first().map(|arrays| arrays.traces.meta());
    let probe = |probe: &adt_formats::ephys_store::Probe| {
        probe.info.get("name").and_then(|name| name.as_str()).unwrap_or("unnamed").to_owned()
    };
    Ok(Store {
        name: name.to_owned(),
        program: record.map(|record| record.program.clone()),
        sampling_frequency: about.sampling_frequency,
        channels: about.channel_ids.len() as u64,
        sync_columns: about.columns.as_ref().map_or(0, |columns| columns.sync.len() as u64),
        probes: about.probes.iter().map(probe).collect(),
        segments: about.segments.iter().enumerate().map(|(k, s)| segment(s.frames, sources.get(k))).collect(),
        seconds: frames as f64 / about.sampling_frequency,
        codec: traces.map_or_else(String::new, |meta| codec(meta.compressor())),
        chunk_frames: traces.and_then(|meta| meta.chunks().first().copied()).unwrap_or_default(),
        lsb: samples.as_ref().map(mode),
        lost_samples: match samples {
            Some(StoredSamples::Corrected { lost, .. }) => lost,
            _ => 0,
        },
        original_bytes: original,
        stored_bytes: seen.bytes,
        ratio: (seen.bytes > 0).then(|| original as f64 / seen.bytes as f64),
        sha256_known: !sources.is_empty() && sources.iter().all(|source| source.sha256.len() == 64),
    })
}

fn segment(frames: u64, source: Option<&Source>) -> Segment {
    Segment {
        frames,
        file: source.map(|source| source.path.clone()),
        bytes: source.map(|source| source.bytes),
        sha256: source.map(|source| source.sha256.clone()),
    }
}

fn mode(samples: &StoredSamples) -> String {
    match samples {
        StoredSamples::Raw { .. } => "none",
        StoredSamples::Codes(_) => "exact",
        StoredSamples::Corrected { .. } => "spikeinterface",
    }
    .to_owned()
}

fn codec(compressor: Option<&Compressor>) -> String {
    match compressor {
        None => "none".to_owned(),
        Some(Compressor::Wavpack(wavpack)) => format!("wavpack {}", wavpack.level),
        Some(Compressor::Blosc(blosc)) => {
            let inside = format!("{:?}", blosc.cname).to_lowercase();
            format!("blosc {inside} {}", blosc.clevel)
        }
        Some(Compressor::Zstd(level)) => format!("zstd {level}"),
        Some(Compressor::Other(id, _)) => id.clone(),
    }
}
