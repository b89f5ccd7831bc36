//! Stored chunks, fetched while others are compared.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use adt_formats::zarr::v3::ShardIndex;
use adt_model::{Class, Fault, Key};
use adt_plan::imaging::Extent;
use adt_store::{Found, Place};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};

use super::{
    super::{
        boxes::Span,
        opened::{Level, optional, passes},
    },
    boxes,
};

/// A chunk as it is stored.
pub(super) struct Packed {
    pub at: Extent,
    pub key: Key,
    /// `None`: it is not there. A fault: it cannot be read, for a reason of its own.
    pub bytes: Result<Option<Bytes>, Fault>,
}

/// Fetches chunks of one level, one timepoint and channel of it.
pub(super) struct Chunks<'a> {
    place: &'a Place,
    level: &'a Level,
    at: [u64; 2],
    lanes: usize,
    shards: Mutex<HashMap<Key, Arc<Shard>>>,
}

/// A shard's index and the version that it was read from; `None` where there is no such shard.
type Shard = Result<Option<(Found, ShardIndex)>, Fault>;

impl<'a> Chunks<'a> {
    pub(super) fn new(place: &'a Place, level: &'a Level, at: [u64; 2], lanes: usize) -> Self {
        Self { place, level, at, lanes, shards: Mutex::default() }
    }

    /// All chunks that a box touches. Fails only where the place does not answer.
    pub(super) async fn fetch(&self, span: Span) -> Result<Vec<Packed>, Fault> {
        let [_, _, z, y, x] = self.level.chunk();
        let all = boxes::chunks(span, [z, y, x]).map(|at| self.one(at));
        futures::stream::iter(all).buffered(self.lanes).try_collect().await
    }

    async fn one(&self, at: Extent) -> Result<Packed, Fault> {
        let [tc, cc, ..] = self.level.chunk();
        let [z, y, x] = at;
        let (key, number) = self.level.object([self.at[0] / tc, self.at[1] / cc, z, y, x]);
        match self.bytes(&key, number).await {
            Err(fault) if passes(&fault) => Err(fault),
            bytes => Ok(Packed { at, key, bytes }),
        }
    }

    async fn bytes(&self, key: &Key, number: usize) -> Result<Option<Bytes>, Fault> {
        if self.level.sharded().is_none() {
            return optional(self.place, key).await;
        }
        let shard = self.shard(key).await?;
        let (found, index) = match &*shard {
            Err(fault) => return Err(fault.clone()),
            Ok(None) => return Ok(None),
            Ok(Some(shard)) => (&shard.0, &shard.1),
        };
        match index.span(number) {
            None => Ok(None),
            Some(range) => self.place.get_of(found, range).await.map(Some),
        }
    }

    async fn shard(&self, key: &Key) -> Result<Arc<Shard>, Fault> {
        let known = self.shards.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        if let Some(shard) = known {
            return Ok(shard);
        }
        let shard = match self.index(key).await {
            Err(fault) if passes(&fault) => return Err(fault),
            shard => Arc::new(shard),
        };
        let mut shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        shards.insert(key.clone(), Arc::clone(&shard));
        Ok(shard)
    }

    async fn index(&self, key: &Key) -> Shard {
        let Some(meta) = self.level.sharded() else { return Ok(None) };
        let Some(found) = self.place.head(key).await? else { return Ok(None) };
        let short = || Fault::new(Class::Corrupt, format!("`{key}` is too short for a shard"));
        let range = meta.index_range(found.size).ok_or_else(short)?;
        let bytes = self.place.get_of(&found, range).await?;
        let index = ShardIndex::parse(key.as_str(), &bytes, meta.index_has_checksum(), found.size)?;
        Ok(Some((found, index)))
    }
}
