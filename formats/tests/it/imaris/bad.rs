use std::{fs, ops::Range};

use adt_formats::image::{Region, Volume};
use adt_model::{Class, Fault};
use camino::Utf8PathBuf;
use rstest::rstest;
use tempfile::TempDir;

use super::{all, open, region, small};

/// A folder with one file.
struct Sample {
    _folder: TempDir,
    path: Utf8PathBuf,
}

impl Sample {
    fn new(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::try_from(folder.path().join("tile.ims")).unwrap();
        fs::write(&path, bytes).unwrap();
        Self { _folder: folder, path }
    }
}

/// One of the small files with other bytes in place of some, which must be there.
fn changed(name: &str, old: &[u8], new: &[u8]) -> Sample {
    let mut bytes = fs::read(small(name)).unwrap();
    let at = bytes.windows(old.len()).position(|window| window == old).expect("the bytes are there");
    bytes[at..at + new.len()].copy_from_slice(new);
    Sample::new(&bytes)
}

fn judged(sample: &Sample) -> Fault {
    match open(&sample.path) {
        Err(fault) => fault,
        Ok(imaris) => all(&imaris).unwrap_err(),
    }
}

#[rstest]
#[case::empty(b"", "it is empty")]
#[case::short(b"\x89HDF", "it is no HDF5 file")]
#[case::text(b"this is no file of Imaris at all", "it is no HDF5 file")]
#[case::signature_alone(b"\x89HDF\r\n\x1a\n", "is cut off")]
fn no_hdf5(#[case] bytes: &[u8], #[case] words: &str) {
    let fault = judged(&Sample::new(bytes));
    assert!(fault.line().contains(words) && fault.line().contains("tile.ims"), "{}", fault.line());
    assert_eq!(fault.class(), Class::Corrupt);
}

#[rstest]
fn cut_off_anywhere(#[values("new", "old", "many", "sums")] name: &str) {
    let bytes = fs::read(small(name)).unwrap();
    for length in (0..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
        let fault = judged(&Sample::new(&bytes[..length]));
        assert_eq!(fault.class(), Class::Corrupt, "{length}: {}", fault.line());
        assert!(fault.line().contains("tile.ims"), "{length}: {}", fault.line());
    }
}

#[rstest]
#[case::other_groups("old", b"DataSetInfo\0", b"DataSetOnfo\0", "not of Imaris: it lacks `DataSetInfo`")]
#[case::no_image("old", b"Image\0\0\0Channel", b"Imagf", "not of Imaris: it lacks `DataSetInfo/Image`")]
#[case::no_level("old", b"ResolutionLevel 0", b"ResolutionLevel 1", "it lacks `DataSet/ResolutionLevel 0`")]
#[case::no_time(
    "old",
    b"TimePoint 0\0\0\0\0\0TimePoint 1",
    b"TimePaint 0\0\0\0\0\0TimePaint 1",
    "lacks `TimePoint 0`"
)]
fn not_of_imaris(#[case] name: &str, #[case] old: &[u8], #[case] new: &[u8], #[case] words: &str) {
    let fault = judged(&changed(name, old, new));
    assert!(fault.line().contains(words) && fault.line().contains("tile.ims"), "{}", fault.line());
    assert_eq!(fault.class(), Class::BadInput);
}

#[rstest]
#[case::checksum_of_a_header(
    "new",
    b"ResolutionLevel 0",
    b"ResolutionLevel 1",
    "does not match its checksum"
)]
#[case::checksum_of_a_heap("new", b"34.750000000", b"34.750000001", "does not match its checksum")]
#[case::missing_timepoint("old", b"TimePoint 0\0\0\0\0\0T", b"TimePoint 2", "there is no `TimePoint 0`")]
#[case::length_of_lz4(
    "new",
    &[0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0, 32],
    &[0, 0, 0, 0, 0, 0, 0, 33],
    "(LZ4: another length) in the chunk at z 0, y 0, x 0 in `TimePoint 0/Channel 0`"
)]
#[case::blocks_of_lz4(
    "new",
    &[0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0, 32],
    &[0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0, 0],
    "LZ4"
)]
fn damage_is_named(#[case] name: &str, #[case] old: &[u8], #[case] new: &[u8], #[case] words: &str) {
    let fault = judged(&changed(name, old, new));
    assert!(fault.line().contains(words) && fault.line().contains("tile.ims"), "{}", fault.line());
    assert_eq!(fault.class(), Class::Corrupt, "{}", fault.line());
}

#[test]
fn voxels_that_do_not_match_their_checksum() {
    let imaris = open(&small("sums")).unwrap();
    let mut row = [0; 12];
    imaris.reader().read(&region(0, 0, [2..3, 2..3, 0..3]), &mut row).unwrap();
    assert_ne!(row, [0; 12]);
    let mut other = row;
    other[0] ^= 1;
    let fault = judged(&changed("sums", &row, &other));
    assert!(fault.line().contains("its bytes do not match their checksum"), "{}", fault.line());
    assert_eq!(fault.class(), Class::Corrupt);
}

#[test]
fn a_voxel_size_of_zero_is_none() {
    let sample = changed("old", b"34.750000000", b"10.000000000");
    let imaris = open(&sample.path).unwrap();
    let (voxel, notes) = (imaris.voxel(), imaris.notes());
    assert!(voxel.x.is_none() && voxel.y.is_some() && voxel.z.is_some());
    assert_eq!(imaris.origin(), [Some(30.0), Some(20.0), Some(10.0)]);
    assert!(notes.len() == 1 && notes[0].contains("along x"), "{notes:?}");
}

#[rstest]
#[case::timepoint(region(2, 0, [0..1, 0..1, 0..1]), 2)]
#[case::channel(region(0, 1, [0..1, 0..1, 0..1]), 2)]
#[case::outside(region(0, 0, [0..4, 0..1, 0..1]), 8)]
#[case::backwards(region(0, 0, backwards([0..1, 0..1, 0..1])), 0)]
#[case::another_length(region(0, 0, [0..1, 0..1, 0..3]), 5)]
fn what_cannot_be_asked(#[case] region: Region, #[case] length: usize) {
    let imaris = open(&small("old")).unwrap();
    let fault = imaris.reader().read(&region, &mut vec![0; length]).unwrap_err();
    assert_eq!(fault.class(), Class::Bug);
}

fn backwards([z, y, x]: [Range<u64>; 3]) -> [Range<u64>; 3] {
    [z, Range { start: y.end, end: y.start }, x]
}

#[test]
fn pieces_are_chunks_within_the_shape() {
    assert_eq!(open(&small("new")).unwrap().piece(), [2, 2, 4]);
    assert_eq!(open(&small("many")).unwrap().piece(), [1, 1, 3]);
}
