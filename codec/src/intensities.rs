//! How often each brightness occurs.

use std::marker::PhantomData;

use crate::downscale::Voxel;

/// A count for each of 65536 kinds of brightness; 512 KiB, whatever is counted.
const KINDS: usize = 1 << 16;

/// How often each brightness occurs: percentiles of any number of voxels.
///
/// Exact for `u8`, `u16` and `i16`. Voxels of 32 bits are counted by their leading digits: a percentile is at most 0.4 % (`u32`)
/// or 0.8 % (`f32`) below a voxel that occurs. NaN is not counted. The order of counting does not matter, so several of these
/// add up to the same, whichever thread counted what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intensities<T> {
    counts: Vec<u64>,
    voxel: PhantomData<T>,
}

impl<T: Voxel> Default for Intensities<T> {
    fn default() -> Self {
        Self { counts: vec![0; KINDS], voxel: PhantomData }
    }
}

impl<T: Voxel> Intensities<T> {
    /// Of nothing so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds voxels.
    pub fn count(&mut self, voxels: &[T]) {
        for voxel in voxels.iter().filter(|voxel| voxel.partial_cmp(voxel).is_some()) {
            self.counts[usize::from(voxel.kind())] += 1;
        }
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        for (own, other) in self.counts.iter_mut().zip(&other.counts) {
            *own += other;
        }
    }

    /// Each kind of brightness that occurs, and how often: what [`Intensities::add`] takes.
    pub fn kinds(&self) -> impl Iterator<Item = (u16, u64)> + '_ {
        let seen = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        seen.map(|(kind, count)| (kind as u16, *count))
    }

    /// Adds what was counted of a kind.
    pub fn add(&mut self, kind: u16, count: u64) {
        self.counts[usize::from(kind)] += count;
    }

    /// How many were counted.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The least brightness that at least so much of all voxels do not exceed, from 0, the darkest, to 100, the brightest. `None`
    /// of nothing.
    pub fn percentile(&self, percent: f64) -> Option<f64> {
        // Divided last: 7 % of 100 are 7, and 0.07 * 100 is more than that.
        let rank = (self.total() as f64 * percent.clamp(0.0, 100.0) / 100.0).ceil().max(1.0) as u64;
        let mut seen = 0;
        let kind = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        Some(T::of_kind(kind as u16))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case::darkest(0.0, 2.0)]
    #[case::half(50.0, 7.0)]
    #[case::just_beyond(50.1, 9.0)]
    #[case::brightest(100.0, 65_535.0)]
    #[case::beyond(1000.0, 65_535.0)]
    fn percentiles_are_voxels_that_occur(#[case] percent: f64, #[case] brightness: f64) {
        let mut intensities = Intensities::<u16>::new();
        assert_eq!(intensities.percentile(percent), None);
        intensities.count(&[9, 2, 65_535, 7]);
        assert_eq!(intensities.percentile(percent), Some(brightness));
    }

    /// Sorts, and takes the one of that rank.
    fn ranked<T: Copy + PartialOrd>(voxels: &[T], percent: f64) -> T {
        let mut sorted = voxels.to_vec();
        sorted.sort_by(|a, b| a.partial_cmp(b).unwrap());
        sorted[((voxels.len() as f64 * percent / 100.0).ceil() as usize).max(1) - 1]
    }

    fn counted<T: Voxel>(voxels: &[T], cut: usize) -> Intensities<T> {
        let (head, tail) = voxels.split_at(cut.min(voxels.len()));
        let (mut whole, mut other) = (Intensities::new(), Intensities::new());
        whole.count(tail);
        other.count(head);
        whole.merge(&other);
        whole
    }

    proptest! {
        #[test]
        fn small_voxels_are_counted_exactly(voxels in prop::collection::vec(any::<i16>(), 1..200), cut: u8, percent in 0..=100_u8) {
            let percent = f64::from(percent);
            prop_assert_eq!(counted(&voxels, cut.into()).percentile(percent), Some(f64::from(ranked(&voxels, percent))));
            let narrow: Vec<u8> = voxels.iter().map(|voxel| *voxel as u8).collect();
            prop_assert_eq!(counted(&narrow, cut.into()).percentile(percent), Some(f64::from(ranked(&narrow, percent))));
        }

        #[test]
        fn large_voxels_are_counted_by_their_leading_digits(
            voxels in prop::collection::vec(prop_oneof![any::<u32>(), 0..70_000_u32], 1..200), cut: u8, percent in 0..=100_u8,
        ) {
            let percent = f64::from(percent);
            let (got, exact) = (counted(&voxels, cut.into()).percentile(percent).unwrap(), f64::from(ranked(&voxels, percent)));
            prop_assert!(got <= exact && got >= exact * 0.996, "{got} stands for {exact}");
            let floats: Vec<f32> = voxels.iter().map(|voxel| (voxel.cast_signed() / 7) as f32).collect();
            let (got, exact) = (counted(&floats, cut.into()).percentile(percent).unwrap(), f64::from(ranked(&floats, percent)));
            prop_assert!(got <= exact && got >= exact - exact.abs() * 0.008, "{got} stands for {exact}");
        }
    }

    #[test]
    fn what_is_no_number_is_not_counted() {
        let mut intensities = Intensities::new();
        intensities.count(&[f32::NAN, 0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY]);
        assert_eq!(intensities.total(), 4);
        assert_eq!(intensities.percentile(0.0), Some(f64::NEG_INFINITY));
        assert_eq!(intensities.percentile(50.0), Some(0.0));
        assert_eq!(intensities.percentile(100.0), Some(f64::INFINITY));
    }
}
