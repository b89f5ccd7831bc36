//! The light that a camera sees without a specimen.

use multiversion::multiversion;

use crate::downscale::{Unfit, Voxel};

/// What is taken off every plane of a tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Background {
    items: Vec<u16>,
    shape: [usize; 2],
}

/// How the size of a background differs from that of the planes; both may hold, one for each axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fitted {
    /// It was larger along some axis: what is beyond was left out.
    pub cropped: bool,
    /// It was smaller along some axis: its last row or column stands for what is beyond.
    pub padded: bool,
}

impl Background {
    /// Rows and columns, and the items without gaps; neither may be 0.
    pub fn new(items: Vec<u16>, shape: [usize; 2]) -> Result<Self, Unfit> {
        let expected = shape[0].saturating_mul(shape[1]);
        if expected == 0 || expected != items.len() {
            return Err(Unfit::Items { expected, got: items.len() });
        }
        Ok(Self { items, shape })
    }

    /// Rows and columns.
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// The items of a row.
    pub fn row(&self, row: usize) -> &[u16] {
        &self.items[row * self.shape[1]..][..self.shape[1]]
    }

    /// The same for planes of another size: cropped from the origin, or continued with what is at the edge.
    pub fn fit(self, shape: [usize; 2]) -> (Self, Fitted) {
        let fitted = Fitted {
            cropped: self.shape[0] > shape[0] || self.shape[1] > shape[1],
            padded: self.shape[0] < shape[0] || self.shape[1] < shape[1],
        };
        if self.shape == shape {
            return (self, fitted);
        }
        let mut items = Vec::with_capacity(shape[0] * shape[1]);
        for row in 0..shape[0] {
            let row = self.row(row.min(self.shape[0] - 1));
            let (whole, edge) = (row.len().min(shape[1]), row[row.len() - 1]);
            items.extend_from_slice(&row[..whole]);
            items.resize((items.len() - whole) + shape[1], edge);
        }
        (Self { items, shape }, fitted)
    }
}

/// A voxel that a background can be taken off: `u8` or `u16`.
pub trait Lit: Voxel + Into<u16> {}

impl Lit for u8 {}

impl Lit for u16 {}

/// `voxels - background`, 0 where that is negative. All three are of one length, such as a row.
///
/// Panics when they are not.
pub fn subtract<T: Lit>(voxels: &[T], background: &[u16], out: &mut [u16]) {
    assert!(voxels.len() == out.len() && background.len() == out.len(), "all three are of one length");
    for ((out, voxel), background) in out.iter_mut().zip(voxels).zip(background) {
        *out = (*voxel).into().saturating_sub(*background);
    }
}

/// The same, where the voxels are.
///
/// Panics when the lengths differ.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
pub fn subtract_in_place(voxels: &mut [u16], background: &[u16]) {
    assert_eq!(voxels.len(), background.len(), "both are of one length");
    for (voxel, background) in voxels.iter_mut().zip(background) {
        *voxel = voxel.saturating_sub(*background);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case::same([2, 2], &[1, 2, 3, 4], false, false)]
    #[case::larger([1, 1], &[1], true, false)]
    #[case::smaller([3, 3], &[1, 2, 2, 3, 4, 4, 3, 4, 4], false, true)]
    #[case::both([1, 3], &[1, 2, 2], true, true)]
    fn a_background_of_another_size_is_cropped_or_continued(
        #[case] shape: [usize; 2],
        #[case] items: &[u16],
        #[case] cropped: bool,
        #[case] padded: bool,
    ) {
        let (fit, fitted) = Background::new(vec![1, 2, 3, 4], [2, 2]).unwrap().fit(shape);
        assert_eq!((fit.items.as_slice(), fit.shape()), (items, shape));
        assert_eq!(fitted, Fitted { cropped, padded });
    }

    #[rstest]
    #[case(&[1, 2, 3], [2, 2])]
    #[case(&[], [0, 2])]
    fn a_background_without_its_items_is_refused(#[case] items: &[u16], #[case] shape: [usize; 2]) {
        assert!(Background::new(items.to_vec(), shape).is_err());
    }

    proptest! {
        #[test]
        fn what_is_left_is_clipped_at_zero(pairs: Vec<(u16, u16)>) {
            let (mut voxels, background): (Vec<u16>, Vec<u16>) = pairs.iter().copied().unzip();
            let clipped = |voxel: u16, background: u16| (i32::from(voxel) - i32::from(background)).clamp(0, 65_535) as u16;
            let mut out = vec![0; pairs.len()];
            let narrow: Vec<u8> = voxels.iter().map(|voxel| *voxel as u8).collect();
            subtract(&narrow, &background, &mut out);
            for ((out, voxel), background) in out.iter().zip(&narrow).zip(&background) {
                prop_assert_eq!(*out, clipped((*voxel).into(), *background));
            }
            subtract(&voxels, &background, &mut out);
            subtract_in_place(&mut voxels, &background);
            prop_assert_eq!(&voxels, &out);
            for (out, (voxel, background)) in out.iter().zip(&pairs) {
                prop_assert_eq!(*out, clipped(*voxel, *background));
            }
        }
    }
}
