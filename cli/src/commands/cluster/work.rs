//! `adt work`

use std::sync::Arc;

use adt_engine::{
    Ctx, Summary,
    imaging::{
        Share,
        alone::{Part, is_done, ome_zarr, share},
    },
    moving::Asked as Moved,
    shares::{self, WorkPlan},
};
use adt_model::{Class, Fault, Key, Location, ProblemKind, StageName};
use adt_plan::{RECORD, cluster::shard::shard};
use adt_store::Place;

use super::{AGAIN, Vars, context, jobs, jobs::Asked, run_folder, scratch::Scratch};
use crate::{
    args::{Common, Shard, Work},
    commands::{BAD_INPUT, DONE, FAILED, ephys::drive, ephys::location, imaging::convert, moving, tell},
    show,
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
    let ctx = context(&asked.tuning, common, vars, (!own).then_some(ledger.as_path()))?;
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
    let command = format!("adt work {destination}");
    let Some(plan) = shares::read(&place).await? else {
        if asked.check {
            return if is_done(&place, asked.stage).await? { Ok(DONE) } else { Err(no_plan(destination)) };
        }
        if asked.finish && run_folder::is_finished(asked.run.as_deref(), destination)? {
            show::say("it is finished already");
            return Ok(DONE);
        }
        let part = Part { share: part, stage: asked.stage, finish: asked.finish };
        let summary = share(destination.clone(), part, &command, Arc::clone(ctx)).await?;
        return Ok(ended(&summary, common));
    };
    if asked.check {
        let so_far = shares::progress(&place, &plan, (ctx.clock)()).await?;
        match asked.stage {
            Some(stage) => so_far.complete(stage)?,
            None => (0..plan.stages()).try_for_each(|stage| so_far.complete(stage))?,
        }
        return Ok(DONE);
    }
    if let Some(share) = part {
        let (moved, ctx) = moved(&plan, ctx).await?;
        let task = shares::Task { stage: asked.stage.unwrap_or(0), share, host: host(vars), moved };
        let summary = shares::work(destination.clone(), plan.clone(), task, &command, ctx).await?;
        let code = ended(&summary, common);
        if code != DONE || !asked.finish {
            return Ok(code);
        }
    }
    Box::pin(finish(asked, &plan, &place, common, vars, ctx)).await
}

/// What a plan moves, with clouds asked as its words say.
async fn moved(plan: &WorkPlan, ctx: &Arc<Ctx>) -> Result<(Option<Moved>, Arc<Ctx>), Fault> {
    let Asked::Move(copy, delete) = Asked::parse(&plan.again)? else { return Ok((None, Arc::clone(ctx))) };
    let ctx = moving::tuned(Arc::clone(ctx), &copy.clouds, &copy.rates)?;
    Ok((Some(moving::copy::wanted(&copy, delete, &ctx).await?), ctx))
}

/// The end: what all shares have done is known to a ledger, and the usual run finds it done.
async fn finish(
    asked: &Work,
    plan: &WorkPlan,
    place: &Place,
    common: &Common,
    vars: &Vars,
    ctx: &Arc<Ctx>,
) -> Result<u8, Fault> {
    let triggers = plan.plan.stages.iter().any(|stage| stage.name == StageName::Trigger);
    let record = Key::parse(RECORD).expect("the record's name is a key");
    if asked.run.is_some() && triggers && place.head(&record).await?.is_some() {
        let what = "an earlier `--finish` has written the record, and may have started the pipeline: it is not started again";
        return Err(Fault::new(Class::Conflict, what).help(
            "look at Code Ocean; `adt run` with the list and `--retrigger` starts it if nothing runs there",
        ));
    }
    let shared = shares::adopt(place, plan, ctx).await?;
    let mut proven = DONE;
    let summary = match Asked::parse(&plan.again)? {
        Asked::List(run) => {
            let (specs, problems) = jobs::specs(&run, common, vars)?;
            let jobs: Vec<_> = specs.into_iter().filter(|spec| spec.asset() == plan.plan.asset).collect();
            if jobs.is_empty() {
                let others: Vec<_> = problems
                    .into_iter()
                    .filter(|problem| problem.kind != ProblemKind::SourceMissing)
                    .collect();
                tell(&others, common);
                let what = format!("`{}` has no job for `{}` any more", plan.plan.origin, plan.plan.asset);
                return Err(Fault::new(Class::BadInput, what).help("put the list back, or submit it again"));
            }
            let command = format!("adt work {} --finish", plan.plan.asset);
            told(adt_engine::run(adt_engine::Asked { jobs, command }, Arc::clone(ctx)).await?, common)
        }
        Asked::Images(images, n5) => {
            let mut images = convert::asked(&images, n5)?;
            images.resume = true;
            images.plan_only = false;
            let command = format!("adt work {} --finish", plan.plan.asset);
            told(Box::pin(ome_zarr(images, &command, Arc::clone(ctx))).await?, common)
        }
        Asked::Move(copy, delete) => {
            let ctx = moving::tuned(Arc::clone(ctx), &copy.clouds, &copy.rates)?;
            let wanted = shares::besides(moving::copy::wanted(&copy, delete, &ctx).await?);
            let command = format!("adt work {} --finish", plan.plan.asset);
            let (summary, code) = moving::copy::perform(wanted, &command, &copy, common, &ctx).await?;
            proven = code;
            summary
        }
    };
    let code = match of_summary(&summary) {
        // It is all there; what is held against the source afterwards may say otherwise.
        DONE => proven,
        code => code,
    };
    if code == DONE {
        // Not every server lists uploads, and all that counts stands there.
        if let Err(fault) = shares::sweep(place, plan, ctx).await {
            show::say(&format!("uploads that may be left behind could not be listed: {}", fault.line()));
        }
        shares::clear(place).await?;
    }
    if let (Some(run), Some(row)) = (&asked.run, summary.rows.first()) {
        let mut row = row.clone();
        let moved = &mut row.ended.moved;
        // What stood there for the finish was sent by the shares.
        moved.bytes_sent += shared.bytes_sent;
        moved.objects_sent += shared.objects_sent;
        moved.objects_kept = moved.objects_kept.saturating_sub(shared.objects_sent);
        let job = ctx.ledger.job(&plan.plan.asset)?;
        let trigger =
            job.map(|job| ctx.ledger.triggers(job.id)).transpose()?.and_then(|all| all.last().cloned());
        run_folder::ended(run, &row, trigger, (ctx.clock)())?;
    }
    Ok(code)
}

fn ended(summary: &Summary, common: &Common) -> u8 {
    show::ended(summary, common);
    of_summary(summary)
}

fn told(summary: Summary, common: &Common) -> Summary {
    show::ended(&summary, common);
    summary
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
    Fault::new(Class::Missing, format!("there is no plan at `{destination}`"))
        .help("`adt submit` makes one; or all of it is done already")
}

/// What this machine is called, as far as the environment says.
fn host(vars: &Vars) -> String {
    let names = ["SLURMD_NODENAME", "HOSTNAME", "COMPUTERNAME"];
    let told = names.iter().find_map(|name| vars.get(*name)).cloned();
    let own = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|text| text.trim().to_owned());
    told.or_else(own).unwrap_or_else(|| "unknown".to_owned())
}
