use super::{ArrayMeta, ZarrError};

/// A box of an array, in items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// The first item along each axis.
    pub start: Vec<u64>,
    /// Items along each axis.
    pub shape: Vec<u64>,
}

/// Where the chunks of an array are, and how an edge is padded.
impl ArrayMeta {
    /// Chunks along each axis.
    pub fn grid(&self) -> Vec<u64> {
        self.shape().iter().zip(self.chunks()).map(|(items, chunk)| items.div_ceil(*chunk)).collect()
    }

    /// Chunks of the whole array.
    pub fn chunk_count(&self) -> u64 {
        self.grid().iter().product()
    }

    /// Bytes of a chunk once decoded; every chunk has as many, also at the edges.
    pub fn chunk_bytes(&self) -> usize {
        // Both numbers were checked when the metadata was made.
        self.chunks().iter().product::<u64>() as usize * self.dtype().size()
    }

    /// The index of every chunk, in C order.
    pub fn chunk_indices(&self) -> impl Iterator<Item = Vec<u64>> + use<> {
        let grid = self.grid();
        (0..grid.iter().product()).map(move |number| unravel(number, &grid))
    }

    /// The name of a chunk inside the array's folder, such as `0.0` or `0/0`; `0` where the array has no axes.
    pub fn chunk_name(&self, index: &[u64]) -> String {
        if index.is_empty() {
            return "0".to_owned();
        }
        index.iter().map(u64::to_string).collect::<Vec<_>>().join(self.separator().as_str())
    }

    /// What of the array lies in a chunk: the chunk's box without the part beyond the edges.
    pub fn region(&self, index: &[u64]) -> Region {
        let start: Vec<u64> = index.iter().zip(self.chunks()).map(|(i, chunk)| i * chunk).collect();
        let ends = start.iter().zip(self.shape());
        let shape =
            ends.zip(self.chunks()).map(|((s, end), chunk)| end.saturating_sub(*s).min(*chunk)).collect();
        Region { start, shape }
    }

    /// A whole chunk from the items of its region, in C order: what is beyond the edges is the fill value. The buffer is used
    /// again.
    pub fn pad(&self, region: &Region, items: &[u8], chunk: &mut Vec<u8>) -> Result<(), ZarrError> {
        expect_length(region, self, items.len())?;
        chunk.clear();
        let fill = self.fill().bytes(self.dtype());
        if items.len() == self.chunk_bytes() {
            chunk.extend_from_slice(items);
            return Ok(());
        }
        if fill.iter().all(|byte| *byte == 0) {
            chunk.resize(self.chunk_bytes(), 0);
        } else {
            chunk.extend(fill.iter().copied().cycle().take(self.chunk_bytes()));
        }
        for run in self.runs(region) {
            chunk[run.chunk..run.chunk + run.length]
                .copy_from_slice(&items[run.items..run.items + run.length]);
        }
        Ok(())
    }

    /// The items of a chunk's region, in C order: what is beyond the edges is left out. The buffer is used again.
    pub fn crop(&self, region: &Region, chunk: &[u8], items: &mut Vec<u8>) -> Result<(), ZarrError> {
        if chunk.len() != self.chunk_bytes() {
            return Err(ZarrError::Length { expected: self.chunk_bytes() as u64, got: chunk.len() as u64 });
        }
        items.clear();
        for run in self.runs(region) {
            items.extend_from_slice(&chunk[run.chunk..run.chunk + run.length]);
        }
        Ok(())
    }

    /// The pieces that lie in one piece both in a chunk and in its region.
    fn runs(&self, region: &Region) -> impl Iterator<Item = Run> + use<> {
        let chunks = self.chunks().to_vec();
        let shape = region.shape.clone();
        // Axes at the end that are whole belong to the run, and one more that need not be.
        let whole = shape.iter().zip(&chunks).rev().take_while(|(items, chunk)| items == chunk).count();
        let outer = shape.len().saturating_sub(whole + 1);
        let length = shape[outer..].iter().product::<u64>() as usize * self.dtype().size();
        let inner = chunks[outer..].iter().product::<u64>() as usize * self.dtype().size();
        let runs: u64 = if length == 0 { 0 } else { shape[..outer].iter().product() };
        (0..runs).map(move |number| {
            let index = unravel(number, &shape[..outer]);
            let row = index.iter().zip(&chunks).fold(0, |row, (i, chunk)| row * chunk + i);
            Run { items: number as usize * length, chunk: row as usize * inner, length }
        })
    }
}

/// Bytes that are moved at once.
struct Run {
    items: usize,
    chunk: usize,
    length: usize,
}

fn expect_length(region: &Region, meta: &ArrayMeta, got: usize) -> Result<(), ZarrError> {
    let expected = region.shape.iter().product::<u64>() * meta.dtype().size() as u64;
    if expected == got as u64 { Ok(()) } else { Err(ZarrError::Length { expected, got: got as u64 }) }
}

/// The index of the n-th box of a grid, in C order.
fn unravel(mut number: u64, grid: &[u64]) -> Vec<u64> {
    let mut index = vec![0; grid.len()];
    for (at, extent) in index.iter_mut().zip(grid).rev() {
        *at = number % extent;
        number /= extent;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zarr::{Dtype, Fill, Separator};
    use rstest::rstest;

    fn meta(shape: &[u64], chunks: &[u64]) -> ArrayMeta {
        ArrayMeta::new(shape.to_vec(), chunks.to_vec(), Dtype::U8).unwrap()
    }

    #[rstest]
    #[case::edge(&[100, 8], &[40, 8], &["0.0", "1.0", "2.0"])]
    #[case::both_axes(&[3, 3], &[2, 2], &["0.0", "0.1", "1.0", "1.1"])]
    #[case::line(&[5], &[5], &["0"])]
    #[case::empty(&[0, 8], &[40, 8], &[])]
    #[case::no_axes(&[], &[], &["0"])]
    fn chunks_are_named_in_order(#[case] shape: &[u64], #[case] chunks: &[u64], #[case] names: &[&str]) {
        let meta = meta(shape, chunks);
        let found: Vec<_> = meta.chunk_indices().map(|index| meta.chunk_name(&index)).collect();
        assert_eq!(found, names);
        assert_eq!(meta.chunk_count(), names.len() as u64);
    }

    #[test]
    fn a_slash_makes_folders() {
        assert_eq!(meta(&[4, 4], &[1, 1]).separated(Separator::Slash).chunk_name(&[3, 2]), "3/2");
    }

    #[rstest]
    #[case::rows(&[3, 2], &[2, 2], &[1, 0], &[5, 6, 99, 99])]
    #[case::columns(&[2, 3], &[2, 2], &[0, 1], &[3, 99, 6, 99])]
    #[case::corner(&[3, 3], &[2, 2], &[1, 1], &[9, 99, 99, 99])]
    #[case::whole(&[2, 2], &[2, 2], &[0, 0], &[1, 2, 3, 4])]
    #[case::line(&[5], &[3], &[1], &[4, 5, 99])]
    #[case::cube(&[2, 1, 3], &[2, 2, 2], &[0, 0, 1], &[3, 99, 99, 99, 6, 99, 99, 99])]
    #[case::scalar(&[], &[], &[], &[1])]
    fn an_edge_is_padded_with_the_fill_value(
        #[case] shape: &[u64],
        #[case] chunks: &[u64],
        #[case] index: &[u64],
        #[case] expected: &[u8],
    ) {
        let meta = meta(shape, chunks).filled(Fill::Integer(99)).unwrap();
        let region = meta.region(index);
        let items = numbered(shape, &region);
        let (mut chunk, mut back) = (vec![77; 3], vec![77; 3]);
        meta.pad(&region, &items, &mut chunk).unwrap();
        assert_eq!(chunk, expected);
        meta.crop(&region, &chunk, &mut back).unwrap();
        assert_eq!(back, items);
    }

    /// The items of a region of an array that counts 1, 2, 3 … in C order.
    fn numbered(shape: &[u64], region: &Region) -> Vec<u8> {
        let count = region.shape.iter().product();
        let at = |number| {
            let inside = unravel(number, &region.shape);
            let place = inside.iter().zip(&region.start).zip(shape);
            place.fold(0, |place, ((i, start), extent)| place * extent + i + start) as u8 + 1
        };
        (0..count).map(at).collect()
    }

    #[test]
    fn bytes_of_another_length_are_refused() {
        let meta = meta(&[3, 2], &[2, 2]);
        let region = meta.region(&[1, 0]);
        let mut out = Vec::new();
        assert_eq!(meta.pad(&region, &[1; 3], &mut out), Err(ZarrError::Length { expected: 2, got: 3 }));
        assert_eq!(meta.crop(&region, &[1; 5], &mut out), Err(ZarrError::Length { expected: 4, got: 5 }));
    }
}
