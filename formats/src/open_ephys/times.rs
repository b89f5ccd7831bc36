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
    /// How many values it has, by its size.
    pub items: u64,
    /// How many values its header counts: another number where the recorder crashed.
    pub counted: u64,
}

impl TimeFile {
    /// Opens it for reading in ranges.
    pub fn open(&self) -> Result<Npy, Fault> {
        Npy::open_by_size(SteadyFile::open(&self.file.path, self.file.size, self.file.modified)?)
    }

    /// The header counts right where it agrees with the samples and the size does not: something else follows the values.
    pub(super) fn settle(&mut self, frames: Option<u64>) -> Option<Problem> {
        if self.counted >= self.items || Some(self.counted) != frames {
            return None;
        }
        self.items = self.counted;
        let what = format!("`{}` is longer than its {} values", self.file.path, self.items);
        let help = "its header and the samples agree on their number; what follows them is not read";
        Some(Problem::noted(&self.file.path, Fault::new(Class::Corrupt, what).help(help)))
    }
}

/// The time files of one segment.
#[derive(Debug, Default)]
pub(super) struct Times {
    /// The stream's own counter.
    pub(super) counter: Option<TimeFile>,
    /// Synchronised seconds.
    pub(super) seconds: Option<TimeFile>,
}

/// | GUI | counter | seconds |
/// |---|---|---|
/// | 0.6 and later | `sample_numbers.npy` | `timestamps.npy` |
/// | 0.5 | `timestamps.npy` | `synchronized_timestamps.npy` |
/// | 0.4 | `timestamps.npy` | none |
///
/// A file of the wrong type is reported and not used: seconds taken for a counter would shift the start. `timestamps.npy` of a GUI from 0.6
/// on is also read where `sample_numbers.npy` is gone: its type says that it holds seconds.
pub(super) fn times(tree: &Tree, folder: &str, problems: &mut Vec<Problem>) -> Times {
    let file = |name: &str| tree.file(&format!("{folder}/{name}"));
    let (counter, mut seconds) = match file("sample_numbers.npy") {
        Some(numbers) => (Some(numbers), file("timestamps.npy")),
        None => (file("timestamps.npy"), file("synchronized_timestamps.npy")),
    };
    let mut times = Times::default();
    let mut note = |entry: &Entry, fault: Fault| problems.push(Problem::noted(&entry.path, fault));
    if let Some(entry) = counter {
        match look(entry, Meaning::Counter) {
            Ok(file) => times.counter = Some(file),
            Err(_) if seconds.is_none() && look(entry, Meaning::Seconds).is_ok() => {
                let what = format!("`{}` holds seconds, and there is no `sample_numbers.npy`", entry.path);
                note(entry, Fault::new(Class::Missing, what));
                seconds = Some(entry);
            }
            Err(fault) => note(entry, fault),
        }
    }
    if let Some(entry) = seconds {
        match look(entry, Meaning::Seconds) {
            Ok(file) => times.seconds = Some(file),
            Err(fault) => note(entry, fault),
        }
    }
    times
}

#[derive(Clone, Copy)]
enum Meaning {
    Counter,
    Seconds,
}

/// The file, if it can mean this.
fn look(entry: &Entry, meaning: Meaning) -> Result<TimeFile, Fault> {
    let mut file = TimeFile { file: entry.clone(), items: 0, counted: 0 };
    let npy = file.open()?;
    (file.items, file.counted) = (npy.items(), npy.header().items);
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
