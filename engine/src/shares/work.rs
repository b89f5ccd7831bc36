//! A process's share of a stage.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use adt_formats::folder::Entry;
use adt_ledger::{JobId, RunId};
use adt_model::{Action, Class, Fault, FolderWork, JobEnd, Key, Location, What};
use adt_store::Place;
use futures::TryStreamExt;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    items::{Item, as_planned, batched, images},
    plan::{FOLDER, Failed, Kind, Made, Unit, WorkPlan, failure, key, marker, put},
    prepare::besides,
};
use crate::{
    Ctx, Summary,
    alone::name,
    beat::Beat,
    course::Course,
    delivery::{Address, Counters, Delivery},
    imaging::{self, Share},
    moving::{
        self,
        part::{Part, Parts},
    },
    run::finished,
};

/// What a process is asked to do, and where it is.
#[derive(Clone, Debug)]
pub struct Task {
    /// Which stage.
    pub stage: usize,
    /// Which of its items.
    pub share: Share,
    /// The machine's name, for its log.
    pub host: String,
    /// What is moved, where the plan is of a move.
    pub moved: Option<moving::Asked>,
}

/// How a process's share went: its log, beside the plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Log {
    pub stage: usize,
    pub share: Share,
    pub host: String,
    pub began: Timestamp,
    /// When this was written.
    pub at: Timestamp,
    /// `None` while it is at work, or when it was killed.
    pub ended: Option<Timestamp>,
    /// Items it has done.
    pub items: u64,
    /// Items that were done already.
    pub kept: u64,
    /// Bytes of the source it has read.
    pub read: u64,
    /// Bytes it has sent.
    pub sent: u64,
    /// Objects it has sent.
    pub objects: u64,
    /// Items that failed.
    pub failed: u64,
    /// Why it ended before its share was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// Does a share of what `plan` says. Fails where nothing can be begun; what goes wrong later is in the summary's one row.
pub async fn work(
    destination: Location,
    plan: WorkPlan,
    task: Task,
    command: &str,
    ctx: Arc<Ctx>,
) -> Result<Summary, Fault> {
    if task.stage >= plan.stages() {
        let (stage, stages) = (task.stage, plan.stages());
        return Err(Fault::new(Class::BadInput, format!("there is no stage {stage}: {stages} are shared"))
            .help("stages are counted from 0; `--finish` does the rest"));
    }
    let run = ctx.ledger.begin_run((ctx.clock)(), command, ctx.version)?;
    ctx.tell("", None, What::RunStarted { jobs: 1 });
    let course = Course::new(name(&destination), run, &ctx);
    let place = Place::open(&destination, &course.store_options()).await?;
    let counters = Arc::clone(course.counters());
    let id = (ctx.new_id)().simple().to_string();
    let writer = Writer::of(&task, &id, place.clone(), Arc::clone(&counters), Arc::clone(&ctx));
    let origin = plan.plan.origin.to_string();
    let log = Arc::clone(&writer.log);
    let worker =
        Worker { job: course.name.clone(), run, plan, task, place, counters, ctx: Arc::clone(&ctx), log };
    let result = course.watch().over(writer.beside(Box::pin(worker.perform()))).await;
    // Also when it was interrupted: what it has done counts.
    of(&writer.log).fault = result.as_ref().err().map(Fault::line);
    let logged = writer.write(true).await;
    let row = course.end(origin, &destination, result.and(logged).map(|()| JobEnd::Done));
    let summary = Summary { rows: vec![row], stopped: ctx.stop.check().is_err() };
    ctx.tell("", None, finished(&summary));
    ctx.ledger.end_run(run, (ctx.clock)(), summary.exit_code())?;
    Ok(summary)
}

/// Writes a process's log, now and then and at its end.
struct Writer {
    key: Key,
    place: Place,
    counters: Arc<Counters>,
    ctx: Arc<Ctx>,
    log: Arc<Mutex<Log>>,
}

fn of(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Between two writings of a log.
const LOGGED: Duration = Duration::from_secs(30);

impl Writer {
    fn of(task: &Task, id: &str, place: Place, counters: Arc<Counters>, ctx: Arc<Ctx>) -> Self {
        let now = (ctx.clock)();
        let log = Log {
            stage: task.stage,
            share: task.share,
            host: task.host.clone(),
            began: now,
            at: now,
            ended: None,
            items: 0,
            kept: 0,
            read: 0,
            sent: 0,
            objects: 0,
            failed: 0,
            fault: None,
        };
        let key = key(&format!("log/{id}.json"));
        Self { key, place, counters, ctx, log: Arc::new(Mutex::new(log)) }
    }

    /// Writes the log for as long as `work` goes on. One that cannot be written is no reason to end the work, unless it is the first:
    /// then nothing could be.
    async fn beside(&self, work: impl Future<Output = Result<(), Fault>>) -> Result<(), Fault> {
        self.write(false).await?;
        let writing = async {
            loop {
                tokio::time::sleep(LOGGED).await;
                let _ = self.write(false).await;
            }
        };
        tokio::select! {
            result = work => result,
            result = writing => result,
        }
    }

    async fn write(&self, ended: bool) -> Result<(), Fault> {
        let now = self.counters.now();
        let at = (self.ctx.clock)();
        let log = {
            let mut log = of(&self.log);
            (log.read, log.sent, log.objects, log.at) =
                (now.bytes_read, now.bytes_sent, now.objects_sent, at);
            log.ended = ended.then_some(at);
            log.clone()
        };
        put(&self.place, &self.key, &log).await
    }
}

struct Worker {
    job: String,
    run: RunId,
    plan: WorkPlan,
    task: Task,
    place: Place,
    counters: Arc<Counters>,
    ctx: Arc<Ctx>,
    log: Arc<Mutex<Log>>,
}

impl Worker {
    async fn perform(self) -> Result<(), Fault> {
        if let Some(before) = self.task.stage.checked_sub(1) {
            let so_far = super::progress(&self.place, &self.plan, (self.ctx.clock)()).await?;
            so_far.complete(before)?;
        }
        let mut before = 0;
        let mut first: Option<Fault> = None;
        // Fault by fault, the others go on.
        for unit in &self.plan.units {
            let Some(items) = unit.items.get(self.task.stage).copied() else { continue };
            let numbers = before..before + items;
            let ended = match self.plan.kind(unit)? {
                Kind::Objects(starts) => self.objects(unit, starts, numbers).await,
                Kind::Step(action, folder) => self.step(unit, action, folder, numbers).await,
            };
            match ended {
                Err(fault) if matches!(fault.class(), Class::Cancelled | Class::Bug) => return Err(fault),
                Err(fault) => first = first.or(Some(fault)),
                Ok(()) => {}
            }
            before += items;
        }
        first.map_or(Ok(()), Err)
    }

    /// A way out that records what is confirmed.
    fn delivery(&self) -> Arc<Delivery> {
        let (job, place) = (self.job.clone(), self.place.clone());
        let address = Address { job, place, row: None, look: false, mark: None };
        Arc::new(Delivery::new(Arc::clone(&self.ctx), address, Arc::clone(&self.counters)).recording())
    }

    async fn step(
        &self,
        unit: &Unit,
        action: &Action,
        folder: &FolderWork,
        numbers: std::ops::Range<u64>,
    ) -> Result<(), Fault> {
        let out = self.delivery();
        as_planned(folder, Beat::of(&out)).await?;
        match images(action, &self.plan, &out) {
            Some(work) => self.images(work, numbers.start).await,
            None => self.items(unit, action, folder, numbers).await,
        }
    }

    /// Images have markers of their own, in the container.
    async fn images(&self, work: imaging::Work, before: u64) -> Result<(), Fault> {
        let (mut container, _) = imaging::open(work).await?;
        container.is_planned().await?;
        container.run_after(before, self.task.stage, self.task.share).await?;
        if self.task.stage == 0 {
            container.sources_are_steady().await?;
        }
        match container.broken_tiles().first() {
            None => Ok(()),
            Some(broken) => {
                of(&self.log).failed += 1;
                Err(Fault::new(Class::Corrupt, broken.clone()))
            }
        }
    }

    async fn items(
        &self,
        unit: &Unit,
        action: &Action,
        folder: &FolderWork,
        numbers: std::ops::Range<u64>,
    ) -> Result<(), Fault> {
        let left = self.left(unit, numbers).await?;
        let mut files = self.files(action, folder, &left).await?;
        let mut first = None;
        for number in left {
            self.ctx.stop.check()?;
            let files = files.remove(&number).unwrap_or_default();
            let item = Item { unit, action, stage: self.task.stage, number, files };
            let result = self.item(item).await;
            first = first.or(self.landed(unit, number, result).await?);
        }
        first.map_or(Ok(()), Err)
    }

    /// Objects that are moved: both sides are listed once, and the batches of this share are moved as the listings come to them.
    async fn objects(&self, unit: &Unit, starts: &[Key], numbers: std::ops::Range<u64>) -> Result<(), Fault> {
        let Some(asked) = self.task.moved.clone().map(besides) else {
            return Err(Fault::new(Class::Bug, "nobody said where the objects come from"));
        };
        let row = self.ctx.ledger.begin_move(
            self.run,
            self.place.location(),
            &self.job,
            false,
            (self.ctx.clock)(),
        )?;
        let mut left: BTreeSet<u64> = self.left(unit, numbers).await?.into_iter().collect();
        let mut parts = Parts::new(&asked, starts.to_vec(), left.clone());
        let mut first = None;
        while let Some((number, part)) = parts.next().await? {
            self.ctx.stop.check()?;
            left.remove(&number);
            let result = self.part(unit, number, part, &asked, row).await;
            first = first.or(self.landed(unit, number, result).await?);
        }
        // Nothing of them is at the source any more; whoever ends the move looks at all of it once more.
        for number in left {
            let (began, ended) = ((self.ctx.clock)(), (self.ctx.clock)());
            let made = Made { objects: Vec::new(), account: json!({}), read: 0, began, ended };
            put(&self.place, &marker(self.task.stage, unit, number), &made).await?;
        }
        first.map_or(Ok(()), Err)
    }

    async fn part(
        &self,
        unit: &Unit,
        number: u64,
        part: Part,
        asked: &moving::Asked,
        row: JobId,
    ) -> Result<(), Fault> {
        let (out, began) = (self.delivery(), (self.ctx.clock)());
        let before = self.counters.now().bytes_read;
        part.settle(asked, row, Arc::clone(&out), &self.job).await?;
        let read = self.counters.now().bytes_read.saturating_sub(before);
        let made =
            Made { objects: out.recorded(), account: json!({}), read, began, ended: (self.ctx.clock)() };
        put(&self.place, &marker(self.task.stage, unit, number), &made).await
    }

    /// Items of this share that have no marker yet.
    async fn left(&self, unit: &Unit, numbers: std::ops::Range<u64>) -> Result<Vec<u64>, Fault> {
        let done = done(&self.place, self.task.stage).await?;
        let (share, first) = (self.task.share, numbers.start);
        let mine = numbers.map(|number| number - first).filter(|item| share.has(first + item));
        let (kept, left): (Vec<u64>, Vec<u64>) =
            mine.partition(|item| done.contains(&marker(self.task.stage, unit, *item)));
        of(&self.log).kept += kept.len() as u64;
        Ok(left)
    }

    /// Counts an item that is done, and tells of one that is not; fails where nothing more can be done.
    async fn landed(
        &self,
        unit: &Unit,
        item: u64,
        result: Result<(), Fault>,
    ) -> Result<Option<Fault>, Fault> {
        let fault = match result {
            Ok(()) => {
                of(&self.log).items += 1;
                return Ok(None);
            }
            Err(fault) if matches!(fault.class(), Class::Cancelled | Class::Bug) => return Err(fault),
            Err(fault) => fault,
        };
        of(&self.log).failed += 1;
        let text = format!("item {item} of `{}` is not done: {}", unit.step, fault.line());
        self.ctx.tell(&self.job, None, What::Note { text });
        let failed = Failed { host: self.task.host.clone(), at: (self.ctx.clock)(), fault: fault.line() };
        put(&self.place, &failure(self.task.stage, unit, item), &failed).await?;
        Ok(Some(fault))
    }

    /// The files of each batch that is left, where the unit is a folder.
    async fn files(
        &self,
        action: &Action,
        folder: &FolderWork,
        left: &[u64],
    ) -> Result<BTreeMap<u64, Vec<Entry>>, Fault> {
        let mut by_batch: BTreeMap<u64, Vec<Entry>> = BTreeMap::new();
        if matches!(action, Action::CopyFolder { .. }) {
            let mine: HashSet<u64> = left.iter().copied().collect();
            let beat = Beat::of(&self.delivery());
            for (batch, entry) in batched(folder, move |batch| mine.contains(&batch), beat).await?.1 {
                by_batch.entry(batch).or_default().push(entry);
            }
        }
        Ok(by_batch)
    }

    async fn item(&self, item: Item<'_>) -> Result<(), Fault> {
        let (out, began) = (self.delivery(), (self.ctx.clock)());
        let before = self.counters.now().bytes_read;
        let key = marker(item.stage, item.unit, item.number);
        let account = item.perform(&out).await?;
        let read = self.counters.now().bytes_read.saturating_sub(before);
        let made = Made { objects: out.recorded(), account, read, began, ended: (self.ctx.clock)() };
        put(&self.place, &key, &made).await
    }
}

/// The markers of a stage.
pub(super) async fn done(place: &Place, stage: usize) -> Result<HashSet<Key>, Fault> {
    let folder = key(&format!("stage-{stage}"));
    debug_assert!(folder.as_str().starts_with(FOLDER));
    let mut found = HashSet::new();
    let below = place.below(&folder);
    let mut pages = std::pin::pin!(below.list());
    while let Some(page) = pages.try_next().await? {
        found.extend(page.into_iter().map(|object| folder.join(&object.key)));
    }
    Ok(found)
}
