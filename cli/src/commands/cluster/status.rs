//! `adt status`, `adt cancel`

use std::{fmt::Write as _, sync::Arc};

use adt_engine::{
    Ctx,
    shares::{self, Progress},
};
use adt_ledger::{JobState, TriggerState};
use adt_model::{ByteSize, Class, Fault, JobEnd, Location};
use adt_plan::fingerprint;
use adt_store::Place;
use camino::Utf8Path;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Vars, context, rest,
    run_folder::{self, Chain, End, Submitted},
    scheduler::{self, Queued},
};
use crate::{
    args::{Common, OfRun, Tuning, Via},
    commands::{DONE, FAILED, ephys::drive},
    show, wire,
};

/// How far a run is.
#[derive(Debug, Serialize)]
pub(super) struct Status {
    pub assets: Vec<AssetStatus>,
    /// Jobs of the scheduler that wait or run, where it could be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued: Option<Vec<Queued>>,
    /// Why it could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unasked: Option<String>,
}

impl Status {
    /// Whether something is not done and nobody is at it any more.
    fn is_left(&self) -> bool {
        self.queued.as_ref().is_some_and(Vec::is_empty)
            && self.assets.iter().any(|asset| asset.progress.is_some())
    }
}

/// How far an asset is.
#[derive(Debug, Serialize)]
pub(super) struct AssetStatus {
    pub name: String,
    pub destination: Location,
    /// How it ended, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
    /// What is known while it is not ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// Seconds left, at the present rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<f64>,
}

impl AssetStatus {
    pub(super) fn is_done(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.ended.fault.is_none())
    }
}

pub(in crate::commands) fn status(asked: &OfRun, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    let submitted = run_folder::read(&asked.run)?;
    let ctx = context(&Tuning::default(), common, vars, None, wire::Ways::default())?;
    let found = drive(&ctx, look(&asked.run, &submitted, vars, &ctx))?;
    if common.json {
        show::json_line(&found);
    } else {
        show::out(&text(&found));
    }
    let failed = found.assets.iter().any(|asset| asset.end.is_some() && !asset.is_done());
    Ok(if failed || found.is_left() { FAILED } else { DONE })
}

pub(in crate::commands) fn cancel(asked: &OfRun, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    let submitted = run_folder::read(&asked.run)?;
    let jobs = submitted.ids();
    if jobs.is_empty() {
        let what =
            format!("`{}` was only generated: whoever submitted its scripts knows the jobs", asked.run);
        return Err(Fault::new(Class::BadInput, what)
            .help("`squeue --me` lists yours; `scancel JOB`")
            .into());
    }
    match submitted.via {
        Via::Sbatch => scheduler::cancel(&jobs)?,
        Via::Rest => rest::cancel(&jobs, vars)?,
    }
    if !common.quiet {
        show::say(&format!("cancelled: {}; what is done stays", show::count(jobs.len() as u64, "job")));
    }
    Ok(DONE)
}

/// Asks every destination; what has ended is written into the history.
pub(super) async fn look(
    run: &Utf8Path,
    submitted: &Submitted,
    vars: &Vars,
    ctx: &Arc<Ctx>,
) -> Result<Status, Fault> {
    let jobs = submitted.ids();
    // Before the destinations: who has left the queue by then has written down how it ended.
    let queued = match submitted.via {
        // Scripts that somebody submitted, or not: nobody told us the numbers.
        _ if jobs.is_empty() => Ok(None),
        Via::Sbatch => scheduler::queued(&jobs).map(Some),
        Via::Rest => rest::queued(&jobs, vars).await.map(Some),
    };
    let mut assets = Vec::new();
    for chain in &submitted.chains {
        assets.push(asset(run, submitted, chain, ctx).await?);
    }
    let (queued, unasked) = match queued {
        Ok(queued) => (queued, None),
        Err(fault) => (None, Some(fault.line())),
    };
    Ok(Status { assets, queued, unasked })
}

async fn asset(
    run: &Utf8Path,
    submitted: &Submitted,
    chain: &Chain,
    ctx: &Arc<Ctx>,
) -> Result<AssetStatus, Fault> {
    let end = run_folder::end_of(run, &chain.destination)?;
    let (name, destination) = (chain.name.clone(), chain.destination.clone());
    let mut found = AssetStatus { name, destination, end, progress: None, left: None };
    if let Some(end) = &found.end {
        keep(run, submitted.at, end, &chain.destination, ctx)?;
    }
    if found.is_done() {
        return Ok(found);
    }
    let place = Place::open(&chain.destination, &ctx.store).await?;
    let Some(plan) = shares::read(&place).await? else { return Ok(found) };
    let progress = shares::progress(&place, &plan, (ctx.clock)()).await?;
    if progress.rate > 0.0 {
        let left = |stage: &shares::StageProgress| {
            stage.bytes as f64 * (stage.items - stage.done) as f64 / stage.items.max(1) as f64
        };
        found.left = Some(progress.stages.iter().map(left).sum::<f64>() / progress.rate);
    }
    found.progress = Some(progress);
    Ok(found)
}

/// A run of a cluster stands in the history like any other, and its pipeline is not started again from here.
fn keep(run: &Utf8Path, began: Timestamp, end: &End, destination: &Location, ctx: &Ctx) -> Result<(), Fault> {
    let Some(work) = run_folder::plan_of(run, destination)? else { return Ok(()) };
    let ledger = &ctx.ledger;
    let known = if work.is_move() { ledger.moved(destination)? } else { ledger.job(destination)? };
    let known = known.map(|job| job.state);
    if matches!((known, end.ended.end), (Some(JobState::Done), _) | (Some(JobState::Failed), JobEnd::Failed))
    {
        return Ok(());
    }
    let id = ledger.begin_run(began, &format!("adt submit ({run})"), ctx.version)?;
    let job = if work.is_move() {
        ledger.begin_move(id, destination, &end.name, false, began)?
    } else {
        ledger.begin_job(id, &work.plan, &fingerprint(&work.plan), began)?.0
    };
    if let Some(trigger) = &end.trigger {
        let generation = ledger.generation(job)?;
        ledger.trigger_intended(job, generation, trigger.record, &trigger.request, trigger.intended_at)?;
        if let (true, Some(at)) = (trigger.state != TriggerState::Intended, trigger.at) {
            ledger.trigger_settled(job, generation, trigger.state, trigger.computation.as_deref(), at)?;
        }
    }
    let fault = end
        .ended
        .fault
        .as_ref()
        .map(|line| Fault::new(end.ended.class.unwrap_or(Class::Transient), line.clone()));
    ledger.end_job(job, id, end.at, end.ended.end, &end.ended.moved, fault.as_ref())?;
    ledger.end_run(id, end.at, i32::from(end.ended.end == JobEnd::Failed))
}

/// An asset that has neither a plan nor, as far as this run knows, an end.
pub(super) const NO_PLAN: &str =
    "no plan stands at the destination: another run has ended it, or it was taken back";

fn text(status: &Status) -> String {
    let mut lines = Vec::new();
    for asset in &status.assets {
        let state = match (&asset.end, &asset.progress) {
            (Some(end), _) if end.ended.fault.is_none() => "done".to_owned(),
            (Some(end), _) => format!("failed: {}", end.ended.fault.as_deref().unwrap_or_default()),
            (None, Some(progress)) if progress.ready => "all items are done; the end is left".to_owned(),
            (None, Some(_)) => "under way".to_owned(),
            (None, None) => NO_PLAN.to_owned(),
        };
        lines.push(format!("{} → {}: {state}", asset.name, asset.destination));
        let Some(progress) = &asset.progress else { continue };
        for (number, stage) in progress.stages.iter().enumerate() {
            lines.push(format!(
                "  stage {number}: {} of {} items, {}",
                stage.done,
                stage.items,
                ByteSize(stage.bytes)
            ));
        }
        // Who was killed has not said so.
        let is_over = status.queued.as_ref().is_some_and(Vec::is_empty);
        if !is_over {
            lines.push(at_work(progress, asset.left));
        }
        if !progress.ready {
            let told =
                |fault: &&String| !progress.failed.iter().any(|failed| failed.contains(fault.as_str()));
            lines.extend(progress.faults.iter().filter(told).map(|fault| format!("  a task ended: {fault}")));
        }
        lines.extend(progress.failed.iter().map(|failed| format!("  FAILED {failed}")));
    }
    if let Some(why) = &status.unasked {
        lines.push(format!("the queue could not be looked at: {why}"));
    }
    if status.is_left() {
        lines.push(
            "none of its jobs waits or runs any more: submit the same again, and it goes on here".to_owned(),
        );
    }
    for job in status.queued.iter().flatten() {
        lines.push(format!("job {} {} {}", job.id, job.state, job.reason));
    }
    lines.iter().fold(String::new(), |text, line| text + &show::line(line) + "\n")
}

fn at_work(progress: &Progress, left: Option<f64>) -> String {
    let mut text = format!("  {} at work", show::count(progress.at_work, "task"));
    if let Some(left) = left {
        let _ = write!(text, ", {}/s, about {} left", ByteSize(progress.rate as u64), time(left));
    }
    text
}

fn time(seconds: f64) -> String {
    let seconds = seconds as u64;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
