use std::{fs, time::SystemTime};

use camino::Utf8PathBuf;
use rstest::rstest;
use tempfile::TempDir;

use super::*;
use crate::image::{Region, Size, SizeSource, Volume};

const WIDTH: u32 = 7;
const HEIGHT: u32 = 5;

fn encoded(
    width: u32,
    height: u32,
    colour: ::png::ColorType,
    depth: ::png::BitDepth,
    samples: &[u8],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    encoder.write_header().unwrap().write_image_data(samples).unwrap();
    bytes
}

/// Samples of a plane of 16 bits, little-endian.
fn samples(plane: usize) -> Vec<u8> {
    (0..(WIDTH * HEIGHT) as usize).flat_map(|at| ((plane * 1000 + at * 257) as u16).to_le_bytes()).collect()
}

fn good(plane: usize) -> Vec<u8> {
    let mut samples = samples(plane);
    samples.chunks_exact_mut(2).for_each(<[u8]>::reverse);
    encoded(WIDTH, HEIGHT, ::png::ColorType::Grayscale, ::png::BitDepth::Sixteen, &samples)
}

/// A classic TIFF of one uncompressed strip, or of several such pages at once.
fn tiff(width: u32, height: u32, pages: usize, samples: &[u8]) -> Vec<u8> {
    let mut bytes = b"II\x2a\0\x08\0\0\0".to_vec();
    let tags = 8_u16;
    let length = 2 + 12 * u32::from(tags) + 4;
    for page in 0..pages {
        let at = 8 + length * page as u32;
        let data = 8 + length * pages as u32;
        let strip = width * height * 2;
        bytes.extend(tags.to_le_bytes());
        let values = [
            (256, width),
            (257, height),
            (258, 16),
            (259, 1),
            (262, 1),
            (273, data),
            (278, height),
            (279, strip),
        ];
        for (tag, value) in values {
            bytes.extend(u16::to_le_bytes(tag));
            bytes.extend(4_u16.to_le_bytes());
            bytes.extend([1_u32.to_le_bytes(), value.to_le_bytes()].concat());
        }
        let next = if page + 1 == pages { 0 } else { at + length };
        bytes.extend(next.to_le_bytes());
    }
    bytes.extend(samples);
    bytes
}

/// A folder of files.
struct Stack {
    _folder: TempDir,
    path: Utf8PathBuf,
}

impl Stack {
    fn new(files: &[(&str, Vec<u8>)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::try_from(folder.path().to_owned()).unwrap();
        for (name, bytes) in files {
            fs::write(path.join(name), bytes).unwrap();
        }
        Self { _folder: folder, path }
    }

    /// Of good planes, numbered as their names stand.
    fn named(names: &[&str]) -> Self {
        let files: Vec<_> = names.iter().enumerate().map(|(plane, name)| (*name, good(plane))).collect();
        Self::new(&files)
    }

    fn open(&self) -> Planes {
        Planes::open(&self.path).unwrap()
    }
}

fn whole(planes: &Planes) -> Region {
    let [.., z, y, x] = planes.shape();
    Region { t: 0, c: 0, z: 0..z, y: 0..y, x: 0..x }
}

fn read(planes: &Planes, region: &Region) -> Result<Vec<u8>, Fault> {
    let mut out = vec![0x55; region.voxels() as usize * planes.dtype().size()];
    planes.reader().read(region, &mut out)?;
    Ok(out)
}

fn micrometres(micrometres: f64) -> Size {
    Size { micrometres, from: SizeSource::Names }
}

#[test]
fn planes_are_a_stack() {
    let stack = Stack::new(&[
        ("000040.png", good(2)),
        ("000000.PNG", good(0)),
        ("000020.png", good(1)),
        ("log.txt", vec![1]),
    ]);
    let planes = stack.open();
    assert_eq!((planes.shape(), planes.dtype(), planes.kind()), ([1, 1, 3, 5, 7], Dtype::U16, "PNG planes"));
    assert_eq!((planes.piece(), planes.origin(), planes.channels().len()), ([1, 5, 7], [None; 3], 1));
    assert_eq!(planes.voxel(), Voxel { z: Some(micrometres(2.0)), y: None, x: None });
    assert_eq!(planes.notes(), Vec::<String>::new());
    assert_eq!(read(&planes, &whole(&planes)).unwrap(), (0..3).flat_map(samples).collect::<Vec<_>>());
    planes.finish().unwrap();
}

#[rstest]
#[case::png("png", good)]
#[case::tiff("tif", |plane| tiff(WIDTH, HEIGHT, 1, &samples(plane)))]
fn pieces_of_planes(#[case] suffix: &str, #[case] file: fn(usize) -> Vec<u8>) {
    let names: Vec<_> = (0..3).map(|plane| format!("{plane:06}.{suffix}")).collect();
    let files: Vec<_> = names.iter().enumerate().map(|(plane, name)| (name.as_str(), file(plane))).collect();
    let stack = Stack::new(&files);
    let planes = stack.open();
    let mut reader = planes.reader();
    for (z, y, x) in
        [(1..3, 1..4, 2..5), (2..3, 0..5, 0..7), (2..3, 4..5, 6..7), (0..2, 0..5, 3..7), (1..1, 0..1, 0..1)]
    {
        let mut expected: Vec<u8> = Vec::new();
        for plane in z.clone() {
            for row in y.clone() {
                let at = |column: u64| ((row * u64::from(WIDTH) + column) * 2) as usize;
                expected.extend(&samples(plane as usize)[at(x.start)..at(x.end)]);
            }
        }
        let region = Region { t: 0, c: 0, z, y, x };
        let mut out = vec![0x55; expected.len()];
        reader.read(&region, &mut out).unwrap();
        assert_eq!(out, expected, "{region:?}");
    }
}

#[test]
fn eight_bits_and_planes_of_one_byte_rows() {
    let plane = encoded(1, 3, ::png::ColorType::Grayscale, ::png::BitDepth::Eight, &[1, 2, 3]);
    let stack = Stack::new(&[("a.png", plane)]);
    let planes = stack.open();
    assert_eq!((planes.shape(), planes.dtype(), planes.voxel().z), ([1, 1, 1, 3, 1], Dtype::U8, None));
    assert_eq!(read(&planes, &whole(&planes)).unwrap(), [1, 2, 3]);
}

#[test]
fn tiff_planes() {
    let file = |plane| tiff(WIDTH, HEIGHT, 1, &samples(plane));
    let stack = Stack::new(&[("000000.tif", file(0)), ("000025.TIFF", file(1))]);
    let planes = stack.open();
    assert_eq!((planes.kind(), planes.shape(), planes.piece()), ("TIFF planes", [1, 1, 2, 5, 7], [1, 1, 7]));
    assert_eq!(planes.voxel().z, Some(micrometres(2.5)));
    assert_eq!(read(&planes, &whole(&planes)).unwrap(), [samples(0), samples(1)].concat());
}

#[rstest]
#[case::even(&["000000.png", "000020.png", "000040.png"], Some(micrometres(2.0)), "")]
#[case::below_zero(&["-00010.png", "000000.png"], Some(micrometres(1.0)), "")]
#[case::a_gap(&["000000.png", "000020.png", "000040.png", "000100.png"], Some(micrometres(2.0)),
    "2 planes are missing at 1 places, first between `000040.png` and `000100.png`")]
#[case::uneven(&["000000.png", "000020.png", "000040.png", "000050.png"], None, "mostly 20 apart, but 10 between `000040.png`")]
#[case::counted(&["1.png", "2.png", "3.png"], None, "numbered one by one")]
#[case::alone(&["000020.png"], None, "")]
#[case::within(&["z_020.png", "z_040.png"], None, "")]
#[case::mixed(&["000020.png", "z_040.png"], None, "not all named by a number (`000020.png`, `z_040.png`)")]
#[case::hidden(&["000020.png", "._000020.png", "000040.png"], Some(micrometres(2.0)), "`._000020.png` are no planes")]
fn what_names_tell(#[case] names: &[&str], #[case] z: Option<Size>, #[case] note: &str) {
    let planes = Stack::named(names).open();
    assert_eq!(planes.voxel().z, z);
    let notes = planes.notes();
    assert_eq!(notes.len(), usize::from(!note.is_empty()), "{notes:?}");
    assert!(notes.iter().all(|found| found.contains(note)), "{notes:?}");
}

#[rstest]
#[case::numbers(&["z10.png", "z9.png"], &[1, 0])]
#[case::depths(&["100.png", "0020.png"], &[1, 0])]
#[case::names(&["b.png", "a.png"], &[1, 0])]
#[case::mixed(&["2.png", "10.png", "z.png"], &[1, 0, 2])]
fn planes_are_ordered(#[case] names: &[&str], #[case] expected: &[usize]) {
    let stack = Stack::named(names);
    let planes = stack.open();
    let expected: Vec<u8> = expected.iter().flat_map(|plane| samples(*plane)).collect();
    assert_eq!(read(&planes, &whole(&planes)).unwrap(), expected);
}

fn short(mut bytes: Vec<u8>, by: usize) -> Vec<u8> {
    bytes.truncate(bytes.len() - by);
    bytes
}

fn flipped(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    bytes[at] ^= 1;
    bytes
}

/// A header that says something else, with the right checksum.
fn headed(width: u32, height: u32, depth: u8, colour: u8) -> Vec<u8> {
    let mut bytes = good(0);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    (bytes[24], bytes[25]) = (depth, colour);
    let sum = adt_codec::crc32(&bytes[12..29]).to_be_bytes();
    bytes[29..33].copy_from_slice(&sum);
    bytes
}

#[rstest]
#[case::no_plane(&[("log.txt", vec![1])], Class::BadInput, "holds no plane")]
#[case::both(&[("0.png", good(0)), ("1.tif", good(1))], Class::BadInput, "both PNG and TIFF (`0.png`, `1.tif`)")]
#[case::twice(&[("0020.png", good(0)), ("20.png", good(1))], Class::BadInput, "0020.png` and `20.png` are of one number")]
#[case::empty(&[("0.png", good(0)), ("1.png", vec![]), ("2.png", good(2))], Class::Corrupt, "1.png` is empty")]
#[case::no_png(&[("0.png", vec![7; 99])], Class::Corrupt, "does not begin as one")]
#[case::cut_header(&[("0.png", good(0)[..20].to_vec())], Class::Corrupt, "ends in its header")]
#[case::damaged_header(&[("0.png", flipped(good(0), 19))], Class::Corrupt, "its header is damaged")]
#[case::no_height(&[("0.png", headed(7, 0, 16, 0))], Class::Corrupt, "it is 7x0 of uint16")]
#[case::too_large(&[("0.png", headed(1 << 30, 3, 16, 0))], Class::BadInput, "more than the 4 GiB")]
#[case::a_lie(&[("0.png", headed(60_000, 30_000, 16, 0))], Class::Corrupt, "do not come out of its")]
#[case::few_bits(&[("0.png", headed(7, 5, 4, 0))], Class::BadInput, "is grey (4 bits), only grey of 8 or 16 bits")]
#[case::colour(&[("0.png", headed(7, 5, 8, 2))], Class::BadInput, "is RGB (8 bits)")]
#[case::palette(&[("0.png", headed(7, 5, 8, 3))], Class::BadInput, "is of a palette (8 bits)")]
#[case::alpha(&[("0.png", headed(7, 5, 16, 4))], Class::BadInput, "is grey with alpha (16 bits)")]
#[case::all(&[("0.png", headed(7, 5, 8, 6))], Class::BadInput, "is RGB with alpha (8 bits)")]
#[case::unknown(&[("0.png", headed(7, 5, 8, 5))], Class::BadInput, "the unknown colour type 5")]
#[case::last(&[("0.png", good(0)), ("1.png", headed(7, 4, 16, 0))], Class::Corrupt, "1.png` is 7x4 of uint16, but `0.png` is 7x5 of uint16")]
#[case::tiff_of_two(&[("0.tif", tiff(7, 5, 2, &samples(0)))], Class::BadInput, "holds 2 planes")]
#[case::other_tiff(&[("0.tif", tiff(7, 5, 1, &samples(0))), ("1.tif", tiff(5, 7, 1, &samples(0)))], Class::Corrupt, "is 5x7 of uint16")]
fn what_is_not_opened(#[case] files: &[(&str, Vec<u8>)], #[case] class: Class, #[case] why: &str) {
    let fault = Planes::open(&Stack::new(files).path).unwrap_err();
    assert!(fault.line().contains(why), "{}", fault.line());
    assert_eq!(fault.class(), class);
}

#[test]
fn no_folder_is_missing() {
    assert_eq!(Planes::open(&Stack::new(&[]).path.join("none")).unwrap_err().class(), Class::Missing);
}

#[rstest]
#[case::other_size(headed(7, 4, 16, 0), "is 7x4 of uint16, but `0.png` is 7x5 of uint16")]
#[case::other_depth(headed(7, 5, 8, 0), "is 7x5 of uint8, but")]
#[case::cut_samples(short(good(1), 40), "it ends too early")]
#[case::no_end(short(good(1), 5), "it ends too early")]
#[case::damaged(flipped(good(1), 50), "is no PNG that can be read")]
#[case::damaged_checksum({ let bytes = good(1); let at = bytes.len() - 13; flipped(bytes, at) }, "CRC")]
fn a_damaged_plane_is_found_when_it_is_read(#[case] bytes: Vec<u8>, #[case] why: &str) {
    let stack = Stack::new(&[("0.png", good(0)), ("1.png", bytes), ("2.png", good(2))]);
    let planes = stack.open();
    for columns in [0..7, 1..3] {
        let region = Region { x: columns, ..whole(&planes) };
        let fault = read(&planes, &region).unwrap_err();
        assert!(fault.line().contains("1.png"), "{}", fault.line());
        assert!(fault.line().contains(why), "{}", fault.line());
        assert_eq!(fault.class(), Class::Corrupt);
    }
}

#[test]
fn after_a_damaged_plane_others_are_right() {
    let stack = Stack::new(&[("0.png", good(0)), ("1.png", flipped(good(1), 60)), ("2.png", good(2))]);
    let planes = stack.open();
    let mut reader = planes.reader();
    let corner = |z: u64| Region { t: 0, c: 0, z: z..z + 1, y: 0..1, x: 0..1 };
    let mut out = [0; 2];
    for (z, good) in [(0, true), (1, false), (1, false), (0, true), (2, true)] {
        assert_eq!(reader.read(&corner(z), &mut out).is_ok(), good);
        assert!(!good || out == samples(z as usize)[..2]);
    }
}

#[rstest]
#[case(0..2, 0..5, 0..8, 2 * 5 * 8 * 2)]
#[case(0..3, 0..5, 0..7, 3 * 5 * 7 * 2)]
#[case(0..2, 0..5, 0..7, 2 * 5 * 7)]
fn a_region_that_is_not_there_is_a_bug(
    #[case] z: std::ops::Range<u64>,
    #[case] y: std::ops::Range<u64>,
    #[case] x: std::ops::Range<u64>,
    #[case] bytes: usize,
) {
    let stack = Stack::named(&["0.png", "20.png"]);
    let region = Region { t: 0, c: 0, z, y, x };
    let fault = stack.open().reader().read(&region, &mut vec![0; bytes]).unwrap_err();
    assert_eq!(fault.class(), Class::Bug);
}

#[rstest]
#[case::one_more(|path: &Utf8Path| fs::write(path.join("60.png"), good(0)).unwrap(), "2 planes were there, now 3")]
#[case::one_less(|path: &Utf8Path| fs::remove_file(path.join("0.png")).unwrap(), "2 planes were there, now 1")]
#[case::renamed(|path: &Utf8Path| fs::rename(path.join("20.png"), path.join("40.png")).unwrap(), "`20.png` is now `40.png`")]
#[case::other_bytes(|path: &Utf8Path| fs::write(path.join("20.png"), good(7)).unwrap(), "`20.png` is another")]
#[case::gone(|path: &Utf8Path| fs::remove_dir_all(path).unwrap(), "cannot list")]
fn a_change_is_found_at_the_end(#[case] change: fn(&Utf8Path), #[case] why: &str) {
    let stack = Stack::named(&["0.png", "20.png"]);
    for name in ["0.png", "20.png"] {
        let file = fs::File::options().write(true).open(stack.path.join(name)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    }
    let planes = stack.open();
    let identity = planes.identity();
    assert!(identity.contains(" 2 planes "), "{identity}");
    assert_eq!(identity, stack.open().identity());
    planes.finish().unwrap();
    change(&stack.path);
    let fault = planes.finish().unwrap_err();
    assert!(fault.line().contains(why), "{}", fault.line());
    assert_eq!(fault.class(), Class::Corrupt);
    assert!(
        Planes::open(&stack.path).is_ok_and(|planes| planes.identity() != identity) || !stack.path.exists()
    );
}

#[test]
fn a_plane_that_changed_is_not_read() {
    let stack = Stack::named(&["0.png", "20.png"]);
    let planes = stack.open();
    fs::write(stack.path.join("20.png"), [good(1), vec![0]].concat()).unwrap();
    assert_eq!(read(&planes, &whole(&planes)).unwrap_err().class(), Class::Corrupt);
}
