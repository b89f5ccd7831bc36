use super::*;
use camino::{Utf8Path, Utf8PathBuf};
use proptest::prelude::*;
use rstest::rstest;

struct Made {
    _folder: tempfile::TempDir,
    path: Utf8PathBuf,
}

fn made(bytes: &[u8]) -> Made {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8Path::from_path(folder.path()).unwrap().join("a.npy");
    std::fs::write(&path, bytes).unwrap();
    Made { _folder: folder, path }
}

fn open(made: &Made) -> Result<Npy, Fault> {
    let metadata = std::fs::metadata(&made.path).unwrap();
    Npy::open(SteadyFile::open(&made.path, metadata.len(), crate::stamp::modified(&metadata)).unwrap())
}

fn file(version: u8, descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}  \n");
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    match version {
        1 => bytes.extend((text.len() as u16).to_le_bytes()),
        _ => bytes.extend((text.len() as u32).to_le_bytes()),
    }
    bytes.extend(text.as_bytes());
    bytes.extend(data);
    bytes
}

#[rstest]
#[case::i8("<i8", &[254, 255, 255, 255, 255, 255, 255, 255, 3, 0, 0, 0, 0, 0, 0, 0], &[-2, 3])]
#[case::big_i8(">i8", &[255, 255, 255, 255, 255, 255, 255, 254, 0, 0, 0, 0, 0, 0, 0, 3], &[-2, 3])]
#[case::u8("<u8", &[1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], &[1, 256])]
#[case::i4("<i4", &[255, 255, 255, 255, 0, 0, 0, 128], &[-1, -2_147_483_648])]
#[case::i2(">i2", &[255, 254, 1, 0], &[-2, 256])]
#[case::u2("<u2", &[255, 255, 1, 0], &[65535, 1])]
#[case::i1("|i1", &[255, 7], &[-1, 7])]
#[case::u1("|u1", &[255, 7], &[255, 7])]
#[case::bool("|b1", &[0, 1], &[0, 1])]
fn whole_numbers(#[case] descr: &str, #[case] data: &[u8], #[case] expected: &[i64]) {
    for version in 1..=3 {
        let made = made(&file(version, descr, "(2,)", data));
        let npy = open(&made).unwrap();
        let mut out = [0; 2];
        npy.integers(0, &mut out).unwrap();
        assert_eq!(out, expected);
        npy.integers(1, &mut out[..1]).unwrap();
        assert_eq!(out[0], expected[1]);
        let mut out = [0.0; 2];
        npy.floats(0, &mut out).unwrap();
        assert_eq!(out.map(|x| x as i64), expected);
        npy.finish().unwrap();
    }
}

#[rstest]
#[case::f8("<f8", [1.25f64, -1.0].map(f64::to_le_bytes).concat())]
#[case::big_f8(">f8", [1.25f64, -1.0].map(f64::to_be_bytes).concat())]
#[case::f4("<f4", [1.25f32, -1.0].map(f32::to_le_bytes).concat())]
fn floats(#[case] descr: &str, #[case] data: Vec<u8>) {
    let made = made(&file(1, descr, "(1, 2L)", &data));
    let npy = open(&made).unwrap();
    let mut out = [0.0; 2];
    npy.floats(0, &mut out).unwrap();
    assert_eq!(out.map(f64::to_bits), [1.25, -1.0].map(f64::to_bits));
    assert_eq!(npy.header().shape, [1, 2]);
    assert_eq!(npy.integers(0, &mut [0]).unwrap_err().class(), Class::Corrupt);
}

#[rstest]
#[case::bytes("|S4", b"abc\0d\xff\0\0", ["abc", "d\u{fffd}"])]
#[case::units("<U2", b"a\0\0\0\xe4\0\0\0\0\xd8\0\0\0\0\0\0", ["aä", "\u{fffd}"])]
fn texts(#[case] descr: &str, #[case] data: &[u8], #[case] expected: [&str; 2]) {
    let made = made(&file(1, descr, "(2,)", data));
    let npy = open(&made).unwrap();
    assert_eq!([npy.text(0).unwrap(), npy.text(1).unwrap()], expected);
    assert!(npy.floats(0, &mut [0.0]).is_err());
    assert!(npy.text(2).is_err());
}

#[test]
fn more_than_a_block_is_read() {
    let data: Vec<u8> = (0..20_000i64).flat_map(i64::to_le_bytes).collect();
    let made = made(&file(1, "<i8", "(20000,)", &data));
    let mut out = vec![0; 19_990];
    open(&made).unwrap().integers(7, &mut out).unwrap();
    assert_eq!(out, (7..19_997).collect::<Vec<_>>());
}

#[test]
fn a_number_beyond_i64_is_a_fault() {
    let made = made(&file(1, "<u8", "(1,)", &[255; 8]));
    let npy = open(&made).unwrap();
    assert!(npy.integers(0, &mut [0]).unwrap_err().line().contains("2^63"));
    npy.floats(0, &mut [0.0]).unwrap();
}

#[test]
fn no_values_are_fine() {
    let made = made(&file(1, "<i8", "(0,)", &[]));
    let npy = open(&made).unwrap();
    npy.integers(0, &mut []).unwrap();
    assert_eq!((npy.items(), npy.integers(0, &mut [0]).unwrap_err().class()), (0, Class::Bug));
}

#[rstest]
#[case::empty(vec![], "magic")]
#[case::another_make(b"PK\x03\x04 and so on".to_vec(), "magic")]
#[case::cut_in_its_prefix(b"\x93NUMPY\x01\x00\x46".to_vec(), "inside its header")]
#[case::cut_in_its_header(b"\x93NUMPY\x01\x00\x46\x00{'descr'".to_vec(), "inside its header")]
#[case::a_new_version(b"\x93NUMPY\x04\x00\x46\x00\x00\x00".to_vec(), "version 4.0")]
#[case::a_huge_header(b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(), "4294967295 bytes")]
#[case::cut(file(1, "<i8", "(3,)", &[0; 23]), "promises 3 values, it holds 2")]
#[case::a_huge_shape(file(1, "<i8", "(4294967296, 4294967296)", &[0; 8]), "shape")]
#[case::complex(file(1, "<c16", "(1,)", &[0; 16]), "`<c16`")]
#[case::half(file(1, "<f2", "(1,)", &[0; 16]), "`<f2`")]
#[case::object(file(1, "|O", "(1,)", &[0; 16]), "`|O`")]
#[case::no_tuple(file(1, "<i8", "3", &[0; 24]), "lacks")]
#[case::not_closed(file(1, "<i8", "(3", &[0; 24]), "not understood")]
fn what_is_no_array_is_told(#[case] bytes: Vec<u8>, #[case] word: &str) {
    let made = made(&bytes);
    let fault = open(&made).unwrap_err();
    assert_eq!(fault.class(), Class::Corrupt);
    assert!(fault.line().contains(word) && fault.line().contains("a.npy"), "{fault}");
}

#[test]
fn records_and_fortran_order_are_told() {
    let structured =
        String::from_utf8_lossy(&file(1, "X", "(1,)", &[])[10..]).replace("'X'", "[('a', '<i8')]");
    assert!(Header::parse(structured.as_bytes(), 0).unwrap_err().contains("not understood"));
    let fortran = "{'descr': '<i8', 'fortran_order': True, 'shape': (2, 2)}";
    assert!(Header::parse(fortran.as_bytes(), 0).unwrap_err().contains("Fortran"));
    Header::parse(fortran.replace("2, 2", "2,").as_bytes(), 0).unwrap();
}

fn by_size(made: &Made) -> Result<Npy, Fault> {
    let metadata = std::fs::metadata(&made.path).unwrap();
    Npy::open_by_size(
        SteadyFile::open(&made.path, metadata.len(), crate::stamp::modified(&metadata)).unwrap(),
    )
}

/// A recorder that crashed wrote its values, and not how many there are.
#[rstest]
#[case::never_counted("(0,)", 24, 3)]
#[case::counted_too_early("(1,)", 24, 3)]
#[case::counted_too_many("(9,)", 24, 3)]
#[case::cut_inside_a_value("(3,)", 21, 2)]
#[case::as_counted("(3,)", 24, 3)]
#[case::nothing_written("(3,)", 0, 0)]
fn a_vector_is_counted_by_the_size_of_its_file(
    #[case] shape: &str,
    #[case] bytes: usize,
    #[case] items: u64,
) {
    let data: Vec<u8> = (7..10i64).flat_map(i64::to_le_bytes).collect();
    let made = made(&file(1, "<i8", shape, &data[..bytes]));
    let npy = by_size(&made).unwrap();
    let mut out = vec![0; items as usize];
    npy.integers(0, &mut out).unwrap();
    assert_eq!(npy.items(), items);
    assert_eq!(out, (7..7 + items.cast_signed()).collect::<Vec<_>>());
    assert_eq!(npy.integers(items, &mut [0]).unwrap_err().class(), Class::Bug);
}

#[test]
fn other_shapes_are_not_counted_by_size() {
    assert!(by_size(&made(&file(1, "<i8", "(2, 2)", &[0; 24]))).unwrap_err().line().contains("holds 3"));
    assert_eq!(by_size(&made(&file(1, "<i8", "(2, 1)", &[0; 24]))).unwrap().items(), 2);
    assert_eq!(by_size(&made(&file(1, "<i8", "()", &[0; 24]))).unwrap().items(), 1);
}

proptest! {
    #[test]
    fn foreign_bytes_never_panic(
        version in 0u8..5,
        text in "[{}()\\[\\]',:a-zA-Z0-9<>|= ]{0,80}",
        data in proptest::collection::vec(any::<u8>(), 0..64),
        cut in 0usize..200,
    ) {
        let mut bytes = file(version, "<i8", "(2,)", &data);
        if data.first().is_some_and(|byte| byte % 2 == 0) {
            let length = bytes.len().min(12);
            bytes.truncate(length);
            bytes.extend(text.as_bytes());
        }
        bytes.truncate(cut.max(1));
        let made = made(&bytes);
        if let Ok(npy) = open(&made) {
            let mut out = vec![0.0; npy.items().min(100) as usize];
            drop(npy.floats(0, &mut out));
            drop(npy.text(0));
        }
    }

    #[test]
    fn foreign_headers_never_panic(text in "\\PC{0,80}", words in "(\\{|\\}|'descr'|:|'<i8'|'fortran_order'|False|'shape'|\\(|\\)|,|3| ){0,20}") {
        drop(Header::parse(text.as_bytes(), 0));
        drop(Header::parse(words.as_bytes(), 0));
    }
}
