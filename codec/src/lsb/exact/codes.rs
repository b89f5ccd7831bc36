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

/// Both directions between samples and codes, for frames of one stream.
///
/// Never silently wrong: each sample is had back from its code before [`Codes::encode`] returns, and each code from its sample
/// before [`Codes::decode`] does. A sample that was not counted when the step was found is an error, unless it lies on
/// the step as the others do and comes back all the same.
#[derive(Clone, Debug)]
pub struct Codes {
    coding: Lines,
    restoring: Lines,
    /// For each column: all ones where the lines prove a sample or code, 0 where a table does.
    by_line: Vec<i16>,
    tables: Vec<Table>,
}

/// One direction for all columns: `rint(x * factor + term)`. 1 and 0 for columns that pass through.
#[derive(Clone, Debug)]
struct Lines {
    factor: Vec<f64>,
    term: Vec<f64>,
}

impl Lines {
    fn raw(width: usize) -> Self {
        Self { factor: vec![1.0; width], term: vec![0.0; width] }
    }
}

/// The samples of a column with exceptions.
#[derive(Clone, Debug)]
struct Table {
    column: usize,
    line: Line,
    /// The code of the first sample.
    first: i16,
    samples: Vec<i16>,
}

impl Table {
    fn new(column: &Column, line: Line) -> Result<Self, &'static str> {
        let (first, last) = (line.code(i16::MIN), line.code(i16::MAX));
        let mut samples: Vec<i16> =
            (first..=last).map(|code| line.at(code).round_ties_even() as i16).collect();
        for exception in &column.exceptions {
            if line.code(exception.sample) != exception.code {
                return Err("an exception is not near its code");
            }
            samples[usize::from(exception.code.abs_diff(first))] = exception.sample;
        }
        Ok(Self { column: column.column, line, first, samples })
    }

    fn sample(&self, code: i16) -> Option<i16> {
        let at = i32::from(code) - i32::from(self.first);
        self.samples.get(usize::try_from(at).ok()?).copied()
    }

    fn code(&self, sample: i16) -> Option<i16> {
        let code = self.line.code(sample);
        (self.sample(code) == Some(sample)).then_some(code)
    }
}

impl Codes {
    /// For frames of `width` columns. Columns that the step does not name pass through unchanged.
    pub fn new(width: usize, step: &Step) -> Result<Self, Unusable> {
        let (coding, restoring) = (Lines::raw(width), Lines::raw(width));
        let mut codes = Self { coding, restoring, by_line: vec![-1; width], tables: Vec::new() };
        for column in &step.columns {
            codes.set(column, step.counts).map_err(|why| Unusable { column: column.column, why })?;
        }
        Ok(codes)
    }

    fn set(&mut self, column: &Column, step: f64) -> Result<(), &'static str> {
        let at = column.column;
        if at >= self.by_line.len() {
            return Err("there is no such column");
        }
        let line = Line::new(step, column.zero).ok_or("step or zero is out of range")?;
        (self.coding.factor[at], self.coding.term[at]) = (line.per_count, line.shift);
        (self.restoring.factor[at], self.restoring.term[at]) = (line.step, line.zero);
        if !column.exceptions.is_empty() {
            self.tables.push(Table::new(column, line)?);
            self.by_line[at] = 0;
        }
        Ok(())
    }

    /// Writes the codes of whole frames of samples, as many as there are samples. After an error `codes` holds anything.
    pub fn encode(&self, samples: &[i16], codes: &mut [i16]) -> Result<(), Foreign> {
        self.convert(samples, codes, &self.coding, &self.restoring, Table::code).map_err(|at| match at {
            Stop::Ragged(ragged) => ragged.into(),
            Stop::At { frame, column, value } => Foreign::Sample { frame, column, sample: value },
        })
    }

    /// Writes the samples of whole frames of codes, as many as there are codes. After an error `samples` holds anything.
    pub fn decode(&self, codes: &[i16], samples: &mut [i16]) -> Result<(), Foreign> {
        self.convert(codes, samples, &self.restoring, &self.coding, Table::sample).map_err(|at| match at {
            Stop::Ragged(ragged) => ragged.into(),
            Stop::At { frame, column, value } => Foreign::Code { frame, column, code: value },
        })
    }

    fn convert(
        &self,
        from: &[i16],
        to: &mut [i16],
        there: &Lines,
        back: &Lines,
        by_table: fn(&Table, i16) -> Option<i16>,
    ) -> Result<(), Stop> {
        let width = self.by_line.len();
        Ragged::check(from.len(), width)?;
        if from.len() != to.len() {
            return Err(Ragged { samples: to.len(), width }.into());
        }
        for (number, (from, to)) in from.chunks_exact(width).zip(to.chunks_exact_mut(width)).enumerate() {
            let stop = |column| Stop::At { frame: number, column, value: from[column] };
            if !convert_frame(from, to, there, back, &self.by_line) {
                return Err(stop(first_lost(from, to, back, &self.by_line)));
            }
            for table in &self.tables {
                to[table.column] = by_table(table, from[table.column]).ok_or(stop(table.column))?;
            }
        }
        Ok(())
    }
}

enum Stop {
    Ragged(Ragged),
    At { frame: usize, column: usize, value: i16 },
}

impl From<Ragged> for Stop {
    fn from(ragged: Ragged) -> Self {
        Self::Ragged(ragged)
    }
}

/// Converts one frame, and says whether converting it back gives the same again wherever `by_line` has ones.
#[inline]
fn convert_frame(from: &[i16], to: &mut [i16], there: &Lines, back: &Lines, by_line: &[i16]) -> bool {
    let width = by_line.len();
    let (from, to) = (&from[..width], &mut to[..width]);
    let (factor, term) = (&there.factor[..width], &there.term[..width]);
    let (factor_back, term_back) = (&back.factor[..width], &back.term[..width]);
    let mut lost = 0;
    for column in 0..width {
        let new = low16(f64::from(from[column]) * factor[column] + term[column]);
        let old = low16(f64::from(new) * factor_back[column] + term_back[column]);
        lost |= (from[column] ^ old) & by_line[column];
        to[column] = new;
    }
    lost == 0
}

#[cold]
fn first_lost(from: &[i16], to: &[i16], back: &Lines, by_line: &[i16]) -> usize {
    let lost = |column: &usize| {
        let old = low16(f64::from(to[*column]) * back.factor[*column] + back.term[*column]);
        (from[*column] ^ old) & by_line[*column] != 0
    };
    (0..by_line.len()).find(lost).unwrap_or_default()
}
