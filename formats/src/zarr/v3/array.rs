use std::ops::Range;

use adt_model::Fault;
use serde_json::{Map, Value};

use super::{codecs::Storage, document, shard::ENTRY};
use crate::zarr::{self, Compressor, Dtype, Fill, Separator, ZarrError};

/// What the `zarr.json` of an array says.
#[derive(Clone, Debug, PartialEq)]
pub struct ArrayMeta {
    pub(super) layout: zarr::ArrayMeta,
    pub(super) storage: Storage,
    /// Items of a shard along each axis, multiples of those of a chunk.
    pub(super) shard: Option<Vec<u64>>,
    pub(super) keys: Keys,
    pub(super) names: Option<Vec<Option<String>>>,
    pub(super) attributes: Map<String, Value>,
}

/// How the keys of chunks, or of shards, are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// `c/0/1`, or `c.0.1`.
    Default(Separator),
    /// `0/1`, or `0.1`, as in version 2.
    V2(Separator),
}

impl ArrayMeta {
    /// Not compressed, filled with zeros, each chunk an object of its own, axes without names.
    pub fn new(shape: Vec<u64>, chunks: Vec<u64>, dtype: Dtype) -> Result<Self, ZarrError> {
        Ok(Self {
            layout: zarr::ArrayMeta::new(shape, chunks, dtype)?,
            storage: Storage::default(),
            shard: None,
            keys: Keys::Default(Separator::Slash),
            names: None,
            attributes: Map::new(),
        })
    }

    /// The same, its chunks in shards of so many items along each axis.
    pub fn sharded(mut self, shard: Vec<u64>) -> Result<Self, ZarrError> {
        let chunks = self.layout.chunks();
        let whole = shard.len() == chunks.len()
            && shard.iter().zip(chunks).all(|(shard, chunk)| *shard > 0 && shard % chunk == 0);
        let count =
            shard.iter().zip(chunks).try_fold(1_u64, |n, (shard, chunk)| n.checked_mul(shard / chunk));
        let padded = self.layout.shape().iter().zip(&shard);
        let items = padded.clone().all(|(extent, shard)| extent.checked_next_multiple_of(*shard).is_some());
        if !whole || !items || count.is_none_or(|count| count > u64::from(u32::MAX) / ENTRY) {
            return Err(ZarrError::Shards { shard, chunks: chunks.to_vec() });
        }
        self.shard = Some(shard);
        Ok(self)
    }

    /// The same, its chunks compressed so.
    #[must_use]
    pub fn compressed(mut self, compressor: Option<Compressor>) -> Self {
        self.layout = self.layout.compressed(compressor);
        self
    }

    /// The same, with another fill value.
    pub fn filled(mut self, fill: Fill) -> Result<Self, ZarrError> {
        self.layout = self.layout.filled(fill)?;
        Ok(self)
    }

    /// The same, its axes named so, as many names as there are axes.
    pub fn named(mut self, names: &[&str]) -> Result<Self, ZarrError> {
        if names.len() != self.layout.shape().len() {
            return Err(ZarrError::Names { names: names.len(), axes: self.layout.shape().len() });
        }
        self.names = Some(names.iter().map(|name| Some((*name).to_owned())).collect());
        Ok(self)
    }

    /// The same, with these attributes.
    #[must_use]
    pub fn attributed(mut self, attributes: Map<String, Value>) -> Self {
        self.attributes = attributes;
        self
    }

    /// Reads a `zarr.json`; `key` names it in the fault.
    pub fn parse(key: &str, json: &[u8]) -> Result<Self, Fault> {
        document::read(key, json)
    }

    /// The document.
    pub fn to_value(&self) -> Value {
        document::array(self)
    }

    /// Items, chunks, dtype, fill value and compressor; what a chunk holds of the array, and how it is padded. Names of chunks
    /// are [`ArrayMeta::object_name`]'s, not its.
    pub fn layout(&self) -> &zarr::ArrayMeta {
        &self.layout
    }

    /// Whether each chunk, once encoded, is followed by its CRC-32C.
    pub fn has_checksums(&self) -> bool {
        self.storage.checksum
    }

    /// Items of a shard along each axis; `None` where each chunk is an object of its own.
    pub fn shard(&self) -> Option<&[u64]> {
        self.shard.as_deref()
    }

    /// What the axes are called; `None` where the document does not say, or not for all.
    pub fn names(&self) -> Option<Vec<&str>> {
        self.names.as_ref()?.iter().map(Option::as_deref).collect()
    }

    /// Of the array.
    pub fn attributes(&self) -> &Map<String, Value> {
        &self.attributes
    }

    /// Items of an object along each axis: of a shard, or of a chunk.
    pub fn object_shape(&self) -> &[u64] {
        self.shard.as_deref().unwrap_or(self.layout.chunks())
    }

    /// Objects along each axis.
    pub fn object_grid(&self) -> Vec<u64> {
        self.layout.shape().iter().zip(self.object_shape()).map(|(n, object)| n.div_ceil(*object)).collect()
    }

    /// The name of an object inside the array's folder, such as `c/0/1`.
    pub fn object_name(&self, index: &[u64]) -> String {
        let (prefix, separator) = match self.keys {
            Keys::Default(separator) => (Some("c".to_owned()), separator),
            Keys::V2(separator) => (index.is_empty().then(|| "0".to_owned()), separator),
        };
        let parts: Vec<_> = prefix.into_iter().chain(index.iter().map(u64::to_string)).collect();
        parts.join(separator.as_str())
    }

    /// Chunks of a shard along each axis; 1 where there are no shards.
    pub fn chunks_per_object(&self) -> Vec<u64> {
        self.object_shape().iter().zip(self.layout.chunks()).map(|(object, chunk)| object / chunk).collect()
    }

    /// The chunks of an object, in the order in which they lie in it: the index of each, `None` where it is beyond the array.
    pub fn chunks_of(&self, object: &[u64]) -> impl Iterator<Item = Option<Vec<u64>>> + use<> {
        let (inside, grid) = (self.chunks_per_object(), self.layout.grid());
        let first: Vec<u64> = object.iter().zip(&inside).map(|(at, inside)| at * inside).collect();
        (0..inside.iter().product()).map(move |mut number: u64| {
            let mut index = first.clone();
            for (at, inside) in index.iter_mut().zip(&inside).rev() {
                *at += number % inside;
                number /= inside;
            }
            index.iter().zip(&grid).all(|(at, grid)| at < grid).then_some(index)
        })
    }

    /// The object in which a chunk lies, and its number there.
    pub fn object_of(&self, chunk: &[u64]) -> (Vec<u64>, usize) {
        let inside = self.chunks_per_object();
        let object = chunk.iter().zip(&inside).map(|(at, inside)| at / inside).collect();
        let number = chunk.iter().zip(&inside).fold(0, |number, (at, inside)| number * inside + at % inside);
        (object, number as usize)
    }

    /// How many chunks a shard's index tells of.
    pub fn index_entries(&self) -> usize {
        self.chunks_per_object().iter().product::<u64>() as usize
    }

    /// Where in a shard of so many bytes its index is; `None` where the shard is too short to have one.
    pub fn index_range(&self, bytes: u64) -> Option<Range<u64>> {
        let length = self.index_entries() as u64 * ENTRY + if self.storage.index_checksum { 4 } else { 0 };
        let start = bytes.checked_sub(length)?;
        Some(if self.storage.index_first { 0..length } else { start..bytes })
    }

    /// Whether a shard's index ends in its CRC-32C.
    pub fn index_has_checksum(&self) -> bool {
        self.storage.index_checksum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn meta(shape: &[u64], chunks: &[u64]) -> ArrayMeta {
        ArrayMeta::new(shape.to_vec(), chunks.to_vec(), Dtype::U16).unwrap()
    }

    #[test]
    fn objects_are_named_by_their_place() {
        let meta = meta(&[1, 1, 9, 21, 33], &[1, 1, 4, 8, 8]);
        assert_eq!(meta.object_grid(), [1, 1, 3, 3, 5]);
        assert_eq!(meta.object_name(&[0, 0, 2, 1, 4]), "c/0/0/2/1/4");
        let sharded = meta.sharded(vec![1, 1, 8, 16, 16]).unwrap();
        assert_eq!(sharded.object_grid(), [1, 1, 2, 2, 3]);
        assert_eq!(sharded.index_entries(), 8);
        assert_eq!(sharded.index_range(1000), Some(868..1000));
        assert_eq!(sharded.index_range(131), None);
    }

    #[test]
    fn chunks_beyond_the_array_are_left_out_of_a_shard() {
        let meta = meta(&[5, 7], &[2, 2]).sharded(vec![4, 4]).unwrap();
        let found: Vec<_> = meta.chunks_of(&[1, 1]).collect();
        assert_eq!(found, [Some(vec![2, 2]), Some(vec![2, 3]), None, None]);
        assert_eq!(meta.object_of(&[2, 3]), (vec![1, 1], 1));
        assert_eq!(meta.object_of(&[1, 2]), (vec![0, 1], 2));
    }

    #[rstest]
    #[case::part(&[3, 4])]
    #[case::axes(&[4])]
    #[case::empty(&[0, 4])]
    #[case::endless(&[1 << 40, 1 << 40])]
    fn shards_that_are_not_whole_chunks_are_refused(#[case] shard: &[u64]) {
        let expected = ZarrError::Shards { shard: shard.to_vec(), chunks: vec![2, 2] };
        assert_eq!(meta(&[5, 7], &[2, 2]).sharded(shard.to_vec()), Err(expected));
    }

    #[test]
    fn names_are_as_many_as_axes() {
        assert_eq!(meta(&[5, 7], &[2, 2]).named(&["x"]), Err(ZarrError::Names { names: 1, axes: 2 }));
    }
}
