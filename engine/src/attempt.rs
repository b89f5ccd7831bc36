//! A job's attempt from top to bottom: claim the asset, look at the world, plan, perform, end.

use std::sync::Arc;

use adt_ledger::{JobState, RunId};
use adt_model::{Action, Class, Facts, Fault, JobEnd, JobSpec, Plan, Standing};
use adt_plan::{fingerprint, plan};
use adt_store::{Looks, Place, StoreOptions};

use crate::{
    Ctx,
    course::{Course, Work, retries},
    prepare::{self, Prepared},
    run::Row,
    standing::{self, Verdict},
    survey, touched,
};

/// Runs one job and says how it ended. Whatever goes wrong is in the row.
/// `recorded`: an earlier process wrote its record.
pub(crate) async fn run(spec: JobSpec, recorded: bool, run: RunId, ctx: Arc<Ctx>) -> Row {
    let course = Course::new(spec.asset_name(), run, &ctx);
    let watch = course.watch();
    let mut attempt = Attempt { spec: &spec, course, recorded };
    // A job's future holds the futures of all its steps; on the heap it need not be moved about.
    let result = watch.over(Box::pin(attempt.perform())).await;
    attempt.course.end(spec.origin.to_string(), &spec.asset(), result)
}

/// How an asset is made again from a source that may have changed.
const AGAIN: &str = "set `force_cloud_sync` to send the folder again";

/// One run's attempt at a job.
pub(crate) struct Attempt<'a> {
    pub(crate) spec: &'a JobSpec,
    pub(crate) course: Course,
    /// Whether an earlier process wrote the record of the asset, and only its pipeline can be left.
    pub(crate) recorded: bool,
}

impl Attempt<'_> {
    async fn perform(&mut self) -> Result<JobEnd, Fault> {
        let (spec, ctx) = (self.spec, Arc::clone(&self.course.ctx));
        let asset = spec.asset();
        let _claim = if spec.dry_run { None } else { Some(ctx.ledger.claim(&asset)?) };
        let known = ctx.ledger.job(&asset)?;
        let looks = if ctx.settings.no_list { Looks::None } else { Looks::Avoidable };
        let place = Place::open(&asset, &StoreOptions { looks, ..self.course.store_options() }).await?;
        if let Some(row) = &known
            && (self.recorded && self.is_whole(row, &place).await? || self.is_complete_without_source(row)?)
        {
            return self.only_the_pipeline(row, place).await;
        }
        let mut facts = survey::local(spec, &ctx.stop).await?;
        let is_known = known.as_ref().is_some_and(|row| row.state == JobState::Done || row.state.is_begun());
        // Without a look at the destination, only the ledger knows.
        if is_known || !ctx.settings.no_list {
            facts.standing = survey::standing(spec, &facts, known.as_ref(), &place, &ctx.stop).await?;
        }
        let mut verdict = standing::judge(facts.standing, spec.force_cloud_sync, &asset)?;
        if let (Verdict::Skip, Some(row)) = (&verdict, &known) {
            for note in touched::since_done(&plan(spec, &facts), row, AGAIN, &ctx).await? {
                self.course.doubt(&note);
            }
            let Some(why) = self.left_to_do(row.id, &place).await? else {
                return Ok(self.course.skip(row.id, spec.dry_run));
            };
            verdict = Verdict::Complete;
            facts.standing = Standing::Begun;
            self.course.note(why);
        }
        let (resolved, prepared, plan) = ctx.stop.or(self.prepare(&mut facts)).await?;
        let resumed = verdict == Verdict::Complete;
        if ctx.settings.no_list {
            without_reading(&plan)?;
            self.course.note(NOT_LOOKED_AT);
        }
        self.course.announce(&plan, resumed);
        if facts.standing == Standing::Begun && known.is_some_and(|row| row.fingerprint != fingerprint(&plan))
        {
            let text = "the input has changed since the run that began this asset: what is new or different is sent, and \
                        objects whose files are gone stay at the destination";
            self.course.note(text);
        }
        let print = fingerprint(&plan);
        let work = Work {
            spec: Some(resolved),
            plan,
            fingerprint: print,
            prepared,
            standing: facts.standing,
            resumed,
        };
        self.course.perform(work, place).await
    }

    /// Asks the services, and decides what will be done with what they know.
    pub(crate) async fn prepare(&self, facts: &mut Facts) -> Result<(JobSpec, Prepared, Plan), Fault> {
        let (spec, ctx) = (self.spec, &self.course.ctx);
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
}

/// What `--no-list` leaves open.
const NOT_LOOKED_AT: &str = "the destination is not looked at (`--no-list`): each object is proven by the answer to its own upload only; \
    whether the asset existed before, and whether all of it is there in the end, is not known";

/// Fails for what cannot be done without reading the destination.
fn without_reading(plan: &Plan) -> Result<(), Fault> {
    for step in plan.stages.iter().flat_map(|stage| &stage.steps) {
        let what = match step.action {
            Action::Trigger(_) => "a pipeline is started only for an asset that is seen to be complete",
            Action::WriteOmeZarr { .. } => {
                "OME-Zarr is written with markers that are read at the destination"
            }
            _ => continue,
        };
        return Err(Fault::new(Class::BadInput, format!("`--no-list` does not go with this job: {what}"))
            .help("omit `--no-list`, with credentials that may list and read"));
    }
    Ok(())
}

pub(crate) fn without_obstacles(plan: &Plan) -> Result<(), Fault> {
    let Some(obstacle) = plan.obstacles.first() else { return Ok(()) };
    let what = match &obstacle.value {
        Some(value) => format!("`{}` = `{value}`: {}", obstacle.column, obstacle.what),
        None => format!("`{}` {}", obstacle.column, obstacle.what),
    };
    Err(Fault::new(Class::BadInput, what).help(obstacle.valid.clone()))
}
