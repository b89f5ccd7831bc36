use flate2::{Decompress, FlushDecompress, Status};
use zstd_safe::DCtx;

use super::{
    Shuffle, blosclz,
    header::{HEADER, Header, number},
    layout::can_split,
    shuffle,
};
use crate::{FrameError, lz4};

/// Reads frames of every compressor but snappy. Holds two blocks and what the compressors need; keep one for each thread.
#[derive(Default)]
pub struct Decoder {
    engines: Engines,
    shuffled: Vec<u8>,
    spare: Vec<u8>,
}

impl Decoder {
    /// A reader that has read nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Decompresses into `chunk`, which the frame must fill exactly.
    pub fn decode_into(&mut self, frame: &[u8], chunk: &mut [u8]) -> Result<(), FrameError> {
        let header = Header::read(frame)?;
        if header.bytes != chunk.len() {
            return Err(FrameError::Length { wanted: chunk.len(), found: header.bytes });
        }
        self.blocks(header, frame, chunk)
    }

    /// Decompresses into `chunk` (what was there is gone), whatever the length is up to `limit` bytes.
    ///
    /// After an error `chunk` is of no use. No more than three times `limit` is allocated, whatever the frame says.
    pub fn decode(&mut self, frame: &[u8], limit: usize, chunk: &mut Vec<u8>) -> Result<(), FrameError> {
        let header = Header::read(frame)?;
        if header.bytes > limit {
            return Err(FrameError::Limit(limit));
        }
        chunk.resize(header.bytes, 0);
        self.blocks(header, frame, chunk)
    }

    fn blocks(&mut self, header: Header, frame: &[u8], chunk: &mut [u8]) -> Result<(), FrameError> {
        if chunk.is_empty() {
            return Ok(());
        }
        if header.flags.is_stored() {
            chunk.copy_from_slice(&frame[HEADER..]);
            return Ok(());
        }
        for (at, block) in chunk.chunks_mut(header.block).enumerate() {
            let text = number(frame, HEADER + 4 * at).and_then(|offset| frame.get(offset..));
            self.block(&header, text.ok_or(FrameError::Truncated("blocks"))?, block)?;
        }
        Ok(())
    }

    /// Reads the block at the beginning of `text`.
    fn block(&mut self, header: &Header, text: &[u8], block: &mut [u8]) -> Result<(), FrameError> {
        let width = usize::from(header.typesize);
        let split = header.flags.is_split() && can_split(width, header.block) && block.len() == header.block;
        let pieces = if split { width } else { 1 };
        let shuffle = header.flags.shuffle(width);
        if shuffle == Shuffle::None {
            return self.engines.pieces(header.flags.format(), text, pieces, block);
        }
        self.shuffled.resize(block.len(), 0);
        self.engines.pieces(header.flags.format(), text, pieces, &mut self.shuffled)?;
        shuffle::together(shuffle, width, &self.shuffled, block, &mut self.spare);
        Ok(())
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

/// The compressors, each made when it is first met.
#[derive(Default)]
struct Engines {
    zstd: Option<DCtx<'static>>,
    zlib: Option<Decompress>,
}

impl Engines {
    /// Reads the pieces of a block, each with its length before it; one as long as its plain bytes is stored.
    fn pieces(&mut self, format: u8, text: &[u8], pieces: usize, out: &mut [u8]) -> Result<(), FrameError> {
        let length = out.len() / pieces;
        if length * pieces != out.len() {
            return Err(FrameError::Damaged("a block is not of whole items"));
        }
        let mut at = 0;
        for plain in out.chunks_exact_mut(length) {
            let size = number(text, at).ok_or(FrameError::Truncated("blocks"))?;
            at += 4;
            let packed = text.get(at..at + size).ok_or(FrameError::Truncated("blocks"))?;
            at += size;
            if size == length {
                plain.copy_from_slice(packed);
            } else {
                self.piece(format, packed, plain)?;
            }
        }
        Ok(())
    }

    /// Reads one compressed piece, which fills `plain` exactly.
    fn piece(&mut self, format: u8, packed: &[u8], plain: &mut [u8]) -> Result<(), FrameError> {
        let whole = match format {
            0 => blosclz::decode(packed, plain).is_some(),
            1 => lz4::decode_block(packed, plain).is_ok(),
            2 => return Err(FrameError::Compressor("snappy")),
            3 => {
                let zlib = self.zlib.get_or_insert_with(|| Decompress::new(true));
                zlib.reset(true);
                let end = zlib.decompress(packed, plain, FlushDecompress::Finish);
                matches!(end, Ok(Status::StreamEnd)) && zlib.total_out() == plain.len() as u64
            }
            4 => {
                let zstd = self.zstd.get_or_insert_with(DCtx::create);
                zstd.decompress(plain, packed) == Ok(plain.len())
            }
            _ => return Err(FrameError::Compressor("a compressor of a later generation")),
        };
        if whole { Ok(()) } else { Err(FrameError::Damaged("a block cannot be decompressed")) }
    }
}
