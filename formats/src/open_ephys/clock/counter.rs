use adt_model::{Class, Fault, Pulse};

use super::{
    Counting, TimeFile, blocks,
    tally::{Tally, place},
};
use crate::npy::Kind;

/// What is in a stream's counter.
#[derive(Debug, Default)]
pub(super) struct Counter {
    items: u64,
    first: i64,
    last: i64,
    gaps: Tally<i64>,
    /// Numbers that the gaps leave out.
    missing: u128,
    repeats: Tally<i64>,
    back: Tally<i64>,
    negative: Tally<i64>,
    /// It holds numbers beyond those of an `i64`.
    beyond: bool,
}

impl Counter {
    pub(super) fn read(file: &TimeFile, pulse: &dyn Pulse) -> Result<Self, Fault> {
        let npy = file.open()?;
        let mut counter = Self { items: file.items, ..Self::default() };
        let (mut values, mut before) = (Vec::new(), None);
        for (start, count) in blocks(file) {
            pulse.beat(0)?;
            values.resize(count, 0);
            match npy.integers(start, &mut values) {
                Err(fault)
                    if fault.class() == Class::Corrupt && npy.header().dtype.kind == Kind::Unsigned =>
                {
                    npy.finish()?;
                    return Ok(Self { items: file.items, beyond: true, ..Self::default() });
                }
                read => read?,
            }
            for (at, value) in (start..).zip(&values) {
                counter.add(at, before.replace(*value), *value);
            }
        }
        npy.finish()?;
        Ok(counter)
    }

    fn add(&mut self, at: u64, before: Option<i64>, value: i64) {
        if value < 0 {
            self.negative.add(at, before, value);
        }
        self.last = value;
        let Some(previous) = before else {
            self.first = value;
            return;
        };
        match i128::from(value) - i128::from(previous) {
            1 => {}
            0 => self.repeats.add(at, before, value),
            step if step > 1 => {
                self.missing += step.unsigned_abs() - 1;
                self.gaps.add(at, before, value);
            }
            _ => self.back.add(at, before, value),
        }
    }

    /// One number after the other.
    fn is_plain(&self) -> bool {
        !self.beyond && self.gaps.count + self.repeats.count + self.back.count == 0
    }

    /// It never moves, so it counts nothing.
    fn is_constant(&self) -> bool {
        self.items > 1 && self.repeats.count == self.items - 1
    }

    pub(super) fn counting(&self, frames: u64) -> Counting {
        if self.items == 0 || self.beyond {
            Counting::Unknown
        } else if self.items == frames && !self.is_plain() {
            Counting::Each
        } else if self.is_plain() || i128::from(self.last) - i128::from(self.first) == i128::from(frames) - 1
        {
            // The frames of a gap may be in the file, as zeros.
            Counting::From(self.first)
        } else {
            Counting::Unknown
        }
    }

    /// Each frame has a number, each later than the one before, and some are left out.
    pub(super) fn has_only_gaps(&self, frames: u64) -> bool {
        let strange = self.repeats.count + self.back.count + self.negative.count;
        self.items == frames && self.gaps.count > 0 && strange == 0 && !self.beyond
    }

    /// The number of the first frame, if it can be the start of a time.
    pub(super) fn start(&self) -> Option<i64> {
        let counts = self.items > 0 && !self.beyond && !self.is_constant();
        (counts && self.first >= 0).then_some(self.first)
    }

    /// In words.
    pub(super) fn findings(&self, frames: u64) -> Vec<String> {
        if self.beyond {
            return vec!["it holds numbers of 2^63 and more, which are not sample numbers".to_owned()];
        }
        if self.is_constant() {
            return vec![format!("all {} sample numbers are {}", self.items, self.first)];
        }
        let place = place(self.items, frames);
        let missing = match self.missing {
            1 => " (1 sample number missing)".to_owned(),
            missing => format!(" ({missing} sample numbers missing)"),
        };
        let texts = [
            self.gaps.text("gap", "gaps", &missing, place),
            self.repeats.text("repeated sample number", "repeated sample numbers", "", place),
            self.back.text("step back", "steps back", "", place),
            self.negative.text("sample number below 0", "sample numbers below 0", "", place),
        ];
        texts.into_iter().flatten().collect()
    }
}
