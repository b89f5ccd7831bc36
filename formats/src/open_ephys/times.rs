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
    let mut read = |entry: Option<&Entry>, meaning: Meaning| {
        let entry = entry?;
        look(entry, meaning).map_err(|fault| problems.push(Problem::noted(&entry.path, fault))).ok()
    };
    let counter = read(counter, Meaning::Counter);
    let seconds = read(seconds, Meaning::Seconds).map(|(file, _)| file);
    let first_sample = counter.as_ref().and_then(|(_, first)| *first);
    Times { counter: counter.map(|(file, _)| file), first_sample, seconds }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Counter,
    Seconds,
}

/// The file and, of a counter, its first value.
fn look(entry: &Entry, meaning: Meaning) -> Result<(TimeFile, Option<i64>), Fault> {
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
    let mut first = [0];
    let counted = meaning == Meaning::Counter && file.items > 0;
    let first = if counted { npy.integers(0, &mut first).map(|()| Some(first[0]))? } else { None };
    npy.finish()?;
    Ok((file, first))
}
