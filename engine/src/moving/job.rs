//! A copy as one job: recorded in the ledger, reported, and ended once.

use std::sync::Arc;

use adt_model::{Fault, JobEnd, Moved, Origin, What};

use super::copy::{Asked, Work};
use crate::{Ctx, Summary, alone::name, course::Course, run::finished};

/// Copies what differs. Fails when nothing can be begun; what goes wrong later is in the summary's one row. `command` is how the ledger
/// shows it.
pub async fn copy(asked: Asked, command: &str, ctx: Arc<Ctx>) -> Result<Summary, Fault> {
    job(asked, command, None::<std::future::Ready<_>>, ctx).await
}

/// The same; `then` runs once everything has been copied and recorded, as a part of the job: its fault is the job's.
pub async fn copy_then(
    asked: Asked,
    command: &str,
    then: impl Future<Output = Result<(), Fault>>,
    ctx: Arc<Ctx>,
) -> Result<Summary, Fault> {
    job(asked, command, Some(then), ctx).await
}

async fn job(
    asked: Asked,
    command: &str,
    then: Option<impl Future<Output = Result<(), Fault>>>,
    ctx: Arc<Ctx>,
) -> Result<Summary, Fault> {
    let to = asked.destination.place.location().clone();
    let _claim = if asked.dry_run { None } else { Some(ctx.ledger.claim_move(&asked.shown, &to)?) };
    let run = ctx.ledger.begin_run((ctx.clock)(), command, ctx.version)?;
    ctx.tell("", None, What::RunStarted { jobs: 1 });
    let mut course = Course::new(name(&to), run, &ctx);
    let row = ctx.ledger.begin_move(run, &to, &course.name, asked.dry_run, (ctx.clock)())?;
    course.adopt(row);
    let started = What::JobStarted {
        origin: Origin { source: asked.shown.clone(), row: None },
        asset: to.to_string(),
        files: 0,
        bytes: 0,
        resumed: false,
    };
    ctx.tell(&course.name, None, started);
    let (dry_run, shown) = (asked.dry_run, asked.shown.clone());
    let end = if dry_run { JobEnd::Rehearsed } else { JobEnd::Done };
    let killed = if dry_run { None } else { ctx.ledger.killed_since(row, run)? };
    // Claimed, so that no other process is at the same work.
    let owner = if dry_run { None } else { Some(ctx.owner("move", &asked.shown, &to)?) };
    let mut work = Work::new(asked, owner, row, &course, &ctx);
    work.killed = killed;
    let all = async {
        work.perform().await?;
        let Some(then) = then else { return Ok(()) };
        // A process that is killed while `then` runs leaves a copy that is known to be whole.
        ctx.ledger.end_job(row, run, (ctx.clock)(), end, &Moved::default(), None)?;
        then.await
    };
    let result = course.watch().over(Box::pin(all)).await;
    let row = course.end(shown, &to, result.map(|()| end));
    let summary = Summary { rows: vec![row], stopped: ctx.stop.check().is_err() };
    ctx.tell("", None, finished(&summary));
    ctx.ledger.end_run(run, (ctx.clock)(), summary.exit_code())?;
    Ok(summary)
}
