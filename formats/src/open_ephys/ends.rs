use adt_model::{Class, Fault};

use super::{Problem, Segment, TimeFile};
use crate::npy::Npy;

/// The first and the last value of each time vector of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ends {
    /// Of the stream's counter.
    pub counter: Option<(i64, i64)>,
    /// Of the synchronised seconds.
    pub seconds: Option<(f64, f64)>,
}

impl Ends {
    /// A file whose values cannot be read is reported and given up.
    pub(super) fn of(
        counter: &mut Option<TimeFile>,
        seconds: &mut Option<TimeFile>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        Self {
            counter: ends(counter, &|npy, at, out| npy.integers(at, out), problems),
            seconds: ends(seconds, &|npy, at, out| npy.floats(at, out), problems),
        }
    }
}

/// Reads values from a place on.
type Read<T> = dyn Fn(&Npy, u64, &mut [T]) -> Result<(), Fault>;

fn ends<T: Copy + Default>(
    file: &mut Option<TimeFile>,
    read: &Read<T>,
    problems: &mut Vec<Problem>,
) -> Option<(T, T)> {
    let there = file.as_ref().filter(|file| file.items > 0)?;
    let both = || {
        let (npy, mut first, mut last) = (there.open()?, [T::default()], [T::default()]);
        read(&npy, 0, &mut first)?;
        read(&npy, there.items - 1, &mut last)?;
        npy.finish()?;
        Ok((first[0], last[0]))
    };
    match both() {
        Ok(ends) => Some(ends),
        Err(fault) => {
            problems.push(Problem::noted(&there.file.path, fault));
            *file = None;
            None
        }
    }
}

impl Segment {
    /// What the first and last values of the time vectors tell. [`Segment::clock`] reads all of them and says where.
    pub fn glance(&self) -> Vec<Fault> {
        let mut found = Vec::new();
        let mut note = |file: &TimeFile, what: String| {
            let fault = Fault::new(Class::Corrupt, format!("`{}` {what}", file.file.path));
            found.push(
                fault.help("every sample is read; `adt ephys info` and the compression report each place"),
            );
        };
        if let (Some(file), Some((first, last))) = (&self.sample_numbers, self.ends.counter)
            && i128::from(last) - i128::from(first) != i128::from(file.items) - 1
        {
            note(file, format!("goes from {first} to {last} in {} sample numbers", file.items));
        }
        if let (Some(file), Some((first, last))) = (&self.seconds, self.ends.seconds) {
            let usable = first.is_finite() && last.is_finite() && first != super::clock::UNSYNCHRONISED;
            if !usable || (file.items > 1 && last <= first) {
                note(file, format!("goes from {first} s to {last} s in {} values", file.items));
            }
        }
        found
    }
}
