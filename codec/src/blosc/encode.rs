use zstd_safe::CCtx;

use super::{
    Compressor, Settings, Shuffle,
    header::{Flags, HEADER, Header, LONGEST},
    layout::{Layout, SMALLEST},
    shuffle,
};
use crate::{FrameError, lz4};

/// Writes frames. Holds zstd's tables and three blocks; keep one for each thread.
pub struct Encoder {
    settings: Settings,
    zstd: Option<CCtx<'static>>,
    shuffled: Vec<u8>,
    spare: Vec<u8>,
    piece: Vec<u8>,
}

impl Encoder {
    /// Levels above 9 count as 9, a typesize of 0 as 1.
    pub fn new(settings: Settings) -> Self {
        let typesize = settings.typesize.max(1);
        let shuffle = match settings.shuffle {
            Shuffle::Auto if typesize == 1 => Shuffle::Bit,
            Shuffle::Auto => Shuffle::Byte,
            other => other,
        };
        let settings = Settings { typesize, shuffle, level: settings.level.min(9), ..settings };
        let zstd = (settings.compressor == Compressor::Zstd && settings.level > 0).then(CCtx::create);
        Self { settings, zstd, shuffled: Vec::new(), spare: Vec::new(), piece: Vec::new() }
    }

    /// Appends the frame of a chunk to `out`; it is at most 16 bytes longer than the chunk.
    ///
    /// The frame depends on the chunk and the settings alone. A chunk of 2 GiB or more does not fit a frame.
    pub fn encode(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
        if chunk.len() > LONGEST {
            return Err(FrameError::TooLong(chunk.len()));
        }
        let start = out.len();
        let layout = Layout::of(&self.settings, chunk.len());
        let mut header = Header {
            flags: Flags::new(self.settings.compressor, self.settings.shuffle, layout.split),
            typesize: self.settings.typesize,
            bytes: chunk.len(),
            block: layout.block,
            frame: 0,
        };
        let worthwhile = self.settings.level > 0 && chunk.len() >= SMALLEST;
        if !(worthwhile && self.blocks(chunk, layout, out)) {
            out.truncate(start);
            out.extend_from_slice(&[0; HEADER]);
            out.extend_from_slice(chunk);
            header.flags = header.flags.stored();
        }
        header.frame = out.len() - start;
        out[start..start + HEADER].copy_from_slice(&header.to_bytes());
        Ok(())
    }

    /// Room for the header, the table of blocks, and the blocks; false if storing the chunk is shorter.
    fn blocks(&mut self, chunk: &[u8], layout: Layout, out: &mut Vec<u8>) -> bool {
        let start = out.len();
        let end = start + chunk.len() + HEADER;
        let mut table = start + HEADER;
        out.resize(table + 4 * chunk.len().div_ceil(layout.block), 0);
        for block in chunk.chunks(layout.block) {
            let offset = (out.len() - start) as u32;
            out[table..table + 4].copy_from_slice(&offset.to_le_bytes());
            table += 4;
            let pieces = if layout.split && block.len() == layout.block {
                usize::from(self.settings.typesize)
            } else {
                1
            };
            if !self.block(block, pieces, end, out) {
                return false;
            }
        }
        true
    }

    /// Appends one block; false if the frame would become longer than `end`.
    fn block(&mut self, block: &[u8], pieces: usize, end: usize, out: &mut Vec<u8>) -> bool {
        let Self { settings, zstd, shuffled, spare, piece } = self;
        let width = usize::from(settings.typesize);
        let bytes = if settings.shuffle == Shuffle::None || (settings.shuffle == Shuffle::Byte && width == 1)
        {
            block
        } else {
            shuffled.resize(block.len(), 0);
            shuffle::apart(settings.shuffle, width, block, shuffled, spare);
            shuffled
        };
        let length = block.len() / pieces;
        for plain in bytes.chunks_exact(length) {
            let room = length.min(end.saturating_sub(out.len() + 4));
            if room == 0 {
                return false;
            }
            piece.resize(length.max(piece.len()), 0);
            let packed = compress(settings, zstd.as_mut(), plain, &mut piece[..room])
                .filter(|size| (1..length).contains(size))
                .map_or(plain, |size| &piece[..size]);
            if out.len() + 4 + packed.len() > end {
                return false;
            }
            out.extend_from_slice(&(packed.len() as u32).to_le_bytes());
            out.extend_from_slice(packed);
        }
        true
    }
}

/// Compresses one piece of a block; nothing if it does not fit into `out`.
fn compress(settings: &Settings, zstd: Option<&mut CCtx<'_>>, plain: &[u8], out: &mut [u8]) -> Option<usize> {
    let level = i32::from(settings.level);
    match settings.compressor {
        Compressor::Lz4 => lz4::encode_block(plain, 10 - level, out),
        // Nine levels stand for zstd's twenty-two.
        Compressor::Zstd => {
            let level = if level < 9 { level * 2 - 1 } else { zstd_safe::max_c_level() };
            zstd?.compress(out, plain, level).ok()
        }
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
