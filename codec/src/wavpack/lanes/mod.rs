//! Many pairs of channels side by side.
//!
//! All pairs of a stream go through the same passes, so the same number is computed for sixteen of them at a time, in arrays that
//! the compiler turns into the machine's vectors. What comes out is bit for bit that of [`super::scalar`]; what does not fit here
//! (a channel alone, silence, samples that overflow) is done there.

mod kernels;
mod medians;
mod pack;
mod pass;
mod restore;
mod rows;
mod unpack;

pub(super) use pack::pack;
pub(super) use unpack::Unpacker;

/// Pairs side by side.
pub(super) const LANES: usize = 16;

/// Fewer pairs than these are sooner done one by one.
pub(super) const FEW_PAIRS: usize = 3;

/// Frames that go through one step after the other while they are in the nearest cache.
pub(super) const STRETCH: usize = 64;

/// A number of each pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(align(64))]
struct Lanes([i32; LANES]);

impl Lanes {
    const ZERO: Self = Self([0; LANES]);
}

/// One frame of all pairs: their first channels, and their second ones.
type Frame = [Lanes; 2];
