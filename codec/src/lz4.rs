//! Bare LZ4 blocks, as Blosc frames, HDF5's filter 32004 and N5 hold them: no header, no length, no checksum.

use lz4::block::{CompressionMode, compress_to_buffer, decompress_to_buffer};

use crate::FrameError;

/// Longest block that LZ4 takes, from the definition of its format.
const LONGEST: usize = 0x7E00_0000;

/// Compresses into the beginning of `out`; returns the length, or nothing if it does not fit.
///
/// A greater `acceleration` is faster and larger; 1 is what LZ4 does by itself.
pub(crate) fn encode_block(bytes: &[u8], acceleration: i32, out: &mut [u8]) -> Option<usize> {
    // The library counts in 32 bits with a sign.
    let room = out.len().min(LONGEST);
    compress_to_buffer(bytes, Some(CompressionMode::FAST(acceleration)), false, &mut out[..room]).ok()
}

/// Decompresses a block whose length is known: `out` is filled exactly.
pub fn decode_block(block: &[u8], out: &mut [u8]) -> Result<(), FrameError> {
    if block.len() > LONGEST {
        return Err(FrameError::TooLong(block.len()));
    }
    let wanted = i32::try_from(out.len()).map_err(|_| FrameError::TooLong(out.len()))?;
    let found = decompress_to_buffer(block, Some(wanted), out)
        .map_err(|_| FrameError::Damaged("no LZ4 block of this length"))?;
    if found != out.len() {
        return Err(FrameError::Length { wanted: out.len(), found });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_read_only_at_its_own_length() {
        let bytes = b"abcabcabcabcabcabcabcabcabcabcabc-".repeat(9);
        let mut block = vec![0; 400];
        let length = encode_block(&bytes, 1, &mut block).unwrap();
        block.truncate(length);
        let mut back = vec![0; bytes.len()];
        decode_block(&block, &mut back).unwrap();
        assert_eq!(back, bytes);
        assert!(decode_block(&block, &mut vec![0; bytes.len() - 1]).is_err());
        assert!(decode_block(&block, &mut vec![0; bytes.len() + 1]).is_err());
        assert!(decode_block(&block[1..], &mut back).is_err());
        assert!(decode_block(&[], &mut back).is_err());
    }
}
