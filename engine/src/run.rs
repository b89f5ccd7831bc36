//! A list of jobs: so many at once; one failed job never stops the others.

use std::sync::Arc;

use adt_model::{Class, Ended, Fault, JobEnd, JobSpec, Moved, What};
use serde::Serialize;
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{Ctx, attempt, ctx::interrupted};

/// What is asked of a run.
#[derive(Debug)]
pub struct Asked {
    /// In the order they are begun.
    pub jobs: Vec<JobSpec>,
    /// How the ledger shows the command.
    pub command: String,
}

/// How one job of the list ended.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Where it was written down.
    pub origin: String,
    /// The asset's name.
    pub name: String,
    /// The asset's folder.
    pub asset: String,
    /// How it ended.
    #[serde(flatten)]
    pub ended: Ended,
    /// What a person should know although nothing failed.
    pub notes: Vec<String>,
    /// Those of the notes that put the result in doubt: a quiet run shows them too.
    pub doubts: Vec<String>,
}

impl Row {
    /// The closing row of a job.
    pub(crate) fn new(spec: &JobSpec, ended: Ended, notes: Vec<String>) -> Self {
        let (name, asset) = (spec.asset_name(), spec.asset().to_string());
        Self { origin: spec.origin.to_string(), name, asset, ended, notes, doubts: Vec::new() }
    }
}

/// How all of them ended, in the list's order.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// One for each job.
    pub rows: Vec<Row>,
    /// Whether a person stopped the run.
    pub stopped: bool,
}

impl Summary {
    /// How many ended so.
    pub fn count(&self, end: JobEnd) -> u64 {
        self.rows.iter().filter(|row| row.ended.end == end).count() as u64
    }

    /// The exit code that `adt --help` documents: 3 a bug, 130 interrupted, 1 something failed, 0 all is done.
    pub fn exit_code(&self) -> i32 {
        if self.rows.iter().any(|row| row.ended.class == Some(Class::Bug)) {
            3
        } else if self.stopped && self.count(JobEnd::Interrupted) > 0 {
            130
        } else {
            i32::from(self.count(JobEnd::Failed) + self.count(JobEnd::Interrupted) > 0)
        }
    }
}

/// Runs the whole list. Fails only when the ledger itself cannot be written.
pub async fn run(asked: Asked, ctx: Arc<Ctx>) -> Result<Summary, Fault> {
    perform(asked, false, ctx).await
}

/// Starts the pipelines of jobs whose assets are complete, where that is still to be done: an earlier process wrote their records, and the
/// ledger knows them.
pub async fn conclude(asked: Asked, ctx: Arc<Ctx>) -> Result<Summary, Fault> {
    perform(asked, true, ctx).await
}

async fn perform(asked: Asked, recorded: bool, ctx: Arc<Ctx>) -> Result<Summary, Fault> {
    let run = ctx.ledger.begin_run((ctx.clock)(), &asked.command, ctx.version)?;
    ctx.tell("", None, What::RunStarted { jobs: asked.jobs.len() as u64 });
    let mut list = List { rows: asked.jobs.iter().map(|_| None).collect(), failed: false };
    let slots = Arc::new(Semaphore::new(ctx.settings.parallel_jobs.max(1)));
    let mut running = JoinSet::new();
    for (place_in_list, spec) in asked.jobs.iter().cloned().enumerate() {
        let slot = Arc::clone(&slots).acquire_owned().await.expect("the slots are never closed");
        while let Some(ended) = running.try_join_next() {
            list.keep(ended);
        }
        if ctx.stop.check().is_err() || (list.failed && ctx.settings.fail_fast) {
            list.rows[place_in_list] = Some(not_begun(&spec, &ctx));
            continue;
        }
        let ctx = Arc::clone(&ctx);
        running.spawn(async move {
            let row = attempt::run(spec, recorded, run, ctx).await;
            drop(slot);
            (place_in_list, row)
        });
    }
    while let Some(ended) = running.join_next().await {
        list.keep(ended);
    }
    let summary = Summary { rows: list.finish(&asked.jobs), stopped: ctx.stop.check().is_err() };
    ctx.tell("", None, finished(&summary));
    ctx.ledger.end_run(run, (ctx.clock)(), summary.exit_code())?;
    Ok(summary)
}

/// Rows as they come in.
struct List {
    rows: Vec<Option<Row>>,
    failed: bool,
}

impl List {
    fn keep(&mut self, ended: Result<(usize, Row), tokio::task::JoinError>) {
        match ended {
            Ok((place_in_list, row)) => {
                self.failed |= row.ended.end == JobEnd::Failed;
                self.rows[place_in_list] = Some(row);
            }
            // Its row stays empty, and `finish` tells it as a bug.
            Err(_) => self.failed = true,
        }
    }

    fn finish(self, jobs: &[JobSpec]) -> Vec<Row> {
        let lost = |spec: &JobSpec| {
            let fault =
                Fault::new(Class::Bug, "the job ended in a panic").help("please report this, with the log");
            Row::new(spec, Ended::badly(&fault, Moved::default(), 0.0), Vec::new())
        };
        self.rows.into_iter().zip(jobs).map(|(row, spec)| row.unwrap_or_else(|| lost(spec))).collect()
    }
}

pub(crate) fn finished(summary: &Summary) -> What {
    What::RunFinished {
        done: summary.count(JobEnd::Done) + summary.count(JobEnd::Rehearsed),
        skipped: summary.count(JobEnd::Skipped),
        failed: summary.count(JobEnd::Failed),
        interrupted: summary.count(JobEnd::Interrupted),
    }
}

fn not_begun(spec: &JobSpec, ctx: &Ctx) -> Row {
    let fault = if ctx.stop.check().is_err() {
        interrupted()
    } else {
        Fault::new(Class::Cancelled, "not begun: an earlier job failed and `--fail-fast` is set")
    };
    Row::new(spec, Ended::badly(&fault, Moved::default(), 0.0), Vec::new())
}
