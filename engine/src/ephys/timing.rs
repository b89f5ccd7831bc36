//! When the frames of a recording were taken, and how they were counted: found by one reading of its time files, before anything is written.

use adt_formats::{
    ephys::{Clock, Counting, Segment, Stream, TimeSource},
    ephys_store::{Record, SampleNumbers, Time},
};
use adt_model::{Fault, Pulse};
use serde::{Deserialize, Serialize};

/// The attribute of a store's record.
const TIMES: &str = "times";

/// Of one recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimesMade {
    /// `recording1`.
    pub recording: String,
    /// Where its times come from.
    #[serde(flatten)]
    pub source: TimeSource,
    /// What is wrong with its time files.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<String>,
    /// Files that alignment after the recording left.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub adjusted_by: Vec<String>,
}

/// The same, and what the store's layout needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Timing {
    pub made: TimesMade,
    pub numbers: SampleNumbers,
}

impl Timing {
    /// Reads the time files of a segment; `note` is called with everything that is wrong.
    pub(super) fn of(
        stream: &Stream,
        segment: &Segment,
        pulse: &dyn Pulse,
        note: &mut dyn FnMut(String),
    ) -> Result<Self, Fault> {
        let Clock { times, numbers, findings } = segment.clock(stream.sample_rate, pulse)?;
        for finding in &findings {
            note(format!("`{}`: {}", finding.path, finding.what));
        }
        let files = [
            (segment.adjusted.flag, "TIMESTAMPS_ADJUSTED.flag"),
            (segment.adjusted.original, "original_timestamps.npy"),
            (segment.adjusted.local, "localsync_timestamps.npy"),
        ];
        let made = TimesMade {
            recording: segment.recording.clone(),
            source: times,
            notes: findings.into_iter().map(|finding| format!("{}: {}", finding.key, finding.what)).collect(),
            adjusted_by: files
                .iter()
                .filter(|(there, _)| *there)
                .map(|(_, name)| (*name).to_owned())
                .collect(),
        };
        let numbers = match numbers {
            Counting::Unknown => SampleNumbers::Unknown,
            Counting::From(first) => SampleNumbers::From(first),
            Counting::Each => SampleNumbers::Vector,
        };
        Ok(Self { made, numbers })
    }

    pub(super) fn time(&self) -> Time {
        match self.made.source {
            TimeSource::Seconds | TimeSource::Counter => Time::Vector,
            TimeSource::Start { seconds } => Time::Start(seconds),
            TimeSource::Unknown => Time::Unknown,
        }
    }
}

/// Keeps what was found in the store.
pub(super) fn note(timings: &[Timing], record: &mut Record) {
    let made: Vec<_> = timings.iter().map(|timing| &timing.made).collect();
    record.more.insert(TIMES.to_owned(), serde_json::json!(made));
}

/// What a store says so; nothing in those of earlier versions.
pub(super) fn noted(record: &Record) -> Vec<TimesMade> {
    let times = record.more.get(TIMES).cloned();
    times.and_then(|times| serde_json::from_value(times).ok()).unwrap_or_default()
}
