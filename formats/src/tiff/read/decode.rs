use adt_codec::zstd;
use flate2::{Decompress, FlushDecompress, Status};
use weezl::{BitOrder, LzwStatus, decode::Decoder as Lzw};

use super::Compression;

/// The bytes end before the samples do.
const SHORT: &str = "its compressed bytes end too early";

/// Decompresses strips and tiles. Keeps the tables of what it has met.
#[derive(Default)]
pub(super) struct Decoder {
    inflate: Option<Decompress>,
    zstd: Option<zstd::Decoder>,
    lzw: Option<Lzw>,
    spare: Vec<u8>,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

impl Decoder {
    /// Fills `out` with what comes out of `stored`. What comes out beyond that is padding, as some writers have it behind the last
    /// rows, and has no effect.
    pub(super) fn decode(
        &mut self,
        method: Compression,
        stored: &[u8],
        out: &mut [u8],
    ) -> Result<(), String> {
        match method {
            Compression::None => return Err("it is not compressed".to_owned()),
            Compression::Deflate => self.inflate(stored, out),
            Compression::Zstd => return self.zstd(stored, out),
            Compression::Lzw => self.lzw(stored, out),
            Compression::PackBits => pack_bits(stored, out),
        }
        .map_err(str::to_owned)
    }

    /// To the end of the stream, where its checksum is.
    fn inflate(&mut self, stored: &[u8], out: &mut [u8]) -> Result<(), &'static str> {
        let inflate = self.inflate.get_or_insert_with(|| Decompress::new(true));
        inflate.reset(true);
        let damaged = |_| "its compressed bytes are damaged (Deflate)";
        let mut status = inflate.decompress(stored, out, FlushDecompress::Finish).map_err(damaged)?;
        if inflate.total_out() < out.len() as u64 {
            return Err(SHORT);
        }
        let mut padding = [0; 4096];
        while status != Status::StreamEnd {
            let (read, made) = (inflate.total_in(), inflate.total_out());
            let rest = &stored[read as usize..];
            status = inflate.decompress(rest, &mut padding, FlushDecompress::Finish).map_err(damaged)?;
            if status != Status::StreamEnd && (read, made) == (inflate.total_in(), inflate.total_out()) {
                return Err(SHORT);
            }
        }
        Ok(())
    }

    fn zstd(&mut self, stored: &[u8], out: &mut [u8]) -> Result<(), String> {
        let zstd = self.zstd.get_or_insert_with(zstd::Decoder::new);
        let Err(error) = zstd.decode_into(stored, out) else { return Ok(()) };
        // Padding of less than as much again is let pass.
        if zstd.decode(stored, out.len().saturating_mul(2), &mut self.spare).is_err()
            || self.spare.len() <= out.len()
        {
            return Err(error.to_string());
        }
        out.copy_from_slice(&self.spare[..out.len()]);
        Ok(())
    }

    fn lzw(&mut self, stored: &[u8], out: &mut [u8]) -> Result<(), &'static str> {
        let lzw = self.lzw.get_or_insert_with(|| Lzw::with_tiff_size_switch(BitOrder::Msb, 8));
        lzw.reset();
        let (mut read, mut made) = (0, 0);
        while made < out.len() {
            let result = lzw.decode_bytes(&stored[read..], &mut out[made..]);
            read += result.consumed_in;
            made += result.consumed_out;
            match result.status {
                Ok(LzwStatus::Ok) if result.consumed_in + result.consumed_out > 0 => {}
                Ok(_) => break,
                Err(_) => return Err("its compressed bytes are damaged (LZW)"),
            }
        }
        if made == out.len() { Ok(()) } else { Err(SHORT) }
    }
}

/// Apple's `PackBits` (TIFF 6.0, section 9): a count, then bytes as they are or one byte to repeat.
fn pack_bits(mut stored: &[u8], mut out: &mut [u8]) -> Result<(), &'static str> {
    while !out.is_empty() {
        let (&count, rest) = stored.split_first().ok_or(SHORT)?;
        stored = rest;
        let repeats = usize::from(count.wrapping_neg()) + 1;
        match count {
            0..128 => {
                let length = usize::from(count) + 1;
                let bytes = stored.get(..length).ok_or(SHORT)?;
                let taken = length.min(out.len());
                let (to, left) = out.split_at_mut(taken);
                to.copy_from_slice(&bytes[..taken]);
                (stored, out) = (&stored[length..], left);
            }
            128 => {}
            129.. => {
                let (&byte, rest) = stored.split_first().ok_or(SHORT)?;
                let (to, left) = out.split_at_mut(repeats.min(out.len()));
                to.fill(byte);
                (stored, out) = (rest, left);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::of_the_specification(
        &[0xFE, 0xAA, 0x02, 0x80, 0x00, 0x2A, 0xFD, 0xAA, 0x03, 0x80, 0x00, 0x2A, 0x22, 0xF7, 0xAA],
        &[0xAA, 0xAA, 0xAA, 0x80, 0, 0x2A, 0xAA, 0xAA, 0xAA, 0xAA, 0x80, 0, 0x2A, 0x22, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA,
          0xAA, 0xAA, 0xAA, 0xAA, 0xAA])]
    #[case::nothing_and_padding(&[0x80, 0x00, 7, 0xF0, 9], &[7, 9, 9])]
    fn pack_bits_are_unpacked(#[case] stored: &[u8], #[case] expected: &[u8]) {
        let mut out = vec![0; expected.len()];
        Decoder::default().decode(Compression::PackBits, stored, &mut out).unwrap();
        assert_eq!(out, expected);
    }

    #[rstest]
    #[case::no_byte(&[0xFE])]
    #[case::too_few_bytes(&[3, 1, 2])]
    #[case::nothing(&[])]
    fn pack_bits_that_end_too_early(#[case] stored: &[u8]) {
        let why = Decoder::default().decode(Compression::PackBits, stored, &mut [0; 9]).unwrap_err();
        assert_eq!(why, SHORT);
    }
}
