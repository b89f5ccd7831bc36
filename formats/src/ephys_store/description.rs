use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Columns;
use crate::zarr::{Compressor, SmallArray};

/// Names of the properties that SpikeInterface knows and every reader expects to find so.
pub mod properties {
    /// Texts.
    pub const CHANNEL_NAME: &str = "channel_name";
    /// Microvolts for one count, floats.
    pub const GAIN: &str = "gain_to_uV";
    /// Microvolts at count 0, floats.
    pub const OFFSET: &str = "offset_to_uV";
    /// x and y of the contact, micrometres; floats, channels × 2. With a probe only.
    pub const LOCATION: &str = "location";
    /// The shank, counted; integers. With a probe only.
    pub const GROUP: &str = "group";
    /// When the channel is sampled within a frame, as a part of it; floats. With a probe only.
    pub const INTER_SAMPLE_SHIFT: &str = "inter_sample_shift";
    /// `electrode`, `analog`, `auxiliary`, `sync` or `undescribed`; texts. Ours.
    pub const KIND: &str = "channel_kind";
    /// Such as `V`; texts. Since SpikeInterface 0.102.
    pub const PHYSICAL_UNIT: &str = "physical_unit";
    /// Units for one count, floats. Since SpikeInterface 0.102.
    pub const PHYSICAL_GAIN: &str = "gain_to_physical_unit";
    /// Units at count 0, floats. Since SpikeInterface 0.102.
    pub const PHYSICAL_OFFSET: &str = "offset_to_physical_unit";

    /// What is asked for in stores that have no list of their arrays.
    pub(in crate::ephys_store) const KNOWN: [&str; 10] = [
        CHANNEL_NAME,
        KIND,
        GAIN,
        OFFSET,
        LOCATION,
        GROUP,
        INTER_SAMPLE_SHIFT,
        PHYSICAL_UNIT,
        PHYSICAL_GAIN,
        PHYSICAL_OFFSET,
    ];
}

/// What is known of a stream before any of its samples is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Hertz.
    pub sampling_frequency: f64,
    /// One name for each channel; the order is that of the columns of the traces.
    pub channel_ids: Vec<String>,
    /// By name (see [`properties`]); the first axis of each is that of the channels.
    pub properties: BTreeMap<String, SmallArray>,
    /// The probes that the channels are on, usually one or none.
    pub probes: Vec<Probe>,
    /// One for each recording of the experiment, in order; at least one.
    pub segments: Vec<Segment>,
    /// Anything more that a reader shows. `is_filtered` is false unless it is set here; what belongs to a probe is added.
    pub annotations: Map<String, Value>,
    /// Where the source's columns are. `None` where nobody noted it: stores of other programs.
    pub columns: Option<Columns>,
    /// Arrays of ours, by name, such as the tables that restore exact samples.
    pub tables: BTreeMap<String, SmallArray>,
}

/// A probe, as `probeinterface` describes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Probe {
    /// Its dictionary: `contact_positions`, `device_channel_indices` and the others.
    pub geometry: Map<String, Value>,
    /// `name`, `model_name`, `serial_number` and the like, for the annotation `probes_info`.
    pub info: Map<String, Value>,
}

/// One recording of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Samples of each channel.
    pub frames: u64,
    /// When they were taken.
    pub time: Time,
    /// How the acquisition counted them.
    pub sample_numbers: SampleNumbers,
}

/// When the frames of a segment were taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Time {
    /// Each frame has a time of its own, seconds, in `times_seg{k}`.
    Vector,
    /// The first frame's time, seconds; the others follow at the sampling frequency.
    Start(f64),
    /// Not known; readers begin at 0.
    Unknown,
}

/// How the acquisition counted the frames of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SampleNumbers {
    /// Not known.
    Unknown,
    /// One after the other, from this.
    From(i64),
    /// Each frame has its own, in `adt/sample_numbers_seg{k}`.
    Vector,
}

/// How the arrays with a row for each frame are cut and compressed.
#[derive(Clone, Debug, PartialEq)]
pub struct Storage {
    /// Frames of a chunk of traces. SpikeInterface: duration × sampling frequency, cut off; by default one second.
    pub trace_frames: u64,
    /// Frames of a chunk of times or sample numbers. These may be far longer than those of traces: they are thin.
    pub time_frames: u64,
    /// Frames of a chunk of SYNC columns.
    pub sync_frames: u64,
    /// How traces are compressed.
    pub traces: Option<Compressor>,
    /// How times and sample numbers are compressed. Never WavPack: it has no 64-bit numbers.
    pub times: Option<Compressor>,
    /// How SYNC columns are compressed.
    pub sync: Option<Compressor>,
}
