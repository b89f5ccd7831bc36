use adt_model::{Class, Fault};

use super::{Problem, tree::Tree};
use crate::{
    SteadyFile,
    folder::Entry,
    npy::{Kind, Npy},
};

/// A vector with one value for each frame, or what was meant to be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeFile {
    /// The `.npy` file.
    pub file: Entry,
    /// How many values it has.
    pub items: u64,
}

impl TimeFile {
    /// Opens it for reading in ranges.
    pub fn open(&self) -> Result<Npy, Fault> {
        Npy::open(SteadyFile::open(&self.file.path, self.file.size, self.file.modified)?)
    }
}

/// The time files of one segment.
#[derive(Debug, Default)]
pub(super) struct Times {
    /// The stream's own counter.
    pub(super) counter: Option<TimeFile>,
    pub(super) first_sample: Option<i64>,
    /// Synchronised seconds.
    pub(super) seconds: Option<TimeFile>,
}

/// | GUI | counter | seconds |
/// |---|---|---|
/// | 0.6 and later | `sample_numbers.npy` | `timestamps.npy` |
/// | 0.5 | `timestamps.npy` | `synchronized_timestamps.npy` |
/// | 0.4 | `timestamps.npy` | none |
///
/// A file of the wrong type is told and not used: seconds taken for a counter would shift the start without a word.
pub(super) fn times(tree: &Tree, folder: &str, problems: &mut Vec<Problem>) -> Times {
    let file = |name: &str| tree.file(&format!("{folder}/{name}"));
    let (counter, seconds) = match file("sample_numbers.npy") {
        Some(numbers) => (Some(numbers), file("timestamps.npy")),
        None => (file("timestamps.npy"), file("synchronized_timestamps.npy")),
    };
    let mut times = Times::default();
    if let Some(entry) = counter {
        match look(entry, Meaning::Counter).and_then(|file| counted(file, problems)) {
            Ok((file, first)) => (times.counter, times.first_sample) = (Some(file), first),
            Err(fault) => problems.push(Problem::noted(&entry.path, fault)),
        }
    }
    if let Some(entry) = seconds {
        match look(entry, Meaning::Seconds).and_then(|file| clocked(file, problems)) {
            Ok(file) => times.seconds = Some(file),
            Err(fault) => problems.push(Problem::noted(&entry.path, fault)),
        }
    }
    times
}

/// The file and its first value. Sample numbers that do not run through are told: the recorder lost samples.
fn counted(file: TimeFile, problems: &mut Vec<Problem>) -> Result<(TimeFile, Option<i64>), Fault> {
    if file.items == 0 {
        return Ok((file, None));
    }
    let (npy, mut first, mut last) = (file.open()?, [0], [0]);
    npy.integers(0, &mut first)?;
    npy.integers(file.items - 1, &mut last)?;
    npy.finish()?;
    let ([first], [last]) = (first, last);
    if i128::from(last) - i128::from(first) != i128::from(file.items) - 1 {
        let what =
            format!("`{}` goes from {first} to {last} in {} sample numbers", file.file.path, file.items);
        let help = "samples were lost or repeated while recording; all that is there is read";
        problems.push(Problem::noted(&file.file.path, Fault::new(Class::Corrupt, what).help(help)));
    }
    Ok((file, Some(first)))
}

/// Seconds that begin below zero (-1 is what an unsynchronised stream gets) or with no number are told.
fn clocked(file: TimeFile, problems: &mut Vec<Problem>) -> Result<TimeFile, Fault> {
    let mut first = [0.0];
    if file.items > 0 {
        let npy = file.open()?;
        npy.floats(0, &mut first)?;
        npy.finish()?;
    }
    if !first[0].is_finite() || first[0] < 0.0 {
        let what = format!("`{}` begins at {} s: the stream was not synchronised", file.file.path, first[0]);
        problems.push(Problem::noted(&file.file.path, Fault::new(Class::Corrupt, what)));
    }
    Ok(file)
}

#[derive(Clone, Copy)]
enum Meaning {
    Counter,
    Seconds,
}

/// The file, if it can mean this.
fn look(entry: &Entry, meaning: Meaning) -> Result<TimeFile, Fault> {
    let mut file = TimeFile { file: entry.clone(), items: 0 };
    let npy = file.open()?;
    file.items = npy.items();
    let header = npy.header();
    let (wanted, fits) = match meaning {
        Meaning::Counter => ("sample numbers", matches!(header.dtype.kind, Kind::Signed | Kind::Unsigned)),
        Meaning::Seconds => ("seconds", header.dtype.kind == Kind::Float),
    };
    if !fits || header.shape.len() != 1 {
        let what = format!("`{}` holds `{}`, so it cannot be {wanted}", entry.path, header.dtype);
        return Err(Fault::new(Class::Corrupt, what));
    }
    npy.finish()?;
    Ok(file)
}
