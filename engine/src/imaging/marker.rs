//! What is known of the work beside the work itself, below `.adt/`: the plan, a marker for each item and, when every group is described,
//! a journal entry that says so (`ended.json`). It is written before the first marker is removed, so that a process that is killed while
//! it tidies leaves nothing that looks unfinished. All of it is gone when the work has ended.

use std::collections::{BTreeMap, HashSet};

use adt_model::{Class, Crc64, Fault, Key};
use adt_store::{Block, ObjectMeta, Place};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};

use super::{array::below, plan_file::PlanFile, written::Written};

/// The plan's name.
const PLAN: &str = "plan.json";

/// The journal entry's name.
const ENDED: &str = "ended.json";

/// No plan, marker or journal entry is larger.
const LARGEST: u64 = 256 << 20;

/// Markers that are removed at once.
const LANES: usize = 16;

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

/// What the journal says when every group is described.
#[derive(Debug, Serialize, Deserialize)]
struct Ended {
    /// Of the plan.
    hash: String,
    written: Written,
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
        self.text(&self.named(PLAN)).await
    }

    async fn text(&self, key: &Key) -> Result<Option<Bytes>, Fault> {
        match self.place.head(key).await? {
            Some(found) if found.size > LARGEST => {
                let what = format!("`{key}` has {} bytes; adt writes nothing that large there", found.size);
                Err(Fault::new(Class::BadInput, what))
            }
            Some(_) => self.place.get(key, None).await.map(Some),
            None => Ok(None),
        }
    }

    /// What was written, where every group of the plan with this hash was described; any plan without a hash.
    pub(super) async fn ended(&self, hash: Option<&str>) -> Result<Option<Written>, Fault> {
        let Some(text) = self.text(&self.named(ENDED)).await? else { return Ok(None) };
        let ended: Option<Ended> = serde_json::from_slice(&text).ok();
        Ok(ended.filter(|ended| hash.is_none_or(|hash| ended.hash == hash)).map(|ended| ended.written))
    }

    /// Every group of the plan with this hash is described.
    pub(super) async fn end(&self, hash: &str, written: &Written) -> Result<(), Fault> {
        let ended = Ended { hash: hash.to_owned(), written: written.clone() };
        let text = serde_json::to_vec(&ended).expect("a record of plain fields");
        self.put(&self.named(ENDED), text).await
    }

    /// The journal's entry was wrong.
    pub(super) async fn reopen(&self) -> Result<(), Fault> {
        self.place.delete(&self.named(ENDED)).await
    }

    pub(super) async fn write_plan(&self, plan: Vec<u8>) -> Result<(), Fault> {
        self.put(&self.named(PLAN), plan).await
    }

    /// The items of a stage that are done: by the hash of their tile, and which of its items.
    pub(super) async fn done(&self, stage: usize) -> Result<HashSet<(String, u64)>, Fault> {
        let mut done = HashSet::new();
        let mut pages = std::pin::pin!(self.place.below(&self.stage(stage)).list());
        while let Some(page) = pages.next().await {
            let names = page?.into_iter().map(|found| found.key);
            done.extend(names.filter_map(|name| parsed(name.as_str())));
        }
        Ok(done)
    }

    pub(super) async fn read(&self, stage: usize, item: (&str, u64)) -> Result<Made, Fault> {
        let key = self.item(stage, item);
        let bytes = self.place.get(&key, None).await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| Fault::new(Class::Corrupt, format!("`{key}` is no marker")).because(error))
    }

    pub(super) async fn write(&self, stage: usize, item: (&str, u64), made: &Made) -> Result<(), Fault> {
        let text = serde_json::to_vec(made).expect("a record of plain fields");
        self.put(&self.item(stage, item), text).await
    }

    /// Removes all markers, then the plan, and last the journal's entry.
    pub(super) async fn clear(&self) -> Result<(), Fault> {
        self.clear_all_but(&HashSet::new()).await?;
        self.place.delete(&self.named(PLAN)).await?;
        self.place.delete(&self.named(ENDED)).await?;
        cut_off(&self.place.below(&self.folder)).await?;
        self.place.prune(&self.folder).await
    }

    /// Removes all markers but those of tiles with such a hash.
    pub(super) async fn clear_all_but(&self, tiles: &HashSet<&str>) -> Result<(), Fault> {
        let place = self.place.below(&self.folder);
        let is_kept = |key: &Key| {
            let name = key.file_name();
            matches!(name, PLAN | ENDED)
                || parsed(name).is_some_and(|(tile, _)| tiles.contains(tile.as_str()))
        };
        let mut found = Vec::new();
        let mut pages = std::pin::pin!(place.list());
        while let Some(page) = pages.next().await {
            found.extend(page?.into_iter().map(|found| found.key).filter(|key| !is_kept(key)));
        }
        let removing = found.into_iter().map(|key| {
            let place = place.clone();
            async move { place.delete(&key).await }
        });
        futures::stream::iter(removing).buffer_unordered(LANES).try_collect().await
    }

    async fn put(&self, key: &Key, bytes: Vec<u8>) -> Result<(), Fault> {
        let crc64 = Crc64(adt_codec::crc64(&bytes));
        self.place.put(key, Block { bytes: bytes.into(), crc64 }, &ObjectMeta::default()).await.map(drop)
    }

    fn named(&self, name: &str) -> Key {
        below(Some(&self.folder), name)
    }

    fn stage(&self, stage: usize) -> Key {
        below(Some(&self.folder), &format!("stage-{stage}"))
    }

    fn item(&self, stage: usize, (tile, item): (&str, u64)) -> Key {
        below(Some(&self.stage(stage)), &format!("{tile}-{item}.done"))
    }
}

/// Throws away what killed processes have begun to write in a folder of markers. Not every server lists that, and what is left there is
/// no object.
pub(crate) async fn cut_off(folder: &Place) -> Result<(), Fault> {
    for unfinished in folder.unfinished().await.unwrap_or_default() {
        folder.abort(&unfinished).await?;
    }
    Ok(())
}

/// Removes what is left of the work on a container.
pub(crate) async fn clear(place: &Place, under: Option<&Key>) -> Result<(), Fault> {
    Markers::new(place, under).clear().await
}

/// How many items of a stage have a marker; more than any where the work has ended.
pub(crate) async fn marked(place: &Place, under: Option<&Key>, stage: usize) -> Result<u64, Fault> {
    let markers = Markers::new(place, under);
    let Some(text) = markers.plan().await? else {
        return Ok(if markers.ended(None).await?.is_some() { u64::MAX } else { 0 });
    };
    let plan = PlanFile::parse(&text)?;
    if markers.ended(Some(&plan.hash)).await?.is_some() {
        return Ok(u64::MAX);
    }
    let tiles: HashSet<&str> = plan.tiles.iter().map(|tile| tile.hash.as_str()).collect();
    let done = markers.done(stage).await?;
    Ok(done.iter().filter(|(tile, _)| tiles.contains(tile.as_str())).count() as u64)
}

/// The tile's hash and the item of a marker's name.
fn parsed(name: &str) -> Option<(String, u64)> {
    let (tile, item) = name.strip_suffix(".done")?.rsplit_once('-')?;
    Some((tile.to_owned(), item.parse().ok()?))
}
