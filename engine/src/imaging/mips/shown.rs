//! A projection small and grey, for people.

use adt_codec::{
    Intensities,
    downscale::{Downscale, Edge, Plane, PlaneMut, Rounding},
};
use adt_formats::image::grey_png;
use adt_model::{Class, Fault};

use super::super::sample::Sample;

/// Pixels along its longer side, at most.
const LONGEST: usize = 512;

/// What is black and what is white, percent of the pixels.
const SHOWN: [f64; 2] = [1.0, 99.8];

/// A PNG of 8 bits: means of squares, from black to white by percentiles.
pub(super) fn preview<T: Sample + Into<f64>>(items: &[T], shape: [usize; 2]) -> Result<Vec<u8>, Fault> {
    let mut seen = Intensities::<T>::new();
    seen.count(items);
    let [black, white] = SHOWN.map(|percent| seen.percentile(percent).filter(|value| value.is_finite()));
    let (black, white) = (black.unwrap_or(0.0), white.unwrap_or(0.0));
    // Images of one brightness are grey.
    let width = if white > black { white - black } else { f64::INFINITY };
    let (small, [rows, columns]) = small(items, shape)?;
    let grey = |item: T| {
        let light = (item.into() - black) / width;
        (light.clamp(0.0, 1.0) * 255.0).round() as u8
    };
    let pixels: Vec<u8> = small.into_iter().map(grey).collect();
    grey_png(&pixels, [rows, columns])
}

fn small<T: Sample>(items: &[T], shape: [usize; 2]) -> Result<(Vec<T>, [usize; 2]), Fault> {
    let unfit = |error| Fault::new(Class::Bug, "a projection cannot be made smaller").because(error);
    let [mut rows, mut columns] = shape;
    let mut now = items.to_vec();
    // Windows have a limit: images of a hundred thousand pixels take two steps.
    while rows.max(columns) > LONGEST {
        let factor = rows.max(columns).div_ceil(LONGEST).min(255);
        let rule =
            Downscale::new([1, factor, factor], Edge::Partial, Rounding::NearestEven).map_err(unfit)?;
        let [_, height, width] = rule.shape([1, rows, columns]);
        let mut next = vec![T::zeroed(); height * width];
        let plane = Plane::new(&now, [rows, columns]).map_err(unfit)?;
        rule.window(&[plane], PlaneMut::new(&mut next, [height, width]).map_err(unfit)?).map_err(unfit)?;
        (now, rows, columns) = (next, height, width);
    }
    Ok((now, [rows, columns]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case([3, 4], [3, 4])]
    #[case([600, 1000], [300, 500])]
    #[case([1, 513], [1, 257])]
    fn the_longer_side_fits(#[case] shape: [usize; 2], #[case] expected: [usize; 2]) {
        let items = vec![7_u16; shape[0] * shape[1]];
        let (small, found) = small(&items, shape).unwrap();
        assert_eq!(found, expected);
        assert!(small.iter().all(|item| *item == 7));
    }

    #[rstest]
    #[case::even(&[5.0; 6])]
    #[case::nan(&[f32::NAN; 6])]
    fn images_of_nothing_are_images(#[case] items: &[f32]) {
        assert!(preview(items, [2, 3]).unwrap().starts_with(b"\x89PNG"));
    }
}
