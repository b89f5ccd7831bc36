//! The head of a block.

use super::Error;

/// Bytes of a block's head.
pub(super) const HEADER: usize = 32;
/// What counts towards a block's size although it stands in the head: everything behind the size itself.
const COUNTED: usize = 24;
/// Bytes that no block reaches; readers look for another head then.
pub(super) const LARGEST_BLOCK: usize = 1 << 20;
/// Frames that no block reaches.
const MOST_FRAMES: u32 = 0x3_0000;
/// The version written: what numcodecs writes, and every reader reads.
const VERSION: u16 = 0x407;
/// A total of frames that was not known when the block was written.
pub(super) const UNKNOWN: u32 = u32::MAX;

/// What the bits of a head say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Flags(pub(super) u32);

impl Flags {
    /// Samples of two bytes, sizes up to 15 bits, a rate of 32 000 frames a second (what `wavpack-numcodecs` says of any data), and
    /// a checksum at the end.
    pub(super) const WRITTEN: Self = Self(1 | 15 << 18 | 8 << 23 | Self::CHECKSUM.0);
    pub(super) const MONO: Self = Self(1 << 2);
    pub(super) const HYBRID: Self = Self(1 << 3);
    pub(super) const JOINT: Self = Self(1 << 4);
    /// Passes may look from one channel to the other.
    pub(super) const CROSS: Self = Self(1 << 5);
    pub(super) const FLOAT: Self = Self(1 << 7);
    /// Samples were shortened before they were packed.
    pub(super) const REDUNDANT: Self = Self(1 << 8);
    pub(super) const FIRST: Self = Self(1 << 11);
    pub(super) const LAST: Self = Self(1 << 12);
    pub(super) const CHECKSUM: Self = Self(1 << 28);
    /// Two equal channels, packed as one.
    pub(super) const TWINS: Self = Self(1 << 30);
    pub(super) const DSD: Self = Self(1 << 31);

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn with(self, other: Self, condition: bool) -> Self {
        if condition { Self(self.0 | other.0) } else { self }
    }

    /// Channels the block gives back.
    pub(super) fn channels(self) -> usize {
        if self.has(Self::MONO) { 1 } else { 2 }
    }

    /// Two channels are packed.
    pub(super) fn packs_two(self) -> bool {
        !self.has(Self::MONO) && !self.has(Self::TWINS)
    }

    /// Bits that samples are shifted by when all is done.
    pub(super) fn shift(self) -> u32 {
        self.0 >> 13 & 31
    }

    fn unsupported(self) -> Option<&'static str> {
        if self.0 & 3 != 1 {
            Some("samples that are not of 16 bits")
        } else if self.has(Self::HYBRID) {
            Some("lossy compression")
        } else if self.has(Self::FLOAT) {
            Some("floating-point samples")
        } else if self.has(Self::DSD) {
            Some("DSD samples")
        } else {
            None
        }
    }
}

/// The head of a block, after the WavPack 4 & 5 file format.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    /// Bytes of the block, the head included.
    pub(super) size: usize,
    /// Frames of the stream, or [`UNKNOWN`].
    pub(super) total: u32,
    /// Frames before this block.
    pub(super) index: u32,
    /// Frames of this block.
    pub(super) frames: u32,
    pub(super) flags: Flags,
    /// Checksum over the samples.
    pub(super) crc: u32,
}

impl Header {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend(b"wvpk");
        out.extend(((self.size - HEADER + COUNTED) as u32).to_le_bytes());
        out.extend(VERSION.to_le_bytes());
        out.extend([0; 2]);
        for number in [self.total, self.index, self.frames, self.flags.0, self.crc] {
            out.extend(number.to_le_bytes());
        }
    }

    /// Reads the head at the start of `bytes`, which hold all of the block.
    pub(super) fn read(bytes: &[u8], block: usize) -> Result<Self, Error> {
        let head: &[u8; HEADER] = bytes.first_chunk().ok_or(Error::Truncated { block })?;
        let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        if head[..4] != *b"wvpk" {
            return Err(Error::Truncated { block });
        }
        let counted = number(4) as usize;
        let version = number(8) & 0xFFFF;
        if !(COUNTED..LARGEST_BLOCK).contains(&counted) || !counted.is_multiple_of(2) {
            return Err(Error::Malformed { block, what: "size" });
        }
        if !(0x402..=0x410).contains(&version) || head[10..12] != [0; 2] {
            return Err(Error::Unsupported { block, what: "a version or a length" });
        }
        let size = counted - COUNTED + HEADER;
        let header = Self {
            size,
            total: number(12),
            index: number(16),
            frames: number(20),
            flags: Flags(number(24)),
            crc: number(28),
        };
        if bytes.len() < size {
            return Err(Error::Truncated { block });
        }
        if header.frames >= MOST_FRAMES {
            return Err(Error::Malformed { block, what: "number of frames" });
        }
        match header.flags.unsupported() {
            Some(what) if header.frames > 0 => Err(Error::Unsupported { block, what }),
            _ => Ok(header),
        }
    }
}

/// The checksum at the end of a block, over all that stands before it.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    let words = bytes.chunks_exact(2).map(|pair| u32::from(u16::from_le_bytes([pair[0], pair[1]])));
    words.fold(u32::MAX, |sum, word| sum.wrapping_mul(3).wrapping_add(word))
}
