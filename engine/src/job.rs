//! One job from top to bottom: claim the asset, look at the world, plan, perform the stages, end.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use adt_ledger::{JobId, RunId};
use adt_metadata::{Document, Parts};
use adt_model::{
    Class, Ended, Facts, Fault, JobEnd, JobSpec, Key, Plan, Stage, StageName, Standing, Step, What,
};
use adt_plan::{RECORD, fingerprint, plan};
use adt_services::ServiceOptions;
use adt_store::{Place, StoreOptions};
use jiff::Timestamp;

use crate::{
    Ctx,
    build::Building,
    ctx::interrupted,
    delivery::{Address, Counters, Delivery},
    prepare::{self, Prepared},
    run::Row,
    standing::{self, Verdict},
    steps,
    steps::Zipped,
    survey,
};

/// How often progress is told.
const SAMPLE: Duration = Duration::from_millis(200);

/// A job at work: what its steps share.
pub struct Job {
    /// Everything that comes from outside.
    pub ctx: Arc<Ctx>,
    /// What was asked for.
    pub spec: JobSpec,
    /// What is being done.
    pub plan: Plan,
    /// The way to the asset at its destination.
    pub asset: Arc<Delivery>,
    /// The way into the temporary folder, when the asset is built there first.
    pub building: Option<Building>,
    /// The job in the ledger; none in a dry run.
    pub row: Option<JobId>,
    /// This run in the ledger.
    pub run: RunId,
    /// What the zip steps did, by step, for `processing.json`.
    pub zipped: Mutex<BTreeMap<String, Zipped>>,
    /// The documents written so far, for the record.
    pub parts: Mutex<Parts>,
    /// What the services have answered.
    pub prepared: Prepared,
    /// When it began, for documents.
    pub started: Timestamp,
}

impl Job {
    /// Where the objects of the data and document stages go.
    pub fn out(&self) -> &Arc<Delivery> {
        self.building.as_ref().map_or(&self.asset, |building| &building.delivery)
    }

    /// Keeps a document for the record; one that the record has no place for only stands beside it.
    pub(crate) fn documents(&self, name: &str, document: Document) {
        let _ = self.parts.lock().expect("nobody panics while holding it").put(name, document);
    }

    /// Tells something that a person should know although nothing failed.
    pub(crate) fn note(&self, text: &str) {
        self.ctx.tell(&self.plan.name, None, What::Note { text: text.to_owned() });
    }

    /// Tells that something is tried again.
    pub(crate) fn tell_retry(&self, text: &str) {
        self.ctx.tell(&self.plan.name, None, What::Retry { text: text.to_owned() });
    }

    /// How services are asked for this job.
    pub(crate) fn service_options(&self) -> ServiceOptions {
        ServiceOptions {
            on_retry: retries(&self.ctx, self.plan.name.clone()),
            ..self.ctx.services.options.clone()
        }
    }
}

/// Requests that are tried again are told as events of a job.
pub(crate) fn retries(ctx: &Arc<Ctx>, name: String) -> Arc<dyn Fn(&str) + Send + Sync> {
    let ctx = Arc::clone(ctx);
    Arc::new(move |text| ctx.tell(&name, None, What::Retry { text: text.to_owned() }))
}

/// Runs one job and says how it ended. Whatever goes wrong is in the row.
pub async fn run(spec: JobSpec, run: RunId, ctx: Arc<Ctx>) -> Row {
    let name = spec.asset_name();
    let started = (ctx.clock)();
    let counters = Arc::new(Counters::default());
    let mut attempt =
        Attempt { spec: &spec, run, ctx: &ctx, counters: &counters, row: None, notes: Vec::new() };
    let result = {
        // A job's future holds the futures of all its steps; on the heap it need not be moved about.
        let work = Box::pin(attempt.perform());
        watched(work, &ctx, &name, &counters).await.map_err(advised)
    };
    let moved = counters.now();
    let seconds = (ctx.clock)().duration_since(started).as_secs_f64();
    let mut ended = match &result {
        Ok(end) => Ended::well(*end, moved, seconds),
        Err(fault) => Ended::badly(fault, moved, seconds),
    };
    let kept = match (attempt.row, &result) {
        (Some(job), _) => {
            ctx.ledger.end_job(job, run, (ctx.clock)(), ended.end, &moved, result.as_ref().err())
        }
        (None, Err(fault)) => ctx.ledger.refuse_job(run, &spec.asset(), &name, started, fault),
        (None, Ok(_)) => Ok(()),
    };
    if let Err(fault) = kept {
        ended = Ended::badly(&fault, moved, seconds);
    }
    ctx.tell(&name, None, What::JobFinished(ended.clone()));
    Row::new(&spec, ended, attempt.notes)
}

/// What may pass is worth another try; where nobody closer to it knew better, that is said.
fn advised(fault: Fault) -> Fault {
    if fault.class() == Class::Transient && fault.advice().is_none() {
        fault.help("when the destination answers again, run the same command again: it goes on where it was")
    } else {
        fault
    }
}

/// Drives `work`, tells its progress five times a second, and drops it when everything must stop now.
async fn watched(
    work: impl Future<Output = Result<JobEnd, Fault>>,
    ctx: &Ctx,
    name: &str,
    counters: &Counters,
) -> Result<JobEnd, Fault> {
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
                    ctx.tell(name, None, What::Moved(now));
                    told = now;
                }
            }
        }
    }
}

/// One run's attempt at a job.
pub(crate) struct Attempt<'a> {
    pub(crate) spec: &'a JobSpec,
    run: RunId,
    pub(crate) ctx: &'a Arc<Ctx>,
    counters: &'a Arc<Counters>,
    /// Set as soon as the ledger knows the job, so that its end is recorded.
    row: Option<JobId>,
    notes: Vec<String>,
}

/// What was decided.
pub(crate) struct Work {
    /// The job with what its parameter brings.
    pub spec: JobSpec,
    /// What will be done.
    pub plan: Plan,
    /// What the ledger keeps as the job's input.
    pub fingerprint: String,
    /// What the services have answered.
    pub prepared: Prepared,
    /// What stands at the destination.
    pub standing: Standing,
    /// Whether something of it may stand there already.
    pub resumed: bool,
}

impl Attempt<'_> {
    async fn perform(&mut self) -> Result<JobEnd, Fault> {
        let (spec, ctx) = (self.spec, self.ctx);
        let asset = spec.asset();
        let _claim = if spec.dry_run { None } else { Some(ctx.ledger.claim(&asset)?) };
        let known = ctx.ledger.job(&asset)?;
        let place = Place::open(&asset, &self.store_options()).await?;
        if let Some(row) = &known
            && self.is_complete_without_source(row)?
        {
            return self.only_the_pipeline(row, place).await;
        }
        let mut facts = survey::local(spec, &ctx.stop).await?;
        facts.standing = survey::standing(spec, &facts, known.as_ref(), &place, &ctx.stop).await?;
        let mut verdict = standing::judge(facts.standing, spec.force_cloud_sync, &asset)?;
        if let (Verdict::Skip, Some(row)) = (&verdict, &known) {
            let Some(why) = self.left_to_do(row.id, &place).await? else { return Ok(self.skip(row.id)) };
            verdict = Verdict::Complete;
            facts.standing = Standing::Begun;
            self.note(why);
        }
        let (resolved, prepared, plan) = ctx.stop.or(self.prepare(&mut facts)).await?;
        let resumed = verdict == Verdict::Complete;
        self.announce(&plan, resumed);
        if facts.standing == Standing::Begun && known.is_some_and(|row| row.fingerprint != fingerprint(&plan))
        {
            let text = "the input has changed since the run that began this asset: what is new or different is sent, and \
                        objects whose files are gone stay at the destination";
            self.note(text);
        }
        let print = fingerprint(&plan);
        let work =
            Work { spec: resolved, plan, fingerprint: print, prepared, standing: facts.standing, resumed };
        self.begin_and_end(work, place).await
    }

    /// Performs what was decided, to the end.
    pub(crate) async fn begin_and_end(&mut self, work: Work, place: Place) -> Result<JobEnd, Fault> {
        let mut job = self.begin(work, place).await?;
        perform_stages(&job).await?;
        if let Some(building) = &mut job.building {
            building.quiet = true;
        }
        Ok(if job.spec.dry_run { JobEnd::Rehearsed } else { JobEnd::Done })
    }

    /// Asks the services, and decides what will be done with what they know.
    async fn prepare(&self, facts: &mut Facts) -> Result<(JobSpec, Prepared, Plan), Fault> {
        let (spec, ctx) = (self.spec, self.ctx);
        let (resolved, notes) = prepare::resolve(spec, &ctx.services).await?;
        // What cannot be done is said before anybody is asked for it.
        without_obstacles(&plan(&resolved, facts))?;
        let told = retries(ctx, spec.asset_name());
        let mut prepared = prepare::ask(&resolved, facts, &ctx.services, &ctx.time_zone, told).await?;
        prepared.gathered.notes.extend(notes);
        facts.gathered = Some(prepared.gathered.clone());
        let plan = plan(&resolved, facts);
        without_obstacles(&plan)?;
        Ok((resolved, prepared, plan))
    }

    pub(crate) fn note(&mut self, text: &str) {
        self.ctx.tell(&self.spec.asset_name(), None, What::Note { text: text.to_owned() });
        self.notes.push(text.to_owned());
    }

    pub(crate) fn skip(&mut self, row: JobId) -> JobEnd {
        if !self.spec.dry_run {
            self.row = Some(row);
        }
        JobEnd::Skipped
    }

    /// The store's options, with retries told as events of this job.
    fn store_options(&self) -> StoreOptions {
        StoreOptions { on_retry: retries(self.ctx, self.spec.asset_name()), ..self.ctx.store.clone() }
    }

    pub(crate) fn announce(&mut self, plan: &Plan, resumed: bool) {
        let started = What::JobStarted {
            origin: plan.origin.clone(),
            asset: plan.asset.to_string(),
            files: plan.files,
            bytes: plan.bytes.0,
            resumed,
        };
        self.ctx.tell(&plan.name, None, started);
        for text in &plan.notes {
            self.ctx.tell(&plan.name, None, What::Note { text: text.clone() });
        }
        self.notes.extend(plan.notes.iter().cloned());
    }

    /// Writes the job into the ledger, holds the destination against it, and opens the ways out.
    async fn begin(&mut self, work: Work, place: Place) -> Result<Job, Fault> {
        let Work { spec, plan, fingerprint, prepared, standing: stood, resumed } = work;
        let ctx = self.ctx;
        let now = (ctx.clock)();
        let (id, _) = ctx.ledger.begin_job(self.run, &plan, &fingerprint, now)?;
        self.row = Some(id);
        let row = (!spec.dry_run).then_some(id);
        let mut mark = None;
        if let Some(job) = row.filter(|_| resumed) {
            let ours = stood != Standing::Foreign;
            standing::settle(job, &plan.name, ours, &place, ctx).await?;
            let record = Key::parse(RECORD).expect("the record's name is a key");
            mark = ctx.ledger.object(job, &record)?.map(|_| record);
        }
        let place = if spec.dry_run { place.rehearsing() } else { place };
        let address = Address { job: plan.name.clone(), place, row, look: resumed, mark };
        let asset = Arc::new(Delivery::new(Arc::clone(ctx), address, Arc::clone(self.counters)));
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
            parts: Mutex::default(),
            prepared,
            started: now,
        })
    }
}

pub(crate) fn without_obstacles(plan: &Plan) -> Result<(), Fault> {
    let Some(obstacle) = plan.obstacles.first() else { return Ok(()) };
    let what = match &obstacle.value {
        Some(value) => format!("`{}` = `{value}`: {}", obstacle.column, obstacle.what),
        None => format!("`{}` {}", obstacle.column, obstacle.what),
    };
    Err(Fault::new(Class::BadInput, what).help(obstacle.valid.clone()))
}

async fn perform_stages(job: &Job) -> Result<(), Fault> {
    for stage in &job.plan.stages {
        job.ctx.stop.check()?;
        if stage.name == StageName::Verify
            && let Some(row) = job.row
        {
            standing::abort_left_over(row, &job.asset).await?;
        }
        perform_stage(stage, job).await?;
    }
    Ok(())
}

/// The steps of a stage overlap; the first fault ends the stage, the others' confirmed objects stay in the ledger.
async fn perform_stage(stage: &Stage, job: &Job) -> Result<(), Fault> {
    futures::future::try_join_all(stage.steps.iter().map(|step| perform_step(step, job))).await.map(drop)
}

/// One step, told and recorded before and after.
async fn perform_step(step: &Step, job: &Job) -> Result<(), Fault> {
    let (ctx, name) = (&job.ctx, &job.plan.name);
    ctx.tell(name, Some(&step.id), What::StepStarted);
    if let Some(row) = job.row {
        ctx.ledger.begin_step(row, job.run, &step.id, (ctx.clock)())?;
    }
    let outcome = steps::perform(step, job).await;
    if let Some(row) = job.row {
        ctx.ledger.end_step(row, job.run, &step.id, (ctx.clock)(), outcome.as_ref())?;
    }
    outcome?;
    ctx.tell(name, Some(&step.id), What::StepFinished);
    Ok(())
}
