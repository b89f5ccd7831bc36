//! Fewer voxels: each is the mean of a window of those there were.
//!
//! Axes are z, y, x, items in C order. Windows do not overlap and begin at the origin, so a block that begins at a multiple of
//! the factors gives the same voxels as the whole would. Means of integers are those of the exact sums.
//!
//! Source: `windowed_mean` of xarray-multiscale 2.1.0 for [`Edge::Crop`] with [`Rounding::Down`]; `downsample` of tensorstore
//! for [`Edge::Partial`] with [`Rounding::NearestEven`].

#![expect(
    clippy::inline_always,
    reason = "what is not written out in a function that is compiled for wide vectors runs without them"
)]

mod mean;
mod plane;
mod voxel;

pub use plane::{Plane, PlaneMut};
pub use voxel::Voxel;

use mean::{Job, Window};

/// The most voxels of a window: their sum is held in 32 bits.
pub const MAX_WINDOW: usize = 1 << 16;

/// What becomes of the end of an axis that is no multiple of its factor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Edge {
    /// It is left out; an axis shorter than its factor gives one voxel, the mean of what there is.
    #[default]
    Crop,
    /// One more voxel, the mean of what there is.
    Partial,
}

impl Edge {
    /// How many voxels an axis of `length` gives.
    pub fn reduced(self, length: usize, factor: usize) -> usize {
        match self {
            Self::Crop => (length / factor).max(length.min(1)),
            Self::Partial => length.div_ceil(factor),
        }
    }
}

/// Which integer stands for a mean that lies between two. Means of floats are rounded as floats are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// The one nearer to zero. Darkens by some 0.44 counts with each level of 2×2×2.
    #[default]
    Down,
    /// The nearer one; of two that are as near, the even one. Does not darken.
    NearestEven,
}

/// A reduction that cannot be meant, or items that are not of the shape that was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A factor of 0, or a window of more than [`MAX_WINDOW`] voxels.
    #[error("factors {0:?} are not usable")]
    Factors([usize; 3]),
    /// Of a plane or of a block.
    #[error("{got} items where the shape has {expected}")]
    Items {
        /// By the shape.
        expected: usize,
        /// As given.
        got: usize,
    },
    /// No plane, more planes than the factor, or planes of different shapes.
    #[error("{0} planes, or of different shapes, are no window")]
    Planes(usize),
    /// The room for the outcome is not of its shape.
    #[error("the outcome has shape {expected:?}, there is room for {got:?}")]
    Room {
        /// Of the outcome.
        expected: [usize; 2],
        /// Of the room.
        got: [usize; 2],
    },
}

/// A reduction by whole factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Downscale {
    factors: [usize; 3],
    edge: Edge,
    rounding: Rounding,
}

impl Downscale {
    /// Factors along z, y and x, each 1 or more.
    pub fn new(factors: [usize; 3], edge: Edge, rounding: Rounding) -> Result<Self, Unfit> {
        let voxels = factors.iter().try_fold(1_usize, |product, factor| product.checked_mul(*factor));
        match voxels {
            Some(1..=MAX_WINDOW) => Ok(Self { factors, edge, rounding }),
            _ => Err(Unfit::Factors(factors)),
        }
    }

    /// Along z, y and x.
    pub fn factors(&self) -> [usize; 3] {
        self.factors
    }

    /// What a block of this shape becomes.
    pub fn shape(&self, of: [usize; 3]) -> [usize; 3] {
        std::array::from_fn(|axis| self.edge.reduced(of[axis], self.factors[axis]))
    }

    /// One plane of the outcome, from the planes of its window: as many as the factor along z, fewer at an edge. Planes may come
    /// as they arrive; nothing is kept between calls and nothing is allocated.
    pub fn window<T: Voxel>(&self, from: &[Plane<'_, T>], to: PlaneMut<'_, T>) -> Result<(), Unfit> {
        let alike = |first: &Plane<'_, T>| from.iter().all(|plane| plane.shape() == first.shape());
        match from.first() {
            Some(first) if from.len() <= self.factors[0] && alike(first) => {
                self.one(Window::Planes(from), first.shape(), to)
            }
            _ => Err(Unfit::Planes(from.len())),
        }
    }

    /// A whole block, its items and those of the outcome without gaps.
    pub fn block<T: Voxel>(&self, from: &[T], shape: [usize; 3], to: &mut [T]) -> Result<(), Unfit> {
        let [depth, rows, width] = shape;
        let [layers, height, length] = self.shape(shape);
        fits(from.len(), &shape)?;
        fits(to.len(), &[layers, height, length])?;
        let (plane, room) = (rows * width, height * length);
        if plane == 0 || depth == 0 {
            return Ok(());
        }
        for (layer, to) in to.chunks_exact_mut(room).enumerate() {
            let first = layer * self.factors[0];
            let last = (first + self.factors[0]).min(depth);
            let window = Window::Block(&from[first * plane..last * plane], [rows, width]);
            self.one(window, [rows, width], PlaneMut::new(to, [height, length])?)?;
        }
        Ok(())
    }

    fn one<T: Voxel>(
        &self,
        from: Window<'_, T>,
        shape: [usize; 2],
        to: PlaneMut<'_, T>,
    ) -> Result<(), Unfit> {
        let [_, fy, fx] = self.factors;
        let expected = [self.edge.reduced(shape[0], fy), self.edge.reduced(shape[1], fx)];
        if to.shape() != expected {
            return Err(Unfit::Room { expected, got: to.shape() });
        }
        T::reduce(&Job { from, shape, factors: [fy, fx], rounding: self.rounding }, to);
        Ok(())
    }
}

fn fits(got: usize, shape: &[usize]) -> Result<(), Unfit> {
    let expected = shape.iter().try_fold(1_usize, |product, extent| product.checked_mul(*extent));
    match expected {
        Some(expected) if expected == got => Ok(()),
        expected => Err(Unfit::Items { expected: expected.unwrap_or(usize::MAX), got }),
    }
}

#[cfg(test)]
mod tests;
