//! Known answers, and round trips of all shapes.

use proptest::{collection::vec, prelude::*};
use rstest::rstest;

use super::*;

const LEVELS: [Level; 4] = [Level::Fast, Level::Normal, Level::High, Level::VeryHigh];

fn comes_back(samples: &[i16], channels: usize, level: Level) -> Vec<u8> {
    let mut stream = Vec::new();
    encode(samples, channels, level, &mut stream).unwrap();
    let back = decode(&stream, samples.len()).unwrap();
    assert_eq!(back.channels, if channels > 4096 { 1 } else { channels });
    assert!(back.samples == samples, "{} samples of {channels} channels at {level:?}", samples.len());
    stream
}

/// A pattern with a rare crack, the same as in the known answers.
fn pattern(frames: usize, channels: usize) -> Vec<i16> {
    let sample = |at: usize| {
        let (frame, channel) = (at / channels, at % channels);
        let crack = if (frame + 5 * channel) % 64 == 9 { 400 } else { 0 };
        ((3 * frame * frame + 11 * channel) % 29).cast_signed() as i16 - 14 + crack
    };
    (0..frames * channels).map(sample).collect()
}

#[rstest]
#[case(128, 2)]
#[case(96, 3)]
#[case(400, 1)]
fn patterns_come_back(#[case] frames: usize, #[case] channels: usize) {
    for level in LEVELS {
        comes_back(&pattern(frames, channels), channels, level);
    }
}

/// Loud, quiet, silent, in steps, with ones at the end, sparse, at both ends.
fn of_kind(kind: i32) -> BoxedStrategy<i16> {
    match kind {
        0 => any::<i16>().boxed(),
        1 => (-20..20_i16).boxed(),
        2 => Just(0).boxed(),
        3 => any::<i16>().prop_map(|value| value / 12 * 12).boxed(),
        4 => any::<i16>().prop_map(|value| value | 15).boxed(),
        5 => prop_oneof![60 => Just(0), 1 => any::<i16>()].boxed(),
        _ => prop_oneof![Just(i16::MIN), Just(i16::MAX)].boxed(),
    }
}

/// Samples of a kind, of 1 to 40 channels.
fn shapes() -> impl Strategy<Value = (Vec<i16>, usize)> {
    (1..=40_usize, 1..=60_usize, 0..7)
        .prop_flat_map(|(channels, frames, kind)| (vec(of_kind(kind), channels * frames), Just(channels)))
}

proptest! {
    #[test]
    fn all_shapes_come_back((samples, channels) in shapes(), level in 1..=4_u8) {
        comes_back(&samples, channels, Level::new(level).unwrap());
    }
}
