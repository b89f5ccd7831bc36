//! Codes of the converter's true step, from which the samples come back bit for bit.
//!
//! A converter with `k` steps above its zero is stored as `v = round(step * k + phase)` counts, where `step` is no integer in
//! general (3.9125 for Neuropixels 2.0, 12.0192 for the action band of 1.0 at gain 500), and `phase` differs from column to
//! column when the acquisition program takes a measured offset off each (Open Ephys does for Neuropixels 1.0).
//! [`find`] takes both from the distinct values of a recording; [`Codes`] then stores `k` less its median.
//!
//! All columns share one step: they go through converters of one kind, later tools take the integers of all channels as
//! alike, and hundreds of columns tell the step where a quiet one alone could not. A constant column fits any step and takes
//! part with codes of 0. One column that does not fit keeps the stream raw, since a mixture of units would mislead readers
//! that look at integers. Columns of another kind (SYNC, TTL) must be left out by the caller and pass through.

mod codes;
mod decimal;
mod find;
mod sieve;
mod verify;

pub use codes::{Codes, Foreign, Unusable};
pub use find::{Refusal, find};

/// How samples are had from codes; what a store keeps beside them.
///
/// `sample = rint(counts * code + zero)` in float64, ties to even (`numpy.rint`), except for the pairs in
/// [`Column::exceptions`]. Numbers are chosen with at most 9 decimals, so that every JSON parser reads back the same float64.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Raw counts of one step of the converter, at least 2.
    pub counts: f64,
    /// The columns that take part, ascending.
    pub columns: Vec<Column>,
}

/// What one column needs besides the step.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its place in a frame.
    pub column: usize,
    /// Where code 0 lies, in raw counts, not rounded: the column's median.
    pub zero: f64,
    /// Samples that the formula misses by a rounding of the acquisition program, or that were cut off at the ends of int16. Few.
    pub exceptions: Vec<Exception>,
}

/// A code that stands for another sample than the formula says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception {
    /// As stored.
    pub code: i16,
    /// As recorded.
    pub sample: i16,
}

impl Step {
    /// The gain of the codes where raw counts have `gain` (µV per count).
    pub fn gain_to_uv(&self, gain: f64) -> f64 {
        self.counts * gain
    }
}

impl Column {
    /// The offset of the codes where raw counts have `gain` (µV per count) and `offset` (µV).
    pub fn offset_to_uv(&self, gain: f64, offset: f64) -> f64 {
        self.zero * gain + offset
    }
}

#[cfg(test)]
mod tests;
