//! Voxels that were written already, read back.

use std::{collections::HashMap, sync::Arc};

use adt_codec::blosc;
use adt_formats::zarr::v3::{ArrayMeta, ShardIndex};
use adt_model::{Class, Fault, Key};
use adt_plan::imaging::Extent;
use adt_store::{Found, Place};
use bytes::Bytes;
use tokio::runtime::Handle;

use super::{boxes::Span, tile::Tile};

/// Reads a level of a tile, one timepoint and channel of it. For threads that may wait.
pub(super) struct Stored {
    place: Place,
    runtime: Handle,
    tile: Arc<Tile>,
    level: usize,
    at: [u64; 2],
    decoder: blosc::Decoder,
    chunk: Vec<u8>,
    shards: HashMap<Extent, Arc<Shard>>,
}

/// A shard, in the version whose index was read.
struct Shard {
    found: Found,
    index: ShardIndex,
}

impl Stored {
    /// Must be made inside the runtime.
    pub(super) fn new(place: Place, tile: Arc<Tile>, level: usize, at: [u64; 2]) -> Self {
        Self {
            place,
            runtime: Handle::current(),
            tile,
            level,
            at,
            decoder: blosc::Decoder::new(),
            chunk: Vec::new(),
            shards: HashMap::new(),
        }
    }

    /// Fills `out` with the voxels of a box.
    pub(super) fn read(&mut self, span: Span, out: &mut [u8]) -> Result<(), Fault> {
        let chunk = self.tile.arrays[self.level].chunk;
        let first: Extent = std::array::from_fn(|axis| span.start[axis] / chunk[axis]);
        let end: Extent =
            std::array::from_fn(|axis| (span.start[axis] + span.shape[axis]).div_ceil(chunk[axis]));
        for z in first[0]..end[0] {
            for y in first[1]..end[1] {
                for x in first[2]..end[2] {
                    self.one([z, y, x], span, out)?;
                }
            }
        }
        Ok(())
    }

    fn one(&mut self, at: Extent, span: Span, out: &mut [u8]) -> Result<(), Fault> {
        let tile = Arc::clone(&self.tile);
        let array = &tile.arrays[self.level];
        let item = tile.dtype.size();
        let (key, packed) = self.packed(at)?;
        self.chunk.resize(array.chunk_voxels() * item, 0);
        match packed {
            Some(packed) => self.decoder.decode_into(&packed, &mut self.chunk).map_err(|error| {
                Fault::new(Class::Corrupt, format!("`{key}` cannot be decompressed")).because(error)
            })?,
            None => self.chunk.fill(0),
        }
        let side = array.chunk;
        let begin: Extent = std::array::from_fn(|axis| (at[axis] * side[axis]).max(span.start[axis]));
        let end: Extent = std::array::from_fn(|axis| {
            ((at[axis] + 1) * side[axis]).min(span.start[axis] + span.shape[axis])
        });
        let length = (end[2] - begin[2]) as usize * item;
        for z in begin[0]..end[0] {
            for y in begin[1]..end[1] {
                let index = |of: Extent, sides: Extent| {
                    (((z - of[0]) * sides[1] + (y - of[1])) * sides[2] + (begin[2] - of[2])) as usize * item
                };
                let corner = std::array::from_fn(|axis| at[axis] * side[axis]);
                let (from, to) = (index(corner, side), index(span.start, span.shape));
                out[to..to + length].copy_from_slice(&self.chunk[from..from + length]);
            }
        }
        Ok(())
    }

    /// The bytes of a chunk as they are stored, and the object that holds them.
    fn packed(&mut self, at: Extent) -> Result<(Key, Option<Bytes>), Fault> {
        let tile = Arc::clone(&self.tile);
        let array = &tile.arrays[self.level];
        let Some(meta) = array.sharded() else {
            let key = array.key(self.at, at);
            let bytes = self.runtime.block_on(self.place.get(&key, None))?;
            return Ok((key, Some(bytes)));
        };
        let [z, y, x] = at;
        let (object, number) = meta.object_of(&[self.at[0], self.at[1], z, y, x]);
        let object: Extent = [object[2], object[3], object[4]];
        let key = array.key(self.at, object);
        let known = self.shards.get(&object).map(Arc::clone);
        let shard = match known {
            Some(shard) => shard,
            None => Arc::new(self.shard(&key, meta)?),
        };
        self.shards.insert(object, Arc::clone(&shard));
        let Some(range) = shard.index.span(number) else { return Ok((key, None)) };
        let bytes = self.runtime.block_on(self.place.get_of(&shard.found, range))?;
        Ok((key, Some(bytes)))
    }

    fn shard(&self, key: &Key, meta: &ArrayMeta) -> Result<Shard, Fault> {
        let missing = || Fault::new(Class::Missing, format!("`{key}` is not at the destination"));
        let found = self.runtime.block_on(self.place.head(key))?.ok_or_else(missing)?;
        let short = || Fault::new(Class::Corrupt, format!("`{key}` is too short for a shard"));
        let range = meta.index_range(found.size).ok_or_else(short)?;
        let bytes = self.runtime.block_on(self.place.get_of(&found, range))?;
        let index = ShardIndex::parse(key.as_str(), &bytes, meta.index_has_checksum(), found.size)?;
        Ok(Shard { found, index })
    }
}
