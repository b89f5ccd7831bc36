//! Recordings of the Open Ephys GUI in its binary format: what is in them, and their samples.
//!
//! ```text
//! GUI ≥ 0.5   root/Record Node 101/{settings.xml, settings_2.xml}/experiment1/recording1/
//!                 structure.oebin, continuous/<stream>/{continuous.dat, …npy}, events/<stream>/…npy
//! GUI 0.4     root/{settings.xml, settings_2.xml}/experiment1/recording1/…
//! ```
//!
//! - [`Session::open`] finds experiments, recordings and streams, called as neo and spikeinterface call them. Every stream has the
//!   channels of its own `structure.oebin`, synchronisation and analogue columns included.
//! - [`Segment::open`] reads samples, [`TimeFile::open`] sample numbers and seconds, in ranges; [`Segment::clock`] checks the latter and says
//!   where the times of the frames come from.
//! - [`Probe`] is what `settings.xml` says about a Neuropixels stream's electrodes.
//! - [`clipped`] lists the files of a copy that holds the first frames of every stream only.
//!
//! One file that is wrong loses no other: it becomes a [`Problem`]. Sources are never written to.

mod aligned;
mod channel;
mod clipped;
mod clock;
mod columns;
mod ends;
mod oebin;
mod place;
pub(crate) mod probe;
mod probes;
mod problem;
mod recording;
mod segment;
mod session;
mod settings;
#[cfg(test)]
mod tests;
mod times;
mod tree;

use camino::Utf8PathBuf;

pub use aligned::Adjusted;
/// Sample rates that are read, in Hz: far from those of devices on both sides.
pub(crate) const RATES: std::ops::RangeInclusive<f64> = 1e-3..=1e8;

pub(crate) use channel::number_repeated;
pub use channel::{Channel, ChannelKind, Units};
pub use clipped::{Clipped, ClippedFile, Content, clipped};
pub use clock::{Clock, Counting, Finding, TimeSource};
pub use ends::Ends;
pub use probe::{Contact, Probe};
pub use problem::{Problem, StreamName, Weight};
pub use segment::{Samples, Segment};
pub use session::Session;
pub(crate) use session::difference;
pub use settings::opto::np_opto_position;
pub use times::TimeFile;

/// What was recorded between two starts of acquisition: a block of neo.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// `experiment1`.
    pub name: String,
    /// Its number; numbers may have gaps.
    pub number: u64,
    /// Key of the acquisition's folder. Empty unless the session holds several acquisitions with the same experiments.
    pub acquisition: String,
    /// Of all nodes, by number and node.
    pub recordings: Vec<Recording>,
    /// By name.
    pub streams: Vec<Stream>,
}

/// What one record node kept between two starts of recording: a segment of neo.
#[derive(Clone, Debug)]
pub struct Recording {
    /// `recording1`.
    pub name: String,
    /// Its number; numbers may have gaps.
    pub number: u64,
    /// `Record Node 101`; empty before GUI 0.5.
    pub node: String,
    /// Key of its folder; empty when that is the session's.
    pub folder: String,
    /// Which program recorded it: `Open Ephys` or `SpikeGLX`.
    pub program: &'static str,
    /// Its version, `0.6.0`; empty when it is not said.
    pub gui_version: String,
    /// Its events, which are copied and not read.
    pub events: Vec<EventFolder>,
}

/// Arrays of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFolder {
    /// `Record Node 101#TTL`, as neo calls it.
    pub name: String,
    /// Key of the folder.
    pub folder: String,
}

/// A stream of one experiment, over all of its recordings.
#[derive(Clone, Debug)]
pub struct Stream {
    /// `Record Node 101#Neuropix-PXI-100.ProbeB`, or without a node `Rhythm_FPGA-100.0`.
    pub name: String,
    /// `Record Node 101`; empty before GUI 0.5.
    pub node: String,
    /// `experiment1`.
    pub experiment: String,
    /// See [`Experiment::acquisition`].
    pub acquisition: String,
    /// The processor it comes from: `Neuropix-PXI`; empty when it is not said.
    pub source: String,
    /// Its name without processor and node: `ProbeB`.
    pub own_name: String,
    /// Hz.
    pub sample_rate: f64,
    /// One for each column, in the order of the file.
    pub channels: Vec<Channel>,
    /// By number of the recording.
    pub segments: Vec<Segment>,
    /// Where the settings of its experiment ought to be.
    pub settings: Utf8PathBuf,
    /// What the settings say of its synchronisation: `status` of its `SYNC_STATUS` (GUI 1.1 and later).
    pub sync_status: Option<String>,
    /// Of a Neuropixels stream whose settings tell it. Its contacts are the stream's electrode channels, in order.
    pub probe: Option<Probe>,
}

impl Stream {
    /// What its store is called, without `.zarr`: `experiment1_Record Node 101#Neuropix-PXI-100.ProbeB`, in a folder of its own where
    /// the session holds several acquisitions. No two streams of a session have one name.
    pub fn store_name(&self) -> String {
        let name = format!("{}_{}", self.experiment, self.name);
        if self.acquisition.is_empty() { name } else { format!("{}/{name}", self.acquisition) }
    }

    /// Frames of all segments.
    pub fn frames(&self) -> u64 {
        self.segments.iter().map(|segment| segment.frames).sum()
    }
}
