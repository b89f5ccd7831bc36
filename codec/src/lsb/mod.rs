//! The step of the converter: finding it, storing codes of it, and doing what `SpikeInterface` does about it.
//!
//! Acquisition programs store `round(µV / bit_volts)`, and a step of the converter is several such units, so most values
//! never occur and the low bits cost space for nothing. [`exact`] finds the true step and stores codes that come back bit for bit;
//! [`spikeinterface`] repeats `correct_lsb` of that package, which is often lossy.
//!
//! Samples are frames of `width` columns, row after row, as in `continuous.dat`. Columns that do not take part (TTL, SYNC)
//! are named by leaving them out of the list that [`Histograms`] is made with, and pass through unchanged.

pub mod exact;
mod histograms;
mod rint;
pub mod spikeinterface;

pub use histograms::Histograms;

use thiserror::Error;

/// Samples that do not make whole frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{samples} samples are not whole frames of {width} columns")]
pub struct Ragged {
    /// How many samples there are.
    pub samples: usize,
    /// How many columns a frame has.
    pub width: usize,
}

impl Ragged {
    fn check(samples: usize, width: usize) -> Result<(), Self> {
        if samples.is_multiple_of(width) { Ok(()) } else { Err(Self { samples, width }) }
    }
}
