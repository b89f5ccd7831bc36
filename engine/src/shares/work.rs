//! A process's share of a stage.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use adt_formats::folder::Entry;
use adt_model::{Action, Class, Fault, FolderWork, JobEnd, Location, What};
use adt_store::Place;
use futures::TryStreamExt;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    items::{Item, as_planned, batched, images},
    plan::{FOLDER, Failed, Made, Unit, WorkPlan, failure, heavy, key, marker, put},
};
use crate::{
    Ctx, Summary,
    alone::name,
    beat::Beat,
    course::Course,
    delivery::{Address, Counters, Delivery},
    imaging::{self, Share},
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
}

/// How a process's share went: its log, beside the plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Log {
    pub stage: usize,
    pub share: Share,
    pub host: String,
    pub began: Timestamp,
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
    /// Items that failed.
    pub failed: u64,
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
    let log = Log {
        stage: task.stage,
        share: task.share,
        host: task.host.clone(),
        began: (ctx.clock)(),
        ended: None,
        items: 0,
        kept: 0,
        read: 0,
        sent: 0,
        failed: 0,
    };
    let mut worker =
        Worker { job: course.name.clone(), plan, task, place, counters, ctx: Arc::clone(&ctx), log };
    let result = course.watch().over(Box::pin(worker.perform(&id))).await;
    // Also when it was interrupted: what it has done counts.
    let logged = worker.log(&id, true).await;
    let row = course.end(
        worker.plan.plan.origin.to_string(),
        &destination,
        result.and(logged).map(|()| JobEnd::Done),
    );
    let summary = Summary { rows: vec![row], stopped: ctx.stop.check().is_err() };
    ctx.tell("", None, finished(&summary));
    ctx.ledger.end_run(run, (ctx.clock)(), summary.exit_code())?;
    Ok(summary)
}

struct Worker {
    job: String,
    plan: WorkPlan,
    task: Task,
    place: Place,
    counters: Arc<Counters>,
    ctx: Arc<Ctx>,
    log: Log,
}

impl Worker {
    async fn perform(&mut self, id: &str) -> Result<(), Fault> {
        self.log(id, false).await?;
        if let Some(before) = self.task.stage.checked_sub(1) {
            let so_far = super::progress(&self.place, &self.plan).await?;
            so_far.complete(before)?;
        }
        let mut before = 0;
        let mut first: Option<Fault> = None;
        for unit in self.plan.units.clone() {
            let Some(items) = unit.items.get(self.task.stage).copied() else { continue };
            let folder = self.folder(&unit)?.clone();
            let out = self.delivery();
            as_planned(&folder, Beat::of(&out)).await?;
            let action = self.plan.action(&unit)?.clone();
            let ended = match images(&action, &self.plan, &out) {
                Some(work) => self.images(work, before).await,
                None => self.items(&unit, &action, &folder, before..before + items).await,
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

    fn folder(&self, unit: &Unit) -> Result<&FolderWork, Fault> {
        let mut all = heavy(&self.plan.plan);
        all.find(|(step, ..)| *step == unit.step)
            .map(|(_, _, folder)| folder)
            .ok_or_else(|| Fault::new(Class::BadInput, format!("the plan has no step `{}`", unit.step)))
    }

    /// A way out that records what is confirmed.
    fn delivery(&self) -> Arc<Delivery> {
        let (job, place) = (self.job.clone(), self.place.clone());
        let address = Address { job, place, row: None, look: false, mark: None };
        Arc::new(Delivery::new(Arc::clone(&self.ctx), address, Arc::clone(&self.counters)).recording())
    }

    /// Images have markers of their own, in the container.
    async fn images(&mut self, work: imaging::Work, before: u64) -> Result<(), Fault> {
        let (container, _) = imaging::open(work).await?;
        container.is_planned().await?;
        container.run_after(before, self.task.stage, self.task.share).await?;
        if self.task.stage == 0 {
            container.sources_are_steady().await?;
        }
        match container.broken_tiles().first() {
            None => Ok(()),
            Some(broken) => {
                self.log.failed += 1;
                Err(Fault::new(Class::Corrupt, broken.clone()))
            }
        }
    }

    async fn items(
        &mut self,
        unit: &Unit,
        action: &Action,
        folder: &FolderWork,
        numbers: std::ops::Range<u64>,
    ) -> Result<(), Fault> {
        let done = done(&self.place, self.task.stage).await?;
        let (share, first) = (self.task.share, numbers.start);
        let all: Vec<u64> =
            numbers.map(|number| number - first).filter(|item| share.has(first + item)).collect();
        let left: Vec<u64> = all
            .iter()
            .copied()
            .filter(|item| !done.contains(&marker(self.task.stage, unit, *item)))
            .collect();
        self.log.kept += (all.len() - left.len()) as u64;
        let mut files = self.files(action, folder, &left).await?;
        let mut first_fault = None;
        for item in left {
            self.ctx.stop.check()?;
            let files = files.remove(&item).unwrap_or_default();
            match self.item(Item { unit, action, stage: self.task.stage, number: item, files }).await {
                Ok(()) => self.log.items += 1,
                Err(fault) if matches!(fault.class(), Class::Cancelled | Class::Bug) => return Err(fault),
                Err(fault) => {
                    self.log.failed += 1;
                    let step = &unit.step;
                    let text = format!("item {item} of `{step}` is not done: {}", fault.line());
                    self.ctx.tell(&self.job, None, What::Note { text });
                    let (host, at) = (self.task.host.clone(), (self.ctx.clock)());
                    let failed = Failed { host, at, fault: fault.line() };
                    put(&self.place, &failure(self.task.stage, unit, item), &failed).await?;
                    first_fault = first_fault.or(Some(fault));
                }
            }
        }
        first_fault.map_or(Ok(()), Err)
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

    /// Writes down how far this process is.
    async fn log(&mut self, id: &str, ended: bool) -> Result<(), Fault> {
        let now = self.counters.now();
        (self.log.read, self.log.sent) = (now.bytes_read, now.bytes_sent);
        self.log.ended = ended.then(|| (self.ctx.clock)());
        put(&self.place, &key(&format!("log/{id}.json")), &self.log).await
    }
}

/// The markers of a stage.
pub(super) async fn done(place: &Place, stage: usize) -> Result<HashSet<adt_model::Key>, Fault> {
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
