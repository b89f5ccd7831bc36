//! Blosc frames of the first generation, as numcodecs and c-blosc 1.21 write them.
//!
//! A chunk is cut into blocks, the items of each are shuffled, and each block is compressed by itself. In the same settings, blocks
//! and pieces are cut where c-blosc cuts them and zstd and LZ4 get the same levels, so that frames differ at most by the versions of
//! these two. c-blosc with several threads puts blocks in the order they happen to be ready; ours lie in their own order always.

mod blosclz;
mod decode;
mod encode;
mod header;
mod layout;
mod shuffle;

pub use decode::Decoder;
pub use encode::Encoder;
pub use shuffle::unshuffle;

/// What compresses the blocks of frames that are written. Those of LZ4 HC, zlib and blosclz are read as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compressor {
    /// Small and fast.
    Zstd,
    /// Faster and larger.
    Lz4,
}

impl Compressor {
    /// As Zarr's metadata calls it (`cname`).
    pub fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
        }
    }

    /// By its name in Zarr's metadata.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Zstd, Self::Lz4].into_iter().find(|known| known.name() == name)
    }
}

/// What is done to the items of a block before it is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shuffle {
    /// By bits for items of one byte, by bytes for wider ones.
    Auto,
    /// Nothing.
    None,
    /// Bytes of the same rank are put together.
    Byte,
    /// Bits of the same rank are put together.
    Bit,
}

impl Shuffle {
    /// As Zarr's metadata numbers it.
    pub fn number(self) -> i8 {
        match self {
            Self::Auto => -1,
            Self::None => 0,
            Self::Byte => 1,
            Self::Bit => 2,
        }
    }

    /// By its number in Zarr's metadata.
    pub fn from_number(number: i64) -> Option<Self> {
        [Self::Auto, Self::None, Self::Byte, Self::Bit]
            .into_iter()
            .find(|known| i64::from(known.number()) == number)
    }
}

/// How chunks are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Settings {
    /// What compresses the blocks.
    pub compressor: Compressor,
    /// 0 (stored) to 9 (small), c-blosc's `clevel`.
    pub level: u8,
    /// What is done before.
    pub shuffle: Shuffle,
    /// Bytes of an item, 1 to 255.
    pub typesize: u8,
    /// Bytes of a block; 0 leaves it to c-blosc's rule.
    pub block: usize,
}

#[cfg(test)]
mod tests;
