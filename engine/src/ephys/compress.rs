use std::sync::Arc;

use adt_formats::{
    ephys::{self, Stream, Weight},
    folder::Rules,
};
use adt_model::{Class, EphysConfig, Fault, Key};
use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::stream::{StreamWork, Trouble};
use crate::{
    beat::Beat,
    delivery::{Delivery, off_the_reactor},
};

/// A session whose streams become stores.
pub(crate) struct Work {
    /// The session's folder.
    pub source: Utf8PathBuf,
    /// What of it is taken along.
    pub rules: Rules,
    /// Where the stores go in the asset.
    pub under: Key,
    /// How they are stored.
    pub config: EphysConfig,
    /// The way to them.
    pub out: Arc<Delivery>,
    /// Counts what is read.
    pub beat: Beat,
}

/// What came of a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Compressed {
    /// One for each store, by experiment and name.
    pub streams: Vec<StreamMade>,
    /// Recordings that are in no store, and why.
    pub missing: Vec<String>,
}

impl Compressed {
    /// Bytes of all samples that were read.
    pub fn bytes_in(&self) -> u64 {
        self.streams.iter().map(|stream| stream.bytes_in).sum()
    }

    /// Bytes of all stores.
    pub fn bytes_out(&self) -> u64 {
        self.streams.iter().map(|stream| stream.bytes_out).sum()
    }
}

/// What came of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreamMade {
    /// The store's folder in the asset.
    pub store: Key,
    /// The stream's name.
    pub stream: String,
    /// Channels of the traces.
    pub channels: u64,
    /// Hertz.
    pub sampling_frequency: f64,
    /// Frames of all segments.
    pub frames: u64,
    /// Objects of the store.
    pub objects: u64,
    /// Bytes of the samples as they were recorded.
    pub bytes_in: u64,
    /// Bytes of the store.
    pub bytes_out: u64,
    /// What the traces hold: `exact`, `spikeinterface` or `raw`.
    pub lsb: String,
    /// Counts of a step of the converter, where it was used.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lsb_counts: Option<f64>,
    /// Samples that do not come back from the store; of `spikeinterface` only.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub lost_samples: u64,
    /// Of each file of samples, in the order of the segments.
    pub sources: Vec<SourceMade>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A file whose samples are in a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceMade {
    /// Relative to the session's folder.
    pub path: String,
    /// Of the whole file.
    pub bytes: u64,
    /// SHA-256 of the whole file.
    pub sha256: String,
}

/// Every stream of a session becomes a store, one after the other. What is wrong with one loses no other: it is in
/// [`Compressed::missing`]. A fault means that nothing more can be done: the destination failed, or a person stopped it.
pub(crate) async fn compress(work: Work) -> Result<Compressed, Fault> {
    let (source, rules, beat) = (work.source.clone(), work.rules.clone(), work.beat.clone());
    let session = off_the_reactor(move || ephys::open(&source, &rules, &beat)).await?;
    let mut done = Compressed::default();
    for problem in session.problems.iter().filter(|problem| problem.weight == Weight::Unread) {
        done.missing.push(problem.fault.line());
    }
    for stream in session.streams() {
        let made = match one(stream, &work) {
            Ok(stream) => stream.perform().await,
            Err(trouble) => Err(trouble),
        };
        match made {
            Ok(made) => done.streams.push(made),
            Err(Trouble::Stream(fault)) => {
                let text = format!("`{}` is not compressed: {}", stream.store_name(), fault.line());
                work.out.note(text.clone());
                done.missing.push(text);
            }
            Err(Trouble::Job(fault)) => return Err(fault),
        }
    }
    Ok(done)
}

pub(super) fn one(stream: &Stream, work: &Work) -> Result<StreamWork, Trouble> {
    let name = Key::parse(format!("{}.zarr", stream.store_name())).map_err(|e| {
        let what = format!("`{}` cannot be the name of a store", stream.store_name());
        Trouble::Stream(Fault::new(Class::BadInput, what).because(e))
    })?;
    Ok(StreamWork::new(stream.clone(), work.under.join(&name), work))
}
