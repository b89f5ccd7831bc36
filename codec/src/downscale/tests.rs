use proptest::prelude::*;
use rstest::rstest;

use super::*;

/// The same, one voxel at a time and in whole numbers.
fn twin(from: &[i64], shape: [usize; 3], by: &Downscale) -> Vec<i64> {
    let out = by.shape(shape);
    let span = |axis: usize, at: usize| {
        let first = at * by.factors[axis];
        first..(first + by.factors[axis]).min(shape[axis])
    };
    let mut means = Vec::new();
    for (z, y, x) in voxels(out) {
        let (mut sum, mut count) = (0, 0);
        for z in span(0, z) {
            for y in span(1, y) {
                for x in span(2, x) {
                    sum += from[(z * shape[1] + y) * shape[2] + x];
                    count += 1;
                }
            }
        }
        means.push(match by.rounding {
            Rounding::Down => sum / count,
            Rounding::NearestEven => even(sum, count),
        });
    }
    means
}

fn voxels(shape: [usize; 3]) -> impl Iterator<Item = (usize, usize, usize)> {
    let [depth, rows, width] = shape;
    (0..depth).flat_map(move |z| (0..rows).flat_map(move |y| (0..width).map(move |x| (z, y, x))))
}

fn even(sum: i64, count: i64) -> i64 {
    let below = sum.div_euclid(count);
    match (sum.rem_euclid(count) * 2).cmp(&count) {
        std::cmp::Ordering::Less => below,
        std::cmp::Ordering::Equal => below + below.rem_euclid(2),
        std::cmp::Ordering::Greater => below + 1,
    }
}

fn down(factors: [usize; 3], edge: Edge) -> Downscale {
    Downscale::new(factors, edge, Rounding::Down).unwrap()
}

/// Pseudorandom voxels; one in eight is an extreme.
fn noise(count: usize, seed: u64) -> Vec<u64> {
    let mut state = seed;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if state >> 61 == 0 { u64::MAX } else { state >> 32 }
    };
    (0..count).map(next).collect()
}

fn check<T: Voxel + Into<i64>>(raw: &[u64], shape: [usize; 3], by: &Downscale, of: impl Fn(u64) -> T) {
    let from: Vec<T> = raw.iter().map(|raw| of(*raw)).collect();
    let mut to = vec![T::default(); by.shape(shape).iter().product()];
    by.block(&from, shape, &mut to).unwrap();
    let from: Vec<i64> = from.into_iter().map(Into::into).collect();
    let to: Vec<i64> = to.into_iter().map(Into::into).collect();
    assert_eq!(to, twin(&from, shape, by), "{shape:?} {by:?}");
}

fn reduction() -> impl Strategy<Value = Downscale> {
    let edge = prop_oneof![Just(Edge::Crop), Just(Edge::Partial)];
    let rounding = prop_oneof![Just(Rounding::Down), Just(Rounding::NearestEven)];
    let factor = || prop_oneof![3 => Just(2_usize), 1 => 1..6_usize];
    ([factor(), factor(), factor()], edge, rounding)
        .prop_map(|(factors, edge, rounding)| Downscale::new(factors, edge, rounding).unwrap())
}

proptest! {
    #[test]
    fn means_are_those_of_the_twin(
        by in reduction(),
        (depth, rows, width) in (1..6_usize, 1..8_usize, prop_oneof![1..80_usize, 1000..2100_usize]),
        seed: u64,
    ) {
        let shape = [depth, rows, width];
        let raw = noise(shape.iter().product(), seed);
        check(&raw, shape, &by, |raw| raw as u8);
        check(&raw, shape, &by, |raw| raw as u16);
        check(&raw, shape, &by, |raw| raw as u32);
        check(&raw, shape, &by, |raw| raw as i16);
    }

    #[test]
    fn means_of_floats_are_near_the_exact_ones(by in reduction(), shape in [1..5_usize, 1..5, 1..40], seed: u64) {
        let raw = noise(shape.iter().product(), seed);
        let raw: Vec<i64> = raw.iter().map(|raw| (raw % 4_000_000).cast_signed()).collect();
        let from: Vec<f32> = raw.iter().map(|raw| *raw as f32 / 8.0).collect();
        let mut to = vec![0.0; by.shape(shape).iter().product()];
        by.block(&from, shape, &mut to).unwrap();
        // Thousandths and more of the mean, exactly.
        let fine: Vec<i64> = raw.iter().map(|raw| raw << 20).collect();
        for (got, exact) in to.iter().zip(twin(&fine, shape, &by)) {
            let exact = exact as f64 / f64::from(1 << 23);
            prop_assert!((f64::from(*got) - exact).abs() <= exact * 1e-6 + 1e-4, "{got} is not {exact}");
        }
    }

    #[test]
    fn planes_that_arrive_give_what_the_block_gives(by in reduction(), shape in [1..7_usize, 1..7, 1..40], gap in 0..5_usize, seed: u64) {
        let [_, rows, width] = shape;
        let from: Vec<u16> = noise(shape.iter().product(), seed).iter().map(|raw| *raw as u16).collect();
        let [layers, height, length] = by.shape(shape);
        let mut whole = vec![0; layers * height * length];
        by.block(&from, shape, &mut whole).unwrap();
        let planes: Vec<Vec<u16>> = from.chunks(rows * width).map(|plane| {
            plane.chunks(width).flat_map(|row| row.iter().copied().chain(std::iter::repeat_n(7, gap))).collect()
        }).collect();
        let mut pieces = Vec::new();
        for window in planes.chunks(by.factors[0]).take(layers) {
            let window: Vec<_> = window.iter().map(|plane| Plane::strided(plane, [rows, width], width + gap).unwrap()).collect();
            let mut room = vec![9; height * (length + gap)];
            by.window(&window, PlaneMut::strided(&mut room, [height, length], length + gap).unwrap()).unwrap();
            for row in room.chunks(length + gap) {
                pieces.extend_from_slice(&row[..length]);
                prop_assert!(row[length..].iter().all(|between| *between == 9));
            }
        }
        prop_assert_eq!(pieces, whole);
    }
}

#[rstest]
#[case::even(4, 2, 2, 2)]
#[case::odd(5, 2, 2, 3)]
#[case::one(1, 2, 1, 1)]
#[case::two_by_three(2, 3, 1, 1)]
#[case::three_by_two(3, 2, 1, 2)]
#[case::unreduced(7, 1, 7, 7)]
#[case::nothing(0, 2, 0, 0)]
fn an_axis_keeps_so_many(
    #[case] length: usize,
    #[case] factor: usize,
    #[case] crop: usize,
    #[case] partial: usize,
) {
    assert_eq!((Edge::Crop.reduced(length, factor), Edge::Partial.reduced(length, factor)), (crop, partial));
}

/// tensorstore's own examples, and the original's for signed voxels.
#[rstest]
#[case(&[0, 1], Rounding::NearestEven, 0)]
#[case(&[1, 2], Rounding::NearestEven, 2)]
#[case(&[3, 4], Rounding::NearestEven, 4)]
#[case(&[7], Rounding::NearestEven, 7)]
#[case(&[-3, -2], Rounding::NearestEven, -2)]
#[case(&[-2, -1], Rounding::NearestEven, -2)]
#[case(&[-1, -1, -1, -2], Rounding::Down, -1)]
#[case(&[0, 1], Rounding::Down, 0)]
#[case(&[-5, -6, 0], Rounding::Down, -3)]
fn ties_and_signs(#[case] voxels: &[i16], #[case] rounding: Rounding, #[case] mean: i16) {
    let by = Downscale::new([1, 1, voxels.len().max(2)], Edge::Partial, rounding).unwrap();
    let mut to = [0];
    by.block(voxels, [1, 1, voxels.len()], &mut to).unwrap();
    assert_eq!(to, [mean]);
}

#[test]
fn the_largest_window_of_the_largest_voxels_does_not_overflow() {
    let (from, mut to) = (vec![u16::MAX; MAX_WINDOW], [0]);
    let by = Downscale::new([16, 64, 64], Edge::Crop, Rounding::NearestEven).unwrap();
    by.block(&from, [16, 64, 64], &mut to).unwrap();
    assert_eq!(to, [u16::MAX]);
    for extreme in [i16::MIN, i16::MAX] {
        let (from, mut to) = (vec![extreme; MAX_WINDOW], [0]);
        by.block(&from, [16, 64, 64], &mut to).unwrap();
        assert_eq!(to, [extreme]);
    }
}

#[rstest]
#[case([0, 2, 2])]
#[case([2, 1 << 15, 2])]
#[case([usize::MAX, 2, 2])]
fn factors_that_cannot_be_meant_are_refused(#[case] factors: [usize; 3]) {
    assert_eq!(Downscale::new(factors, Edge::Crop, Rounding::Down), Err(Unfit::Factors(factors)));
}

#[test]
fn items_of_another_shape_are_refused() {
    let by = down([2, 2, 2], Edge::Crop);
    assert_eq!(by.block(&[0_u8; 7], [2, 2, 2], &mut [0]), Err(Unfit::Items { expected: 8, got: 7 }));
    assert_eq!(by.block(&[0_u8; 8], [2, 2, 2], &mut [0; 2]), Err(Unfit::Items { expected: 1, got: 2 }));
    let items = [0_u8; 6];
    let (plane, other) = (Plane::new(&items, [2, 3]).unwrap(), Plane::new(&items, [3, 2]).unwrap());
    let room = || [0; 2];
    let window = |planes: &[Plane<'_, u8>]| {
        by.window(planes, PlaneMut::new(&mut room(), [1, 2]).unwrap()).unwrap_err()
    };
    assert_eq!(window(&[]), Unfit::Planes(0));
    assert_eq!(window(&[plane; 3]), Unfit::Planes(3));
    assert_eq!(window(&[plane, other]), Unfit::Planes(2));
    assert_eq!(window(&[plane; 2]), Unfit::Room { expected: [1, 1], got: [1, 2] });
    assert!(Plane::strided(&items, [2, 3], 2).is_err());
    assert!(Plane::strided(&items, [2, 3], 4).is_err());
    assert!(Plane::strided(&items, [2, 2], 4).is_ok());
}

#[test]
fn an_empty_block_gives_an_empty_one() {
    let by = down([2, 2, 2], Edge::Partial);
    for shape in [[0, 4, 4], [4, 0, 4], [4, 4, 0]] {
        assert_eq!(by.block::<u16>(&[], shape, &mut []), Ok(()));
    }
}

/// Run alone, on a release build: `cargo test --release -p adt-codec --lib gigabytes -- --ignored --nocapture`.
#[rstest]
#[case::light_sheet([2, 2, 2])]
#[case::flat([1, 2, 2])]
#[case::long([2, 2, 4])]
#[case::thirds([3, 3, 3])]
#[ignore = "measures, and judges nothing"]
fn gigabytes_of_input_per_second(#[case] factors: [usize; 3]) {
    fn measure<T: Voxel>(by: &Downscale, of: impl Fn(u64) -> T) -> f64 {
        let shape = [32, 2048, 2048];
        let from: Vec<T> = noise(shape.iter().product(), 1).into_iter().map(of).collect();
        let mut to = vec![T::default(); by.shape(shape).iter().product()];
        let pass = |_| {
            let begun = std::time::Instant::now();
            by.block(&from, shape, std::hint::black_box(&mut to)).unwrap();
            size_of_val(from.as_slice()) as f64 / begun.elapsed().as_secs_f64() / 1e9
        };
        (0..7).map(pass).fold(0.0, f64::max)
    }
    for rounding in [Rounding::Down, Rounding::NearestEven] {
        let by = Downscale::new(factors, Edge::Crop, rounding).unwrap();
        let narrow =
            [measure(&by, |raw| raw as u8), measure(&by, |raw| raw as u16), measure(&by, |raw| raw as i16)];
        let wide = [measure(&by, |raw| raw as u32), measure(&by, |raw| raw as f32)];
        println!("{factors:?} {rounding:?}: u8, u16, i16 {narrow:.2?}; u32, f32 {wide:.2?} GB/s");
    }
}

/// The other passes over planes of u16, as above.
#[test]
#[ignore = "measures, and judges nothing"]
fn gigabytes_of_planes_per_second() {
    use crate::{Intensities, Projections, background::subtract};

    let voxels: Vec<u16> = noise(8 * 2048 * 2048, 1).into_iter().map(|raw| 100 + (raw & 31) as u16).collect();
    let planes = || voxels.chunks_exact(2048 * 2048);
    let measure = |name: &str, pass: &mut dyn FnMut()| {
        let seconds = (0..5).map(|_| {
            let begun = std::time::Instant::now();
            pass();
            begun.elapsed().as_secs_f64()
        });
        let best = seconds.fold(f64::INFINITY, f64::min);
        println!("{name}: {:.2} GB/s", size_of_val(voxels.as_slice()) as f64 / best / 1e9);
    };
    let mut projections = Projections::new([8, 2048, 2048]);
    measure("projections", &mut || {
        planes().enumerate().for_each(|(z, plane)| {
            projections.add([z, 0, 0], Plane::new(plane, [2048, 2048]).unwrap());
        });
    });
    let mut intensities = Intensities::new();
    measure("intensities", &mut || planes().for_each(|plane| intensities.count(plane)));
    let (background, mut out) = (vec![90; 2048 * 2048], vec![0; 2048 * 2048]);
    measure("background", &mut || planes().for_each(|plane| subtract(plane, &background, &mut out)));
}
