//! `adt work`

use std::sync::Arc;

use adt_engine::{
    Ctx, Summary,
    imaging::{
        Share,
        alone::{Part, is_done, is_planned, ome_zarr, share},
    },
    moving::Asked as Moved,
    run::Row,
    shares::{self, WorkPlan},
};
use adt_ledger::ObjectState;
use adt_model::{Class, Ended, Fault, JobEnd, JobSpec, Key, Location, ProblemKind};
use adt_plan::{RECORD, cluster::shard::shard};
use adt_store::{Looks, Place};
use camino::Utf8Path;

use super::{
    AGAIN, Vars, context, jobs,
    jobs::Asked,
    run_folder,
    scratch::Scratch,
    submissions::Submissions,
    trust::{self, Roots},
};
use crate::{
    args::{Common, Run, Shard, Tuning, Work},
    commands::{BAD_INPUT, DONE, FAILED, ephys::drive, ephys::location, imaging::convert, moving, tell},
    settings, show, wire,
};

pub(in crate::commands) fn work(asked: &Work, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    let destination = location(&asked.destination)?;
    let part = match asked.shard {
        Some(Shard::Of(number, of)) => Some(Share { number, of }),
        Some(Shard::Auto) => {
            let found = shard(vars, asked.shards)?;
            Some(Share { number: found.number, of: found.of })
        }
        None => None,
    };
    let scratch = Scratch::new()?;
    // Whoever ends the work by hand has it in the history.
    let own = asked.finish && asked.run.is_none();
    let ledger = scratch.ledger();
    let ways = wire::Ways { retrigger: asked.retrigger, ..wire::Ways::default() };
    let ctx = context(&asked.tuning, common, vars, (!own).then_some(ledger.as_path()), ways)?;
    let code = match drive(&ctx, perform(asked, part, &destination, common, vars, &ctx)) {
        Ok(code) => code,
        Err(fault) => {
            show::error(&fault.clone().into());
            code_of(&fault)
        }
    };
    Ok(code)
}

async fn perform(
    asked: &Work,
    part: Option<Share>,
    destination: &Location,
    common: &Common,
    vars: &Vars,
    ctx: &Arc<Ctx>,
) -> Result<u8, Fault> {
    let place = Place::open(destination, &ctx.store).await?;
    let roots = Roots::of(asked, vars)?;
    let plan = shares::read(&place).await?;
    if shares::is_ended(&place, plan.as_ref()).await? {
        if asked.finish {
            shares::clear(&place, plan.as_ref()).await?;
        }
        return complete(asked, destination, common, ctx);
    }
    let Some(plan) = plan else {
        return Box::pin(without_plan(asked, part, &place, &roots, common, ctx)).await;
    };
    let here = Submissions::of(common, vars)?;
    if let Some(note) = trust::submitted(&plan, asked, &roots, &here)?
        && !common.quiet
    {
        show::say(&note);
    }
    let words = trust::words(&plan, asked, &roots)?;
    if asked.check {
        let so_far = shares::progress(&place, &plan, (ctx.clock)()).await?;
        match asked.stage {
            Some(stage) => so_far.complete(stage)?,
            None => (0..plan.stages()).try_for_each(|stage| so_far.complete(stage))?,
        }
        return Ok(DONE);
    }
    if let Some(share) = part {
        let (moved, ctx) = moved(&words, ctx).await?;
        let task = shares::Task { stage: asked.stage.unwrap_or(0), share, host: host(vars), moved };
        let command = format!("adt work {destination}");
        let summary = Box::pin(shares::work(destination.clone(), plan.clone(), task, &command, ctx)).await?;
        let code = ended(&summary, common);
        if code != DONE || !asked.finish {
            return Ok(code);
        }
    }
    let end = End { asked, plan: &plan, place: &place, roots: &roots, common, vars, ctx };
    let code = Box::pin(end.reach(words)).await?;
    if code == DONE {
        here.remove(destination);
    }
    Ok(code)
}

/// A container with a plan of its own, or a place where nothing is left to do.
async fn without_plan(
    asked: &Work,
    part: Option<Share>,
    place: &Place,
    roots: &Roots,
    common: &Common,
    ctx: &Arc<Ctx>,
) -> Result<u8, Fault> {
    let destination = place.location();
    if is_planned(place).await? {
        if asked.check {
            return is_done(place, asked.stage).await.map(|_| DONE);
        }
        let part = Part { share: part, stage: asked.stage, finish: asked.finish };
        let allowed = |source: &Utf8Path| roots.allow_folder(source);
        let command = format!("adt work {destination}");
        let sharing = share(destination.clone(), part, allowed, &command, Arc::clone(ctx));
        let summary = Box::pin(sharing).await?;
        return Ok(ended(&summary, common));
    }
    let finished = run_folder::is_finished(asked.run.as_deref(), destination)?;
    if finished || shares::is_complete(place, ctx).await? {
        return complete(asked, destination, common, ctx);
    }
    Err(no_plan(destination))
}

/// Nothing is left to do; what a process that was killed did not write down is written down now.
fn complete(asked: &Work, destination: &Location, common: &Common, ctx: &Ctx) -> Result<u8, Fault> {
    if let Some(run) = asked.run.as_deref().filter(|_| asked.finish)
        && !run_folder::is_finished(Some(run), destination)?
    {
        let name = destination.above().map(|(_, name)| name.to_string()).unwrap_or_default();
        let ended = Ended::well(JobEnd::Done, adt_model::Moved::default(), 0.0);
        let notes = vec!["an earlier process completed it".to_owned()];
        let row = Row {
            origin: String::new(),
            name,
            asset: destination.to_string(),
            ended,
            notes,
            doubts: Vec::new(),
        };
        run_folder::ended(run, &row, None, (ctx.clock)())?;
    }
    if !common.quiet {
        show::say(&format!("`{destination}` is already complete"));
    }
    Ok(DONE)
}

/// What a plan moves, with clouds asked as its words say.
async fn moved(words: &Asked, ctx: &Arc<Ctx>) -> Result<(Option<Moved>, Arc<Ctx>), Fault> {
    let Asked::Move(copy, _) = words else { return Ok((None, Arc::clone(ctx))) };
    let ctx = moving::tuned(Arc::clone(ctx), &copy.clouds, &copy.from_side, &copy.rates)?;
    Ok((Some(moving::copy::wanted(copy, None, Looks::Needed, &ctx).await?), ctx))
}

/// The end of the work on a plan.
struct End<'a> {
    asked: &'a Work,
    plan: &'a WorkPlan,
    place: &'a Place,
    roots: &'a Roots,
    common: &'a Common,
    vars: &'a Vars,
    ctx: &'a Arc<Ctx>,
}

impl End<'_> {
    /// What all shares have done is known to a ledger, and the usual run finds it done.
    async fn reach(&self, words: Asked) -> Result<u8, Fault> {
        let Self { plan, place, ctx, .. } = *self;
        let adopted = shares::adopt(place, plan, ctx).await?;
        let (summary, proven) = Box::pin(self.rest(words, adopted.recorded)).await?;
        let code = match of_summary(&summary) {
            // It is all there; what is compared with the source afterwards may say otherwise.
            DONE => proven,
            _ if self.has_met_another(&summary, adopted.recorded).await? => {
                show::say("another process may be finishing the same work: run the same command again");
                AGAIN
            }
            code => code,
        };
        if code == DONE {
            // Credentials may have no right to write beside the destination.
            if let Err(fault) = shares::say_finished(place, plan, &ctx.store, (ctx.clock)()).await {
                let what = "other ledgers will not know that this is done, since it could not be written beside the destination";
                show::say(&format!("{what}: {}", fault.line()));
            }
            shares::end(place, plan, (ctx.clock)()).await?;
        }
        self.written(&summary, &adopted.moved)?;
        if code == DONE {
            // Not every server lists uploads, and all that counts is there.
            if let Err(fault) = shares::sweep(place, plan, ctx).await {
                show::say(&format!("uploads that may be left behind could not be listed: {}", fault.line()));
            }
            shares::clear(place, Some(plan)).await?;
        }
        Ok(code)
    }

    /// Another process that ends the same work at the same time writes the same documents with other times in them, so that what this one
    /// has written is not there any more. The record, which was not there at the beginning, is, and this ledger does not have it.
    async fn has_met_another(&self, summary: &Summary, recorded: bool) -> Result<bool, Fault> {
        let is_replaced = summary.rows.iter().any(|row| row.ended.class == Some(Class::Corrupt));
        if !is_replaced || recorded || !self.plan.has_record() {
            return Ok(false);
        }
        let record = Key::parse(RECORD).expect("the record's name is a key");
        let ledger = &self.ctx.ledger;
        let own = match ledger.job(&self.plan.plan.asset)? {
            Some(job) => ledger.object(job.id, &record)?,
            None => None,
        };
        let is_own = own.is_some_and(|own| own.state == ObjectState::Confirmed);
        Ok(!is_own && self.place.head(&record).await?.is_some())
    }

    /// The usual run, and what a comparison afterwards says.
    async fn rest(&self, words: Asked, recorded: bool) -> Result<(Summary, u8), Fault> {
        let Self { plan, common, ctx, vars, .. } = *self;
        let command = format!("adt work {} --finish", plan.plan.asset);
        let summary = match words {
            Asked::List(run) => {
                let jobs = self.jobs(&run)?;
                let asked = adt_engine::Asked { jobs, command };
                if recorded {
                    adt_engine::conclude(asked, Arc::clone(ctx)).await?
                } else {
                    adt_engine::run(asked, Arc::clone(ctx)).await?
                }
            }
            Asked::Images(images, n5) => {
                let setting = settings::resolve(common, &Tuning::default(), vars)?.manner.links;
                let mut images = convert::asked(&images, n5, setting)?;
                images.resume = true;
                images.plan_only = false;
                Box::pin(ome_zarr(images, &command, Arc::clone(ctx))).await?
            }
            Asked::Move(copy, delete) => {
                let ctx = moving::tuned(Arc::clone(ctx), &copy.clouds, &copy.from_side, &copy.rates)?;
                let wanted = shares::besides(moving::copy::wanted(&copy, delete, Looks::Needed, &ctx).await?);
                return moving::copy::perform(wanted, &command, &copy, common, &ctx).await;
            }
        };
        show::ended(&summary, common);
        Ok((summary, DONE))
    }

    /// The job of the list that makes this asset.
    fn jobs(&self, run: &Run) -> Result<Vec<JobSpec>, Fault> {
        let Self { plan, roots, common, vars, .. } = *self;
        let (specs, problems) = jobs::specs(run, common, vars)?;
        let jobs: Vec<_> = specs.into_iter().filter(|spec| spec.asset() == plan.plan.asset).collect();
        if jobs.is_empty() {
            let others: Vec<_> =
                problems.into_iter().filter(|problem| problem.kind != ProblemKind::SourceMissing).collect();
            tell(&others, common);
            let what = format!("`{}` has no job for `{}` any more", plan.plan.origin, plan.plan.asset);
            return Err(Fault::new(Class::BadInput, what).help("put the list back, or submit it again"));
        }
        jobs.iter().try_for_each(|spec| roots.allow_job(spec))?;
        Ok(jobs)
    }

    /// Writes down in the run's folder how it ended.
    fn written(&self, summary: &Summary, shared: &adt_model::Moved) -> Result<(), Fault> {
        let (Some(run), Some(row)) = (&self.asked.run, summary.rows.first()) else { return Ok(()) };
        let mut row = row.clone();
        let moved = &mut row.ended.moved;
        // What was there for the end was sent by the shares.
        moved.bytes_sent = moved.bytes_sent.saturating_add(shared.bytes_sent);
        moved.objects_sent = moved.objects_sent.saturating_add(shared.objects_sent);
        moved.objects_kept = moved.objects_kept.saturating_sub(shared.objects_sent);
        let ledger = &self.ctx.ledger;
        let job = ledger.job(&self.plan.plan.asset)?;
        let trigger = job.map(|job| ledger.triggers(job.id)).transpose()?.and_then(|all| all.last().cloned());
        run_folder::ended(run, &row, trigger, (self.ctx.clock)())
    }
}

fn ended(summary: &Summary, common: &Common) -> u8 {
    show::ended(summary, common);
    of_summary(summary)
}

fn of_summary(summary: &Summary) -> u8 {
    let transient = summary.rows.iter().any(|row| row.ended.class == Some(Class::Transient));
    match summary.exit_code() {
        130 => AGAIN,
        1 if summary.stopped || transient => AGAIN,
        1 if summary.rows.iter().any(|row| is_input(row.ended.class)) => BAD_INPUT,
        code => code as u8,
    }
}

fn is_input(class: Option<Class>) -> bool {
    matches!(class, Some(Class::BadInput | Class::Missing | Class::Conflict))
}

fn code_of(fault: &Fault) -> u8 {
    match fault.class() {
        Class::Transient | Class::Cancelled => AGAIN,
        class if is_input(Some(class)) => BAD_INPUT,
        Class::Bug => 3,
        _ => FAILED,
    }
}

fn no_plan(destination: &Location) -> Fault {
    Fault::new(Class::Missing, format!("there is no plan at `{destination}`")).help("`adt submit` makes one")
}

/// What this machine is called, as far as the environment says.
fn host(vars: &Vars) -> String {
    let names = ["SLURMD_NODENAME", "HOSTNAME", "COMPUTERNAME"];
    let told = names.iter().find_map(|name| vars.get(*name)).cloned();
    let own = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|text| text.trim().to_owned());
    told.or_else(own).unwrap_or_else(|| "unknown".to_owned())
}
