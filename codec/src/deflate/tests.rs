//! Everything is read back by an inflater that is not ours.

use miniz_oxide::inflate::decompress_to_vec;
use proptest::{collection::vec, prelude::*};
use rstest::rstest;

use super::*;

/// Compresses in parts of the given length, as independent workers would.
fn deflate(level: u8, text: &[u8], part: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut deflater = Deflater::new(level);
    for start in (0..text.len().max(1)).step_by(part) {
        let end = text.len().min(start + part);
        deflater.part(&text[..end], start, end == text.len(), &mut out);
    }
    out
}

fn comes_back(level: u8, text: &[u8], part: usize) -> usize {
    let packed = deflate(level, text, part);
    let back = decompress_to_vec(&packed).unwrap();
    assert!(back == text, "level {level}, {} bytes in parts of {part}", text.len());
    packed.len()
}

/// Bytes without any pattern.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..length).map(next).collect()
}

/// Samples of a slow wave with noise, two bytes each.
fn samples(length: usize) -> Vec<u8> {
    let sample =
        |(at, &byte): (usize, &u8)| ((at as f64 / 500.0).sin() * 300.0) as i16 + i16::from(byte % 32);
    noise(length / 2).iter().enumerate().map(sample).flat_map(i16::to_le_bytes).collect()
}

/// Lines that resemble each other.
fn lines(length: usize) -> Vec<u8> {
    let numbers = noise(length);
    let line = |at: usize| format!("{at},{},lick,{}\n", numbers[at], numbers[at + 1] & 3).into_bytes();
    (0..length / 8).flat_map(line).take(length).collect()
}

#[rstest]
fn texts_of_all_kinds_come_back(
    #[values(1, 2, 3, 4, 5, 6, 7, 8, 9)] level: u8,
    #[values(vec![], vec![7], vec![0; 300_000], noise(200_000), samples(200_000), lines(200_000),
        noise(32_768).repeat(3), noise(32_769).repeat(3), noise(32_767).repeat(3), b"abc".repeat(50_000),
        [noise(70_000), vec![5; 70_000], lines(70_000)].concat())]
    text: Vec<u8>,
) {
    comes_back(level, &text, text.len().max(1));
    comes_back(level, &text, 65_536);
    comes_back(level, &text, 30_011);
}

#[rstest]
fn every_short_length_comes_back(#[values(1, 6, 9)] level: u8) {
    let (same, different, text) = (vec![3; 600], noise(600), lines(600));
    for length in 0..=600 {
        for bytes in [&same, &different, &text] {
            comes_back(level, &bytes[..length], 600);
            comes_back(level, &bytes[..length], 97);
        }
    }
}

#[rstest]
#[case::zeros(vec![0; 1 << 20], 1100)]
#[case::noise_grows_by_headers_only(noise(1 << 20), (1 << 20) + 200)]
#[case::nothing(vec![], 5)]
fn takes_no_more_than(#[case] text: Vec<u8>, #[case] most: usize, #[values(1, 6, 9)] level: u8) {
    let packed = comes_back(level, &text, 1 << 20);
    assert!(packed <= most, "{packed} > {most}");
}

#[rstest]
fn a_part_refers_to_what_came_before(#[values(1, 6, 9)] level: u8) {
    let text = noise(30_000).repeat(2);
    assert!(comes_back(level, &text, 30_000) < 30_700);
}

#[test]
fn what_was_compressed_before_does_not_matter() {
    let text = lines(100_000);
    let mut used = Deflater::new(6);
    used.part(&samples(100_000), 0, true, &mut Vec::new());
    let mut out = Vec::new();
    used.part(&text, 0, true, &mut out);
    assert!(out == deflate(6, &text, 100_000));
}

#[test]
fn parts_that_are_not_the_last_may_be_empty() {
    let mut out = Vec::new();
    let mut deflater = Deflater::new(6);
    deflater.part(&[], 0, false, &mut out);
    deflater.part(b"abc", 0, false, &mut out);
    deflater.part(b"abc", 3, true, &mut out);
    assert_eq!(decompress_to_vec(&out).unwrap(), b"abc");
}

/// Pieces that are new, or repeat what came before at some distance.
fn patched() -> impl Strategy<Value = Vec<u8>> {
    let new = vec(prop_oneof![any::<u8>().boxed(), (0_u8..4).boxed()], 1..400).prop_map(Ok);
    let again = (1_usize..70_000, 1_usize..2000).prop_map(Err);
    vec(prop_oneof![new, again], 0..200).prop_map(|pieces: Vec<Result<Vec<u8>, (usize, usize)>>| {
        let mut text: Vec<u8> = Vec::new();
        for piece in pieces {
            match piece {
                Ok(bytes) => text.extend(bytes),
                Err((back, length)) if !text.is_empty() => {
                    let from = text.len() - back.min(text.len());
                    (0..length).for_each(|at| text.push(text[from + at]));
                }
                Err(_) => {}
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_text_comes_back(text in patched(), level in 1_u8..=9, part in 1_usize..120_000) {
        comes_back(level, &text, part.max(text.len() / 50 + 1));
    }
}
