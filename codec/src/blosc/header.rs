use super::{Compressor, Shuffle};
use crate::FrameError;

/// Bytes before the first block's offset, and what a frame is longer at most than what it holds.
pub(super) const HEADER: usize = 16;

/// Longest chunk of a frame: with its header it is counted in 32 bits with a sign.
pub(super) const LONGEST: usize = i32::MAX as usize - HEADER;

/// Format generation that c-blosc has written since 1.0.
const VERSION: u8 = 2;

const BYTE_SHUFFLE: u8 = 1;
const STORED: u8 = 1 << 1;
const BIT_SHUFFLE: u8 = 1 << 2;
const RESERVED: u8 = 1 << 3;
const NOT_SPLIT: u8 = 1 << 4;
const FORMAT: u32 = 5;

/// How the bytes of a frame were made, from its third byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flags(u8);

impl Flags {
    pub(super) fn new(compressor: Compressor, shuffle: Shuffle, split: bool) -> Self {
        let format = match compressor {
            Compressor::Lz4 => 1,
            Compressor::Zstd => 4,
        };
        let shuffle = match shuffle {
            Shuffle::None | Shuffle::Auto => 0,
            Shuffle::Byte => BYTE_SHUFFLE,
            Shuffle::Bit => BIT_SHUFFLE,
        };
        Self(format << FORMAT | shuffle | if split { 0 } else { NOT_SPLIT })
    }

    /// The same frame, with its bytes stored as they are.
    pub(super) fn stored(self) -> Self {
        Self(self.0 | STORED)
    }

    pub(super) fn is_stored(self) -> bool {
        self.0 & STORED != 0
    }

    pub(super) fn is_split(self) -> bool {
        self.0 & NOT_SPLIT == 0
    }

    /// The byte shuffle wins where a frame names both, as in c-blosc.
    pub(super) fn shuffle(self, typesize: usize) -> Shuffle {
        match self.0 {
            flags if flags & BYTE_SHUFFLE != 0 && typesize > 1 => Shuffle::Byte,
            flags if flags & BIT_SHUFFLE != 0 => Shuffle::Bit,
            _ => Shuffle::None,
        }
    }

    /// Number of the format of the compressed pieces.
    pub(super) fn format(self) -> u8 {
        self.0 >> FORMAT
    }
}

/// The first sixteen bytes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) flags: Flags,
    pub(super) typesize: u8,
    /// Length of what the frame holds.
    pub(super) bytes: usize,
    pub(super) block: usize,
    /// Length of the frame itself.
    pub(super) frame: usize,
}

impl Header {
    pub(super) fn to_bytes(self) -> [u8; HEADER] {
        let mut header = [VERSION, 1, self.flags.0, self.typesize, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        header[4..8].copy_from_slice(&(self.bytes as u32).to_le_bytes());
        header[8..12].copy_from_slice(&(self.block as u32).to_le_bytes());
        header[12..].copy_from_slice(&(self.frame as u32).to_le_bytes());
        header
    }

    /// Reads the header and holds it against the length of the frame.
    pub(super) fn read(frame: &[u8]) -> Result<Self, FrameError> {
        let header: &[u8; HEADER] = frame.first_chunk().ok_or(FrameError::Truncated("header"))?;
        let [version, _, flags, typesize, lengths @ ..] = header;
        if *version != VERSION {
            return Err(FrameError::Version(*version));
        }
        if flags & RESERVED != 0 {
            return Err(FrameError::Damaged("a flag is set that has no meaning"));
        }
        let [bytes, block, length] = [0, 4, 8].map(|at| number(lengths, at).unwrap_or(0));
        if length > frame.len() {
            return Err(FrameError::Truncated("blocks"));
        }
        if length < frame.len() {
            return Err(FrameError::Damaged("it is longer than it says"));
        }
        let header = Self { flags: Flags(*flags), typesize: *typesize, bytes, block, frame: length };
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<(), FrameError> {
        if self.bytes > LONGEST {
            return Err(FrameError::TooLong(self.bytes));
        }
        if self.bytes == 0 {
            return Ok(());
        }
        if self.typesize == 0 || self.block == 0 || self.block > self.bytes {
            return Err(FrameError::Damaged("the size of its blocks or items is impossible"));
        }
        if self.flags.is_stored() && self.bytes + HEADER != self.frame {
            return Err(FrameError::Damaged("stored bytes of another length"));
        }
        if !self.flags.is_stored() && self.blocks() > (self.frame - HEADER) / 4 {
            return Err(FrameError::Truncated("table of blocks"));
        }
        Ok(())
    }

    pub(super) fn blocks(&self) -> usize {
        self.bytes.div_ceil(self.block.max(1))
    }
}

/// The little-endian 32-bit number at a place, if it is there.
pub(super) fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let number = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*number) as usize)
}
