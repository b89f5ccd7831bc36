//! Known answers, and round trips of all shapes.

use proptest::{collection::vec, prelude::*};
use rstest::rstest;

use super::{
    header::{Flags, HEADER, Header, checksum},
    *,
};

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

/// A head without a total, of a block without samples.
fn empty_block() -> Vec<u8> {
    let mut out = Vec::new();
    Header { size: HEADER, total: 0, index: 0, frames: 0, flags: Flags::WRITTEN, crc: 0 }.write(&mut out);
    out
}

/// Makes the checksums at the ends of all blocks right, as far as blocks can be found.
fn sum_again(stream: &mut [u8]) {
    let mut rest = stream;
    while let Ok(header) = Header::read(rest, 0) {
        let (block, later) = rest.split_at_mut(header.size);
        if let Some((before, sum)) = block.split_last_chunk_mut::<6>() {
            let right = checksum(before).to_le_bytes();
            sum[2..].copy_from_slice(&right);
        }
        rest = later;
    }
}

fn packed(samples: &[i16], channels: usize) -> Vec<u8> {
    let mut stream = Vec::new();
    encode(samples, channels, Level::High, &mut stream).unwrap();
    stream
}

#[rstest]
#[case(0, 1)]
#[case(4, 0)]
#[case(5, 2)]
fn samples_that_are_no_whole_frames_are_refused(#[case] samples: usize, #[case] channels: usize) {
    let mut out = vec![7];
    let refused = encode(&vec![0; samples], channels, Level::High, &mut out);
    assert_eq!(refused, Err(Error::Shape { samples, channels }));
    assert_eq!(out, [7]);
}

#[test]
fn more_channels_than_a_stream_has_become_one() {
    comes_back(&pattern(3, 4097), 4097, Level::High);
    comes_back(&pattern(20, 4096), 4096, Level::High);
}

#[test]
fn long_recordings_are_cut_into_blocks() {
    let stream = comes_back(&pattern(250_001, 2), 2, Level::Fast);
    let mut at = 0;
    let mut frames = Vec::new();
    while at < stream.len() {
        let header = Header::read(&stream[at..], 0).unwrap();
        frames.push(header.frames);
        at += header.size;
    }
    assert_eq!(frames, [62_501, 62_501, 62_501, 62_498]);
}

#[test]
fn noise_becomes_hardly_larger() {
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as u16
    };
    let samples: Vec<_> = (0..40_000).map(|_| noise().cast_signed()).collect();
    for level in LEVELS {
        let stream = comes_back(&samples, 4, level);
        assert!(stream.len() < samples.len() * 2 * 21 / 20, "{} bytes at {level:?}", stream.len());
    }
}

#[test]
fn more_than_is_expected_is_not_read() {
    let stream = packed(&vec![0; 6_000_000], 60);
    assert!(stream.len() < 4000);
    let unexpected = Error::Unexpected { frames: 100_000, channels: 60 };
    assert_eq!(decode(&stream, 5_999_999), Err(unexpected));
    assert_eq!(decode_into(&stream, &mut [0; 60]), Err(unexpected));
    assert_eq!(decode_into(&stream, &mut vec![0; 6_000_000]), Ok(60));
}

#[test]
fn a_flipped_bit_is_told() {
    let samples = pattern(40, 3);
    let stream = packed(&samples, 3);
    for bit in 0..stream.len() * 8 {
        let mut damaged = stream.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(decode(&damaged, samples.len()).is_err(), "bit {bit}");
    }
}

#[test]
fn a_stream_cut_short_is_told() {
    let stream = packed(&pattern(40, 5), 5);
    for length in 0..stream.len() {
        let cut = decode(&stream[..length], 200);
        assert!(matches!(cut, Err(Error::Truncated { .. })), "{length} bytes: {cut:?}");
    }
}

#[test]
fn blocks_without_samples_are_passed_over() {
    let samples = pattern(40, 3);
    let stream = [empty_block(), packed(&samples, 3), empty_block()].concat();
    assert_eq!(decode(&stream, 120).unwrap().samples, samples);
    assert_eq!(decode(&empty_block(), 120), Err(Error::Truncated { block: 1 }));
}

/// Either the plain form's block, or none.
fn same_side_by_side(samples: &[i16], channels: usize, level: Level) -> usize {
    let pairs = (channels / 2).min(lanes::LANES);
    let together = lanes::pack(samples, channels, 0, pairs, level);
    let mut done = 0;
    for (pair, packed) in together.into_iter().enumerate() {
        let of = |channel: usize| samples.iter().skip(channel).step_by(channels).map(|&s| s.into()).collect();
        let alone = scalar::Channels { left: of(2 * pair), right: Some(of(2 * pair + 1)) };
        if let Some(packed) = packed {
            assert_eq!(packed, scalar::pack(alone, level), "pair {pair}");
            done += 1;
        }
    }
    done
}

#[test]
fn ordinary_samples_are_packed_side_by_side() {
    for level in LEVELS {
        assert_eq!(same_side_by_side(&pattern(3000, 37), 37, level), 16);
        assert_eq!(same_side_by_side(&pattern(3000, 5), 5, level), 2);
    }
}

proptest! {
    #[test]
    fn all_shapes_come_back((samples, channels) in shapes(), level in 1..=4_u8) {
        comes_back(&samples, channels, Level::new(level).unwrap());
    }

    #[test]
    fn side_by_side_comes_out_as_one_by_one((samples, channels) in shapes(), level in 1..=4_u8) {
        same_side_by_side(&samples, channels, Level::new(level).unwrap());
    }

    #[test]
    fn damaged_streams_are_no_danger(
        (samples, channels) in shapes(),
        level in 1..=4_u8,
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut stream = Vec::new();
        encode(&samples, channels, Level::new(level).unwrap(), &mut stream).unwrap();
        for (at, byte) in damage {
            *at.get_mut(&mut stream) = byte;
        }
        sum_again(&mut stream);
        let read = decode(&stream, 1 << 20);
        prop_assert!(read.is_err() || read.unwrap().samples.len() <= 1 << 20);
    }
}
