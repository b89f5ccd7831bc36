use super::Ragged;

/// A page holds the counts of this many neighbouring values.
const PAGE: usize = 1024;
const PAGES: usize = 65_536 / PAGE;

/// From page to page. A cache line more than a page, lest the values near 0 of all columns compete for the same few lines of the cache.
const STRIDE: usize = PAGE + 16;

/// So many frames are counted column by column: the counts of one column stay near while those of all would not.
const TILE: usize = 128;

/// In the index: a page nobody has touched.
const NONE: u32 = u32::MAX;

/// How often each int16 value occurs in each column: exact medians and distinct values of a recording of any length.
///
/// Memory is 4 KiB for each 1024 neighbouring values of a column of which one occurs: some 8 to 16 KiB a column in quiet
/// data, at most 260 KiB (98 MiB for 384 columns). A count stops at 2^32 - 1 (40 hours of one value at 30 kHz): what is
/// distinct stays exact then, the median may not.
#[derive(Clone, Debug)]
pub struct Histograms {
    width: usize,
    columns: Vec<usize>,
    /// For each counted column and each page of values: where its counts begin.
    index: Vec<[u32; PAGES]>,
    counts: Vec<u32>,
}

impl Histograms {
    /// Of nothing so far. Frames have `width` columns, of which those in `columns` are counted.
    ///
    /// Panics when there is no column, or a column outside the width.
    pub fn new(width: usize, columns: &[usize]) -> Self {
        let mut columns = columns.to_vec();
        columns.sort_unstable();
        columns.dedup();
        assert!(width > 0 && columns.last().is_none_or(|&last| last < width), "columns lie within the width");
        let index = vec![[NONE; PAGES]; columns.len()];
        Self { width, columns, index, counts: Vec::new() }
    }

    /// Columns of a frame.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The counted columns, ascending.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Adds whole frames. Order and grouping of calls do not matter.
    pub fn count(&mut self, frames: &[i16]) -> Result<(), Ragged> {
        Ragged::check(frames.len(), self.width)?;
        for some in frames.chunks(self.width * TILE) {
            for (column, pages) in self.columns.iter().zip(&mut self.index) {
                for sample in some[*column..].iter().step_by(self.width) {
                    let at = usize::from((*sample as u16) ^ 0x8000);
                    let page = &mut pages[at / PAGE];
                    if *page == NONE {
                        *page = open(&mut self.counts);
                    }
                    let count = &mut self.counts[*page as usize + at % PAGE];
                    *count = count.saturating_add(1);
                }
            }
        }
        Ok(())
    }

    /// Adds what another has counted in frames of the same width: of other chunks, of other columns, or both.
    ///
    /// Panics when the widths differ.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.width, other.width, "both are of the same stream");
        for (column, pages) in other.columns.iter().zip(&other.index) {
            let slot = self.adopt(*column);
            for (from, to) in pages.iter().zip(&mut self.index[slot]).filter(|(from, _)| **from != NONE) {
                if *to == NONE {
                    *to = open(&mut self.counts);
                }
                let from = &other.counts[*from as usize..][..PAGE];
                for (sum, more) in self.counts[*to as usize..][..PAGE].iter_mut().zip(from) {
                    *sum = sum.saturating_add(*more);
                }
            }
        }
    }

    /// The slot of a column, made if need be.
    fn adopt(&mut self, column: usize) -> usize {
        self.columns.binary_search(&column).unwrap_or_else(|slot| {
            self.columns.insert(slot, column);
            self.index.insert(slot, [NONE; PAGES]);
            slot
        })
    }

    /// The values that occur in the column of a slot, ascending, with how often; slots number [`Self::columns`].
    pub(super) fn values(&self, slot: usize) -> impl Iterator<Item = (i16, u32)> {
        self.index[slot].iter().enumerate().filter(|&(_, &at)| at != NONE).flat_map(|(page, &at)| {
            let counts = &self.counts[at as usize..][..PAGE];
            let first = page * PAGE;
            let value = move |offset| ((first + offset) as u16 ^ 0x8000).cast_signed();
            counts.iter().enumerate().filter(|&(_, &n)| n > 0).map(move |(offset, &n)| (value(offset), n))
        })
    }

    /// The two values in the middle of a column's sorted samples, alike when their number is odd. `None` of nothing.
    pub(super) fn middle(&self, slot: usize) -> Option<(i16, i16)> {
        let total: u64 = self.values(slot).map(|(_, n)| u64::from(n)).sum();
        let ranked = |rank: u64| {
            let mut seen = 0;
            self.values(slot).find(|&(_, n)| {
                seen += u64::from(n);
                seen > rank
            })
        };
        Some((ranked(total.checked_sub(1)? / 2)?.0, ranked(total / 2)?.0))
    }

    /// What the counts take up, in bytes.
    pub fn memory(&self) -> usize {
        (self.counts.capacity() + self.index.capacity() * PAGES) * size_of::<u32>()
    }
}

/// Where the counts of a new page begin.
#[cold]
fn open(counts: &mut Vec<u32>) -> u32 {
    let begin = counts.len();
    if begin == counts.capacity() {
        // By an eighth rather than twofold: the counts of a whole probe are a good part of the memory there is.
        counts.reserve_exact((begin / STRIDE / 8).max(32) * STRIDE);
    }
    counts.resize(begin + STRIDE, 0);
    begin as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case::odd(&[3, -7, 5], (3, 3))]
    #[case::even(&[3, -7, 5, 4], (3, 4))]
    #[case::one(&[-32_768], (-32_768, -32_768))]
    #[case::often(&[32_767, 1, 1, 1, -32_768], (1, 1))]
    fn the_middle_is_exact(#[case] samples: &[i16], #[case] middle: (i16, i16)) {
        let mut histograms = Histograms::new(1, &[0]);
        assert_eq!(histograms.middle(0), None);
        histograms.count(samples).unwrap();
        assert_eq!(histograms.middle(0), Some(middle));
    }

    #[test]
    fn a_part_of_a_frame_is_refused() {
        assert_eq!(Histograms::new(3, &[0]).count(&[1; 7]), Err(Ragged { samples: 7, width: 3 }));
    }

    #[test]
    fn a_count_that_is_full_stays_full() {
        let mut histograms = Histograms::new(1, &[0]);
        histograms.count(&[5]).unwrap();
        *histograms.counts.iter_mut().find(|n| **n > 0).unwrap() = u32::MAX;
        histograms.count(&[5]).unwrap();
        let copy = histograms.clone();
        histograms.merge(&copy);
        assert_eq!(histograms.values(0).collect::<Vec<_>>(), [(5, u32::MAX)]);
    }

    proptest! {
        #[test]
        fn parts_and_columns_add_up(samples in prop::collection::vec(any::<i16>(), 0..200), cut in 0..50usize) {
            let frames = &samples[..samples.len() / 4 * 4];
            let mut whole = Histograms::new(4, &[0, 1, 3]);
            whole.count(frames).unwrap();
            let (head, tail) = frames.split_at((cut * 4).min(frames.len()));
            let mut merged = Histograms::new(4, &[3]);
            merged.count(head).unwrap();
            for (part, columns) in [(tail, &[0, 3][..]), (head, &[0, 1]), (tail, &[1])] {
                let mut other = Histograms::new(4, columns);
                other.count(part).unwrap();
                merged.merge(&other);
            }
            prop_assert_eq!(whole.columns(), merged.columns());
            for slot in 0..3 {
                prop_assert!(whole.values(slot).eq(merged.values(slot)));
                prop_assert_eq!(whole.middle(slot), merged.middle(slot));
            }
        }
    }
}
