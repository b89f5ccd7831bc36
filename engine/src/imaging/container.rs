//! The container at work: all tiles of a session, stage by stage, item by item.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use adt_model::{Class, Fault, ImagingConfig, Key, SourceLinks};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
};

use super::{
    array,
    item::Task,
    marker::{Levels, Made, Markers},
    plan_file::{PlanFile, PlannedTile},
    tile::Tile,
    written::Written,
};
use crate::{
    beat::Beat,
    delivery::{Delivery, Made as MadeFrom, off_the_reactor},
};

/// Items that hold more than this are worked on by few at once.
const SMALL: u64 = 32 << 20;

/// Some process's part of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// From 0.
    pub number: u64,
    /// Of so many.
    pub of: u64,
}

impl Share {
    /// All of it.
    pub const ALL: Self = Self { number: 0, of: 1 };

    /// Whether an item is part of it: every item is part of exactly one of the `of` shares.
    pub fn has(&self, item: u64) -> bool {
        item % self.of.max(1) == self.number
    }
}

/// The tiles of a session on their way into a container.
pub(crate) struct Container {
    pub tiles: Vec<Arc<Tile>>,
    pub config: Arc<ImagingConfig>,
    /// Its folder; `None`: the place itself.
    pub under: Option<Key>,
    pub out: Arc<Delivery>,
    pub beat: Beat,
    pub(super) markers: Markers,
    /// Of what belongs to no tile.
    pub(super) made: MadeFrom,
    plan: PlanFile,
    /// Of each tile, whatever decides the bytes of its objects.
    pub(super) identities: Vec<Identity>,
    /// Tiles that an earlier run has finished, with what it wrote of each level.
    pub(super) finished: BTreeMap<usize, Levels>,
    /// What was written, where an earlier process described every group.
    pub(super) ended: Option<Written>,
    /// Tiles that cannot be finished, and why.
    pub(super) broken: Mutex<BTreeMap<usize, String>>,
    /// When each tile was begun and ended, of those that were worked on.
    pub(super) times: Mutex<BTreeMap<usize, [Timestamp; 2]>>,
}

/// Whatever decides the bytes of a tile's objects. A tile that is mended changes its own only.
pub(super) struct Identity {
    pub hash: String,
    /// Of its arrays and chunks.
    pub made: MadeFrom,
    /// Of the documents that make its group an image: where they stand, an earlier run has finished the tile.
    pub described: MadeFrom,
}

/// What ends the work on an item.
enum Trouble {
    /// Something about its tile; others go on.
    Tile(Fault),
    /// The destination, a person, or a bug.
    Work(Fault),
}

/// An item among all of its stage.
struct Numbered {
    number: u64,
    tile: usize,
    /// Which of its tile's.
    within: u64,
    /// Timepoint and channel.
    at: [u64; 2],
    item: u64,
}

impl Container {
    pub(crate) fn new(
        tiles: Vec<Tile>,
        source: (&str, bool, SourceLinks),
        config: ImagingConfig,
        under: Option<Key>,
        out: Arc<Delivery>,
        beat: Beat,
    ) -> Self {
        let plan = plan(&tiles, source, &config, out.ctx().version);
        Self {
            markers: Markers::new(out.place(), under.as_ref()),
            made: MadeFrom::from("adt imaging", None),
            identities: plan.tiles.iter().map(|tile| Identity::of(&tile.hash)).collect(),
            finished: BTreeMap::new(),
            ended: None,
            tiles: tiles.into_iter().map(Arc::new).collect(),
            config: Arc::new(config),
            under,
            plan,
            out,
            beat,
            broken: Mutex::default(),
            times: Mutex::default(),
        }
    }

    /// Fails when the source or the program is not what the plan was made for.
    pub(crate) fn is_as_planned(&self, plan: &PlanFile) -> Result<(), Fault> {
        if plan.hash == self.plan.hash {
            return Ok(());
        }
        let what = format!(
            "`{}` is not what the plan was made for, or another release made it ({})",
            plan.source, plan.program
        );
        Err(Fault::new(Class::Corrupt, what)
            .help("plan again; what was done of images that changed is removed then"))
    }

    /// Fails where the plan that stands at the destination is not this one.
    pub(crate) async fn is_planned(&mut self) -> Result<(), Fault> {
        self.look_for_end().await?;
        if self.ended.is_some() {
            return Ok(());
        }
        let text = self.markers.plan().await?.ok_or_else(|| {
            Fault::new(Class::BadInput, "the container has no plan").help("submit the work again")
        })?;
        self.is_as_planned(&PlanFile::parse(&text)?)
    }

    /// Looks whether an earlier process described every group.
    pub(super) async fn look_for_end(&mut self) -> Result<(), Fault> {
        self.ended = self.markers.ended(Some(&self.plan.hash)).await?;
        Ok(())
    }

    /// The hash of the plan.
    pub(super) fn hash(&self) -> &str {
        &self.plan.hash
    }

    /// Bytes that the items of each stage read.
    pub(crate) fn bytes_of_stages(&self) -> Vec<u64> {
        let of = |stage: usize| {
            self.tiles.iter().map(move |tile| {
                let stages = tile.partition.stages();
                stages.get(stage).map_or(0, |of| tile.bytes_of_level(of.source))
            })
        };
        (0..self.stages()).map(|stage| of(stage).sum()).collect()
    }

    /// Items of each stage.
    pub(crate) fn items_of_stages(&self) -> &[u64] {
        &self.plan.items
    }

    /// What cannot be finished, and why.
    pub(crate) fn broken_tiles(&self) -> Vec<String> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// How many stages the deepest tile has.
    pub(crate) fn stages(&self) -> usize {
        self.plan.items.len()
    }

    /// Writes the plan, all groups and arrays. An earlier plan that is another one is taken back first, with what was made by it.
    pub(crate) async fn prepare(&mut self) -> Result<(), Fault> {
        self.look_for_end().await?;
        if self.ended.is_some() {
            return Ok(());
        }
        if self.markers.ended(None).await?.is_some() {
            self.markers.reopen().await?;
        }
        self.finished = self.finished_earlier()?;
        if let Some(text) = self.markers.plan().await? {
            let plan = PlanFile::parse(&text);
            if !plan.as_ref().is_ok_and(|plan| plan.hash == self.plan.hash) {
                self.take_back(plan.ok()).await?;
            }
        }
        let text = serde_json::to_vec_pretty(&self.plan).expect("a record of plain fields");
        self.markers.write_plan(text).await?;
        let format = self.config.format;
        let mut folders: BTreeSet<Option<Key>> = BTreeSet::new();
        for (number, tile) in self.tiles.iter().enumerate() {
            folders.extend(self.folders(tile));
            if !self.finished.contains_key(&number) {
                let arrays = tile.arrays.iter().map(array::Array::metadata).collect();
                self.send(arrays, self.identities[number].made).await?;
            }
        }
        // The group of a finished tile is an image, and stays one.
        for number in self.finished.keys() {
            folders.remove(&self.tiles[*number].folder);
        }
        let groups = folders.iter().flat_map(|folder| array::group(folder.as_ref(), format, None));
        self.send(groups.collect(), self.made).await
    }

    pub(super) async fn send(&self, objects: Vec<(Key, Vec<u8>)>, made: MadeFrom) -> Result<(), Fault> {
        let sending = objects
            .into_iter()
            .map(|(key, text)| async move { self.out.piece(&key, text.into(), made).await });
        futures::stream::iter(sending).buffer_unordered(self.out.ctx().settings.lanes).try_collect().await
    }

    /// A tile's folder and those above it, up to the container's.
    fn folders(&self, tile: &Tile) -> Vec<Option<Key>> {
        if tile.folder == self.under { vec![self.under.clone()] } else { self.folders_to(&tile.about.group) }
    }

    /// The container's folder and those below it down to a group's.
    fn folders_to(&self, group: &str) -> Vec<Option<Key>> {
        let mut found = vec![self.under.clone()];
        for part in group.split('/') {
            let above = found.last().cloned().flatten();
            found.push(Some(array::below(above.as_ref(), part)));
        }
        found
    }

    /// Removes what an earlier, unfinished run made of tiles that are others now, or are stored otherwise. What it made of the rest
    /// stays, and so does what is no part of this plan: somebody may have put the source of a finished image away.
    async fn take_back(&self, plan: Option<PlanFile>) -> Result<(), Fault> {
        let known: HashSet<&str> = self.identities.iter().map(|tile| tile.hash.as_str()).collect();
        let groups: HashSet<&str> = self.tiles.iter().map(|tile| tile.about.group.as_str()).collect();
        self.markers.clear_all_but(&known).await?;
        let Some(plan) = plan else { return Ok(()) };
        let others = plan.tiles.iter().filter(|tile| !known.contains(tile.hash.as_str()));
        let others: Vec<_> = others.filter(|tile| groups.contains(tile.about.group.as_str())).collect();
        let mut folders = BTreeSet::from([self.under.clone()]);
        for PlannedTile { about, .. } in &others {
            let written = if about.group.is_empty() {
                (0..about.levels).map(|level| array::below(self.under.as_ref(), &level.to_string())).collect()
            } else {
                folders.extend(self.folders_to(&about.group));
                vec![array::below(self.under.as_ref(), &about.group)]
            };
            for folder in written {
                self.remove_below(&folder).await?;
                self.out.place().prune(&folder).await?;
            }
        }
        if !others.is_empty() {
            let images =
                if others.len() == 1 { "1 image".to_owned() } else { format!("{} images", others.len()) };
            self.out.note(format!(
                "an earlier run was not finished, and {images} changed since or are stored otherwise now: what it \
                 wrote of them is removed"
            ));
        }
        if plan.config.format != self.config.format {
            // Groups of the other version of Zarr would stand beside ours.
            for folder in &folders {
                for name in [".zgroup", ".zattrs", "zarr.json"] {
                    self.out.remove(&array::below(folder.as_ref(), name)).await?;
                }
            }
        }
        // What is forgotten must not count as standing when the same keys are sent next.
        self.out.ctx().ledger.flush()
    }

    async fn remove_below(&self, folder: &Key) -> Result<(), Fault> {
        let mut found = Vec::new();
        let mut pages = std::pin::pin!(self.out.place().below(folder).list());
        while let Some(page) = pages.next().await {
            found.extend(page?.into_iter().map(|found| folder.join(&found.key)));
        }
        for key in found {
            self.out.remove(&key).await?;
        }
        Ok(())
    }

    /// Does the items of a stage that are of this share and have no marker.
    pub(crate) async fn run(&self, stage: usize, share: Share) -> Result<(), Fault> {
        self.run_after(0, stage, share).await
    }

    /// The same where `before` items of other work are counted first.
    pub(crate) async fn run_after(&self, before: u64, stage: usize, share: Share) -> Result<(), Fault> {
        if self.ended.is_some() {
            return Ok(());
        }
        if let Some(before) = stage.checked_sub(1) {
            let lacking = self.lacking(before).await?;
            if lacking > 0 {
                return Err(incomplete(lacking, before));
            }
        }
        let done = self.markers.done(stage).await?;
        let ctx = self.out.ctx();
        let all = 8 * ctx.pool.current_num_threads() as u32;
        let turns = Arc::new(Semaphore::new(all as usize));
        let mut flying = JoinSet::new();
        let mut at_work = 0;
        for one in self.items(stage).filter(|one| share.has(before + one.number)) {
            let task = self.task(stage, &one);
            // Items come tile by tile; what was learnt of one before the last is not wanted any more.
            for behind in at_work..one.tile.saturating_sub(1) {
                self.tiles[behind].volume.forget();
            }
            at_work = at_work.max(one.tile.saturating_sub(1));
            if self.has_marker(&done, &one) || self.finished.contains_key(&one.tile) {
                self.beat.counted(if stage == 0 { task.bytes() } else { 0 });
                continue;
            }
            if self.is_broken(one.tile) {
                continue;
            }
            ctx.stop.check()?;
            // An item works on all threads and reads ahead: half as many as threads keep them busy. Small ones wait for requests most of the time.
            let share = if task.memory() > SMALL { 16 } else { 1 };
            let turn = Arc::clone(&turns).acquire_many_owned(share.min(all)).await;
            let turn = turn.expect("the turns are never closed");
            let permit = ctx.chunks.take(task.memory()).await;
            let (out, made, markers) =
                (Arc::clone(&self.out), self.identities[one.tile].made, self.markers.clone());
            let hash = self.identities[one.tile].hash.clone();
            let began = (ctx.clock)();
            flying.spawn(async move {
                let ended = make(task, &out, made).await;
                drop((turn, permit));
                let ended = match ended {
                    Ok(account) => {
                        markers.write(stage, (&hash, one.within), &account).await.map_err(Trouble::Work)
                    }
                    Err(trouble) => Err(trouble),
                };
                (one.tile, began, ended)
            });
            while let Some(landed) = flying.try_join_next() {
                self.land(landed)?;
            }
        }
        while let Some(landed) = flying.join_next().await {
            self.land(landed)?;
        }
        self.tiles.iter().for_each(|tile| tile.volume.forget());
        Ok(())
    }

    /// How many items of a stage have no marker, of tiles that can be finished.
    pub(super) async fn lacking(&self, stage: usize) -> Result<u64, Fault> {
        let done = self.markers.done(stage).await?;
        let given_up = |tile| self.finished.contains_key(&tile) || self.is_broken(tile);
        let lacking = self.items(stage).filter(|one| !self.has_marker(&done, one) && !given_up(one.tile));
        Ok(lacking.count() as u64)
    }

    fn has_marker(&self, done: &HashSet<(String, u64)>, one: &Numbered) -> bool {
        done.contains(&(self.identities[one.tile].hash.clone(), one.within))
    }

    fn land(
        &self,
        landed: Result<(usize, Timestamp, Result<(), Trouble>), tokio::task::JoinError>,
    ) -> Result<(), Fault> {
        let (tile, began, ended) =
            landed.map_err(|e| Fault::new(Class::Bug, "making an item ended in a panic").because(e))?;
        let now = (self.out.ctx().clock)();
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let span = times.entry(tile).or_insert([began, now]);
        *span = [span[0].min(began), span[1].max(now)];
        match ended {
            Ok(()) => Ok(()),
            Err(Trouble::Work(fault)) => Err(fault),
            Err(Trouble::Tile(fault)) => {
                self.breaks(tile, &fault);
                Ok(())
            }
        }
    }

    fn breaks(&self, tile: usize, fault: &Fault) {
        let text = format!("`{}` is not converted: {}", self.tiles[tile].about.group, fault.line());
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        if broken.insert(tile, text.clone()).is_none() {
            self.out.note(text);
        }
    }

    pub(super) fn is_broken(&self, tile: usize) -> bool {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&tile)
    }

    /// After the last read of the sources: what has changed meanwhile is not what was converted.
    pub(crate) async fn sources_are_steady(&self) -> Result<(), Fault> {
        for (number, tile) in self.tiles.iter().enumerate() {
            let volume = Arc::clone(&tile.volume);
            match off_the_reactor(move || volume.finish()).await {
                Ok(()) => {}
                Err(fault) if fault.class() == Class::Bug => return Err(fault),
                Err(fault) => self.breaks(number, &fault),
            }
        }
        Ok(())
    }

    /// All items of a stage, tile by tile.
    fn items(&self, stage: usize) -> impl Iterator<Item = Numbered> + '_ {
        let mut number = 0;
        self.tiles.iter().enumerate().flat_map(move |(index, tile)| {
            let (channels, first) = (tile.about.shape[1], number);
            number += tile.items(stage);
            let each = tile.partition.stages().get(stage).map_or(1, adt_plan::imaging::Stage::items);
            (0..tile.items(stage)).map(move |within| {
                let volume = within / each;
                let at = [volume / channels, volume % channels];
                Numbered { number: first + within, tile: index, within, at, item: within % each }
            })
        })
    }

    /// The stages of a tile, each with how many items it has.
    pub(super) fn counts(&self, tile: usize) -> impl Iterator<Item = (usize, u64)> + '_ {
        (0..self.stages()).map(move |stage| (stage, self.tiles[tile].items(stage)))
    }

    fn task(&self, stage: usize, one: &Numbered) -> Task {
        let tile = &self.tiles[one.tile];
        let of = tile.partition.stages()[stage];
        let ctx = self.out.ctx();
        // A box of each level is open, and two are on their way; and two items at once keep reading and computing going.
        let share = ctx.settings.chunk_memory.unwrap_or(ctx.settings.memory / 4 * 3);
        let memory = share / 2 / (4 + (of.last - of.source) as u64);
        Task {
            tile: Arc::clone(tile),
            config: Arc::clone(&self.config),
            stage: of,
            item: tile.partition.item(&of, one.item),
            at: one.at,
            side: tile.side(&of, memory),
            place: self.out.place().clone(),
            pool: Arc::clone(&ctx.pool),
            beat: self.beat.clone(),
        }
    }
}

/// Of a container whose items are not all done: others may be at it, or must be asked again.
pub(super) fn incomplete(items: u64, stage: usize) -> Fault {
    let items = if items == 1 { "1 item".to_owned() } else { format!("{items} items") };
    Fault::new(Class::Transient, format!("the work is not complete: {items} of stage {stage} have no marker"))
        .help("run the shares that were interrupted again, then finish again")
}

/// Makes an item and sends its objects as they come.
async fn make(task: Task, out: &Arc<Delivery>, made: MadeFrom) -> Result<Made, Trouble> {
    let (objects, arriving) = mpsc::channel::<(Key, Bytes)>(1);
    let making = tokio::spawn(off_the_reactor(move || {
        task.make(&mut |key, bytes| {
            objects
                .blocking_send((key, bytes))
                .map_err(|_| Fault::new(Class::Cancelled, "the upload has ended before the work"))
        })
    }));
    let arriving = futures::stream::unfold(arriving, |mut arriving| async move {
        arriving.recv().await.map(|object| (object, arriving))
    });
    let sent = arriving
        .map(|(key, bytes)| async move {
            let _permit = out.ctx().leaving.take(bytes.len() as u64).await;
            out.piece(&key, bytes, made).await
        })
        .buffer_unordered(out.ctx().settings.lanes)
        .try_collect::<()>()
        .await;
    let account = making
        .await
        .map_err(|e| Trouble::Work(Fault::new(Class::Bug, "making an item ended in a panic").because(e)))?;
    sent.map_err(Trouble::Work)?;
    account.map_err(|fault| match fault.class() {
        Class::Cancelled | Class::Bug => Trouble::Work(fault),
        _ => Trouble::Tile(fault),
    })
}

fn plan(
    tiles: &[Tile],
    (source, n5, links): (&str, bool, SourceLinks),
    config: &ImagingConfig,
    version: &str,
) -> PlanFile {
    let stages = tiles.iter().map(|tile| tile.partition.stages().len()).max().unwrap_or_default();
    let items: Vec<u64> = (0..stages).map(|stage| tiles.iter().map(|tile| tile.items(stage)).sum()).collect();
    let tiles: Vec<_> = tiles.iter().map(|tile| planned(tile, config, version)).collect();
    let text = serde_json::to_string(&(&tiles, &items)).expect("records of plain fields");
    PlanFile {
        program: format!("adt {version}"),
        hash: hash(&text),
        source: source.to_owned(),
        n5,
        links,
        config: config.clone(),
        tiles,
        items,
    }
}

fn planned(tile: &Tile, config: &ImagingConfig, version: &str) -> PlannedTile {
    // Which other images there are decides nothing about this one.
    let config = ImagingConfig { exclude: Vec::new(), link: None, background: None, ..config.clone() };
    let source = (tile.volume.identity(), tile.interleaved, tile.background_sum());
    let text =
        serde_json::to_string(&(version, config, &tile.about, source)).expect("records of plain fields");
    PlannedTile { hash: hash(&text), about: tile.about.clone() }
}

fn hash(text: &str) -> String {
    format!("{:016x}", adt_codec::crc64(text.as_bytes()))
}

impl Identity {
    fn of(hash: &str) -> Self {
        Self {
            hash: hash.to_owned(),
            made: MadeFrom::from(hash, None),
            described: MadeFrom::from(&format!("{hash} described"), None),
        }
    }
}
