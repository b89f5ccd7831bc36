//! Raw deflate (RFC 1951), made so that the parts of one stream can be compressed at the same time.

mod bits;
mod chains;
mod collect;
mod huffman;
mod level;
mod parse;
mod price;
mod symbols;
mod tally;
mod write;

use chains::Chains;
use collect::Collector;

/// Bytes of history that a part of a stream can refer to.
pub const HISTORY: usize = symbols::WINDOW;

/// Compresses parts of raw deflate streams. Holds about 260 KiB of tables; keep one for each thread.
///
/// What comes out depends on the arguments alone, not on what was compressed before.
pub struct Deflater {
    level: level::Level,
    chains: Chains,
}

impl Deflater {
    /// For a level of 1 (fast) to 9 (small); numbers outside count as the nearest.
    pub fn new(level: u8) -> Self {
        Self { level: level::level(level), chains: Chains::new() }
    }

    /// Appends to `out` the compressed form of `window[start..]`, for a reader that already has `window[..start]`, of
    /// which the last [`HISTORY`] bytes matter. It ends on a byte border.
    ///
    /// The parts of a stream are simply put one after the other; the `last` one, and no other, ends it.
    pub fn part(&mut self, window: &[u8], start: usize, last: bool, out: &mut Vec<u8>) {
        let unused = start.saturating_sub(HISTORY);
        let (text, start) = (&window[unused..], start - unused);
        self.chains.reset();
        self.chains.skip(text, 0, start);
        let mut sink = Collector::new(text, start, out);
        parse::parse(self.level, &mut self.chains, text, start, &mut sink);
        sink.finish(last);
    }
}

impl std::fmt::Debug for Deflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deflater").field("level", &self.level).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
