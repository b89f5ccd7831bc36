use adt_model::{Class, Fault};

use crate::image::Dtype;

/// A TIFF whose offsets have 32 bits ends before this.
const LIMIT: u64 = u32::MAX as u64;

/// Entries of the one directory, and bytes of one.
const ENTRIES: usize = 14;
const ENTRY: usize = 12;

/// One plane as a classic, little-endian, uncompressed TIFF with a description that `ImageJ` understands.
///
/// `items` are little-endian, row after row; `size` is micrometres of a pixel down and along, where they are known. `BadInput` for
/// kinds of items that `ImageJ` does not know, and for planes beyond 4 GiB.
pub fn plane(
    dtype: Dtype,
    [rows, columns]: [usize; 2],
    items: &[u8],
    size: Option<[f64; 2]>,
) -> Result<Vec<u8>, Fault> {
    let format: u32 = match dtype {
        Dtype::U8 | Dtype::U16 | Dtype::U32 => 1,
        Dtype::I16 => 2,
        Dtype::F32 => 3,
        other => return Err(Fault::new(Class::BadInput, format!("ImageJ has no images of {other}"))),
    };
    if items.len() != rows * columns * dtype.size() {
        return Err(Fault::new(Class::Bug, "a plane has as many items as its shape says"));
    }
    let description = description(size);
    let after = 8 + 2 + ENTRIES * ENTRY + 4;
    let (ratios, text) = (after, after + 16);
    let start = (text + description.len()).next_multiple_of(16);
    if (start + items.len()) as u64 > LIMIT {
        return Err(Fault::new(Class::BadInput, "a projection of more than 4 GiB does not fit into a TIFF"));
    }
    // Tag, type (2 text, 3 and 4 integers of two and four bytes, 5 ratio), count, value or offset.
    let entries: [(u16, u16, usize, u32); ENTRIES] = [
        (256, 4, 1, columns as u32),
        (257, 4, 1, rows as u32),
        (258, 3, 1, dtype.size() as u32 * 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (270, 2, description.len(), text as u32),
        (273, 4, 1, start as u32),
        (277, 3, 1, 1),
        (278, 4, 1, rows as u32),
        (279, 4, 1, items.len() as u32),
        (282, 5, 1, ratios as u32),
        (283, 5, 1, ratios as u32 + 8),
        (296, 3, 1, 1),
        (339, 3, 1, format),
    ];
    let mut file = Vec::with_capacity(start + items.len());
    file.extend_from_slice(b"II*\0\x08\0\0\0");
    file.extend_from_slice(&(ENTRIES as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        file.extend_from_slice(&tag.to_le_bytes());
        file.extend_from_slice(&kind.to_le_bytes());
        file.extend_from_slice(&(count as u32).to_le_bytes());
        file.extend_from_slice(&value.to_le_bytes());
    }
    file.extend_from_slice(&[0; 4]);
    let [down, along] = size.unwrap_or([1.0; 2]);
    for length in [along, down] {
        let [pixels, micrometres] = ratio(length);
        file.extend_from_slice(&pixels.to_le_bytes());
        file.extend_from_slice(&micrometres.to_le_bytes());
    }
    file.extend_from_slice(&description);
    file.resize(start, 0);
    file.extend_from_slice(items);
    Ok(file)
}

/// Ends in a zero, as texts in TIFF do.
fn description(size: Option<[f64; 2]>) -> Vec<u8> {
    let unit = if size.is_some() { "unit=micron\n" } else { "" };
    format!("ImageJ=1.54f\nimages=1\n{unit}\0").into_bytes()
}

/// Pixels per micrometre, as two integers.
fn ratio(length: f64) -> [u32; 2] {
    const MOST: f64 = 1_000_000.0;
    let pixels = 1.0 / length;
    if !(pixels.is_finite() && pixels > 0.0) {
        return [1, 1];
    }
    // As many digits as fit.
    if pixels < MOST {
        let whole = (length * MOST).round();
        if (1.0..=f64::from(u32::MAX)).contains(&whole) {
            return [MOST as u32, whole as u32];
        }
    }
    [(pixels * 1000.0).round().clamp(1.0, f64::from(u32::MAX)) as u32, 1000]
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use rstest::rstest;

    use super::*;
    use crate::{SteadyFile, image::Region, tiff::Tiff};

    #[rstest]
    #[case(Dtype::U8)]
    #[case(Dtype::U16)]
    #[case(Dtype::I16)]
    #[case(Dtype::U32)]
    #[case(Dtype::F32)]
    fn what_is_written_is_read(#[case] dtype: Dtype) {
        let items: Vec<u8> = (0..3 * 5 * dtype.size()).map(|n| (n * 7) as u8).collect();
        let bytes = plane(dtype, [3, 5], &items, Some([0.25, 1.8])).unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&bytes).unwrap();
        let path = camino::Utf8Path::from_path(file.path()).unwrap();
        let tiff = Tiff::open(SteadyFile::as_it_is(path).unwrap()).unwrap();
        assert_eq!((tiff.shape(), tiff.dtype()), ([1, 1, 1, 3, 5], dtype));
        let size = tiff.voxel();
        let lengths = [size.y, size.x].map(|side| side.unwrap().micrometres);
        assert!((lengths[0] - 0.25).abs() < 1e-6 && (lengths[1] - 1.8).abs() < 1e-6, "{lengths:?}");
        let mut found = vec![0; items.len()];
        tiff.reader().read(&Region { t: 0, c: 0, z: 0..1, y: 0..3, x: 0..5 }, &mut found).unwrap();
        assert_eq!(found, items);
    }

    #[test]
    fn others_are_refused() {
        assert_eq!(plane(Dtype::F64, [1, 1], &[0; 8], None).unwrap_err().class(), Class::BadInput);
    }

    #[rstest]
    #[case(0.0)]
    #[case(f64::NAN)]
    #[case(1e-12)]
    #[case(1e12)]
    fn no_length_is_a_ratio_of_nothing(#[case] length: f64) {
        assert!(ratio(length).iter().all(|part| *part > 0));
    }
}
