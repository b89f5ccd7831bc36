//! The course of one piece of work through a run: what it tells, its row in the ledger, its stages, its end. A job takes it, and so does
//! what is asked for without a session.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use adt_ledger::{JobId, RunId};
use adt_model::{Class, Ended, Fault, JobEnd, JobSpec, Key, LeftOut, Location, Plan, Standing, What};
use adt_plan::RECORD;
use adt_store::{FolderLinks, Place, StoreOptions};
use jiff::Timestamp;

use crate::{
    Ctx,
    build::Building,
    ctx::interrupted,
    delivery::{Address, Counters, Delivery},
    job::{Job, perform_stages},
    prepare::Prepared,
    run::Row,
    standing,
};

/// How often progress is told.
const SAMPLE: Duration = Duration::from_millis(200);

/// One run's course.
pub(crate) struct Course {
    /// What events are told under: the asset's name.
    pub(crate) name: String,
    pub(crate) ctx: Arc<Ctx>,
    run: RunId,
    counters: Arc<Counters>,
    began: Timestamp,
    /// Set as soon as the ledger knows the work, so that its end is recorded.
    row: Option<JobId>,
    notes: Vec<String>,
    doubts: Vec<String>,
    left_out: LeftOut,
}

/// What was decided.
pub(crate) struct Work {
    /// The job with what its parameter brings; none where there is no session.
    pub spec: Option<JobSpec>,
    /// What will be done.
    pub plan: Plan,
    /// What the ledger keeps as the work's input.
    pub fingerprint: String,
    /// What the services have answered.
    pub prepared: Prepared,
    /// What stands at the destination.
    pub standing: Standing,
    /// Whether something of it may stand there already.
    pub resumed: bool,
}

impl Course {
    pub(crate) fn new(name: String, run: RunId, ctx: &Arc<Ctx>) -> Self {
        let began = (ctx.clock)();
        let ctx = Arc::clone(ctx);
        Self {
            name,
            ctx,
            run,
            counters: Arc::default(),
            began,
            row: None,
            notes: Vec::new(),
            doubts: Vec::new(),
            left_out: LeftOut::default(),
        }
    }

    pub(crate) fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    pub(crate) fn note(&mut self, text: &str) {
        self.ctx.tell(&self.name, None, What::Note { text: text.to_owned() });
        self.notes.push(text.to_owned());
    }

    /// A note that a quiet run shows too, since the result may not be what it seems.
    pub(crate) fn doubt(&mut self, text: &str) {
        self.note(text);
        self.doubts.push(text.to_owned());
    }

    /// What the ledger calls this work from now on.
    pub(crate) fn adopt(&mut self, row: JobId) {
        self.row = Some(row);
    }

    /// Nothing is left to do for what the ledger knows as `row`; a dry run leaves it alone.
    pub(crate) fn skip(&mut self, row: JobId, dry_run: bool) -> JobEnd {
        if !dry_run {
            self.row = Some(row);
        }
        JobEnd::Skipped
    }

    /// The store's options, with retries told as events of this work.
    pub(crate) fn store_options(&self) -> StoreOptions {
        StoreOptions {
            on_retry: retries(&self.ctx, self.name.clone()),
            folder_links: FolderLinks::Never,
            ..self.ctx.store.clone()
        }
    }

    /// What of the source is not in what will be made.
    pub(crate) fn leaves_out(&mut self, left_out: LeftOut) {
        self.left_out = left_out;
    }

    pub(crate) fn announce(&mut self, plan: &Plan, resumed: bool) {
        let started = What::JobStarted {
            origin: plan.origin.clone(),
            asset: plan.asset.to_string(),
            files: plan.files,
            bytes: plan.bytes.0,
            resumed,
        };
        self.ctx.tell(&self.name, None, started);
        for text in &plan.notes {
            self.note(text);
        }
        self.leaves_out(plan.left_out.clone());
    }

    /// Performs what was decided, to the end.
    pub(crate) async fn perform(&mut self, work: Work, place: Place) -> Result<JobEnd, Fault> {
        let mut job = self.begin(work, place).await?;
        let performed = perform_stages(&job).await;
        self.notes.append(&mut job.told.lock().expect("nobody panics while holding it"));
        performed?;
        if let Some(building) = &mut job.building {
            building.quiet = true;
        }
        Ok(if job.plan.dry_run { JobEnd::Rehearsed } else { JobEnd::Done })
    }

    /// Writes the work into the ledger, holds the destination against it, and opens the ways out.
    async fn begin(&mut self, work: Work, place: Place) -> Result<Job, Fault> {
        let Work { spec, plan, fingerprint, prepared, standing: stood, resumed } = work;
        let ctx = &self.ctx;
        let now = (ctx.clock)();
        let (id, _) = ctx.ledger.begin_job(self.run, &plan, &fingerprint, now)?;
        self.row = Some(id);
        let row = (!plan.dry_run).then_some(id);
        let mut mark = None;
        if let Some(job) = row.filter(|_| resumed) {
            let ours = stood != Standing::Foreign;
            if !ctx.settings.no_list {
                standing::settle(job, &plan.name, ours, &place, ctx).await?;
            }
            let record = Key::parse(RECORD).expect("the record's name is a key");
            mark = ctx.ledger.object(job, &record)?.map(|_| record);
        }
        let place = if plan.dry_run { place.rehearsing() } else { place };
        let address = Address { job: plan.name.clone(), place, row, look: resumed, mark };
        let asset = Arc::new(Delivery::new(Arc::clone(ctx), address, Arc::clone(&self.counters)));
        let building = match (row, &plan.temp_directory) {
            (Some(job), Some(temp)) => Some(Building::begin(job, temp, &plan.name, ctx).await?),
            _ => None,
        };
        Ok(Job {
            ctx: Arc::clone(ctx),
            spec,
            plan,
            asset,
            building,
            row,
            run: self.run,
            zipped: Mutex::default(),
            ephys: Mutex::default(),
            ephys_ended: tokio::sync::Notify::new(),
            images: Mutex::default(),
            lacking: Mutex::default(),
            told: Mutex::default(),
            parts: Mutex::default(),
            prepared,
            started: now,
        })
    }

    /// What tells progress while the work is under way.
    pub(crate) fn watch(&self) -> Watch {
        let (name, ctx) = (self.name.clone(), Arc::clone(&self.ctx));
        Watch::new(name, ctx, Arc::clone(&self.counters))
    }

    /// The end, told and recorded.
    pub(crate) fn end(self, origin: String, asset: &Location, result: Result<JobEnd, Fault>) -> Row {
        let Self { name, ctx, run, counters, began, row, notes, doubts, left_out } = self;
        let result = result.map_err(advised);
        let moved = counters.now();
        let now = (ctx.clock)();
        let seconds = now.duration_since(began).as_secs_f64();
        let mut ended = match &result {
            Ok(end) => Ended::well(*end, moved, seconds),
            Err(fault) => Ended::badly(fault, moved, seconds),
        };
        let kept = match (row, &result) {
            (Some(job), _) => ctx.ledger.end_job(job, run, now, ended.end, &moved, result.as_ref().err()),
            (None, Err(fault)) => ctx.ledger.refuse_job(run, asset, &name, began, fault),
            (None, Ok(_)) => Ok(()),
        };
        if let Err(fault) = kept {
            ended = Ended::badly(&fault, moved, seconds);
        }
        ended.left_out = left_out;
        ctx.tell(&name, None, What::JobFinished(ended.clone()));
        Row { origin, name, asset: asset.to_string(), ended, notes, doubts }
    }
}

/// What may pass is worth another try; where nobody closer to it knew better, that is said.
fn advised(fault: Fault) -> Fault {
    if fault.class() == Class::Transient && fault.advice().is_none() {
        fault.help("when the destination answers again, run the same command again to resume")
    } else {
        fault
    }
}

/// Drives work and tells its progress.
pub(crate) struct Watch {
    name: String,
    ctx: Arc<Ctx>,
    counters: Arc<Counters>,
}

impl Watch {
    pub(crate) fn new(name: String, ctx: Arc<Ctx>, counters: Arc<Counters>) -> Self {
        Self { name, ctx, counters }
    }

    /// Drives `work`, tells its progress five times a second, and drops it when everything must stop now.
    pub(crate) async fn over<T>(self, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let Self { name, ctx, counters } = self;
        let mut work = std::pin::pin!(work);
        let mut tick = tokio::time::interval(SAMPLE);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut told = counters.now();
        loop {
            tokio::select! {
                result = &mut work => break result,
                () = ctx.stop.now.cancelled() => break Err(interrupted()),
                _ = tick.tick() => {
                    let now = counters.now();
                    if now != told {
                        ctx.tell(&name, None, What::Moved(now));
                        told = now;
                    }
                }
            }
        }
    }
}

/// Requests that are tried again are told as events of a job.
pub(crate) fn retries(ctx: &Arc<Ctx>, name: String) -> Arc<dyn Fn(&str) + Send + Sync> {
    let ctx = Arc::clone(ctx);
    Arc::new(move |text| ctx.tell(&name, None, What::Retry { text: text.to_owned() }))
}
