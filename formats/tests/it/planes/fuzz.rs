//! Damaged planes by the million, see `adt_testkit::fuzz`.

use std::fs;

use adt_formats::{image::Region, image::Volume as _, planes::Planes};
use adt_model::Fault;
use adt_testkit::fuzz::{Corpus, fuzz};
use camino::Utf8Path;
use png::{BitDepth, ColorType, Compression, Encoder, Filter};

use super::read;

/// What a file of a few kilobytes may make us allocate: Deflate makes up to a thousand bytes of one.
const ROOM: u64 = 64 << 20;

const WIDTH: u32 = 17;
const HEIGHT: u32 = 12;

/// A file with samples of `size` bytes.
fn file(size: usize, filter: Filter, compression: Compression, text: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, WIDTH, HEIGHT);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(if size == 1 { BitDepth::Eight } else { BitDepth::Sixteen });
    encoder.set_compression(compression);
    encoder.set_filter(filter);
    if text {
        encoder.add_text_chunk("Comment".to_owned(), "a plane".to_owned()).unwrap();
        encoder.add_ztxt_chunk("Comment".to_owned(), "many planes".to_owned()).unwrap();
        encoder.set_source_gamma(png::ScaledFloat::new(0.5));
    }
    let samples: Vec<u8> = (0..(WIDTH * HEIGHT) as usize * size).map(|at| (at * at / 7) as u8).collect();
    encoder.write_header().unwrap().write_image_data(&samples).unwrap();
    bytes
}

/// The same, said to be interlaced: its samples come out elsewhere, and some are left.
fn interlaced(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes[28] = 1;
    bytes
}

/// Makes the checksums of all chunks right, as far as there are chunks: else next to nothing gets beyond them.
fn summed(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut at = 8;
    while let Some(length) = bytes.get(at..at + 4) {
        let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let Some(body) = bytes.get(at + 4..at + 8 + length) else { break };
        let sum = adt_codec::crc32(body).to_be_bytes();
        let Some(old) = bytes.get_mut(at + 8 + length..at + 12 + length) else { break };
        old.copy_from_slice(&sum);
        at += 12 + length;
    }
    bytes
}

fn look(folder: &Utf8Path) -> Result<(), Fault> {
    let planes = Planes::open(folder)?;
    let [.., z, y, x] = planes.shape();
    let whole = Region { t: 0, c: 0, z: 0..z, y: 0..y, x: 0..x };
    read(&planes, &whole)?;
    read(&planes, &Region { y: y / 2..y, x: x / 2..x, ..whole })?;
    planes.finish()
}

#[test]
fn damaged_planes() {
    let mut good = Vec::new();
    for size in [1, 2] {
        for filter in [Filter::NoFilter, Filter::Sub, Filter::Up, Filter::Avg, Filter::Paeth] {
            good.push(file(size, filter, Compression::Balanced, false));
        }
        good.push(file(size, Filter::Adaptive, Compression::NoCompression, true));
        good.push(file(size, Filter::Adaptive, Compression::Fast, true));
        good.push(summed(interlaced(file(size, Filter::NoFilter, Compression::Balanced, false))));
    }
    let words = [
        "IHDR",
        "IDAT",
        "IEND",
        "tRNS",
        "acTL",
        "fcTL",
        "fdAT",
        "PLTE",
        "iCCP",
        "zTXt",
        "\0\0\0\0",
        "\0\0\0\x0d",
    ];
    let corpus = Corpus::new(good).with_words(&words);
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    fuzz("planes::fuzz::damaged_planes", ROOM, |seed| {
        let bytes = corpus.changed(seed);
        let bytes = if seed.below(4) == 0 { bytes } else { summed(bytes) };
        fs::write(folder.join("000000.png"), bytes).unwrap();
        look(folder).is_ok()
    });
}
