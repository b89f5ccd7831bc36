use thiserror::Error;

use super::{Column, Step};
use crate::lsb::{Ragged, rint::low16};

/// A step description that cannot be worked with; it comes from a store, so it may say anything.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the stored step of column {column} is unusable: {why}")]
pub struct Unusable {
    /// Which column.
    pub column: usize,
    /// What is wrong with it.
    pub why: &'static str,
}

/// A sample without a code, or a code without a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Foreign {
    /// The caller's slip.
    #[error(transparent)]
    Ragged(#[from] Ragged),
    /// While encoding: the samples are not those that the step was found in.
    #[error("sample {sample} in row {frame}, column {column} would not come back from its code")]
    Sample {
        /// Row, from 0, of the frames given.
        frame: usize,
        /// Column, from 0.
        column: usize,
        /// The sample.
        sample: i16,
    },
    /// While decoding: the codes, or the stored step, are not what was written.
    #[error("code {code} in row {frame}, column {column} stands for no sample")]
    Code {
        /// Row, from 0, of the frames given.
        frame: usize,
        /// Column, from 0.
        column: usize,
        /// The code.
        code: i16,
    },
}

/// The codes of one column, without its exceptions.
///
/// Both directions are one multiplication, one addition and one rounding in float64, so that they run at the speed of memory
/// and any other program computes the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    step: f64,
    zero: f64,
    per_count: f64,
    shift: f64,
}

impl Line {
    /// `None` unless every int16 sample has an int16 code; then no sum below ever wraps around.
    pub(super) fn new(step: f64, zero: f64) -> Option<Self> {
        let line = Self { step, zero, per_count: 1.0 / step, shift: -zero / step };
        let code = |sample: i16| (f64::from(sample) * line.per_count + line.shift).round_ties_even();
        let fits = code(i16::MIN) >= f64::from(i16::MIN) && code(i16::MAX) <= f64::from(i16::MAX);
        ((2.0..=65_535.0).contains(&step) && fits).then_some(line)
    }

    #[inline]
    pub(super) fn code(&self, sample: i16) -> i16 {
        low16(f64::from(sample) * self.per_count + self.shift)
    }

    /// Where a code lies, in raw counts.
    #[inline]
    pub(super) fn at(&self, code: i16) -> f64 {
        f64::from(code) * self.step + self.zero
    }

    /// Wraps around for codes that no sample has.
    #[inline]
    pub(super) fn sample(&self, code: i16) -> i16 {
        low16(self.at(code))
    }
}

/// More exceptions in a column than this say that it does not lie on the step.
pub(super) const MOST_EXCEPTIONS: usize = 256;

/// Both directions between samples and codes, for frames of one stream.
///
/// Never silently wrong: each sample is had back from its code before [`Codes::encode`] returns, and each code from its sample
/// before [`Codes::decode`] does. A sample that was not counted when the step was found is an error, unless it lies on
/// the step as the others do and comes back all the same.
#[derive(Clone, Debug)]
pub struct Codes {
    coding: Direction,
    restoring: Direction,
    exceptions: Vec<Patch>,
}

/// One direction for all columns: `rint(x * factor + term)`. 1 and 0 for columns that pass through.
#[derive(Clone, Debug)]
struct Direction {
    factor: Vec<f64>,
    term: Vec<f64>,
}

impl Direction {
    fn raw(width: usize) -> Self {
        Self { factor: vec![1.0; width], term: vec![0.0; width] }
    }

    #[inline]
    fn convert(&self, from: &[i16], to: &mut [i16]) {
        let columns = from.iter().zip(&self.factor).zip(&self.term);
        for (((from, factor), term), to) in columns.zip(to) {
            *to = low16(f64::from(*from) * factor + term);
        }
    }
}

/// One exception of each column that has so many; of the others one that changes nothing.
#[derive(Clone, Debug)]
struct Patch {
    codes: Vec<i16>,
    samples: Vec<i16>,
}

impl Patch {
    /// With masks instead of branches, so that it becomes vector code.
    #[inline]
    fn apply(&self, codes: &[i16], samples: &mut [i16]) {
        let width = samples.len();
        let (codes, patched, instead) = (&codes[..width], &self.codes[..width], &self.samples[..width]);
        for column in 0..width {
            let mask = -i16::from(codes[column] == patched[column]);
            samples[column] ^= (samples[column] ^ instead[column]) & mask;
        }
    }
}

impl Codes {
    /// For frames of `width` columns. Columns that the step does not name pass through unchanged.
    pub fn new(width: usize, step: &Step) -> Result<Self, Unusable> {
        let (coding, restoring) = (Direction::raw(width), Direction::raw(width));
        let mut codes = Self { coding, restoring, exceptions: Vec::new() };
        for column in &step.columns {
            codes.set_line(column, step.counts).map_err(|why| Unusable { column: column.column, why })?;
        }
        let most = step.columns.iter().map(|column| column.exceptions.len()).max().unwrap_or(0);
        codes.exceptions = (0..most).map(|number| codes.patch(step, number)).collect();
        Ok(codes)
    }

    fn set_line(&mut self, column: &Column, step: f64) -> Result<(), &'static str> {
        let at = column.column;
        if at >= self.coding.term.len() {
            return Err("there is no such column");
        }
        let line = Line::new(step, column.zero).ok_or("step or zero is out of range")?;
        if column.exceptions.len() > MOST_EXCEPTIONS {
            return Err("there are too many exceptions");
        }
        if column.exceptions.iter().any(|exception| line.code(exception.sample) != exception.code) {
            return Err("an exception is not near its code");
        }
        (self.coding.factor[at], self.coding.term[at]) = (line.per_count, line.shift);
        (self.restoring.factor[at], self.restoring.term[at]) = (line.step, line.zero);
        Ok(())
    }

    fn patch(&self, step: &Step, number: usize) -> Patch {
        let codes = vec![0; self.coding.term.len()];
        let mut samples = codes.clone();
        self.restoring.convert(&codes, &mut samples);
        let mut patch = Patch { codes, samples };
        for column in &step.columns {
            // A column with fewer repeats one: the formula's own pair might undo an exception.
            if let Some(exception) = column.exceptions.get(number).or(column.exceptions.first()) {
                patch.codes[column.column] = exception.code;
                patch.samples[column.column] = exception.sample;
            }
        }
        patch
    }

    #[inline]
    fn restore(&self, codes: &[i16], samples: &mut [i16]) {
        self.restoring.convert(codes, samples);
        for patch in &self.exceptions {
            patch.apply(codes, samples);
        }
    }

    /// Writes the codes of whole frames of samples, as many as there are samples. After an error `codes` holds anything.
    pub fn encode(&self, samples: &[i16], codes: &mut [i16]) -> Result<(), Foreign> {
        let width = self.check(samples, codes)?;
        let mut again = vec![0; width];
        for (frame, (samples, codes)) in
            samples.chunks_exact(width).zip(codes.chunks_exact_mut(width)).enumerate()
        {
            self.coding.convert(samples, codes);
            self.restore(codes, &mut again);
            if let Some((column, &sample)) = first_difference(samples, &again) {
                return Err(Foreign::Sample { frame, column, sample });
            }
        }
        Ok(())
    }

    /// Writes the samples of whole frames of codes, as many as there are codes. After an error `samples` holds anything.
    pub fn decode(&self, codes: &[i16], samples: &mut [i16]) -> Result<(), Foreign> {
        let width = self.check(codes, samples)?;
        let mut again = vec![0; width];
        for (frame, (codes, samples)) in
            codes.chunks_exact(width).zip(samples.chunks_exact_mut(width)).enumerate()
        {
            self.restore(codes, samples);
            self.coding.convert(samples, &mut again);
            if let Some((column, &code)) = first_difference(codes, &again) {
                return Err(Foreign::Code { frame, column, code });
            }
        }
        Ok(())
    }

    fn check(&self, from: &[i16], to: &[i16]) -> Result<usize, Ragged> {
        let width = self.coding.term.len();
        Ragged::check(from.len(), width)?;
        if from.len() == to.len() { Ok(width) } else { Err(Ragged { samples: to.len(), width }) }
    }
}

#[inline]
fn first_difference<'a>(given: &'a [i16], again: &[i16]) -> Option<(usize, &'a i16)> {
    if given == again {
        return None;
    }
    given.iter().enumerate().find(|(at, value)| again.get(*at) != Some(*value))
}
