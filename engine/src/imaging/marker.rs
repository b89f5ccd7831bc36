//! What is known of the work beside the work itself: the plan and a marker for each item, below `.adt/`, gone when all is done.

use std::collections::BTreeMap;

use adt_model::{Class, Crc64, Fault, Key};
use adt_store::{Block, ObjectMeta, Place};
use bytes::Bytes;
use futures::StreamExt;
use serde::{Deserialize, Serialize};

use super::array::below;

/// What an item wrote of a level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Wrote {
    /// Chunks or shards.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What was written of each level.
pub(super) type Levels = BTreeMap<usize, Wrote>;

/// What an item made: the content of its marker, written when the destination has confirmed all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Made {
    /// By level.
    pub levels: Levels,
    /// How often each kind of brightness occurs, of the image itself.
    pub brightness: Vec<(u16, u64)>,
}

/// Where plan and markers are.
#[derive(Clone, Debug)]
pub(super) struct Markers {
    place: Place,
    folder: Key,
}

impl Markers {
    /// Of the container below `under`.
    pub(super) fn new(place: &Place, under: Option<&Key>) -> Self {
        Self { place: place.clone(), folder: below(under, ".adt") }
    }

    /// The plan, if one was written.
    pub(super) async fn plan(&self) -> Result<Option<Bytes>, Fault> {
        let key = self.plan_key();
        match self.place.head(&key).await? {
            Some(_) => self.place.get(&key, None).await.map(Some),
            None => Ok(None),
        }
    }

    pub(super) async fn write_plan(&self, plan: Vec<u8>) -> Result<(), Fault> {
        self.put(&self.plan_key(), plan).await
    }

    /// The items of a stage that are done.
    pub(super) async fn done(&self, stage: usize) -> Result<Vec<u64>, Fault> {
        let mut done = Vec::new();
        let mut pages = std::pin::pin!(self.place.below(&self.stage(stage)).list());
        while let Some(page) = pages.next().await {
            let names = page?.into_iter().map(|found| found.key);
            done.extend(names.filter_map(|name| name.as_str().strip_suffix(".done")?.parse::<u64>().ok()));
        }
        Ok(done)
    }

    pub(super) async fn read(&self, stage: usize, item: u64) -> Result<Made, Fault> {
        let key = self.item(stage, item);
        let bytes = self.place.get(&key, None).await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| Fault::new(Class::Corrupt, format!("`{key}` is no marker")).because(error))
    }

    pub(super) async fn write(&self, stage: usize, item: u64, made: &Made) -> Result<(), Fault> {
        let text = serde_json::to_vec(made).expect("a record of plain fields");
        self.put(&self.item(stage, item), text).await
    }

    /// Removes all markers, and last the plan.
    pub(super) async fn clear(&self) -> Result<(), Fault> {
        let place = self.place.below(&self.folder);
        let plan = Key::parse("plan.json").expect("a name is a key");
        let mut found = Vec::new();
        let mut pages = std::pin::pin!(place.list());
        while let Some(page) = pages.next().await {
            found.extend(page?.into_iter().map(|found| found.key).filter(|key| *key != plan));
        }
        let lanes = 16;
        let removing = found.into_iter().map(|key| {
            let place = place.clone();
            async move { place.delete(&key).await }
        });
        let mut removed = std::pin::pin!(futures::stream::iter(removing).buffer_unordered(lanes));
        while let Some(done) = removed.next().await {
            done?;
        }
        place.delete(&plan).await?;
        self.place.prune(&self.folder).await
    }

    async fn put(&self, key: &Key, bytes: Vec<u8>) -> Result<(), Fault> {
        let crc64 = Crc64(adt_codec::crc64(&bytes));
        self.place.put(key, Block { bytes: bytes.into(), crc64 }, &ObjectMeta::default()).await.map(drop)
    }

    fn plan_key(&self) -> Key {
        below(Some(&self.folder), "plan.json")
    }

    fn stage(&self, stage: usize) -> Key {
        below(Some(&self.folder), &format!("stage-{stage}"))
    }

    fn item(&self, stage: usize, item: u64) -> Key {
        below(Some(&self.stage(stage)), &format!("{item}.done"))
    }
}
