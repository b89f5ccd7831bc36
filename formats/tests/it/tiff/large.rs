//! Sparse files: large offsets without large disks.

use std::{
    fs::File,
    io::{Seek as _, SeekFrom, Write as _},
};

use adt_formats::tiff::{Kind, Tiff};
use rstest::rstest;

use super::{Sample, Style, Tag, Value, read, region};

fn tags(width: u64, height: u64, offset: u64, length: u64, text: &str) -> Vec<Tag> {
    let short = |tag, value| (tag, Value::Short(vec![value]));
    vec![
        (256, Value::Long(vec![width])),
        (257, Value::Long(vec![height])),
        short(258, 16),
        short(259, 1),
        short(262, 1),
        (273, Value::Long(vec![offset])),
        short(277, 1),
        (278, Value::Long(vec![height])),
        (279, Value::Long(vec![length])),
        (270, Value::Text(text.as_bytes().to_vec())),
    ]
}

fn put(file: &mut File, at: u64, bytes: &[u8]) {
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

/// Samples in the middle of the last row of a plane, so that each plane is known again.
fn mark(plane: u64, big_endian: bool) -> Vec<u8> {
    let values = [plane, plane >> 16, 0xBEEF];
    let style = Style { big: true, big_endian };
    values.iter().flat_map(|value| style.number(*value & 0xFFFF, 2)).collect()
}

fn check(tiff: &Tiff, planes: impl IntoIterator<Item = u64>) {
    let [_, _, _, height, width] = tiff.shape();
    for z in planes {
        let piece =
            read(tiff, &region(0, 0, [z..z + 1, height - 1..height, width / 2..width / 2 + 3])).unwrap();
        assert_eq!(piece, mark(z, false), "plane {z}");
        let zero = read(tiff, &region(0, 0, [z..z + 1, 0..2, 0..width])).unwrap();
        assert!(zero.iter().all(|byte| *byte == 0));
    }
}

#[rstest]
fn a_camera_file_of_twelve_gibibytes(#[values(false, true)] big_endian: bool) {
    let (width, height, planes) = (2048, 1024, 3072_u64);
    let plane_bytes = width * height * 2;
    let sample = Sample::new(b"");
    let mut file = File::create(&sample.path).unwrap();
    let style = Style { big: true, big_endian };
    put(&mut file, 0, &style.header(16));
    let mut at = 16;
    for plane in 0..planes {
        // The text has more digits with time, so that distances change now and then.
        let text = format!(r#"{{"frame_id": {plane}, "timestamps": {{"runtime": {}}}}}"#, plane * 1_000_003);
        let empty = style.directory(at, &tags(width, height, 0, 0, &text), 0);
        let data = (at + empty.len() as u64).next_multiple_of(8);
        let next = data + plane_bytes;
        let link = if plane + 1 == planes { 0 } else { next };
        put(&mut file, at, &style.directory(at, &tags(width, height, data, plane_bytes, &text), link));
        put(&mut file, data + plane_bytes - width * 2 + width, &mark(plane, big_endian));
        at = next;
    }
    file.set_len(at).unwrap();
    assert!(at > 12 << 30);
    let tiff = sample.open();
    assert_eq!((tiff.kind(), tiff.shape()), (Kind::Acquire, [1, 1, planes, height, width]));
    check(&tiff, (0..planes).step_by(97).chain([planes - 1]));
}

#[rstest]
fn an_imagej_stack_of_five_gibibytes(#[values(false, true)] big_endian: bool) {
    let (width, height, planes) = (2048, 1024, 1280_u64);
    let plane_bytes = width * height * 2;
    let sample = Sample::new(b"");
    let mut file = File::create(&sample.path).unwrap();
    let style = Style { big: false, big_endian };
    let text = format!("ImageJ=1.53t\nimages={planes}\nslices={planes}\nspacing=2.0\nunit=um\nloop=false\n");
    let data = 1024;
    put(&mut file, 0, &style.header(8));
    put(&mut file, 8, &style.directory(8, &tags(width, height, data, plane_bytes, &text), 0));
    for plane in 0..planes {
        put(&mut file, data + (plane + 1) * plane_bytes - width, &mark(plane, big_endian));
    }
    file.set_len(data + planes * plane_bytes).unwrap();
    let tiff = sample.open();
    assert_eq!((tiff.kind(), tiff.shape()), (Kind::ImageJ, [1, 1, planes, height, width]));
    assert!(tiff.layout().contiguous);
    check(&tiff, (0..planes).step_by(61).chain([planes - 1]));
    file.set_len(data + planes * plane_bytes - 1).unwrap();
    assert!(
        super::open(&sample.path).unwrap_err().line().contains("ends before the last of its 1280 planes")
    );
}
