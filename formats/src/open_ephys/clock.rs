//! One pass over the time vectors of a segment: what is wrong with them, and which of them give its frames their times.

mod counter;
mod seconds;
mod tally;

use adt_model::{Fault, Key, Pulse};
use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::{Segment, TimeFile};
use counter::Counter;
use seconds::Seconds;

/// Values that are read at once.
const BLOCK: u64 = 1 << 16;

/// What the GUI writes as the time of a frame while its stream is not synchronised.
pub(super) const UNSYNCHRONISED: f64 = -1.0;

/// Where the times of a segment's frames come from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum TimeSource {
    /// Synchronised seconds, one for each frame.
    Seconds,
    /// The counter divided by the sample rate, one for each frame: it has gaps, and there are no usable seconds.
    Counter,
    /// One start; the frames follow it at the sample rate.
    Start {
        /// Of the first frame.
        seconds: f64,
    },
    /// Nothing is known; readers begin at 0.
    Unknown,
}

/// How the acquisition counted the frames of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// Not known.
    Unknown,
    /// One after the other, from this.
    From(i64),
    /// Each frame has a number of its own.
    Each,
}

/// What is known of a segment's times once both vectors were read.
#[derive(Clone, Debug, PartialEq)]
pub struct Clock {
    /// Where its times come from.
    pub times: TimeSource,
    /// How its frames were counted.
    pub numbers: Counting,
    /// What is wrong with the vectors.
    pub findings: Vec<Finding>,
}

/// Something wrong with a time vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub path: Utf8PathBuf,
    /// Its key in the session.
    pub key: Key,
    /// What, with the first place and how often.
    pub what: String,
}

impl Finding {
    fn of(file: &TimeFile, what: &[String]) -> Self {
        Self { path: file.file.path.clone(), key: file.file.key.clone(), what: what.join("; ") }
    }
}

impl Segment {
    /// Reads both time vectors once and decides which of them gives the frames their times:
    ///
    /// 1. the synchronised seconds, if there is one for each frame, all are finite and each is later than the one before;
    /// 2. else the counter divided by the sample rate: with a value for each frame where it only has gaps, else from its first number on;
    /// 3. else the first of the seconds.
    ///
    /// Nothing that is not strictly increasing, not a number or -1 ever becomes a time. The pulse beats once for each block.
    pub fn clock(&self, sample_rate: f64, pulse: &dyn Pulse) -> Result<Clock, Fault> {
        let counter = self.sample_numbers.as_ref().map(|file| Counter::read(file, pulse)).transpose()?;
        let seconds =
            self.seconds.as_ref().map(|file| Seconds::read(file, sample_rate, pulse)).transpose()?;
        // SpikeGLX has no file with the numbers: they are counted from the first one on.
        let from_first = self.ends.counter.map_or(Counting::Unknown, |(first, _)| Counting::From(first));
        let mut clock = Clock {
            times: self.choice(counter.as_ref(), seconds.as_ref(), sample_rate),
            numbers: counter.as_ref().map_or(from_first, |counter| counter.counting(self.frames)),
            findings: Vec::new(),
        };
        let mut texts = [&self.sample_numbers, &self.seconds].map(|file| (file, Vec::new()));
        texts[0].1 = counter.as_ref().map(|counter| counter.findings(self.frames)).unwrap_or_default();
        texts[1].1 = seconds.as_ref().map(|seconds| seconds.findings(self.frames)).unwrap_or_default();
        if let Some(verdict) = self.verdict(&clock, texts[1].1.is_empty()) {
            let at = usize::from(self.seconds.is_some());
            texts[at].1.push(verdict);
        }
        for (file, texts) in texts {
            clock.findings.extend(file.iter().filter(|_| !texts.is_empty()).map(|f| Finding::of(f, &texts)));
        }
        Ok(clock)
    }

    fn choice(&self, counter: Option<&Counter>, seconds: Option<&Seconds>, sample_rate: f64) -> TimeSource {
        if seconds.is_some_and(|seconds| seconds.are_times(self.frames)) {
            return TimeSource::Seconds;
        }
        if counter.is_some_and(|counter| counter.has_only_gaps(self.frames)) {
            return TimeSource::Counter;
        }
        let first = match counter {
            Some(counter) => counter.start(),
            None => self.ends.counter.map(|(first, _)| first).filter(|first| *first >= 0),
        };
        let start = first.map(|first| first as f64 / sample_rate);
        match start.or_else(|| seconds.and_then(Seconds::start)) {
            Some(start) => TimeSource::Start { seconds: start },
            None => TimeSource::Unknown,
        }
    }

    /// What becomes of the times, where it is not what the files promise.
    fn verdict(&self, clock: &Clock, seconds_are_fine: bool) -> Option<String> {
        Some(match clock.times {
            TimeSource::Seconds if seconds_are_fine => return None,
            TimeSource::Seconds => "the values are used as times all the same".to_owned(),
            TimeSource::Counter => "times are the sample numbers divided by the sample rate".to_owned(),
            // A counter alone gives a start, whatever follows it.
            TimeSource::Start { .. } if self.seconds.is_none() => return None,
            TimeSource::Start { seconds } => {
                format!("times start at {seconds} s and follow the sample rate")
            }
            TimeSource::Unknown if self.frames == 0 => return None,
            TimeSource::Unknown => "times are not known: readers start at 0 s".to_owned(),
        })
    }
}

/// The ranges in which a vector is read.
fn blocks(file: &TimeFile) -> impl Iterator<Item = (u64, usize)> {
    let items = file.items;
    (0..items).step_by(BLOCK as usize).map(move |start| (start, BLOCK.min(items - start) as usize))
}

#[cfg(test)]
mod tests;
