//! WavPack, lossless, for 16-bit samples of any number of channels.
//!
//! A stream is what `libwavpack` writes and reads (the WavPack 4 & 5 file format, stream version 0x407) and what the chunks of
//! `wavpack-numcodecs` hold. Channels are packed two by two: each pair, and a last odd one, is a block of its own for each span of
//! at most 120 000 frames. What a block goes through, here in the encoder's order:
//!
//! 1. `redundancy`: low bits that all samples share are left out;
//! 2. the two channels become their difference and mean (`scalar`);
//! 3. `pass`: passes of prediction leave residuals;
//! 4. `words`: residuals become few bits, by `medians` that follow their size;
//! 5. `block`, `header`: the block is framed and summed.
//!
//! `scalar` does this for one pair after the other; `lanes` does the same for many pairs side by side.
//!
//! No file names, tags or RIFF heads are written, and what is read of them is skipped.

#![expect(
    clippy::inline_always,
    reason = "what runs in lanes, or in a loop made for a kind of processor, is made for it too only where it is written out"
)]

mod bits;
mod block;
mod decode;
mod encode;
mod error;
mod header;
mod lanes;
mod level;
mod logarithm;
mod medians;
mod pass;
mod redundancy;
mod scalar;
mod words;

pub use decode::{Decoded, decode, decode_into};
pub use encode::encode;
pub use error::Error;
pub use level::Level;

#[cfg(test)]
mod tests;
