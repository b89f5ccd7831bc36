use adt_model::Edge;

use super::Extent;

/// How an image is made smaller, level after level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pyramid {
    /// From one level to the next.
    pub factors: Extent,
    /// Of axes that are no multiple of their factor.
    pub edge: Edge,
    /// Voxels of a chunk; smaller levels have smaller ones.
    pub chunk: Extent,
    /// Chunks of a shard along each axis; `None`: every chunk is an object of its own.
    pub shard: Option<Extent>,
    /// How many levels, with the image itself; `None`: until the image fits into one chunk.
    pub levels: Option<u32>,
}

/// One size of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Voxels.
    pub shape: Extent,
    /// From the level before: 1 along an axis that is too short to be made shorter. `[1, 1, 1]` for the image itself.
    pub step: Extent,
    /// Voxels of the image along one of this level: the product of the steps.
    pub factor: Extent,
    /// Voxels of a chunk: never more than the level has.
    pub chunk: Extent,
    /// Voxels of an object: of a shard, just large enough for the level at most, or of a chunk.
    pub object: Extent,
}

/// Why there is no such pyramid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PyramidError {
    /// A factor, a chunk, a shard, an image without extent, or no level at all.
    Empty,
    /// A count beyond 64 bits.
    Large,
}

impl Pyramid {
    /// The levels of an image, the image itself first.
    ///
    /// A fixed number is always reached: an axis that is too short stays as it is. Each level is made of the one before.
    pub fn levels(&self, image: Extent) -> Result<Vec<Level>, PyramidError> {
        let counts = [image, self.factors, self.chunk, self.shard.unwrap_or([1; 3])];
        if counts.iter().flatten().any(|count| *count == 0) || self.levels == Some(0) {
            return Err(PyramidError::Empty);
        }
        let mut levels = vec![self.level(image, [1; 3], [1; 3])?];
        while self.levels.is_none_or(|wanted| (levels.len() as u64) < u64::from(wanted)) {
            let last = levels[levels.len() - 1];
            let step: Extent = std::array::from_fn(|axis| self.step(last.shape[axis], self.factors[axis]));
            let fits = (0..3).all(|axis| last.shape[axis] <= self.chunk[axis]);
            if self.levels.is_none() && (fits || step == [1; 3]) {
                break;
            }
            let shape = std::array::from_fn(|axis| self.reduced(last.shape[axis], step[axis]));
            levels.push(self.level(shape, step, last.factor)?);
        }
        Ok(levels)
    }

    /// An axis that cannot give one whole window, or is one voxel long already, is left as it is: its voxels keep their size.
    fn step(&self, length: u64, factor: u64) -> u64 {
        match self.edge {
            Edge::Crop if length < factor => 1,
            Edge::Partial if length == 1 => 1,
            _ => factor,
        }
    }

    fn reduced(&self, length: u64, step: u64) -> u64 {
        match self.edge {
            Edge::Crop => length / step,
            Edge::Partial => length.div_ceil(step),
        }
    }

    fn level(&self, shape: Extent, step: Extent, before: Extent) -> Result<Level, PyramidError> {
        let mut level = Level { shape, step, factor: before, chunk: self.chunk, object: self.chunk };
        for axis in 0..3 {
            level.factor[axis] = before[axis].checked_mul(step[axis]).ok_or(PyramidError::Large)?;
            level.chunk[axis] = self.chunk[axis].min(shape[axis]);
            let chunks = shape[axis].div_ceil(level.chunk[axis]);
            let most = self.shard.map_or(1, |shard| shard[axis]).min(chunks);
            level.object[axis] = level.chunk[axis].checked_mul(most).ok_or(PyramidError::Large)?;
        }
        Ok(level)
    }
}

impl Level {
    /// Objects along each axis.
    pub fn grid(&self) -> Extent {
        std::array::from_fn(|axis| self.shape[axis].div_ceil(self.object[axis]))
    }

    /// Objects of the level.
    pub fn objects(&self) -> u64 {
        self.grid().iter().product()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn pyramid(factors: Extent, edge: Edge, chunk: Extent, levels: Option<u32>) -> Pyramid {
        Pyramid { factors, edge, chunk, shard: None, levels }
    }

    fn shapes(pyramid: &Pyramid, image: Extent) -> Vec<Extent> {
        pyramid.levels(image).unwrap().iter().map(|level| level.shape).collect()
    }

    #[rstest]
    #[case::cropped(Edge::Crop, &[[9, 21, 33], [4, 10, 16], [2, 5, 8], [1, 2, 4], [1, 1, 2]])]
    #[case::partial(Edge::Partial, &[[9, 21, 33], [5, 11, 17], [3, 6, 9], [2, 3, 5], [1, 2, 3]])]
    fn each_level_is_of_the_one_before(#[case] edge: Edge, #[case] expected: &[Extent]) {
        assert_eq!(shapes(&pyramid([2; 3], edge, [4, 8, 8], Some(5)), [9, 21, 33]), expected);
    }

    #[test]
    fn an_axis_that_is_too_short_keeps_its_voxels() {
        let levels = pyramid([2, 3, 2], Edge::Crop, [64; 3], Some(4)).levels([1, 2, 16]).unwrap();
        assert_eq!(
            levels[3],
            Level {
                shape: [1, 2, 2],
                step: [1, 1, 2],
                factor: [1, 1, 8],
                chunk: [1, 2, 2],
                object: [1, 2, 2]
            }
        );
        let levels = pyramid([2, 3, 2], Edge::Partial, [64; 3], Some(3)).levels([1, 2, 3]).unwrap();
        assert_eq!(
            levels.iter().map(|level| level.factor).collect::<Vec<_>>(),
            [[1, 1, 1], [1, 3, 2], [1, 3, 4]]
        );
    }

    /// The exaSPIM tile of the cluster's design, and the ends of the range.
    #[rstest]
    #[case::exaspim([27_000, 10_640, 14_192], Edge::Crop, [2; 3], [256; 3], 7 + 1)]
    #[case::one_chunk([100, 256, 20], Edge::Crop, [2; 3], [256; 3], 1)]
    #[case::flat([1, 5000, 5000], Edge::Crop, [2; 3], [256; 3], 6)]
    #[case::thin_chunks([1000, 3, 3], Edge::Crop, [2; 3], [1; 3], 10)]
    #[case::unreduced([1000; 3], Edge::Crop, [1; 3], [256; 3], 1)]
    #[case::planes_only([1000; 3], Edge::Partial, [1, 2, 2], [64; 3], 11)]
    #[case::smallest([1; 3], Edge::Partial, [2; 3], [1; 3], 1)]
    fn levels_end_when_the_image_fits_into_a_chunk(
        #[case] image: Extent,
        #[case] edge: Edge,
        #[case] factors: Extent,
        #[case] chunk: Extent,
        #[case] count: usize,
    ) {
        assert_eq!(pyramid(factors, edge, chunk, None).levels(image).unwrap().len(), count);
    }

    #[test]
    fn shards_are_no_larger_than_a_level_needs() {
        let pyramid = Pyramid { shard: Some([4, 4, 4]), ..pyramid([2; 3], Edge::Crop, [128; 3], Some(3)) };
        let levels = pyramid.levels([300, 2048, 2048]).unwrap();
        let seen: Vec<_> = levels.iter().map(|level| (level.chunk, level.object, level.objects())).collect();
        assert_eq!(
            seen,
            [
                ([128; 3], [384, 512, 512], 16),
                ([128; 3], [256, 512, 512], 4),
                ([75, 128, 128], [75, 512, 512], 1),
            ]
        );
    }

    #[rstest]
    #[case::image([0, 1, 1], [2; 3], Some(1), PyramidError::Empty)]
    #[case::factor([1; 3], [2, 0, 2], None, PyramidError::Empty)]
    #[case::levels([1; 3], [2; 3], Some(0), PyramidError::Empty)]
    #[case::factors([u64::MAX; 3], [1 << 60; 3], Some(3), PyramidError::Empty)]
    fn what_has_no_levels_is_said(
        #[case] image: Extent,
        #[case] factors: Extent,
        #[case] levels: Option<u32>,
        #[case] error: PyramidError,
    ) {
        let found = pyramid(factors, Edge::Crop, [1; 3], levels).levels(image);
        if image[0] < u64::MAX {
            assert_eq!(found, Err(error));
        } else {
            // 15 voxels are left, fewer than a window.
            assert_eq!(found.unwrap()[2].shape, [15; 3]);
        }
    }
}
