use std::collections::HashMap;

use adt_formats::zarr::v3::{ArrayMeta, ShardWriter};
use adt_model::Key;
use adt_plan::imaging::Extent;
use bytes::Bytes;

use super::array::Array;

/// Shards whose chunks are not all there yet. Chunks come in any order and lie in C order, so that equal chunks give equal bytes.
#[derive(Debug, Default)]
pub(super) struct Shards {
    open: HashMap<(usize, Extent), Open>,
}

#[derive(Debug)]
struct Open {
    chunks: Vec<Option<Vec<u8>>>,
    left: usize,
}

impl Shards {
    /// Adds a chunk. Returns the shard when it was the last.
    pub(super) fn add(
        &mut self,
        level: usize,
        array: &Array,
        meta: &ArrayMeta,
        volume: [u64; 2],
        chunk: Extent,
        packed: Vec<u8>,
    ) -> Option<(Key, Bytes)> {
        let index: Vec<u64> = volume.into_iter().chain(chunk).collect();
        let (object, number) = meta.object_of(&index);
        let key = (level, [object[2], object[3], object[4]]);
        let open = self.open.entry(key).or_insert_with(|| Open {
            chunks: vec![None; meta.index_entries()],
            left: meta.chunks_of(&object).flatten().count(),
        });
        open.chunks[number] = Some(packed);
        open.left -= 1;
        if open.left > 0 {
            return None;
        }
        let open = self.open.remove(&key).map(|open| open.chunks).unwrap_or_default();
        Some((array.key(volume, key.1), whole(open)))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

fn whole(chunks: Vec<Option<Vec<u8>>>) -> Bytes {
    let mut writer = ShardWriter::new(chunks.len());
    let mut shard =
        Vec::with_capacity(chunks.iter().flatten().map(Vec::len).sum::<usize>() + 16 * chunks.len() + 4);
    for chunk in chunks {
        writer.push(chunk.as_ref().map(|chunk| chunk.len() as u64));
        shard.extend(chunk.into_iter().flatten());
    }
    shard.extend(writer.finish());
    shard.into()
}
