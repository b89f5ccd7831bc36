//! The framing that `LZ4BlockOutputStream` of `lz4-java` gives to LZ4, which N5 took over.
//!
//! Blocks, each of the magic word, a byte for method and size, two lengths and a checksum in little-endian (xxHash of 28 bits, which
//! is not looked at). An empty block is the last.

use adt_codec::lz4::decode_block;

const MAGIC: &[u8] = b"LZ4Block";

const STORED: u8 = 0x10;
const COMPRESSED: u8 = 0x20;

const SHORT: &str = "its compressed bytes end too early (LZ4)";

/// Fills `out`. The other framing, a length and a bare block, is that of `numcodecs`, which zarr-python puts into N5.
pub(super) fn decode(stored: &[u8], out: &mut [u8]) -> Result<(), String> {
    if stored.starts_with(MAGIC) {
        return blocks(stored, out);
    }
    let (length, block) = stored.split_first_chunk().ok_or(SHORT)?;
    if u32::from_le_bytes(*length) as usize != out.len() {
        return Err("its compressed bytes are no LZ4 of this length".to_owned());
    }
    decode_block(block, out).map_err(|error| error.to_string())
}

fn blocks(mut stored: &[u8], mut out: &mut [u8]) -> Result<(), String> {
    while !(stored.is_empty() && out.is_empty()) {
        let block = stored.strip_prefix(MAGIC).ok_or(SHORT)?;
        let (token, block) = block.split_first().ok_or(SHORT)?;
        let (held, block) = block.split_first_chunk().ok_or(SHORT)?;
        let (original, block) = block.split_first_chunk().ok_or(SHORT)?;
        let (_sum, block) = block.split_first_chunk::<4>().ok_or(SHORT)?;
        let [held, original] = [held, original].map(|length| u32::from_le_bytes(*length) as usize);
        if original == 0 {
            break;
        }
        let bytes = block.get(..held).ok_or(SHORT)?;
        if original > out.len() {
            return Err("more comes out of it than it has voxels (LZ4)".to_owned());
        }
        let (to, rest) = out.split_at_mut(original);
        match token & 0xF0 {
            STORED if held == original => to.copy_from_slice(bytes),
            COMPRESSED => decode_block(bytes, to).map_err(|error| error.to_string())?,
            _ => return Err("its compressed bytes are damaged (LZ4)".to_owned()),
        }
        (stored, out) = (&block[held..], rest);
    }
    if out.is_empty() { Ok(()) } else { Err(SHORT.to_owned()) }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use rstest::rstest;

    /// A literal run of up to 14 bytes is the simplest of LZ4's blocks.
    fn compressed(bytes: &[u8]) -> Vec<u8> {
        [&[(bytes.len() as u8) << 4], bytes].concat()
    }

    fn block(method: u8, held: &[u8], original: usize) -> Vec<u8> {
        let lengths = [held.len() as u32, original as u32, 0x0123_4567].map(u32::to_le_bytes).concat();
        [MAGIC, &[method | 6], &lengths, held].concat()
    }

    /// As `lz4-java` frames it, in blocks of 14 bytes, compressed and stored in turn.
    pub(in super::super) fn framed(bytes: &[u8]) -> Vec<u8> {
        let mut all = Vec::new();
        for (at, piece) in bytes.chunks(14).enumerate() {
            all.extend(if at % 2 == 0 {
                block(COMPRESSED, &compressed(piece), piece.len())
            } else {
                block(STORED, piece, piece.len())
            });
        }
        all.extend(block(STORED, &[], 0));
        all
    }

    #[rstest]
    #[case::one(9)]
    #[case::two(28)]
    #[case::many(1001)]
    fn both_framings_are_read(#[case] length: usize) {
        let bytes: Vec<u8> = (0..length).map(|i| (i * 7) as u8).collect();
        let mut out = vec![0; length];
        decode(&framed(&bytes), &mut out).unwrap();
        assert_eq!(out, bytes);
        let few = &bytes[..9];
        let bare = [&9_u32.to_le_bytes()[..], &compressed(few)].concat();
        decode(&bare, &mut out[..9]).unwrap();
        assert_eq!(&out[..9], few);
    }

    #[test]
    fn what_is_too_short_or_too_long_is_refused() {
        let bytes = [7; 100];
        let framed = framed(&bytes);
        assert!(decode(&framed, &mut [0; 99]).is_err());
        assert!(decode(&framed, &mut [0; 101]).is_err());
        // Without the end mark, all voxels are there.
        let whole = framed.len() - 21;
        for length in 0..whole {
            assert!(decode(&framed[..length], &mut [0; 100]).is_err(), "{length}");
        }
        decode(&framed[..whole], &mut [0; 100]).unwrap();
        assert!(decode(&block(0x30, &[1], 1), &mut [0]).is_err());
    }
}
