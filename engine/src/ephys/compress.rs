use std::sync::Arc;

use adt_formats::{
    ephys::{Session, Stream, Weight},
    folder::Rules,
};
use adt_model::{Class, EphysConfig, Fault, FolderWork, Key};
use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::{
    choice::{self, Left},
    given_probe::Given,
    stream::{StreamWork, Trouble},
    timing::TimesMade,
};
use crate::{
    beat::Beat,
    delivery::{Delivery, off_the_reactor},
    rules,
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
    /// The probe of a file, where one is named.
    pub given: Option<Arc<Given>>,
    /// The way to them.
    pub out: Arc<Delivery>,
    /// Counts what is read.
    pub beat: Beat,
}

impl Work {
    /// Reads the probe file, where one is named.
    pub(crate) fn new(
        folder: &FolderWork,
        under: &Key,
        config: &EphysConfig,
        out: &Arc<Delivery>,
        beat: Beat,
    ) -> Result<Self, Fault> {
        let given = config.probe_file.as_ref().map(Given::read_again).transpose()?;
        Ok(Self {
            source: folder.source.clone(),
            rules: rules::of(folder),
            under: under.clone(),
            config: config.clone(),
            given: given.map(Arc::new),
            out: Arc::clone(out),
            beat,
        })
    }

    /// The session with what is chosen of it, and what is not.
    pub(super) async fn session(&self) -> Result<(Session, Vec<Left>), Fault> {
        let (source, rules, beat) = (self.source.clone(), self.rules.clone(), self.beat.clone());
        let choice = self.config.choice.clone();
        off_the_reactor(move || choice::open(&source, &rules, &choice, &beat)).await
    }
}

/// What came of a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Compressed {
    /// One for each store, by experiment and name.
    pub streams: Vec<StreamMade>,
    /// What was not chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// Recordings that are in no store, and why.
    pub missing: Vec<String>,
    /// The recordings of those streams that were read, and turned out not to be storable.
    #[serde(skip)]
    pub(crate) failed: Vec<Key>,
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
    /// Where the times of each recording come from, in the order of the segments.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub times: Vec<TimesMade>,
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
    let (session, left_out) = work.session().await?;
    let left_out = left_out.iter().map(ToString::to_string).collect();
    let mut done = Compressed { left_out, ..Compressed::default() };
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
                done.failed.extend(stream.segments.iter().map(|segment| segment.dat.key.clone()));
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
