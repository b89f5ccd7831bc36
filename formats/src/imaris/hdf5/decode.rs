use adt_codec::{lz4, unshuffle};
use flate2::{Decompress, FlushDecompress, Status};

use super::{Bad, Cursor, Filters, Method, Slot, Source, checksum::fletcher32, damaged};

/// Reads chunks. Keeps its buffers and tables; one for each thread.
#[derive(Default)]
pub(in super::super) struct Decoder {
    inflate: Option<Decompress>,
    stored: Vec<u8>,
    spare: Vec<u8>,
    /// The last chunk that was read, if that went well.
    pub(in super::super) chunk: Vec<u8>,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

impl Decoder {
    /// Reads a chunk that has `length` bytes when all filters are undone.
    pub(in super::super) fn read(
        &mut self,
        source: &Source,
        filters: &Filters,
        slot: Slot,
        length: usize,
    ) -> Result<(), Bad> {
        let applied = |(at, method): (usize, &Method)| (slot.mask >> at & 1 == 0).then_some(*method);
        let methods: Vec<Method> = filters.0.iter().enumerate().filter_map(applied).collect();
        // Nothing that is larger than it can be is read or made.
        let stored = u64::from(slot.bytes);
        let sums = 4 * methods.len() as u64;
        let packed = methods.iter().find(|method| matches!(method, Method::Deflate | Method::Lz4));
        let fits = match packed {
            None => stored <= length as u64 + sums,
            Some(method) => {
                stored <= length as u64 * 2 + (1 << 16)
                    && length as u64 <= stored.saturating_mul(method.most())
            }
        };
        let place = source.place(slot.address, stored);
        let Some(place) = place.filter(|_| fits) else {
            return Err(damaged(format!("{length} bytes do not come out of {stored}")));
        };
        self.stored.resize(stored as usize, 0);
        source.file.read_at(place, &mut self.stored)?;
        self.undo(&methods, length)
    }

    /// From what is stored to the chunk, the last filter first.
    fn undo(&mut self, methods: &[Method], length: usize) -> Result<(), Bad> {
        // The checksums that lie within what was compressed.
        let packed = methods.iter().position(|method| matches!(method, Method::Deflate | Method::Lz4));
        let sums = methods.iter().take(packed.unwrap_or(0)).filter(|method| **method == Method::Fletcher32);
        let unpacked = length + 4 * sums.count();
        let (mut held, mut fresh) = (self.stored.len(), true);
        for method in methods.iter().rev() {
            let bytes = if fresh { &self.stored[..held] } else { &self.chunk[..held] };
            match method {
                Method::Fletcher32 => {
                    held = proven(bytes)?;
                    continue;
                }
                Method::Shuffle(width) => {
                    self.spare.resize(held, 0);
                    unshuffle(*width, bytes, &mut self.spare);
                }
                Method::Lz4 => {
                    self.spare.resize(unpacked, 0);
                    unpack(bytes, &mut self.spare)?;
                }
                Method::Deflate => {
                    self.spare.resize(unpacked, 0);
                    let inflate = self.inflate.get_or_insert_with(|| Decompress::new(true));
                    inflate.reset(true);
                    let status = inflate.decompress(bytes, &mut self.spare, FlushDecompress::Finish);
                    if !matches!(status, Ok(Status::StreamEnd)) || inflate.total_out() != unpacked as u64 {
                        return Err(damaged("its bytes cannot be decompressed (Deflate)"));
                    }
                }
            }
            std::mem::swap(&mut self.spare, &mut self.chunk);
            (held, fresh) = (self.chunk.len(), false);
        }
        if fresh {
            std::mem::swap(&mut self.stored, &mut self.chunk);
        }
        if held != length {
            return Err(damaged(format!("{held} bytes come out instead of {length}")));
        }
        self.chunk.truncate(held);
        Ok(())
    }
}

impl Method {
    /// How many times its length a text can have at most.
    fn most(self) -> u64 {
        match self {
            Self::Deflate => 1100,
            Self::Lz4 => 256,
            Self::Shuffle(_) | Self::Fletcher32 => 1,
        }
    }
}

/// How many bytes there are before the checksum that proves them.
fn proven(bytes: &[u8]) -> Result<usize, Bad> {
    let Some((rest, sum)) = bytes.split_last_chunk() else {
        return Err(damaged("its bytes have no checksum"));
    };
    if fletcher32(rest) != u32::from_le_bytes(*sum) {
        return Err(damaged("its bytes do not match their checksum"));
    }
    Ok(rest.len())
}

/// The frame of filter 32004: the length of all, the length of a block, then each block with its own; one as long as its plain
/// bytes is stored. Numbers are big-endian.
fn unpack(bytes: &[u8], out: &mut [u8]) -> Result<(), Bad> {
    let mut rest = Cursor(bytes);
    let mut number = |length: usize| Ok::<_, Bad>(rest.number(length)?.swap_bytes() >> (64 - 8 * length));
    let (all, block) = (number(8)?, number(4)?);
    if all != out.len() as u64 || block == 0 {
        return Err(damaged("its bytes cannot be decompressed (LZ4: another length)"));
    }
    for plain in out.chunks_mut(block as usize) {
        let length = rest.number(4)?.swap_bytes() >> 32;
        let packed = rest.take(length as usize)?;
        if packed.len() == plain.len() {
            plain.copy_from_slice(packed);
        } else {
            lz4::decode_block(packed, plain)
                .map_err(|_| damaged("its bytes cannot be decompressed (LZ4)"))?;
        }
    }
    Ok(())
}
