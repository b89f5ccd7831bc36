//! The brightest voxel along each axis.

use crate::downscale::{Plane, Voxel};

/// Maximum-intensity projections of a volume along all three axes, in one pass over it.
///
/// Planes may come in any order, whole or in parts; several of these, each of parts of one volume, add up by
/// [`Projections::merge`]. NaN is passed over; where nothing came there is the least voxel.
#[derive(Clone, Debug, PartialEq)]
pub struct Projections<T> {
    shape: [usize; 3],
    /// Along z, y, x.
    maxima: [Vec<T>; 3],
}

impl<T: Voxel> Projections<T> {
    /// Of nothing so far, of a volume of these planes, rows and columns.
    pub fn new(shape: [usize; 3]) -> Self {
        let [depth, rows, width] = shape;
        let room = |count| vec![T::LEAST; count];
        Self { shape, maxima: [room(rows * width), room(depth * width), room(depth * rows)] }
    }

    /// Takes the plane, or a part of it, whose first voxel is at z, y, x.
    ///
    /// Panics when it lies beyond the volume.
    pub fn add(&mut self, [z, y, x]: [usize; 3], plane: Plane<'_, T>) {
        let [depth, rows, width] = self.shape;
        let [height, length] = plane.shape();
        assert!(z < depth && y + height <= rows && x + length <= width, "a plane lies within the volume");
        let [along_z, along_y, along_x] = &mut self.maxima;
        let along_y = &mut along_y[z * width + x..][..length];
        for row in 0..height {
            let seen = &mut along_z[(y + row) * width + x..][..length];
            let brightest = T::brightest(plane.row(row), seen, along_y);
            let end = &mut along_x[z * rows + y + row];
            *end = T::brighter(*end, brightest);
        }
    }

    /// Takes what another has seen of the same volume.
    ///
    /// Panics when it is of another shape.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.shape, other.shape, "both are of one volume");
        for (own, others) in self.maxima.iter_mut().zip(&other.maxima) {
            for (own, other) in own.iter_mut().zip(others) {
                *own = T::brighter(*own, *other);
            }
        }
    }

    /// Along z, y or x (0, 1, 2): the items, and the shape of the image they make: the other two axes in order.
    ///
    /// Panics for any other axis.
    pub fn along(&self, axis: usize) -> (&[T], [usize; 2]) {
        let [depth, rows, width] = self.shape;
        (&self.maxima[axis], [[rows, width], [depth, width], [depth, rows]][axis])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(items: &[i16], [depth, rows, width]: [usize; 3], axis: usize) -> Vec<i16> {
        let at = |z, y, x| items[(z * rows + y) * width + x];
        let most = |voxels: &mut dyn Iterator<Item = i16>| voxels.max().unwrap();
        match axis {
            0 => (0..rows * width)
                .map(|i| most(&mut (0..depth).map(|z| at(z, i / width, i % width))))
                .collect(),
            1 => (0..depth * width)
                .map(|i| most(&mut (0..rows).map(|y| at(i / width, y, i % width))))
                .collect(),
            _ => {
                (0..depth * rows).map(|i| most(&mut (0..width).map(|x| at(i / rows, i % rows, x)))).collect()
            }
        }
    }

    proptest! {
        #[test]
        fn all_three_come_of_one_pass_in_parts(shape in [1..5_usize, 1..6, 1..70], cut in (0..6_usize, 0..70_usize), seed: u64) {
            let [depth, rows, width] = shape;
            let mut state = seed;
            let items: Vec<i16> = (0..depth * rows * width).map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99);
                (state >> 48) as i16
            }).collect();
            let (row, column) = (cut.0.min(rows), cut.1.min(width));
            let mut parts = [Projections::new(shape), Projections::new(shape)];
            for z in (0..depth).rev() {
                let plane = &items[z * rows * width..][..rows * width];
                for (n, (ys, xs)) in [(0..row, 0..width), (row..rows, 0..column), (row..rows, column..width)].into_iter().enumerate() {
                    if ys.is_empty() || xs.is_empty() { continue; }
                    let part = Plane::strided(&plane[ys.start * width + xs.start..], [ys.len(), xs.len()], width).unwrap();
                    parts[n % 2].add([z, ys.start, xs.start], part);
                }
            }
            let [mut whole, other] = parts;
            whole.merge(&other);
            for axis in 0..3 {
                let (image, size) = whole.along(axis);
                prop_assert_eq!(image, naive(&items, shape, axis));
                prop_assert_eq!(image.len(), size[0] * size[1]);
            }
        }
    }

    #[test]
    fn what_is_no_number_is_passed_over() {
        let mut projections = Projections::new([1, 1, 3]);
        projections.add([0; 3], Plane::new(&[1.0_f32, f32::NAN, -2.0], [1, 3]).unwrap());
        assert_eq!(projections.along(2).0, [1.0]);
        assert_eq!(projections.along(0).0, [1.0, f32::NEG_INFINITY, -2.0]);
    }
}
