use super::{Compressor, Settings};

/// Below this, c-blosc stores bytes as they are, and makes no block or piece of a block smaller.
pub(super) const SMALLEST: usize = 128;

/// Widest item whose bytes are compressed apart from each other.
const WIDEST_SPLIT: usize = 16;

/// A cache of the first level as c-blosc sees it, the measure of its blocks.
const L1: usize = 32 << 10;

/// Longest block a frame may ask for: three times it must be counted in 32 bits.
const LONGEST_BLOCK: usize = (i32::MAX as usize - 4 * 255) / 3;

/// How a chunk is cut, by the rules of c-blosc 1.21 in its default mode of splitting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Bytes of each block but the last.
    pub(super) block: usize,
    /// Whether the bytes of the items are compressed apart from each other.
    pub(super) split: bool,
}

impl Layout {
    pub(super) fn of(settings: &Settings, bytes: usize) -> Self {
        let block = block(settings, bytes);
        Self { block, split: splits(settings, block) }
    }
}

/// LZ4 sees each byte of the items by itself; zstd sees whole blocks.
fn splits(settings: &Settings, block: usize) -> bool {
    let width = usize::from(settings.typesize);
    settings.compressor == Compressor::Lz4 && can_split(width, block)
}

/// Whether a block is wide enough to be split, which frames older than the flag leave to the reader.
pub(super) fn can_split(width: usize, block: usize) -> bool {
    width <= WIDEST_SPLIT && block / width >= SMALLEST
}

fn block(settings: &Settings, bytes: usize) -> usize {
    let width = usize::from(settings.typesize);
    if bytes < width {
        return 1;
    }
    let mut block = match settings.block {
        0 if bytes >= L1 => automatic(settings),
        0 => bytes,
        wish => wish.clamp(SMALLEST, LONGEST_BLOCK),
    };
    if settings.level > 0 && splits(settings, block) {
        block = (block.min(1 << 18) * width).clamp(1 << 16, 1 << 20);
    }
    block = block.min(bytes);
    if block > width { block / width * width } else { block }
}

fn automatic(settings: &Settings) -> usize {
    let thorough = settings.compressor == Compressor::Zstd;
    let base = if thorough { 2 * L1 } else { L1 };
    match settings.level {
        0 => base / 4,
        1 => base / 2,
        2 => base,
        3 => base * 2,
        4 | 5 => base * 4,
        6..=8 => base * 8,
        _ if thorough => base * 16,
        _ => base * 8,
    }
}
