use std::ops::Range;

use adt_model::{Fault, Key};

use crate::zarr::{ArrayMeta, Region, named};

/// An array with a row for each frame, too long to be held: written and read chunk by chunk.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameArray {
    path: Key,
    meta: ArrayMeta,
}

/// A chunk of a [`FrameArray`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameChunk {
    /// Its object in the store.
    pub key: Key,
    /// The frames of it, without the padding of the last chunk.
    pub frames: Range<u64>,
    /// The columns of it: all, unless another program cut them too.
    pub columns: Range<u64>,
    /// Both as the metadata's [`pad`](ArrayMeta::pad) and [`crop`](ArrayMeta::crop) take them.
    pub region: Region,
}

impl FrameArray {
    /// `meta` has one or two axes; `path` is the array's in the store.
    pub(super) fn new(path: &str, meta: ArrayMeta) -> Result<Self, Fault> {
        Ok(Self { path: named(path)?, meta })
    }

    /// Where it is in the store.
    pub fn path(&self) -> &Key {
        &self.path
    }

    /// Chunks, compressor, and how a chunk is padded.
    pub fn meta(&self) -> &ArrayMeta {
        &self.meta
    }

    /// Rows.
    pub fn frames(&self) -> u64 {
        self.meta.shape().first().copied().unwrap_or_default()
    }

    /// Items of a row.
    pub fn columns(&self) -> u64 {
        self.meta.shape().get(1).copied().unwrap_or(1)
    }

    /// Every chunk, in the order of the frames.
    pub fn chunks(&self) -> impl Iterator<Item = FrameChunk> + '_ {
        self.meta.chunk_indices().map(|index| {
            let region = self.meta.region(&index);
            let along = |axis: usize| {
                let start = region.start.get(axis).copied().unwrap_or_default();
                start..start + region.shape.get(axis).copied().unwrap_or(1)
            };
            let name =
                Key::parse(self.meta.chunk_name(&index)).expect("numbers with dots or slashes between");
            FrameChunk { key: self.path.join(&name), frames: along(0), columns: along(1), region }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zarr::Dtype;
    use rstest::rstest;

    #[rstest]
    #[case::edge(&[100, 8], &[40, 8], &[("a/0.0", 0..40, 0..8), ("a/1.0", 40..80, 0..8), ("a/2.0", 80..100, 0..8)])]
    #[case::short(&[100], &[30_000], &[("a/0", 0..100, 0..1)])]
    #[case::empty(&[0, 8], &[40, 8], &[])]
    #[case::cut_channels(&[3, 3], &[4, 2], &[("a/0.0", 0..3, 0..2), ("a/0.1", 0..3, 2..3)])]
    fn chunks_follow_the_frames(
        #[case] shape: &[u64],
        #[case] chunks: &[u64],
        #[case] expected: &[(&str, Range<u64>, Range<u64>)],
    ) {
        let meta = ArrayMeta::new(shape.to_vec(), chunks.to_vec(), Dtype::I16).unwrap();
        let array = FrameArray::new("a", meta).unwrap();
        let found: Vec<_> = array.chunks().map(|chunk| (chunk.key, chunk.frames, chunk.columns)).collect();
        let expected: Vec<_> =
            expected.iter().map(|(key, f, c)| (Key::parse(*key).unwrap(), f.clone(), c.clone())).collect();
        assert_eq!(found, expected);
    }
}
