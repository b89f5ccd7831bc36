use super::{Extent, Level};

/// An image's work in stages, each of items that nobody needs to agree about: every chunk (or shard) of every level is written by
/// exactly one item, and no item reads what another of its stage writes.
///
/// Voxels of a smaller level come of windows that begin at the origin, so a block whose sides are whole objects of its smallest
/// level needs nothing of its neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    levels: Vec<Level>,
    stages: Vec<Stage>,
}

/// Levels that come of one reading of another. A stage begins when all items of the one before are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// The level that is read; of the first stage it is the image, which is written as well.
    pub source: usize,
    /// The first level that is written.
    pub first: usize,
    /// The last level that is written.
    pub last: usize,
    /// Voxels of the source level in an item; fewer at the ends.
    pub block: Extent,
    /// Items along each axis.
    pub grid: Extent,
}

/// A piece of work: a block of a stage's source level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// In C order of the stage's grid.
    pub number: u64,
    /// Which block along each axis.
    pub block: Extent,
    /// The first voxel of the source level.
    pub start: Extent,
    /// Voxels of the source level.
    pub shape: Extent,
}

/// What an item writes of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owned {
    /// The first object along each axis.
    pub first: Extent,
    /// Objects along each axis; one of them is 0 where the item has none of this level.
    pub objects: Extent,
    /// The first voxel of the level.
    pub start: Extent,
    /// Voxels of the level.
    pub shape: Extent,
}

impl Partition {
    /// Stages of at most `depth` levels beside the one that is read (no fewer than one). `unit` is a whole object: the voxels of a
    /// shard, or of a chunk, before small levels cut it. Along axes to `widen` an item takes the whole image, such as
    /// rows that are compressed in one piece.
    pub fn new(levels: Vec<Level>, unit: Extent, depth: usize, widen: [bool; 3]) -> Self {
        let last = levels.len().saturating_sub(1);
        let mut stages: Vec<Stage> = Vec::new();
        let (mut source, mut first) = (0, 0);
        while first <= last && !levels.is_empty() {
            let end = (source + depth.max(1)).min(last);
            let block = block(&levels, unit, source, end, widen);
            let shape = levels[source].shape;
            let grid = std::array::from_fn(|axis| shape[axis].div_ceil(block[axis]));
            stages.push(Stage { source, first, last: end, block, grid });
            (source, first) = (end, end + 1);
        }
        Self { levels, stages }
    }

    /// How many levels a stage may make besides the one it reads, 1 to `most`, so that a block and its levels are at most
    /// `memory` bytes; 1 if not even that fits.
    pub fn depth(levels: &[Level], unit: Extent, most: usize, item: u64, memory: u64) -> usize {
        let fits = |depth: &usize| {
            let block = block(levels, unit, 0, (*depth).min(levels.len().saturating_sub(1)), [false; 3]);
            let shape = levels.first().map_or([0; 3], |level| level.shape);
            let voxels = (0..3).map(|axis| u128::from(block[axis].min(shape[axis]))).product::<u128>();
            // All levels of 2×2×2 together are a seventh of the first.
            voxels.saturating_mul(u128::from(item)).saturating_mul(8) / 7 <= u128::from(memory)
        };
        (1..=most.max(1)).rev().find(fits).unwrap_or(1)
    }

    /// In the order in which they run.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// The image and its smaller sizes.
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// An item of a stage.
    ///
    /// Panics when the stage has none of that number.
    pub fn item(&self, stage: &Stage, number: u64) -> Item {
        assert!(number < stage.items(), "a stage has an item of this number");
        let [_, rows, columns] = stage.grid;
        let block = [number / columns / rows, number / columns % rows, number % columns];
        let source = self.levels[stage.source].shape;
        let start: Extent = std::array::from_fn(|axis| block[axis] * stage.block[axis]);
        let shape = std::array::from_fn(|axis| (source[axis] - start[axis]).min(stage.block[axis]));
        Item { number, block, start, shape }
    }

    /// What an item writes of one of its stage's levels.
    pub fn owned(&self, stage: &Stage, item: &Item, level: usize) -> Owned {
        let (of, ratio) = (&self.levels[level], self.ratio(stage, level));
        let side: Extent = std::array::from_fn(|axis| stage.block[axis] / ratio[axis]);
        let start: Extent = std::array::from_fn(|axis| (item.block[axis] * side[axis]).min(of.shape[axis]));
        let shape: Extent = std::array::from_fn(|axis| side[axis].min(of.shape[axis] - start[axis]));
        Owned {
            first: std::array::from_fn(|axis| start[axis] / of.object[axis]),
            objects: std::array::from_fn(|axis| shape[axis].div_ceil(of.object[axis])),
            start,
            shape,
        }
    }

    /// The item that writes an object of one of a stage's levels.
    pub fn owner(&self, stage: &Stage, level: usize, object: Extent) -> u64 {
        let (of, ratio) = (&self.levels[level], self.ratio(stage, level));
        let block: Extent =
            std::array::from_fn(|axis| object[axis] * of.object[axis] * ratio[axis] / stage.block[axis]);
        (block[0] * stage.grid[1] + block[1]) * stage.grid[2] + block[2]
    }

    /// Voxels of the source level along one of a level.
    fn ratio(&self, stage: &Stage, level: usize) -> Extent {
        ratio(&self.levels, stage.source, level)
    }
}

impl Stage {
    /// How many there are.
    pub fn items(&self) -> u64 {
        self.grid.iter().product()
    }

    /// The items of one of so many shares of the work, each of which some process does. Any number of shares covers every item
    /// once; `shares` of 0 is 1.
    pub fn share(&self, share: u64, shares: u64) -> impl Iterator<Item = u64> + use<> {
        (share..self.items()).step_by(shares.max(1) as usize)
    }
}

fn ratio(levels: &[Level], source: usize, level: usize) -> Extent {
    std::array::from_fn(|axis| levels[level].factor[axis] / levels[source].factor[axis])
}

/// Whole objects of the last level, in voxels of the source.
fn block(levels: &[Level], unit: Extent, source: usize, last: usize, widen: [bool; 3]) -> Extent {
    let (Some(from), Some(_)) = (levels.get(source), levels.get(last)) else { return unit };
    let ratio = ratio(levels, source, last);
    std::array::from_fn(|axis| {
        let side = unit[axis].saturating_mul(ratio[axis]);
        if widen[axis] { from.shape[axis].div_ceil(side).saturating_mul(side) } else { side }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;
    use rstest::rstest;

    use super::{
        super::{Edge, Pyramid},
        *,
    };

    fn pyramid(chunk: Extent, levels: u32) -> Pyramid {
        Pyramid { factors: [2; 3], edge: Edge::Crop, chunk, shard: None, levels: Some(levels) }
    }

    /// The tiles of the cluster's design.
    #[rstest]
    #[case::exaspim([27_000, 10_640, 14_192], 2, &[4158, 84, 2, 1])]
    #[case::exaspim_deeper([27_000, 10_640, 14_192], 3, &[588, 2, 1])]
    #[case::hcr([5000, 2048, 2048], 2, &[20, 2, 1, 1])]
    fn stages_have_so_many_items(#[case] image: Extent, #[case] depth: usize, #[case] items: &[u64]) {
        let levels = pyramid([256; 3], 8).levels(image).unwrap();
        let partition = Partition::new(levels, [256; 3], depth, [false; 3]);
        assert_eq!(partition.stages().iter().map(Stage::items).collect::<Vec<_>>(), items);
    }

    #[test]
    fn stages_follow_each_other() {
        let levels = pyramid([256; 3], 8).levels([27_000, 10_640, 14_192]).unwrap();
        let partition = Partition::new(levels, [256; 3], 2, [false, false, true]);
        let seen: Vec<_> =
            partition.stages().iter().map(|stage| (stage.source, stage.first, stage.last)).collect();
        assert_eq!(seen, [(0, 0, 2), (2, 3, 4), (4, 5, 6), (6, 7, 7)]);
        assert_eq!(partition.stages()[0].block, [1024, 1024, 14_336]);
        assert_eq!(partition.stages()[0].grid, [27, 11, 1]);
    }

    #[rstest]
    #[case::much(u64::MAX, 3)]
    #[case::some(3 << 30, 2)]
    #[case::little(1 << 30, 1)]
    #[case::none(0, 1)]
    fn blocks_are_as_deep_as_memory_allows(#[case] memory: u64, #[case] depth: usize) {
        let levels = pyramid([256; 3], 8).levels([27_000, 10_640, 14_192]).unwrap();
        assert_eq!(Partition::depth(&levels, [256; 3], 3, 2, memory), depth);
    }

    #[test]
    fn an_image_alone_is_one_stage() {
        let levels = pyramid([4; 3], 1).levels([9, 4, 4]).unwrap();
        let partition = Partition::new(levels, [4; 3], 2, [false; 3]);
        assert_eq!(partition.stages().len(), 1);
        assert_eq!(partition.stages()[0].items(), 3);
        assert_eq!(Partition::new(Vec::new(), [4; 3], 2, [false; 3]).stages(), []);
    }

    fn images() -> impl Strategy<Value = (Extent, Pyramid)> {
        let edge = prop_oneof![Just(Edge::Crop), Just(Edge::Partial)];
        let image = [1..60_u64, 1..60_u64, 1..60_u64];
        let (factors, chunk) = ([1..4_u64, 1..4_u64, 1..4_u64], [1..9_u64, 1..9_u64, 1..9_u64]);
        let shard = prop::option::of([1..4_u64, 1..4_u64, 1..4_u64]);
        (image, edge, factors, chunk, shard, prop::option::of(1..7_u32)).prop_map(
            |(image, edge, factors, chunk, shard, levels)| {
                (image, Pyramid { factors, edge, chunk, shard, levels })
            },
        )
    }

    fn each(extent: Extent) -> impl Iterator<Item = Extent> {
        let [depth, rows, columns] = extent;
        (0..depth).flat_map(move |z| (0..rows).flat_map(move |y| (0..columns).map(move |x| [z, y, x])))
    }

    fn partition((image, pyramid): &(Extent, Pyramid), depth: usize, widen: [bool; 3]) -> Partition {
        let shard = pyramid.shard.unwrap_or([1; 3]);
        let unit = std::array::from_fn(|axis| pyramid.chunk[axis] * shard[axis]);
        Partition::new(pyramid.levels(*image).unwrap(), unit, depth, widen)
    }

    proptest! {
        #[test]
        fn every_object_of_every_level_has_one_owner(
            image in images(), depth in 1..4_usize, widen: [bool; 3], shares in 1..9_u64,
        ) {
            let partition = partition(&image, depth, widen);
            let mut owners = HashMap::new();
            for (number, stage) in partition.stages().iter().enumerate() {
                let mut done = vec![0; stage.items() as usize];
                for share in 0..shares {
                    stage.share(share, shares).for_each(|item| done[item as usize] += 1);
                }
                prop_assert!(done.iter().all(|times| *times == 1));
                for item in (0..stage.items()).map(|item| partition.item(stage, item)) {
                    for level in stage.first..=stage.last {
                        let owned = partition.owned(stage, &item, level);
                        for at in each(owned.objects) {
                            let object: Extent = std::array::from_fn(|axis| owned.first[axis] + at[axis]);
                            prop_assert_eq!(partition.owner(stage, level, object), item.number);
                            prop_assert_eq!(owners.insert((level, object), (number, item.number)), None);
                        }
                    }
                }
            }
            for (number, level) in partition.levels().iter().enumerate() {
                for object in each(level.grid()) {
                    prop_assert!(owners.remove(&(number, object)).is_some(), "nobody writes {number} {object:?}");
                }
            }
            prop_assert!(owners.is_empty());
        }

        #[test]
        fn an_item_holds_all_that_its_levels_are_made_of(image in images(), depth in 1..4_usize) {
            let partition = partition(&image, depth, [false; 3]);
            for stage in partition.stages() {
                for item in (0..stage.items()).map(|item| partition.item(stage, item)) {
                    let mut before = Owned { first: [0; 3], objects: [0; 3], start: item.start, shape: item.shape };
                    for level in stage.source + 1..=stage.last {
                        let owned = partition.owned(stage, &item, level);
                        for axis in 0..3 {
                            let step = partition.levels()[level].step[axis];
                            let whole = match image.1.edge {
                                Edge::Crop => before.shape[axis] / step,
                                Edge::Partial => before.shape[axis].div_ceil(step),
                            };
                            prop_assert_eq!(owned.shape[axis], whole);
                            if whole > 0 {
                                prop_assert_eq!(owned.start[axis] * step, before.start[axis]);
                                prop_assert_eq!(owned.start[axis] % partition.levels()[level].object[axis], 0);
                            }
                        }
                        before = owned;
                    }
                }
            }
        }
    }
}
