use thiserror::Error;

use super::{
    Step,
    decimal::{simplest, tidy},
    sieve::{Distances, Range, sieve},
    verify::column,
};
use crate::lsb::Histograms;

/// So many different distances must agree.
const LEAST_DISTANCES: u32 = 8;

/// Values that lie on a step by chance do so each with a probability of 1 / step; so improbable must it be, as a power of 2.
const LEAST_BITS: f64 = 40.0;

/// So many distances a column may add: all of its pairs, except of columns with more than 500 distinct values.
const MOST_PAIRS: usize = 1 << 18;

/// So many possible steps are tried out.
const MOST_TRIED: usize = 64;

/// Why a stream stays raw.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum Refusal {
    /// A flat or almost flat stream.
    #[error("too few distinct values to tell the converter's step")]
    TooFewValues,
    /// The converter's step is a count (or the data were filtered or scaled before they were stored).
    #[error("column {column} holds neighbouring values, so codes would save nothing")]
    SmallStep {
        /// The first such column.
        column: usize,
    },
    /// Filtered, re-referenced, or of several steps.
    #[error("the distances between values are multiples of no common step")]
    NoStep,
    /// One column is of another make, or its phase changed during the recording.
    #[error(
        "the values of column {column} do not lie on the step of {step} counts that the other columns suggest"
    )]
    Misfit {
        /// The first such column.
        column: usize,
        /// What was tried last.
        step: f64,
    },
}

/// The distinct values of one column.
pub(super) struct Values {
    pub(super) column: usize,
    /// Ascending.
    pub(super) all: Vec<i16>,
    /// One of them.
    pub(super) median: i16,
}

impl Values {
    /// Without those at which the acquisition program may have cut off larger ones.
    pub(super) fn inner(&self) -> &[i16] {
        let first = self.all.partition_point(|&v| v <= -i16::MAX);
        let end = self.all.partition_point(|&v| v < i16::MAX);
        self.all.get(first..end).unwrap_or(&[])
    }
}

/// The converter's step, from the distinct values of every counted column of a whole stream.
///
/// What is returned is proven on all of these values: different samples have different codes, every sample comes back from
/// its code, and `code * gain + offset` as readers compute it is within half a raw count (and at most 1/60 for the float32
/// arithmetic of acquisition) of the raw sample; within half a step at the ends of int16, where recorded values were cut off.
/// Empty columns (nothing counted) take no part.
pub fn find(histograms: &Histograms) -> Result<Step, Refusal> {
    let columns = values(histograms);
    let moving: Vec<_> = columns.iter().filter(|values| values.inner().len() > 1).collect();
    let (gap, column) = smallest_gap(&moving).ok_or(Refusal::TooFewValues)?;
    if gap < 2 {
        return Err(Refusal::SmallStep { column });
    }
    let slack = slack(&moving);
    let (mut best, mut refusal) = (None, Refusal::NoStep);
    let ranges = candidates(f64::from(gap), &moving, slack)?.into_iter().take(MOST_TRIED);
    // A step that is easily read is as good as the middle of its range, unless the formula misses more values with it.
    let middle = |range: &Range| tidy(f64::midpoint(range.low, range.high));
    for counts in ranges.flat_map(|range| [simplest(range.low, range.high), middle(&range)]) {
        match prove(counts, slack, &columns) {
            Ok((step, 0)) => return Ok(step),
            Ok((step, misses)) if best.as_ref().is_none_or(|(_, least)| misses < *least) => {
                best = Some((step, misses));
            }
            Ok(_) => {}
            Err(misfit) => refusal = misfit,
        }
    }
    best.map(|(step, _)| step).ok_or(refusal)
}

/// How much farther than half a count a stored value may be from where its code puts it: acquisition programs compute in
/// float32, of which four roundings are allowed for, on offsets of up to 2048 counts.
fn slack(moving: &[&Values]) -> f64 {
    let ends = |values: &&Values| {
        [values.inner().first(), values.inner().last()].into_iter().flatten().copied().collect::<Vec<_>>()
    };
    let farthest = moving.iter().flat_map(ends).map(i16::unsigned_abs).max().unwrap_or(0);
    (f64::from(farthest) + 2048.0) / f64::from(1 << 22)
}

fn values(histograms: &Histograms) -> Vec<Values> {
    let of = |(slot, &column)| {
        let (median, _) = histograms.middle(slot)?;
        Some(Values { column, all: histograms.values(slot).map(|(value, _)| value).collect(), median })
    };
    histograms.columns().iter().enumerate().filter_map(of).collect()
}

fn smallest_gap(moving: &[&Values]) -> Option<(i32, usize)> {
    let gaps =
        |values: &Values| values.inner().windows(2).map(|pair| i32::from(pair[1]) - i32::from(pair[0])).min();
    moving.iter().filter_map(|values| Some((gaps(values)?, values.column))).min()
}

/// Ranges of possible steps, the likeliest first: of multiples of the step, the whole number, of any phase.
///
/// The smallest gap is the step rounded up or down. Two values of a column are a multiple of the step apart, within the 1
/// that two roundings make; where no offset was taken off, every value is itself a multiple, within the half of one rounding.
fn candidates(gap: f64, moving: &[&Values], slack: f64) -> Result<Vec<Range>, Refusal> {
    let (mut apart, mut from_zero) = (Distances::new(), Distances::new());
    for values in moving {
        distances(values.inner(), &mut apart);
        values.inner().iter().for_each(|v| from_zero.insert(v.unsigned_abs()));
    }
    let agreeing: usize = moving.iter().map(|values| values.inner().len() - 1).sum();
    if apart.len() < LEAST_DISTANCES || agreeing as f64 * gap.log2() < LEAST_BITS {
        return Err(Refusal::TooFewValues);
    }
    let start = vec![Range { low: (gap - 1.0).max(2.0), high: gap + 1.0 }];
    let any_phase = sieve(start, &apart, 1.0 + 2.0 * slack);
    let mut ranges = sieve(any_phase.clone(), &from_zero, 0.5 + slack);
    ranges.push(Range { low: gap, high: gap });
    // Near 2, where any distance is a multiple within 1, remains pile up: the true step is the largest.
    ranges.extend(any_phase.into_iter().rev());
    Ok(ranges)
}

fn distances(values: &[i16], apart: &mut Distances) {
    let references = (MOST_PAIRS / values.len()).max(2);
    for reference in values.iter().step_by(values.len().div_ceil(references)).chain(values.last()) {
        for value in values {
            apart.insert(value.abs_diff(*reference));
        }
    }
}

/// The step with its columns, and how many of their values the formula misses.
fn prove(counts: f64, slack: f64, columns: &[Values]) -> Result<(Step, usize), Refusal> {
    let fits =
        |values| column(values, counts, slack).ok_or(Refusal::Misfit { column: values.column, step: counts });
    let columns: Vec<_> = columns.iter().map(fits).collect::<Result<_, _>>()?;
    let misses = columns.iter().map(|column| column.exceptions.len()).sum();
    Ok((Step { counts, columns }, misses))
}
