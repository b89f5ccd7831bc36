//! How an item is worked through: in boxes of whole chunks, each of which gives its part of the next level as soon as it is there.
//!
//! Boxes have the same sides on every level and are multiples of a chunk and of the factors, so a box of one level becomes a part of
//! exactly one box of the next, and no window lies across two of them. In Morton order the boxes that make one of the next
//! level follow each other, so that no more than one of each level is open at once (where there are more along x, one row of them).

use adt_plan::imaging::{Edge, Extent, Item, Level, Partition, Stage};

/// The boxes of an item.
#[derive(Debug)]
pub(super) struct Boxes {
    side: Extent,
    edge: Edge,
    /// Of the level that is read, and of each that is made of it.
    grids: Vec<Grid>,
}

/// The part of a level that an item has.
#[derive(Debug)]
struct Grid {
    start: Extent,
    shape: Extent,
    /// From the level before.
    step: Extent,
    count: Extent,
}

/// Where a box goes in the next level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parent {
    /// Its box.
    pub at: Extent,
    /// The first voxel in that box.
    pub offset: Extent,
    /// Voxels.
    pub shape: Extent,
}

/// Voxels of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub start: Extent,
    pub shape: Extent,
}

impl Boxes {
    pub(super) fn new(partition: &Partition, stage: &Stage, item: &Item, side: Extent, edge: Edge) -> Self {
        let grid = |level: usize| {
            let owned = partition.owned(stage, item, level);
            let step = if level == stage.source { [1; 3] } else { partition.levels()[level].step };
            let count = std::array::from_fn(|axis| owned.shape[axis].div_ceil(side[axis]));
            Grid { start: owned.start, shape: owned.shape, step, count }
        };
        Self { side, edge, grids: (stage.source..=stage.last).map(grid).collect() }
    }

    /// The boxes that are read, in Morton order.
    pub(super) fn leaves(&self) -> Vec<Extent> {
        let [depth, rows, columns] = self.grids[0].count;
        let mut all: Vec<Extent> = (0..depth)
            .flat_map(|z| (0..rows).flat_map(move |y| (0..columns).map(move |x| [z, y, x])))
            .collect();
        all.sort_by_key(|at| morton(*at));
        all
    }

    /// What a box is of its level; `level` counts from the one that is read.
    pub(super) fn span(&self, level: usize, at: Extent) -> Span {
        let grid = &self.grids[level];
        let from: Extent = std::array::from_fn(|axis| at[axis] * self.side[axis]);
        Span {
            start: std::array::from_fn(|axis| grid.start[axis] + from[axis]),
            shape: std::array::from_fn(|axis| (grid.shape[axis] - from[axis]).min(self.side[axis])),
        }
    }

    /// Where a box goes in the next level; `None` on the last one, and for a rest that gives no voxel.
    pub(super) fn parent(&self, level: usize, at: Extent) -> Option<Parent> {
        let next = self.grids.get(level + 1)?;
        let span = self.span(level, at);
        let parent = Parent {
            at: std::array::from_fn(|axis| at[axis] / next.step[axis]),
            offset: std::array::from_fn(|axis| {
                at[axis] % next.step[axis] * self.side[axis] / next.step[axis]
            }),
            shape: std::array::from_fn(|axis| self.reduced(span.shape[axis], next.step[axis])),
        };
        parent.shape.iter().all(|voxels| *voxels > 0).then_some(parent)
    }

    /// How many boxes of the level before make a box.
    pub(super) fn children(&self, level: usize, at: Extent) -> u64 {
        let (before, step) = (&self.grids[level - 1], self.grids[level].step);
        let along = |axis: usize| {
            let boxes = at[axis] * step[axis]..((at[axis] + 1) * step[axis]).min(before.count[axis]);
            let length = |number: u64| (before.shape[axis] - number * self.side[axis]).min(self.side[axis]);
            boxes.filter(|number| self.reduced(length(*number), step[axis]) > 0).count() as u64
        };
        (0..3).map(along).product()
    }

    fn reduced(&self, voxels: u64, step: u64) -> u64 {
        match self.edge {
            Edge::Crop => voxels / step,
            Edge::Partial => voxels.div_ceil(step),
        }
    }
}

/// The bits of three numbers, interleaved.
fn morton([z, y, x]: Extent) -> u128 {
    (0..42).fold(0, |sum, bit| {
        let of = |number: u64, place: u32| u128::from(number >> bit & 1) << (3 * bit + place);
        sum | of(z, 2) | of(y, 1) | of(x, 0)
    })
}

/// The sides of the boxes of a stage, in voxels: no more than about `memory` bytes of `item` bytes each, but always whole chunks, and
/// where it costs no more than `most` bytes, whole pieces of the source. `chunk` is before small levels cut it.
pub(super) fn side(
    partition: &Partition,
    stage: &Stage,
    chunk: Extent,
    piece: Extent,
    item: u64,
    [memory, most]: [u64; 2],
) -> Extent {
    let levels: &[Level] = &partition.levels()[stage.source + 1..=stage.last.max(stage.source)];
    let mut side: Extent = std::array::from_fn(|axis| {
        levels.iter().map(|level| level.step[axis]).fold(chunk[axis], common_multiple)
    });
    let shape = partition.levels()[stage.source].shape;
    let bytes =
        |side: Extent| (0..3).map(|axis| side[axis].min(shape[axis])).product::<u64>().saturating_mul(item);
    let wanted = |axis: usize, side: u64| piece[axis].min(shape[axis]) > side;
    for (axis, limit) in [(2, memory), (2, most), (1, most), (0, most)] {
        // Longer rows for everybody; along the other axes only what is stored in one piece.
        while side[axis] < stage.block[axis] && (limit == memory || wanted(axis, side[axis])) {
            let mut longer = side;
            longer[axis] *= least_divisor(stage.block[axis] / side[axis]);
            if bytes(longer) > limit {
                break;
            }
            side = longer;
        }
    }
    side
}

fn common_multiple(a: u64, b: u64) -> u64 {
    let (mut larger, mut smaller) = (a, b);
    while smaller > 0 {
        (larger, smaller) = (smaller, larger % smaller);
    }
    a / larger * b
}

/// The smallest number above 1 that divides another; 1 has none but itself.
fn least_divisor(of: u64) -> u64 {
    (2..=of.isqrt()).find(|by| of.is_multiple_of(*by)).unwrap_or(of)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use adt_plan::imaging::Pyramid;
    use rstest::rstest;

    use super::*;

    /// Every box of every level is made of all its parts, and every voxel that a level has is given once.
    #[rstest]
    #[case::even([64, 64, 64], [16; 3], [2; 3], Edge::Crop)]
    #[case::odd([61, 47, 33], [16, 8, 8], [2; 3], Edge::Crop)]
    #[case::odd_partial([61, 47, 33], [16, 8, 8], [2; 3], Edge::Partial)]
    #[case::odd_chunks([61, 47, 33], [5, 7, 3], [2, 3, 2], Edge::Crop)]
    #[case::odd_chunks_partial([61, 47, 33], [5, 7, 3], [2, 3, 2], Edge::Partial)]
    #[case::flat([1, 100, 3], [16; 3], [2; 3], Edge::Crop)]
    #[case::line([3, 1, 100], [4; 3], [2; 3], Edge::Partial)]
    fn parts_make_wholes(
        #[case] image: Extent,
        #[case] chunk: Extent,
        #[case] factors: Extent,
        #[case] edge: Edge,
    ) {
        for (depth, levels) in [(1, 3), (2, 4), (3, 4)] {
            let pyramid = Pyramid { factors, edge, chunk, shard: None, levels: Some(levels) };
            let levels = pyramid.levels(image).unwrap();
            let partition = Partition::new(levels, chunk, depth, [false; 3]);
            for stage in partition.stages() {
                for memory in [1, 1 << 14, 1 << 30] {
                    let side = side(&partition, stage, chunk, [1, 1, 64], 2, [memory, memory]);
                    for number in 0..stage.items() {
                        let item = partition.item(stage, number);
                        whole(&partition, stage, &item, &Boxes::new(&partition, stage, &item, side, edge));
                    }
                }
            }
        }
    }

    fn whole(partition: &Partition, stage: &Stage, item: &Item, boxes: &Boxes) {
        let mut open: HashMap<(usize, Extent), (u64, u64)> = HashMap::new();
        let mut voxels = vec![0; stage.last - stage.source + 1];
        let mut ready: Vec<(usize, Extent)> = boxes.leaves().into_iter().rev().map(|at| (0, at)).collect();
        while let Some((level, at)) = ready.pop() {
            let span = boxes.span(level, at);
            voxels[level] += span.shape.iter().product::<u64>();
            let Some(parent) = boxes.parent(level, at) else { continue };
            let (count, given) = open.entry((level + 1, parent.at)).or_default();
            *count += 1;
            *given += parent.shape.iter().product::<u64>();
            let of = boxes.span(level + 1, parent.at);
            for axis in 0..3 {
                assert!(parent.offset[axis] + parent.shape[axis] <= of.shape[axis]);
            }
            if *count == boxes.children(level + 1, parent.at) {
                assert_eq!(*given, of.shape.iter().product::<u64>());
                open.remove(&(level + 1, parent.at));
                ready.push((level + 1, parent.at));
            }
        }
        assert!(open.is_empty());
        for level in stage.source..=stage.last {
            let owned = partition.owned(stage, item, level);
            assert_eq!(voxels[level - stage.source], owned.shape.iter().product::<u64>(), "level {level}");
        }
    }

    #[test]
    fn rows_are_as_long_as_memory_allows() {
        let pyramid =
            Pyramid { factors: [2; 3], edge: Edge::Crop, chunk: [128; 3], shard: None, levels: Some(4) };
        let levels = pyramid.levels([2000, 2048, 2048]).unwrap();
        let partition = Partition::new(levels, [128; 3], 3, [false; 3]);
        let stage = &partition.stages()[0];
        let of = |piece, memory| side(&partition, stage, [128; 3], piece, 2, memory);
        assert_eq!(of([1, 1, 2048], [32 << 20, 2 << 30]), [128, 128, 1024]);
        assert_eq!(of([1, 1, 2048], [8 << 20, 8 << 20]), [128, 128, 256]);
        assert_eq!(of([1, 1600, 2000], [32 << 20, 2 << 30]), [128, 1024, 1024]);
    }
}
