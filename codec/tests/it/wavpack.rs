//! Streams of `libwavpack`, and `libwavpack` on ours.

use std::{fs, path::PathBuf};

use adt_codec::wavpack::decode;
use rstest::rstest;

/// The samples of `wavpack/make.py`.
fn made(frames: usize, channels: usize, sample: impl Fn(i64, i64) -> i64) -> Vec<i16> {
    let number = |at: usize| i64::try_from(at).unwrap();
    let each = |at: usize| sample(number(at / channels), number(at % channels)) as i16;
    (0..frames * channels).map(each).collect()
}

fn pattern(frame: i64, channel: i64) -> i64 {
    (3 * frame * frame + 11 * channel) % 29 - 14 + if (frame + 5 * channel) % 64 == 9 { 400 } else { 0 }
}

fn wave(frame: i64, channel: i64) -> i64 {
    (((frame * (channel + 3)) % 801 - 400) * frame.min(700 - frame)).div_euclid(8)
}

fn stream(name: &str, level: u8) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/wavpack");
    fs::read(folder.join(format!("{name}_level{level}.wv"))).unwrap()
}

#[rstest]
#[case("pattern_128x2", made(128, 2, pattern), 2)]
#[case("pattern_96x3", made(96, 3, pattern), 3)]
#[case("pattern_400x1", made(400, 1, pattern), 1)]
#[case("pattern_300x21", made(300, 21, pattern), 21)]
#[case("wave_700x7", made(700, 7, wave), 7)]
#[case("times4_300x4", made(300, 4, |i, j| pattern(i, j) * 4), 4)]
#[case("ones15_300x4", made(300, 4, |i, j| pattern(i, j) * 16 + 15), 4)]
#[case("copies_300x4", made(300, 4, |i, j| if pattern(i, j) > 0 { 7 } else { -8 }), 4)]
#[case("silence_300x5", made(300, 5, |i, j| if j < 2 { pattern(i, j) } else { 0 }), 5)]
#[case("ends_2000x2", made(2000, 2, |i, j| if pattern(i, j) > 0 { 32767 } else { -32768 }), 2)]
fn streams_of_libwavpack_are_read(
    #[case] name: &str,
    #[case] samples: Vec<i16>,
    #[case] channels: usize,
    #[values(1, 2, 3, 4)] level: u8,
) {
    let read = decode(&stream(name, level), samples.len()).unwrap();
    assert_eq!((read.channels, read.frames()), (channels, samples.len() / channels));
    assert!(read.samples == samples);
}

#[test]
fn a_stream_of_libwavpack_in_several_blocks_is_read() {
    let samples = made(250_001, 1, |i, j| i64::from(pattern(i, j) > 300));
    let read = decode(&stream("times_250001x1", 3), samples.len()).unwrap();
    assert!(read.samples == samples);
}
