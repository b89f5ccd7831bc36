//! What the first bytes of a plane say.

use std::{fmt, io::Read};

use adt_codec::crc32;
use adt_formats::{SteadyFile, tiff::Tiff};
use adt_model::Fault;
use camino::Utf8Path;
use fs_err as fs;
use serde::Serialize;

/// Rows, columns, bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Header {
    /// Pixels down.
    pub rows: u64,
    /// Pixels along.
    pub columns: u64,
    /// Bits of a pixel.
    pub bits: u8,
    /// Not in grey.
    pub coloured: bool,
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let coloured = if self.coloured { ", in colour" } else { "" };
        write!(f, "{}×{}, {} bit{coloured}", self.columns, self.rows, self.bits)
    }
}

/// The signature of a PNG and its first chunk, which tells of the image.
const PNG: &[u8; 16] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR";
const LENGTH: usize = 33;

/// Reads the header of a plane. A fragment that says why there is none; a fault where it cannot be read at all.
pub(super) fn header(path: &Utf8Path) -> Result<Result<Header, String>, Fault> {
    if !path.extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case("png")) {
        return Ok(tiff(path).map_err(|fault| fault.line()));
    }
    let unreadable = |e| Fault::io(format!("cannot read `{path}`"), e);
    let mut bytes = Vec::with_capacity(LENGTH);
    fs::File::open(path)
        .map_err(unreadable)?
        .take(LENGTH as u64)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(png(&bytes).map_err(str::to_owned))
}

fn png(bytes: &[u8]) -> Result<Header, &'static str> {
    let Some((head, rest)) = bytes.split_first_chunk::<16>() else { return Err("is too short for a PNG") };
    if head != PNG {
        return Err("is no PNG");
    }
    let Some((body, sum)) = rest.split_first_chunk::<13>() else { return Err("ends in its header") };
    let Some(sum) = sum.first_chunk::<4>() else { return Err("ends in its header") };
    if crc32(&bytes[12..29]) != u32::from_be_bytes(*sum) {
        return Err("has a damaged header: its CRC differs");
    }
    let four =
        |at: usize| u64::from(u32::from_be_bytes([body[at], body[at + 1], body[at + 2], body[at + 3]]));
    Ok(Header { columns: four(0), rows: four(4), bits: body[8], coloured: body[9] != 0 })
}

fn tiff(path: &Utf8Path) -> Result<Header, Fault> {
    let tiff = Tiff::open(SteadyFile::as_it_is(path)?)?;
    let [.., rows, columns] = tiff.shape();
    Ok(Header { rows, columns, bits: tiff.dtype().size() as u8 * 8, coloured: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn bytes() -> Vec<u8> {
        let mut bytes = PNG.to_vec();
        bytes.extend([0, 0, 7, 208, 0, 0, 6, 64, 16, 0, 0, 0, 0]);
        bytes.extend(crc32(&bytes[12..29]).to_be_bytes());
        bytes
    }

    #[test]
    fn a_header_is_read() {
        assert_eq!(png(&bytes()).unwrap().to_string(), "2000×1600, 16 bit");
    }

    #[rstest]
    #[case::short(&|bytes: &mut Vec<u8>| bytes.truncate(10), "is too short for a PNG")]
    #[case::cut(&|bytes: &mut Vec<u8>| bytes.truncate(31), "ends in its header")]
    #[case::other(&|bytes: &mut Vec<u8>| bytes[0] = 0, "is no PNG")]
    #[case::flipped(&|bytes: &mut Vec<u8>| bytes[20] ^= 1, "has a damaged header: its CRC differs")]
    fn damage_is_named(#[case] damage: &dyn Fn(&mut Vec<u8>), #[case] why: &str) {
        let mut bytes = bytes();
        damage(&mut bytes);
        assert_eq!(png(&bytes), Err(why));
    }
}
