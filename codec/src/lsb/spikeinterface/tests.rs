use rstest::rstest;

use super::*;
use crate::{
    crc32,
    lsb::{Histograms, Ragged},
};

fn bytes(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn estimate(segments: &[&[i16]], width: usize, columns: &[usize], chunk: u64, chunks: usize) -> Estimate {
    let frames: Vec<_> = segments.iter().map(|segment| (segment.len() / width) as u64).collect();
    let drawn = sample_starts(&frames, chunk, chunks, 0).unwrap();
    let mut histograms = Histograms::new(width, columns);
    for (segment, starts) in segments.iter().zip(&drawn.starts) {
        for &start in starts {
            let (start, chunk) = (start as usize, drawn.chunk as usize);
            histograms.count(&segment[start * width..(start + chunk) * width]).unwrap();
        }
    }
    Correction::estimate(&histograms)
}

fn correction(estimate: Estimate) -> Correction {
    match estimate {
        Estimate::Correct(correction) => correction,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_known_answer_of_three_channels() {
    let samples: Vec<i16> = (0..1000i64)
        .flat_map(|i| [12 * ((7919 * i % 41) - 20) + 5, 12 * ((104_729 * i % 23) - 11), 0])
        .map(|v| v as i16)
        .collect();
    assert_eq!(crc32(&bytes(&samples)), 0x2c17_d258);
    let correction = correction(estimate(&[&samples], 3, &[0, 1, 2], 100, 10));
    assert_eq!((correction.step(), correction.offsets()), (12, &[-5, 0, 0][..]));
    assert_eq!(correction.gain_to_uv(0.195).to_bits(), (0.195f64 * 12.0).to_bits());
    let mut corrected = vec![0; samples.len()];
    assert_eq!(correction.apply(&samples, &mut corrected), Ok(0));
    assert_eq!(corrected[..12], [-20, -11, 0, -14, -1, 0, -8, 9, 0, -2, -4, 0]);
    assert_eq!(crc32(&bytes(&corrected)), 0xa56f_760d);
}

#[test]
fn a_median_between_two_codes_erases_a_channel_as_in_the_original() {
    let samples: Vec<i16> = (0..1000i16).flat_map(|i| [12 * (i % 2), 12 * (i / 3 % 5)]).collect();
    let correction = correction(estimate(&[&samples], 2, &[0, 1], 100, 10));
    assert_eq!(correction.offsets(), &[-6, -24]);
    let mut corrected = vec![0; samples.len()];
    assert_eq!(correction.apply(&samples, &mut corrected), Ok(1000));
    assert!(corrected.chunks(2).all(|frame| frame[0] == 0));
    assert_eq!(crc32(&bytes(&corrected)), 0xad3d_d0b2);
}

#[rstest]
#[case::longer(&[300_000, 500_000], 10_000, Ok(10_000))]
#[case::one_frame_less_than_the_shortest(&[300_000, 100, 99], 10_000, Ok(99))]
#[case::two_frames(&[2], 10_000, Ok(1))]
#[case::exactly_a_chunk(&[10_000], 10_000, Err(NoSample { segment: 0, frames: 10_000, chunk: 10_000 }))]
#[case::one_frame(&[5, 1], 10_000, Ok(0))]
#[case::no_frame(&[0], 10_000, Err(NoSample { segment: 0, frames: 0, chunk: 0 }))]
fn chunks_fit_the_shortest_segment(
    #[case] frames: &[u64],
    #[case] chunk: u64,
    #[case] expected: Result<u64, NoSample>,
) {
    let expected = match (frames, expected) {
        // 100 makes it 99, which is as long as the last segment.
        ([_, 100, 99], Ok(chunk)) => Err(NoSample { segment: 2, frames: 99, chunk }),
        (_, expected) => expected,
    };
    assert_eq!(sample_starts(frames, chunk, 10, 0).map(|drawn| drawn.chunk), expected);
}

#[test]
fn a_hundred_frames_are_drawn_from_their_first() {
    let drawn = sample_starts(&[100], 10_000, 3, 0).unwrap();
    assert_eq!(drawn, Starts { chunk: 99, starts: vec![vec![0, 0, 0]] });
}

#[rstest]
#[case::constant(&[5, 5, 5, 5], true)]
#[case::rail_to_rail_is_minus_one(&[-32_768, 32_767, -32_768, 32_767], true)]
#[case::one_count(&[5, 6, 9, 20], false)]
fn some_streams_stay_as_they_are(#[case] samples: &[i16], #[case] no_step: bool) {
    let mut drawn = Histograms::new(1, &[0]);
    drawn.count(samples).unwrap();
    let estimate = Correction::estimate(&drawn);
    assert!(
        matches!((&estimate, no_step), (Estimate::NoStep, true) | (Estimate::OneCount, false)),
        "{estimate:?}"
    );
}

#[test]
fn values_far_apart_make_the_step_negative_as_in_the_original() {
    let mut drawn = Histograms::new(1, &[0]);
    drawn.count(&[-30_000, 30_000, 30_012]).unwrap();
    assert_eq!(correction(Correction::estimate(&drawn)).step(), -5536);
}

#[test]
fn columns_left_out_pass_through() {
    let samples: Vec<i16> = (0..500i16).flat_map(|i| [12 * (i % 7), i % 3]).collect();
    let correction = correction(estimate(&[&samples], 2, &[0], 100, 10));
    let mut corrected = vec![0; samples.len()];
    assert_eq!(correction.apply(&samples, &mut corrected), Ok(0));
    assert!(samples.chunks(2).zip(corrected.chunks(2)).all(|(raw, new)| raw[1] == new[1]));
    assert_eq!(correction.apply(&samples[..3], &mut corrected), Err(Ragged { samples: 3, width: 2 }));
}
