//! Means of windows against the original's `windowed_mean` and tensorstore's `downsample`.

use std::{
    io::Write,
    process::{Command, Stdio},
    thread,
};

use adt_codec::downscale::{Downscale, Edge, Rounding, Voxel};
use adt_testkit::oracle;
use camino::Utf8Path;
use rstest::rstest;

/// The original's, and tensorstore beside them.
const PACKAGES: [&str; 4] =
    ["xarray-multiscale==2.1.0", "dask==2024.2.1", "numpy==1.26.1", "tensorstore==0.1.86"];

fn reduced(by: &str, dtype: &str, factors: [usize; 3], shape: [usize; 3], voxels: Vec<u8>) -> Vec<u8> {
    let oracles = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let venv = oracle::venv(&oracles, &PACKAGES).unwrap();
    let list = |numbers: [usize; 3]| numbers.map(|number| number.to_string()).join(",");
    let mut child = Command::new(oracle::program(&venv, "python"))
        .arg(Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/downscale/reduce.py"))
        .args([by, dtype, &list(factors), &list(shape)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = thread::spawn(move || input.write_all(&voxels));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// Pseudorandom bits, of which every fourth row is dim.
fn noise(shape: [usize; 3]) -> Vec<u64> {
    let mut state = 3_u64;
    let voxel = |number: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if (number / shape[2]).is_multiple_of(4) { 90 + (state >> 60) } else { state >> 32 }
    };
    (0..shape.iter().product()).map(voxel).collect()
}

const SHAPES: [[usize; 3]; 3] = [[16, 40, 128], [9, 21, 33], [27, 19, 30]];

/// For each of the shapes.
const FACTORS: [[usize; 3]; 3] = [[2, 2, 2], [2, 2, 2], [3, 2, 1]];

fn ours<T: Voxel>(by: &Downscale, shape: [usize; 3], voxels: &[T]) -> Vec<T> {
    let mut to = vec![T::default(); by.shape(shape).iter().product()];
    by.block(voxels, shape, &mut to).unwrap();
    to
}

fn check<T: Voxel, const N: usize>(
    (oracle, dtype): (&str, &str),
    by: &Downscale,
    shape: [usize; 3],
    of: impl Fn(u64) -> T,
    bytes: impl Fn(T) -> [u8; N],
) {
    let voxels: Vec<T> = noise(shape).into_iter().map(of).collect();
    let raw = |voxels: &[T]| voxels.iter().flat_map(|voxel| bytes(*voxel)).collect::<Vec<u8>>();
    let expected = reduced(oracle, dtype, by.factors(), shape, raw(&voxels));
    assert!(raw(&ours(by, shape, &voxels)) == expected, "{oracle} {dtype} {shape:?} {by:?}");
}

#[rstest]
#[case::original("original", Edge::Crop, Rounding::Down)]
#[case::tensorstore("tensorstore", Edge::Partial, Rounding::NearestEven)]
fn integers_are_reduced_as_others_do(#[case] oracle: &str, #[case] edge: Edge, #[case] rounding: Rounding) {
    for (shape, factors) in SHAPES.into_iter().zip(FACTORS) {
        let by = Downscale::new(factors, edge, rounding).unwrap();
        check((oracle, "<u1"), &by, shape, |raw| raw as u8, u8::to_le_bytes);
        check((oracle, "<u2"), &by, shape, |raw| raw as u16, u16::to_le_bytes);
        check((oracle, "<u4"), &by, shape, |raw| raw as u32, u32::to_le_bytes);
        check((oracle, "<i2"), &by, shape, |raw| raw as i16, i16::to_le_bytes);
    }
}

#[rstest]
#[case::original("original", Edge::Crop)]
#[case::tensorstore("tensorstore", Edge::Partial)]
fn floats_are_reduced_nearly_as_others_do(#[case] oracle: &str, #[case] edge: Edge) {
    for (shape, factors) in SHAPES.into_iter().zip(FACTORS) {
        let by = Downscale::new(factors, edge, Rounding::Down).unwrap();
        let voxels: Vec<f32> = noise(shape).into_iter().map(|raw| (raw as i16).into()).collect();
        let raw = voxels.iter().flat_map(|voxel| voxel.to_le_bytes()).collect();
        let expected = reduced(oracle, "<f4", factors, shape, raw);
        let got = ours(&by, shape, &voxels);
        assert_eq!(got.len() * 4, expected.len());
        for (got, expected) in got.iter().zip(expected.as_chunks().0) {
            let expected = f32::from_le_bytes(*expected);
            assert!((got - expected).abs() <= 0.01, "{oracle} {shape:?}: {got} is not {expected}");
        }
    }
}
