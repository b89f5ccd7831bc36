//! Before anybody works: what there is to do is decided once, and written where all will find it.

use std::sync::Arc;

use adt_model::{Action, ByteSize, Class, Fault, JobSpec, Key, Location, Origin, Plan};
use adt_plan::RECORD;
use adt_store::Place;

use super::{
    batches::Batches,
    finish::{clear, tidied},
    finished::forget_finished,
    items::{batched, images, recordings},
    plan::{Kind, PLAN, Unit, WorkPlan, hash_of_move, hash_of_step, heavy, is_ours, key, put, read},
};
use crate::{
    Ctx,
    attempt::Attempt,
    beat::Beat,
    course::Course,
    delivery::{Address, Delivery},
    ephys, imaging, moving,
    standing::{self, Since, Verdict},
    survey,
};

/// A later stage of images is shared where it reads at least so many items' worth; smaller ones are done at the end by one process.
const WORTH_SHARING: u64 = 40;

/// What `spec` needs done: its folders are surveyed, its services asked, its destination looked at. `None`: it is complete.
pub async fn session(spec: &JobSpec, ctx: &Arc<Ctx>) -> Result<Option<Plan>, Fault> {
    if spec.temp_directory.is_some() || spec.dry_run {
        let column = if spec.dry_run { "dry_run" } else { "temp_directory" };
        return Err(Fault::new(Class::BadInput, format!("`{column}` is set, and the work is to be shared"))
            .help("leave it out: shared work goes straight to the destination"));
    }
    let run = ctx.ledger.begin_run((ctx.clock)(), "adt submit", ctx.version)?;
    let result = planned(spec, run, ctx).await;
    ctx.ledger.end_run(run, (ctx.clock)(), i32::from(result.is_err()))?;
    result
}

async fn planned(spec: &JobSpec, run: adt_ledger::RunId, ctx: &Arc<Ctx>) -> Result<Option<Plan>, Fault> {
    let asset = spec.asset();
    let course = Course::new(spec.asset_name(), run, ctx);
    let place = Place::open(&asset, &course.store_options()).await?;
    tidied(&place).await?;
    let known = ctx.ledger.job(&asset)?;
    let mut facts = survey::local(spec, &ctx.stop).await?;
    facts.standing = survey::standing(spec, &facts, known.as_ref(), &place, &ctx.stop).await?;
    // What an earlier submission began may be gone on with, from any machine; whether by this plan is looked at when it is prepared.
    let is_begun = match read(&place).await {
        Ok(earlier) => earlier.is_some(),
        Err(fault) if fault.class() == Class::BadInput => true,
        Err(fault) => return Err(fault),
    };
    if !is_begun {
        let verdict = standing::judge(facts.standing, spec.force_cloud_sync, &asset)?;
        if let (Verdict::Skip, Some(row)) = (verdict, &known)
            && standing::since_done(row.id, &place, &ctx.ledger, &ctx.stop).await? == Since::Whole
        {
            return Ok(None);
        }
    }
    let attempt = Attempt { spec, course, recorded: false };
    let (_, _, plan) = ctx.stop.or(attempt.prepare(&mut facts)).await?;
    Ok(Some(plan))
}

/// Cuts `plan` into items and writes that to the destination. `again` are the words after `adt` that end the work.
///
/// The same plan goes on where it was, also where its sources have changed since; another one is refused, unless `force` takes it back
/// first.
pub async fn prepare(plan: Plan, again: Vec<String>, force: bool, ctx: &Arc<Ctx>) -> Result<WorkPlan, Fault> {
    let place = Place::open(&plan.asset, &ctx.store).await?;
    let address =
        Address { job: plan.name.clone(), place: place.clone(), row: None, look: false, mark: None };
    let out = Arc::new(Delivery::new(Arc::clone(ctx), address, Arc::default()));
    let work = cut(plan, again, &out).await?;
    stand(&work, force, &place).await?;
    for unit in &work.units {
        if let Kind::Step(action, _) = work.kind(unit)?
            && let Some(images) = images(action, &work, &out)
        {
            let (mut container, _) = imaging::open(images).await?;
            container.prepare().await?;
        }
    }
    put(&place, &key(PLAN), &work).await?;
    Ok(work)
}

/// Cuts what is to be moved into batches of objects and writes that to the destination. Otherwise like [`prepare`].
pub async fn prepare_move(
    asked: moving::Asked,
    again: Vec<String>,
    force: bool,
    ctx: &Arc<Ctx>,
) -> Result<WorkPlan, Fault> {
    let asked = besides(asked);
    if asked.called.is_some() || asked.dry_run {
        let what = if asked.dry_run { "a dry run" } else { "a single object" };
        return Err(
            Fault::new(Class::BadInput, format!("{what} is not shared")).help("`adt copy` does it from here")
        );
    }
    let (mut batches, mut starts, mut bytes) = (Batches::default(), Vec::new(), 0);
    moving::part::each(&asked, |key, size| {
        if batches.next(size) == starts.len() as u64 {
            starts.push(key.clone());
        }
        bytes += size;
    })
    .await?;
    let place = asked.destination.place.clone();
    let (items, hash) = (vec![starts.len() as u64], hash_of_move(&asked.shown, &starts, bytes));
    let unit = Unit { step: "copy".into(), hash, items, bytes: vec![bytes], starts };
    let work = WorkPlan::new(moved(&asked, place.location()), vec![unit], again, ctx.version);
    stand(&work, force, &place).await?;
    forget_finished(place.location(), &ctx.store).await?;
    put(&place, &key(PLAN), &work).await?;
    Ok(work)
}

/// The plan itself, its markers and logs are no objects that a person means.
pub fn besides(mut asked: moving::Asked) -> moving::Asked {
    let inner = Arc::clone(&asked.selection.takes);
    asked.selection.takes = Arc::new(move |key| !is_ours(key) && inner(key));
    asked
}

fn moved(asked: &moving::Asked, to: &Location) -> Plan {
    Plan {
        origin: Origin { source: asked.shown.clone(), row: None },
        name: crate::alone::name(to),
        asset: to.clone(),
        dry_run: false,
        force: false,
        temp_directory: None,
        files: 0,
        bytes: ByteSize(0),
        schema: adt_model::Schema::default(),
        brought: Vec::new(),
        documents: Vec::new(),
        stages: Vec::new(),
        notes: Vec::new(),
        left_out: adt_model::LeftOut::default(),
        obstacles: Vec::new(),
    }
}

/// What [`prepare`] would write; only headers are read.
pub async fn units(plan: Plan, ctx: &Arc<Ctx>) -> Result<WorkPlan, Fault> {
    let place = Place::open(&plan.asset, &ctx.store).await?.rehearsing();
    let address = Address { job: plan.name.clone(), place, row: None, look: false, mark: None };
    cut(plan, Vec::new(), &Arc::new(Delivery::new(Arc::clone(ctx), address, Arc::default()))).await
}

/// Cuts the heavy steps of a plan into items.
async fn cut(plan: Plan, again: Vec<String>, out: &Arc<Delivery>) -> Result<WorkPlan, Fault> {
    let version = out.ctx().version;
    let empty = WorkPlan::new(plan, Vec::new(), again, version);
    let mut units = Vec::new();
    for (step, action, folder) in heavy(&empty.plan) {
        let beat = Beat::of(out);
        let (items, bytes) = match action {
            Action::CopyFolder { .. } => {
                (vec![batched(folder, |_| false, beat).await?.0], vec![folder.bytes.0])
            }
            Action::ZipFolder { .. } => (vec![1], vec![folder.bytes.0]),
            Action::CompressEphys { streams, .. } => {
                let Some(work) = recordings(action, out)? else { continue };
                let cuts = ephys::shared::cuts(&work).await?.len() as u64;
                (vec![*streams, cuts], vec![folder.bytes.0; 2])
            }
            Action::WriteOmeZarr { config, .. } => {
                let Some(work) = images(action, &empty, out) else { continue };
                let (container, unread) = imaging::open(work).await?;
                if let Some(first) = unread.first() {
                    return Err(Fault::new(Class::BadInput, format!("not every image can be read: {first}"))
                        .help("mend it, or leave it out with `exclude_patterns` (`--exclude`)"));
                }
                let bytes = container.bytes_of_stages();
                let worth = WORTH_SHARING.saturating_mul(config.item);
                let shared = 1 + bytes.iter().skip(1).take_while(|bytes| **bytes >= worth).count();
                let items = container.items_of_stages().iter().copied().take(shared).collect();
                (items, bytes.into_iter().take(shared).collect())
            }
            _ => continue,
        };
        let hash = hash_of_step(action, &items);
        units.push(Unit { step: step.to_owned(), hash, items, bytes, starts: Vec::new() });
    }
    let WorkPlan { plan, again, .. } = empty;
    Ok(WorkPlan::new(plan, units, again, version))
}

/// Whether this plan may stand at the place; an asset that is being changed is not complete.
async fn stand(work: &WorkPlan, force: bool, place: &Place) -> Result<(), Fault> {
    tidied(place).await?;
    let earlier = read(place).await;
    match earlier {
        Ok(Some(earlier)) if earlier.hash == work.hash => return Ok(()),
        // No task works on that one any more: its sources are not what they were. Markers of what did not change count on.
        Ok(Some(earlier)) if !force && earlier.asks_the_same(work) => {}
        Ok(None) => {}
        Ok(Some(_)) if !force => return Err(another(place.location())),
        Err(fault) if !force => return Err(fault),
        earlier => clear(place, earlier.ok().flatten().as_ref()).await?,
    }
    // The record says that all of it is there, and a finish that finds it does not look again.
    let record = Key::parse(RECORD).expect("the record's name is a key");
    if !work.is_move() && place.head(&record).await?.is_some() {
        place.delete(&record).await?;
    }
    Ok(())
}

fn another(place: &Location) -> Fault {
    Fault::new(
        Class::Conflict,
        format!("another plan stands at `{place}`: other sources, or another way to store them"),
    )
    .help("finish or cancel that one; or `--force` takes it back and plans anew")
}
