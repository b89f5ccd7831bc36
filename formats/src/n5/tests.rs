//! Datasets written here by hand, and damaged ones by the million (see `adt_testkit::fuzz`).

use std::{fs, io::Write as _};

use adt_model::{Class, Fault};
use adt_testkit::fuzz::{Corpus, fuzz};
use camino::{Utf8Path, Utf8PathBuf};
use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::image::{Region, Volume};

/// Voxels along z, y and x, and of a block.
const SHAPE: [u64; 3] = [5, 7, 9];
const BLOCK: [u64; 3] = [2, 4, 4];

/// What a dataset of a few kilobytes may make us allocate: the largest block that is read here, more than once, and attributes.
const ROOM: u64 = 96 << 20;

fn voxel(place: [u64; 3]) -> u16 {
    (place[0] * 10_000 + place[1] * 100 + place[2]) as u16
}

/// The file of a block of `size` voxels that begins at `start`.
fn block(start: [u64; 3], size: [u64; 3], compression: &str) -> Vec<u8> {
    let mut bytes = [0_u16, 3].map(u16::to_be_bytes).concat();
    size.iter().rev().for_each(|side| bytes.extend((*side as u32).to_be_bytes()));
    let mut samples = Vec::new();
    for z in 0..size[0] {
        for y in 0..size[1] {
            for x in 0..size[2] {
                samples.extend(voxel([start[0] + z, start[1] + y, start[2] + x]).to_be_bytes());
            }
        }
    }
    bytes.extend(compressed(&samples, compression));
    bytes
}

fn compressed(samples: &[u8], compression: &str) -> Vec<u8> {
    let mut out = Vec::new();
    match compression {
        "gzip" => {
            let mut stream = GzEncoder::new(out, Compression::fast());
            stream.write_all(samples).unwrap();
            stream.finish().unwrap()
        }
        "zlib" => {
            let mut stream = ZlibEncoder::new(out, Compression::fast());
            stream.write_all(samples).unwrap();
            stream.finish().unwrap()
        }
        "zstd" => {
            adt_codec::zstd::Encoder::new(1).encode(samples, &mut out).unwrap();
            out
        }
        "lz4" => lz4::tests::framed(samples),
        _ => samples.to_vec(),
    }
}

fn attributes(compression: &str) -> String {
    let turned = |sides: [u64; 3]| sides.into_iter().rev().collect::<Vec<_>>();
    let (name, zlib) = if compression == "zlib" { ("gzip", true) } else { (compression, false) };
    json!({"dimensions": turned(SHAPE), "blockSize": turned(BLOCK), "dataType": "uint16",
        "compression": {"type": name, "useZlib": zlib}, "pixelResolution": {"dimensions": [1, 2, 3], "unit": "um"}})
    .to_string()
}

/// All blocks, cut to the dataset or whole.
fn write(folder: &Utf8Path, compression: &str, cut: bool) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("attributes.json"), attributes(compression)).unwrap();
    for z in 0..SHAPE[0].div_ceil(BLOCK[0]) {
        for y in 0..SHAPE[1].div_ceil(BLOCK[1]) {
            for x in 0..SHAPE[2].div_ceil(BLOCK[2]) {
                let start = [z * BLOCK[0], y * BLOCK[1], x * BLOCK[2]];
                let left = |axis: usize| BLOCK[axis].min(SHAPE[axis] - start[axis]);
                let size = if cut { [left(0), left(1), left(2)] } else { BLOCK };
                let path = folder.join(format!("{x}/{y}/{z}"));
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, block(start, size, compression)).unwrap();
            }
        }
    }
}

fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::try_from(folder.path().join("x.n5")).unwrap();
    (folder, path)
}

fn read(n5: &N5, ranges: [std::ops::Range<u64>; 3]) -> Result<Vec<u16>, Fault> {
    let [z, y, x] = ranges;
    let region = Region { t: 0, c: 0, z, y, x };
    let mut out = vec![0x55; region.voxels() as usize * 2];
    n5.reader().read(&region, &mut out)?;
    Ok(out.as_chunks::<2>().0.iter().map(|bytes| u16::from_le_bytes(*bytes)).collect())
}

fn expected(ranges: [std::ops::Range<u64>; 3]) -> Vec<u16> {
    let [z, y, x] = ranges;
    let mut all = Vec::new();
    for z in z {
        for y in y.clone() {
            all.extend(x.clone().map(|x| voxel([z, y, x])));
        }
    }
    all
}

#[rstest]
fn every_compression_is_read(
    #[values("raw", "gzip", "zlib", "zstd", "lz4")] compression: &str,
    #[values(true, false)] cut: bool,
) {
    let (_folder, path) = folder();
    write(&path.join("s0"), compression, cut);
    fs::create_dir(path.join("s1")).unwrap();
    fs::write(path.join("s1/attributes.json"), attributes("raw")).unwrap();
    let n5 = N5::open(&path).unwrap();
    assert_eq!((n5.shape(), n5.piece(), n5.channels().len()), ([1, 1, 5, 7, 9], BLOCK, 1));
    assert_eq!(n5.notes(), ["its level `s1` is not read, it is made anew"]);
    assert_eq!(n5.voxel().z.map(|size| size.micrometres), Some(3.0));
    for ranges in [[0..5, 0..7, 0..9], [1..4, 3..5, 2..9], [4..5, 6..7, 8..9], [2..2, 0..1, 0..1]] {
        assert_eq!(read(&n5, ranges.clone()).unwrap(), expected(ranges));
    }
    n5.finish().unwrap();
}

#[test]
fn blocks_that_are_missing_are_zeros() {
    let (_folder, path) = folder();
    write(&path, "raw", true);
    fs::remove_file(path.join("1/0/1")).unwrap();
    fs::remove_dir_all(path.join("2")).unwrap();
    let n5 = N5::open(&path).unwrap();
    let found = read(&n5, [0..5, 0..7, 0..9]).unwrap();
    for (at, (found, voxel)) in (0..).zip(found.into_iter().zip(expected([0..5, 0..7, 0..9]))) {
        let (z, y, x) = (at / 63, at / 9 % 7, at % 9);
        let missing = x == 8 || ((4..8).contains(&x) && y < 4 && (2..4).contains(&z));
        assert_eq!(found, if missing { 0 } else { voxel }, "{z} {y} {x}");
    }
}

#[rstest]
#[case::empty(|_| Vec::new(), "ends within its header")]
#[case::cut(|bytes: Vec<u8>| bytes[..bytes.len() - 1].to_vec(), "63 bytes of voxels instead of 64")]
#[case::long(|bytes: Vec<u8>| [bytes, vec![0]].concat(), "65 bytes of voxels instead of 64")]
#[case::far_too_long(|bytes: Vec<u8>| [bytes, vec![0; 1 << 17]].concat(), "more than any block")]
#[case::mode(|bytes: Vec<u8>| [&[0, 2], &bytes[2..]].concat(), "mode 2")]
#[case::axes(|bytes: Vec<u8>| [&bytes[..3], &[2], &bytes[4..]].concat(), "2 axes instead of 3")]
#[case::larger(|bytes: Vec<u8>| [&bytes[..7], &[5], &bytes[8..]].concat(), "5 voxels along an axis where blocks have 4")]
#[case::nothing(|bytes: Vec<u8>| [&bytes[..7], &[0], &bytes[8..]].concat(), "0 voxels along")]
#[case::count(|bytes: Vec<u8>| [&[0, 1], &bytes[2..16], &[0, 0, 0, 9], &bytes[16..]].concat(), "9 samples for 32")]
fn a_damaged_block_is_named(#[case] change: fn(Vec<u8>) -> Vec<u8>, #[case] why: &str) {
    let (_folder, path) = folder();
    write(&path, "raw", true);
    let name = path.join("1/0/1");
    fs::write(&name, change(fs::read(&name).unwrap())).unwrap();
    let n5 = N5::open(&path).unwrap();
    let fault = read(&n5, [0..5, 0..7, 0..9]).unwrap_err();
    assert_eq!(fault.class(), Class::Corrupt);
    assert!(fault.line().contains(why) && fault.line().contains(name.as_str()), "{}", fault.line());
    assert!(read(&n5, [0..2, 0..7, 0..9]).is_ok());
}

#[rstest]
fn a_block_that_is_cut_is_corrupt(#[values("gzip", "zlib", "zstd", "lz4")] compression: &str) {
    let (_folder, path) = folder();
    write(&path, compression, true);
    let whole = fs::read(path.join("0/0/0")).unwrap();
    let n5 = N5::open(&path).unwrap();
    for length in 0..whole.len() - 21 {
        fs::write(path.join("0/0/0"), &whole[..length]).unwrap();
        assert_eq!(read(&n5, [0..1, 0..1, 0..1]).unwrap_err().class(), Class::Corrupt, "{length}");
    }
}

#[test]
fn samples_that_are_counted_are_read() {
    let (_folder, path) = folder();
    write(&path, "raw", true);
    let old = fs::read(path.join("0/0/0")).unwrap();
    fs::write(path.join("0/0/0"), [&[0, 1], &old[2..16], &[0, 0, 0, 32], &old[16..]].concat()).unwrap();
    let ranges = [0..2, 0..4, 0..4];
    assert_eq!(read(&N5::open(&path).unwrap(), ranges.clone()).unwrap(), expected(ranges));
}

#[rstest]
#[case::block(|path: &Utf8Path| fs::write(path.join("s0/0/0/0"), b"other").unwrap())]
#[case::gone(|path: &Utf8Path| fs::remove_file(path.join("s0/0/0/0")).unwrap())]
#[case::attributes(|path: &Utf8Path| fs::write(path.join("attributes.json"), b"{}").unwrap())]
fn a_change_is_found_at_the_end(#[case] change: fn(&Utf8Path)) {
    let (_folder, path) = folder();
    write(&path.join("s0"), "raw", true);
    let n5 = N5::open(&path).unwrap();
    n5.finish().unwrap();
    change(&path);
    assert_eq!(n5.finish().unwrap_err().class(), Class::Corrupt);
    assert_ne!(N5::open(&path).unwrap().identity(), n5.identity());
}

#[rstest]
#[case::nothing("", Class::Corrupt, "no JSON object")]
#[case::list("[]", Class::Corrupt, "no JSON object")]
#[case::group("{\"n5\": \"2.0.0\"}", Class::BadInput, "no N5 dataset")]
#[case::bad("{\"dimensions\": [0, 1]}", Class::BadInput, "length 0")]
fn what_is_no_dataset_is_refused(#[case] text: &str, #[case] class: Class, #[case] why: &str) {
    let (_folder, path) = folder();
    fs::create_dir(&path).unwrap();
    assert_eq!(N5::open(&path).unwrap_err().class(), Class::BadInput);
    fs::write(path.join("attributes.json"), text).unwrap();
    let fault = N5::open(&path).unwrap_err();
    assert_eq!(fault.class(), class);
    assert!(fault.line().contains(why) && fault.line().contains("x.n5"), "{}", fault.line());
}

#[test]
fn another_region_or_buffer_is_a_bug() {
    let (_folder, path) = folder();
    write(&path, "raw", true);
    let n5 = N5::open(&path).unwrap();
    assert_eq!(read(&n5, [0..6, 0..1, 0..1]).unwrap_err().class(), Class::Bug);
    let region = Region { t: 0, c: 0, z: 0..1, y: 0..1, x: 0..1 };
    assert_eq!(n5.reader().read(&region, &mut [0; 3]).unwrap_err().class(), Class::Bug);
}

/// Reads the first block, the last and some of both.
fn look(path: &Utf8Path) -> Result<(), Fault> {
    let n5 = N5::open(path)?;
    let [times, channels, planes, y, x] = n5.shape();
    let width = n5.dtype().size();
    if n5.attributes.block.iter().product::<u64>() * width as u64 > 16 << 20 {
        return Ok(());
    }
    let mut reader = n5.reader();
    for (t, c, z) in [(0, 0, 0), (times - 1, channels - 1, planes - 1)] {
        let region = Region { t, c, z: z..z + 1, y: y / 2..y.min(y / 2 + 9), x: x.saturating_sub(9)..x };
        reader.read(&region, &mut vec![0; region.voxels() as usize * width])?;
        let region = Region { t, c, z: z..z + 1, y: 0..1, x: 0..1 };
        reader.read(&region, &mut vec![0; width])?;
    }
    Ok(())
}

#[test]
fn damaged_attributes() {
    let (_folder, path) = folder();
    write(&path, "gzip", false);
    let good = ["raw", "gzip", "zlib", "zstd", "lz4", "blosc"].map(|name| attributes(name).into_bytes());
    let words = [
        "\"resolution\":[1,2,3],\"units\":\"nm\",",
        "\"compressionType\":\"raw\",",
        "{",
        "}",
        "[",
        "]",
        "1,",
        "1e400",
        "4294967296",
        "null",
    ];
    let corpus = Corpus::new(good.into()).with_words(&words);
    fuzz("n5::tests::damaged_attributes", ROOM, |seed| {
        fs::write(path.join("attributes.json"), corpus.changed(seed)).unwrap();
        match look(&path) {
            Ok(()) => true,
            // The blocks have one compression only.
            Err(fault) => fault.line().contains("the N5 block"),
        }
    });
}

#[test]
fn damaged_blocks() {
    let names = ["raw", "gzip", "zlib", "zstd", "lz4", "blosc"];
    let settings = adt_codec::blosc::Settings {
        compressor: adt_codec::blosc::Compressor::Zstd,
        level: 1,
        shuffle: adt_codec::blosc::Shuffle::Byte,
        typesize: 2,
        block: 0,
    };
    let good = names.map(|name| {
        let whole = block([0; 3], BLOCK, name);
        if name != "blosc" {
            return whole;
        }
        let mut frame = whole[..16].to_vec();
        adt_codec::blosc::Encoder::new(settings).encode(&whole[16..], &mut frame).unwrap();
        frame
    });
    let folders = names.map(|name| {
        let (folder, path) = folder();
        fs::create_dir_all(path.join("0/0")).unwrap();
        fs::write(path.join("attributes.json"), attributes(name)).unwrap();
        (folder, path)
    });
    let corpora = good.map(|good| Corpus::new(vec![good]).with_words(&["LZ4Block", "\0\0\0\x04"]));
    fuzz("n5::tests::damaged_blocks", ROOM, |seed| {
        let which = seed.below(names.len() as u64) as usize;
        let path = &folders[which].1;
        fs::write(path.join("0/0/0"), corpora[which].changed(seed)).unwrap();
        let n5 = N5::open(path).unwrap();
        read(&n5, [0..2, 0..4, 0..4]).is_ok()
    });
}
