//! Damaged files by the million, see `adt_testkit::fuzz`.

use std::fs;

use adt_formats::tiff::Compression;
use adt_model::Fault;
use adt_testkit::fuzz::{Corpus, fuzz};
use camino::Utf8Path;

use super::{Cut, Place, Style, Value, Writer, open, pages, region};

/// What a file of a few kilobytes may make us allocate: its strips and tiles may say that they are much larger than they are stored.
const ROOM: u64 = 128 << 20;

/// Planes of more bytes are not asked for.
const SMALL: u64 = 1 << 20;

fn file(writer: &Writer, count: usize) -> Vec<u8> {
    let writer = Writer { height: 12, width: 17, ..writer.clone() };
    writer.file(&pages(count, writer.page_bytes()))
}

fn good() -> Vec<Vec<u8>> {
    let ome = r#"<?xml version="1.0"?><OME UUID="urn:uuid:1"><Image><Pixels DimensionOrder="XYCZT" SizeX="17" SizeY="12"
        SizeC="2" SizeT="1" SizeZ="3" PhysicalSizeX="0.4" PhysicalSizeZUnit="nm" PhysicalSizeZ="5"><TiffData IFD="0"
        FirstC="0" PlaneCount="6"><UUID FileName="x.tif">urn:uuid:1</UUID></TiffData><Plane TheZ="0" TheC="0" TheT="0"
        PositionX="5" PositionXUnit="mm"/></Pixels></Image></OME>"#;
    let big = Style { big: true, big_endian: false };
    let reversed = Style { big: false, big_endian: true };
    let mut imagej = Writer::described("ImageJ=1.53k\nimages=6\nchannels=2\nslices=3\nunit=um\nspacing=2\n");
    imagej.more.push((282, Value::Fraction(2, 1)));
    let shaped = Writer::described(r#"{"shape": [2, 3, 12, 17], "axes": "ZCYX"}"#);
    let mut files = vec![
        file(&Writer { style: reversed, ..imagej.clone() }, 6),
        file(&Writer { place: Place::Last, ..shaped }, 6),
        file(&Writer::described(ome), 6),
        file(&Writer { style: big, ..Writer::described(r#"{"frame_id": 0}"#) }, 40),
        [file(&imagej, 1), vec![7; 5 * 12 * 17 * 2]].concat(),
        file(&Writer { samples: 3, separate: true, cut: Cut::Strips(5), ..Writer::default() }, 2),
    ];
    for compression in [Compression::Deflate, Compression::Lzw, Compression::Zstd, Compression::PackBits] {
        for (cut, predictor) in [(Cut::Strips(5), 1), (Cut::Tiles(16, 16), 2)] {
            files.push(file(&Writer { compression, cut, predictor, style: big, ..Writer::default() }, 3));
            files.push(file(&Writer { compression, cut, predictor, samples: 2, ..Writer::default() }, 2));
        }
    }
    files
}

/// Reads some planes, and pieces of some.
fn look(path: &Utf8Path) -> Result<(), Fault> {
    let tiff = open(path)?;
    let [times, channels, z, y, x] = tiff.shape();
    let bytes = y.saturating_mul(x).saturating_mul(tiff.dtype().size() as u64);
    let mut reader = tiff.reader();
    let mut result = Ok(());
    for (t, c, z) in [(0, 0, 0), (times - 1, channels - 1, z - 1), (times / 2, channels / 2, z / 2)] {
        let rows = if bytes > SMALL { y / 2..(y / 2 + 1) } else { 0..y };
        let columns = if bytes > SMALL || z == 1 { x / 2..(x / 2 + 7).min(x) } else { 0..x };
        let length = (rows.end - rows.start) * (columns.end - columns.start) * tiff.dtype().size() as u64;
        let mut out = vec![0; length as usize];
        result = result.and(reader.read(&region(t, c, [z..z + 1, rows, columns]), &mut out));
    }
    result.and(tiff.finish())
}

#[test]
fn damaged_files() {
    let words =
        ["ImageJ=", "images=", "<TiffData IFD=\"", "\"axes\"", "PlaneCount=\"4294967296\"", "\"", "-1", "\0"];
    let corpus = Corpus::new(good()).with_words(&words);
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8Path::from_path(folder.path()).unwrap().join("x.tif");
    fuzz("tiff::fuzz::damaged_files", ROOM, |seed| {
        fs::write(&path, corpus.changed(seed)).unwrap();
        look(&path).is_ok()
    });
}
