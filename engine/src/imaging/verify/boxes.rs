//! An array in boxes of whole chunks, one after the other.

use adt_plan::imaging::Extent;

use super::super::boxes::Span;

/// The sides of boxes: whole chunks, longer as long as they have no more than about `memory` bytes of `item` bytes each; and where
/// it takes no more than `most`, as long as what the source stores in one piece.
pub(in crate::imaging) fn side(
    shape: Extent,
    chunk: Extent,
    piece: Extent,
    item: u64,
    [memory, most]: [u64; 2],
) -> Extent {
    let mut side: Extent = std::array::from_fn(|axis| chunk[axis].max(1));
    let bytes =
        |side: Extent| (0..3).map(|axis| side[axis].min(shape[axis])).product::<u64>().saturating_mul(item);
    let all = [(2, memory), (1, memory), (0, memory), (2, most), (1, most), (0, most)];
    for (axis, limit) in all {
        let wanted = |side: u64| limit == memory || piece[axis].min(shape[axis]) > side;
        while side[axis] < shape[axis] && wanted(side[axis]) {
            let mut longer = side;
            longer[axis] *= 2;
            if bytes(longer) > limit {
                break;
            }
            side = longer;
        }
    }
    side
}

/// All boxes of an array, x fastest.
pub(in crate::imaging) fn all(shape: Extent, side: Extent) -> impl Iterator<Item = Span> {
    let count: Extent = std::array::from_fn(|axis| shape[axis].div_ceil(side[axis]));
    (0..count.iter().product()).map(move |number: u64| {
        let [_, rows, columns] = count;
        let at = [number / columns / rows, number / columns % rows, number % columns];
        let start: Extent = std::array::from_fn(|axis| at[axis] * side[axis]);
        Span { start, shape: std::array::from_fn(|axis| (shape[axis] - start[axis]).min(side[axis])) }
    })
}

/// The chunks that a box touches, x fastest.
pub(super) fn chunks(span: Span, chunk: Extent) -> impl Iterator<Item = Extent> {
    let first: Extent = std::array::from_fn(|axis| span.start[axis] / chunk[axis]);
    let end: Extent = std::array::from_fn(|axis| (span.start[axis] + span.shape[axis]).div_ceil(chunk[axis]));
    (first[0]..end[0])
        .flat_map(move |z| (first[1]..end[1]).flat_map(move |y| (first[2]..end[2]).map(move |x| [z, y, x])))
}

/// The rows that a chunk and a box have in common.
pub(super) struct Rows {
    /// Of the first voxel that they share, in the array.
    pub start: Extent,
    pub shape: Extent,
    inside: [(Extent, Extent); 2],
}

impl Rows {
    pub(super) fn of(at: Extent, chunk: Extent, span: Span) -> Self {
        let corner: Extent = std::array::from_fn(|axis| at[axis] * chunk[axis]);
        let start: Extent = std::array::from_fn(|axis| corner[axis].max(span.start[axis]));
        let shape = std::array::from_fn(|axis| {
            let end = (corner[axis] + chunk[axis]).min(span.start[axis] + span.shape[axis]);
            end.saturating_sub(start[axis])
        });
        Self { start, shape, inside: [(corner, chunk), (span.start, span.shape)] }
    }

    /// Each row: its first voxel in the array, and where it begins in the chunk and in the box.
    pub(super) fn each(&self) -> impl Iterator<Item = (Extent, usize, usize)> + '_ {
        let [depth, rows, _] = self.shape;
        (0..depth).flat_map(move |z| (0..rows).map(move |y| (z, y))).map(|(z, y)| {
            let voxel = [self.start[0] + z, self.start[1] + y, self.start[2]];
            let [chunk, span] = self.inside.map(|(corner, shape)| {
                let at: Extent = std::array::from_fn(|axis| voxel[axis] - corner[axis]);
                ((at[0] * shape[1] + at[1]) * shape[2] + at[2]) as usize
            });
            (voxel, chunk, span)
        })
    }

    /// Voxels of a row.
    pub(super) fn length(&self) -> usize {
        self.shape[2] as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::rows_first([100, 100, 100], [10; 3], [1, 1, 100], [10, 10, 160])]
    #[case::pieces_too([100, 100, 100], [10; 3], [1, 100, 100], [10, 160, 160])]
    #[case::small([5, 5, 5], [10; 3], [1; 3], [10; 3])]
    fn boxes_are_whole_chunks_within_memory(
        #[case] shape: Extent,
        #[case] chunk: Extent,
        #[case] piece: Extent,
        #[case] expected: Extent,
    ) {
        assert_eq!(side(shape, chunk, piece, 2, [16_000, 400_000]), expected);
    }

    #[rstest]
    #[case([5, 7, 9], [2, 3, 4], [4, 3, 8])]
    #[case([1, 1, 1], [2, 3, 4], [2, 3, 4])]
    fn every_voxel_is_in_one_box_and_one_chunk(
        #[case] shape: Extent,
        #[case] chunk: Extent,
        #[case] side: Extent,
    ) {
        let mut seen = vec![0; shape.iter().product::<u64>() as usize];
        for span in all(shape, side) {
            for at in chunks(span, chunk) {
                let rows = Rows::of(at, chunk, span);
                for ([z, y, x], ..) in rows.each() {
                    let from = ((z * shape[1] + y) * shape[2] + x) as usize;
                    seen[from..from + rows.length()].iter_mut().for_each(|seen| *seen += 1);
                }
            }
        }
        assert!(seen.iter().all(|times| *times == 1));
    }
}
