//! `correct_lsb` of `SpikeInterface` 0.100.0, bit for bit, its quirks included.
//!
//! It draws random chunks, takes the smallest difference between values seen there for the converter's step, subtracts each
//! channel's median and divides. Since the true step is seldom a whole number of counts, most recordings do not come back from
//! the result; [`Correction::apply`] says how many samples do not. Later versions of the package differ in each of these steps.
//!
//! In order: [`sample_starts`]; count the frames `[start, start + chunk)` of every start, repeated ones as often as they are
//! drawn, into [`Histograms`](super::Histograms) (which hold what the original takes from 768 MB of gathered chunks);
//! [`Correction::estimate`]; [`Correction::apply`] to each chunk of the whole stream.

mod correction;
mod random;
mod starts;

pub use correction::{Correction, Estimate};
pub use starts::{NoSample, Starts, sample_starts};

#[cfg(test)]
mod tests;
