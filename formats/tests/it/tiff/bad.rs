use adt_formats::tiff::Compression;
use adt_model::Class;
use rstest::rstest;

use super::{Cut, Place, Sample, Style, Value, Writer, all, open, pages, read, region};

fn file(writer: &Writer) -> Vec<u8> {
    writer.file(&pages(5, writer.page_bytes()))
}

fn judged(bytes: &[u8]) -> adt_model::Fault {
    let sample = Sample::new(bytes);
    match open(&sample.path) {
        Err(fault) => fault,
        Ok(tiff) => all(&tiff).unwrap_err(),
    }
}

#[rstest]
#[case::empty(&[], "it is empty")]
#[case::short(b"II", "does not begin as one")]
#[case::no_page(b"II*\0\0\0\0\0", "no page")]
#[case::half_a_header(b"II*\0\x08", "no page")]
#[case::text(b"this is no TIFF at all", "does not begin as one")]
#[case::wide_offsets(b"II+\0\x10\0\0\0\x10\0\0\0\0\0\0\0", "not of 8 bytes")]
#[case::first_beyond(b"II*\0\xff\xff\xff\xff", "ends before byte")]
#[case::no_tags(b"II*\0\x08\0\0\0\0\0\0\0\0\0", "0 tags")]
#[case::many_tags(
    b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
    "18446744073709551615 tags"
)]
fn no_tiff(#[case] bytes: &[u8], #[case] words: &str) {
    let fault = judged(bytes);
    assert!(fault.line().contains(words) && fault.line().contains("tile.tif"), "{}", fault.line());
    assert_eq!(fault.class(), Class::Corrupt);
}

#[rstest]
fn cut_off_anywhere(
    #[values(Place::Before, Place::Behind, Place::Last)] place: Place,
    #[values(Compression::None, Compression::Deflate, Compression::Lzw, Compression::Zstd)]
    compression: Compression,
) {
    let bytes = file(&Writer { place, compression, cut: Cut::Strips(9), ..Writer::default() });
    let sample = Sample::new(&bytes);
    for length in (0..bytes.len() - 8).step_by(97) {
        std::fs::write(&sample.path, &bytes[..length]).unwrap();
        let fault = match open(&sample.path) {
            Err(fault) => fault,
            Ok(tiff) => all(&tiff).unwrap_err(),
        };
        assert_eq!(fault.class(), Class::Corrupt, "{length}: {}", fault.line());
        assert!(fault.line().contains("tile.tif"), "{length}: {}", fault.line());
    }
}

/// Where the field of the first such tag in a little-endian classic file is.
fn field(bytes: &[u8], tag: u16) -> usize {
    let at = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
    let count = usize::from(bytes[at]);
    let entries = (0..count).map(|entry| at + 2 + 12 * entry);
    let mut found = entries.filter(|at| bytes[*at..*at + 2] == tag.to_le_bytes());
    found.next().unwrap() + 8
}

#[rstest]
#[case::no_width(256, 0, Class::Corrupt, "0 × 21")]
#[case::wide(256, u32::MAX, Class::Corrupt, "4294967295 × 21")]
#[case::more_than_the_file(257, 100_000, Class::Corrupt, "does not fit into")]
#[case::bits(258, 12, Class::BadInput, "12 bits")]
#[case::half_floats(339, 3, Class::BadInput, "16 bits in format 3")]
#[case::jpeg(259, 7, Class::BadInput, "JPEG")]
#[case::unknown(259, 4711, Class::BadInput, "method 4711")]
#[case::strip_beyond(273, 4_000_000_000, Class::Corrupt, "strip 0 of page 0")]
#[case::empty_strip(279, 0, Class::Corrupt, "it is empty")]
#[case::short_strip(279, 1385, Class::Corrupt, "1385 bytes instead of 1386")]
#[case::too_few_strips(278, 7, Class::Corrupt, "1 strips or tiles of 3")]
#[case::no_rows(278, 0, Class::Corrupt, "33 × 0")]
#[case::many_samples(277, 65535, Class::Corrupt, "65535 samples")]
#[case::more_samples(277, 2, Class::BadInput, "page 1 has 33 × 21 pixels of 1 uint16")]
fn wrong_tags(#[case] tag: u16, #[case] value: u32, #[case] class: Class, #[case] words: &str) {
    let mut bytes = file(&Writer::default());
    let at = field(&bytes, tag);
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    let fault = judged(&bytes);
    let line = fault.line();
    assert!(line.contains(words) && line.contains("tile.tif"), "{line}");
    assert_eq!(fault.class(), class, "{line}");
}

#[rstest]
#[case::volumes(32997, 5, "volumes")]
#[case::colours(262, 6, "YCbCr")]
#[case::bits_reversed(266, 2, "reversed")]
#[case::metamorph(33629, 5, "MetaMorph")]
#[case::zeiss(34412, 5, "LSM")]
fn what_is_not_for_us(#[case] tag: u16, #[case] value: u64, #[case] words: &str) {
    let mut bytes = file(&Writer { more: vec![(tag, Value::Short(vec![value]))], ..Writer::default() });
    if tag == 262 {
        let at = field(&bytes, tag);
        bytes[at] = 6;
    }
    let fault = judged(&bytes);
    assert!(fault.line().contains(words), "{}", fault.line());
    assert_eq!(fault.class(), Class::BadInput);
}

/// Pages of two kinds: the second file's, put behind the first's.
fn joined(first: &Writer, second: &Writer, count: usize) -> Vec<u8> {
    let mut bytes = first.file(&pages(count, first.page_bytes()));
    let more = second.file(&pages(1, second.page_bytes()));
    let at = bytes.len();
    assert_eq!(at % 8, 0);
    // The directory is written again for its new place; the samples lie where the old ones did.
    let first_page = u32::from_le_bytes(more[4..8].try_into().unwrap()) as usize;
    bytes.extend(&more[first_page..]);
    let mut link = 4;
    loop {
        let next = u32::from_le_bytes(bytes[link..link + 4].try_into().unwrap()) as usize;
        if next == 0 {
            break;
        }
        link = next + 2 + 12 * usize::from(bytes[next]);
    }
    bytes[link..link + 4].copy_from_slice(&(at as u32).to_le_bytes());
    bytes
}

#[rstest]
fn pages_of_several_kinds(#[values(1, 2, 9, 300)] count: usize) {
    let even = Writer { height: 4, width: 4, ..Writer::default() };
    for other in [
        Writer { height: 5, ..even.clone() },
        Writer { width: 3, ..even.clone() },
        Writer { dtype: adt_formats::tiff::Dtype::I16, ..even.clone() },
        Writer { samples: 2, ..even.clone() },
    ] {
        let fault = judged(&joined(&even, &other, count));
        assert!(fault.line().contains(&format!("page {count} has")), "{}", fault.line());
        assert_eq!(fault.class(), Class::BadInput);
    }
}

#[rstest]
#[case::to_itself(5, 5)]
#[case::to_the_first(299, 0)]
#[case::to_one_before(40, 39)]
#[case::near_the_start(2, 1)]
fn directories_in_a_circle(#[case] from: usize, #[case] to: usize) {
    let writer =
        Writer { height: 4, width: 4, style: Style { big: true, big_endian: false }, ..Writer::default() };
    let mut bytes = writer.file(&pages(300, writer.page_bytes()));
    let mut places = vec![16_usize];
    let link = |bytes: &[u8], at: usize| at + 8 + 20 * usize::from(bytes[at]);
    for page in 0..299 {
        let link = link(&bytes, places[page]);
        places.push(u64::from_le_bytes(bytes[link..link + 8].try_into().unwrap()) as usize);
    }
    let link = link(&bytes, places[from]);
    bytes[link..link + 8].copy_from_slice(&(places[to] as u64).to_le_bytes());
    let fault = judged(&bytes);
    assert!(fault.line().contains("circle"), "{}", fault.line());
    assert_eq!(fault.class(), Class::Corrupt);
}

#[rstest]
fn damaged_bytes_are_found_where_there_is_a_checksum(#[values(Cut::Strips(7), Cut::Tiles(16, 16))] cut: Cut) {
    let writer = Writer { compression: Compression::Deflate, cut, place: Place::Last, ..Writer::default() };
    let mut bytes = file(&writer);
    bytes[60] ^= 0x10;
    let sample = Sample::new(&bytes);
    let tiff = sample.open();
    let fault = all(&tiff).unwrap_err();
    assert_eq!(fault.class(), Class::Corrupt);
    assert!(fault.line().contains("of page 0 of `"), "{}", fault.line());
    // The other planes are as good as before.
    assert!(
        read(&tiff, &region(0, 0, [1..5, 0..21, 0..33])).unwrap()
            == pages(5, writer.page_bytes())[1..].concat()
    );
}

#[rstest]
#[case::z(region(0, 0, [0..6, 0..21, 0..33]))]
#[case::backwards(adt_formats::tiff::Region { y: std::ops::Range { start: 9, end: 3 }, ..region(0, 0, [0..5, 0..21, 0..33]) })]
#[case::x(region(0, 0, [0..5, 0..21, 0..34]))]
#[case::c(region(0, 1, [0..5, 0..21, 0..33]))]
#[case::t(region(1, 0, [0..5, 0..21, 0..33]))]
#[case::another_length(region(0, 0, [0..4, 0..21, 0..33]))]
fn regions_outside_are_a_mistake_of_ours(#[case] region: adt_formats::tiff::Region) {
    let tiff = Sample::new(&file(&Writer::default())).open();
    let fault = tiff.reader().read(&region, &mut vec![0; 5 * 21 * 33 * 2]).unwrap_err();
    assert_eq!(fault.class(), Class::Bug);
}

#[test]
fn a_file_that_changes_while_it_is_read() {
    let sample = Sample::new(&file(&Writer::default()));
    let tiff = sample.open();
    tiff.finish().unwrap();
    std::fs::write(&sample.path, b"II*\0").unwrap();
    assert_eq!(tiff.finish().unwrap_err().class(), Class::Corrupt);
    assert!(all(&tiff).unwrap_err().line().contains("changed while it was read"));
}
