//! One stream of one experiment as a Zarr store that SpikeInterface loads, 0.100 to 0.105 at least.
//!
//! ```text
//! <experiment>_<stream>.zarr/
//!   channel_ids  properties/…            one value for each channel
//!   traces_seg{k}                        the samples, frames × channels
//!   times_seg{k}                         seconds of each frame, where they are known
//!   t_starts                             where a segment has a start, and none of its frames a time of its own
//!   adt/                                 ours; other readers pass over it
//!     sync_seg{k}                        the columns of the source that are no channels, frames × columns
//!     sample_numbers_seg{k}              the counter of each frame, where it is not plain counting
//!     …                                  tables, such as those that restore exact samples
//!   .zattrs                              sampling frequency, annotations, probe; ours under `adt`
//!   .zmetadata  .zgroup                  last: without them there is no store
//! ```
//!
//! No codec here: [`Layout`] says what is written where, [`Stored`] what lies where. Sources: spikeinterface 0.100.0 and
//! 0.105.3 (`core/zarrextractors.py`) as they read, stores of both as they wrote.

mod arrays;
mod attributes;
mod check;
mod columns;
mod description;
mod frames;
mod layout;
mod record;
mod samples;
mod stored;

pub use arrays::SegmentArrays;
pub use columns::{Columns, SyncColumn};
pub use description::{Description, Probe, SampleNumbers, Segment, Storage, Time, properties};
pub use frames::{FrameArray, FrameChunk};
pub use layout::Layout;
pub use record::{LAYOUT, Record, Source};
pub use samples::StoredSamples;
pub use stored::Stored;

use adt_model::{Class, Fault};

/// The group of what only this program reads.
const OURS: &str = "adt";

/// The group of what is known of each channel.
const PROPERTIES: &str = "properties";

/// The start of each segment, seconds; not a number where it is not known.
const STARTS: &str = "t_starts";

/// The names of the channels.
const CHANNELS: &str = "channel_ids";

/// The path of the samples of a segment.
fn traces(segment: usize) -> String {
    format!("traces_seg{segment}")
}

/// The path of the times of a segment.
fn times(segment: usize) -> String {
    format!("times_seg{segment}")
}

/// The path of the columns of a segment that are no channels.
fn sync(segment: usize) -> String {
    format!("{OURS}/sync_seg{segment}")
}

/// The path of the sample numbers of a segment.
fn sample_numbers(segment: usize) -> String {
    format!("{OURS}/sample_numbers_seg{segment}")
}

fn missing(what: &str) -> Fault {
    Fault::new(Class::Missing, format!("this is no store of a recording: {what}"))
}
