//! The step of the converter: `correct_lsb` against `SpikeInterface` 0.100.0, and our codes against what `numpy` makes of them.

use std::{
    io::Write,
    process::{Command, Stdio},
    thread,
};

use adt_codec::lsb::{
    Histograms, exact,
    spikeinterface::{Correction, Estimate, sample_starts},
};
use adt_testkit::oracle;
use camino::Utf8Path;
use rstest::rstest;

/// Of the first version of the codecs that the Python original writes with.
const PACKAGES: [&str; 6] = [
    "spikeinterface==0.100.0",
    "probeinterface==0.2.21",
    "neo==0.13.0",
    "zarr==2.16.1",
    "numcodecs==0.11.0",
    "numpy==1.26.1",
];

const GAIN: f64 = 0.194_999_992_847_442_6;

/// Runs a script with raw samples on its standard input.
fn python(script: &str, arguments: &[String], samples: &[i16]) -> Vec<u8> {
    let oracles = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let venv = oracle::venv(&oracles, &PACKAGES).unwrap();
    let script = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lsb").join(script);
    let mut child = Command::new(oracle::program(&venv, "python"))
        .arg(script)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let bytes: Vec<u8> = samples.iter().flat_map(|v| v.to_le_bytes()).collect();
    let writer = thread::spawn(move || input.write_all(&bytes));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    output.stdout
}

fn samples_of(bytes: &[u8]) -> Vec<i16> {
    bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

/// A converter's steps as an acquisition program stores them, a different offset taken off each of five columns.
fn recorded(frames: usize, step: f64, spread: f64, phase: f64, seed: u64) -> Vec<i16> {
    let mut state = seed;
    let mut uniform = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut sample = move |at: usize| {
        let steps = ((0..6).map(|_| uniform()).sum::<f64>() - 3.0) * spread;
        (steps.round() * step - (at % 5) as f64 * phase).round() as i16
    };
    (0..frames * 5).map(&mut sample).collect()
}

/// The gain and the samples after our `correct_lsb` of all segments.
fn ours(samples: &[i16], frames: &[usize], chunk: u64, chunks: usize) -> (f64, Vec<i16>) {
    let lengths: Vec<_> = frames.iter().map(|&frames| frames as u64).collect();
    let drawn = sample_starts(&lengths, chunk, chunks, 0).unwrap();
    let mut histograms = Histograms::new(5, &[0, 1, 2, 3, 4]);
    let mut rest = samples;
    for (frames, starts) in frames.iter().zip(&drawn.starts) {
        let (segment, others) = rest.split_at(frames * 5);
        for &start in starts {
            histograms.count(&segment[start as usize * 5..][..drawn.chunk as usize * 5]).unwrap();
        }
        rest = others;
    }
    match Correction::estimate(&histograms) {
        Estimate::Correct(correction) => {
            let mut corrected = vec![0; samples.len()];
            correction.apply(samples, &mut corrected).unwrap();
            (correction.gain_to_uv(GAIN), corrected)
        }
        Estimate::NoStep | Estimate::OneCount => (GAIN, samples.to_vec()),
    }
}

#[rstest]
#[case::neuropixels_1(&[3000], 12.019_23, 9.0, 0.0, 100)]
#[case::offsets_taken_off(&[3000], 12.019_23, 9.0, 3.37, 100)]
#[case::loud(&[5000, 2500], 12.019_23, 300.0, 0.0, 1000)]
#[case::neuropixels_2_two_segments(&[4000, 333], 3.9125, 30.0, 100.7, 500)]
#[case::field(&[2000], 24.038_46, 100.0, 0.0, 10_000)]
#[case::unit_step(&[2000], 1.0, 50.0, 7.0, 100)]
#[case::constant(&[2000], 12.0, 0.0, 33.0, 100)]
#[case::huge_gaps(&[200], 700.0, 15.0, 0.0, 20)]
#[case::negative_step(&[300], 40_000.0, 0.5, 0.0, 20)]
fn correct_lsb_is_that_of_spikeinterface(
    #[case] frames: &[usize],
    #[case] step: f64,
    #[case] spread: f64,
    #[case] phase: f64,
    #[case] chunk: u64,
) {
    let samples = recorded(frames.iter().sum(), step, spread, phase, 11);
    let numbers = [5, chunk as usize, 20].into_iter().chain(frames.iter().copied());
    let arguments: Vec<_> = numbers.map(|number| number.to_string()).collect();
    let output = python("correct.py", &arguments, &samples);
    let line = output.iter().position(|&byte| byte == b'\n').unwrap();
    let gains = std::str::from_utf8(&output[..line]).unwrap().trim_matches(['[', ']']);
    let (gain, corrected) = ours(&samples, frames, chunk, 20);
    assert!(gains.split(", ").all(|theirs| theirs.parse::<f64>().unwrap().to_bits() == gain.to_bits()));
    assert!(samples_of(&output[line + 1..]) == corrected, "some samples differ");
}

#[rstest]
#[case::neuropixels_1(12.019_23, 60.0, 0.0)]
#[case::offsets_taken_off(12.019_23, 60.0, 3.37)]
#[case::neuropixels_2(3.9125, 300.0, 100.7)]
fn numpy_restores_samples_from_exact_codes(#[case] step: f64, #[case] spread: f64, #[case] phase: f64) {
    let samples = recorded(20_000, step, spread, phase, 5);
    let mut histograms = Histograms::new(5, &[0, 1, 2, 3, 4]);
    histograms.count(&samples).unwrap();
    let found = exact::find(&histograms).unwrap();
    assert!(found.columns.iter().all(|column| column.exceptions.is_empty()));
    let mut codes = vec![0; samples.len()];
    exact::Codes::new(5, &found).unwrap().encode(&samples, &mut codes).unwrap();
    let zeros = found.columns.iter().map(|column| column.zero);
    let arguments: Vec<_> =
        std::iter::once(found.counts).chain(zeros).map(|number| number.to_string()).collect();
    assert!(samples_of(&python("restore.py", &arguments, &codes)) == samples, "some samples differ");
}
