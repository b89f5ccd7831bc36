//! What all processes have done becomes known to one ledger, which then ends the asset like any other.

use std::{collections::BTreeMap, sync::Arc};

use adt_ledger::{ObjectRow, ObjectState};
use adt_model::{Action, Fault, Moved};
use adt_plan::fingerprint;
use adt_store::Place;
use futures::{StreamExt, TryStreamExt};
use serde_json::Value;

use super::{
    items::{as_planned, first_reading, recordings},
    plan::{FOLDER, Kind, Unit, WorkPlan, heavy, key, made, marker},
    progress,
};
use crate::{
    Ctx,
    beat::Beat,
    delivery::{Address, Delivery},
    ephys,
    imaging::cut_off,
};

/// Markers read, and objects removed, at once.
const LANES: usize = 16;

/// Reads every marker of `plan` into the ledger of `ctx`; what all processes have moved. Fails as `Transient` where a marker is missing,
/// as `BadInput` where a source has changed since it was planned.
pub async fn adopt(place: &Place, plan: &WorkPlan, ctx: &Arc<Ctx>) -> Result<Moved, Fault> {
    let so_far = progress(place, plan, (ctx.clock)()).await?;
    for stage in 0..plan.stages() {
        so_far.complete(stage)?;
    }
    let job = plan.plan.name.clone();
    let address = Address { job, place: place.clone(), row: None, look: false, mark: None };
    let out = Delivery::new(Arc::clone(ctx), address, Arc::default());
    for (_, _, folder) in heavy(&plan.plan) {
        as_planned(folder, Beat::of(&out)).await?;
    }
    let run = ctx.ledger.begin_run((ctx.clock)(), "adt work --finish", ctx.version)?;
    let row = if plan.is_move() {
        ctx.ledger.begin_move(run, &plan.plan.asset, &plan.plan.name, false, (ctx.clock)())?
    } else {
        ctx.ledger.begin_job(run, &plan.plan, &fingerprint(&plan.plan), (ctx.clock)())?.0
    };
    for unit in &plan.units {
        let kind = plan.kind(unit)?;
        if let Kind::Step(..) = kind {
            // Since the first process began: that is what the documents tell.
            let began = so_far.began.unwrap_or_else(|| (ctx.clock)());
            ctx.ledger.begin_step(row, run, &unit.step, began)?;
        }
        if matches!(kind, Kind::Step(Action::WriteOmeZarr { .. }, _)) {
            continue;
        }
        if let Kind::Step(action, _) = kind {
            for object in close(unit, action, place, &plan.plan.name, ctx).await? {
                ctx.ledger.confirmed(row, object)?;
            }
        }
        let mut accounts = BTreeMap::new();
        for (stage, items) in unit.items.iter().enumerate() {
            let reading = (0..*items).map(|item| async move {
                Ok::<_, Fault>(((stage, item), made(place, &marker(stage, unit, item)).await?))
            });
            let mut reading = futures::stream::iter(reading).buffer_unordered(LANES);
            while let Some((item, made)) = reading.try_next().await? {
                for object in made.objects {
                    ctx.ledger.confirmed(row, object)?;
                }
                accounts.insert(item, made.account);
            }
        }
        let zip = matches!(kind, Kind::Step(Action::ZipFolder { .. }, _));
        if let Some(account) = accounts.remove(&(0, 0)).filter(|_| zip) {
            ctx.ledger.end_step(row, run, &unit.step, (ctx.clock)(), Ok::<&Value, &Fault>(&account))?;
        }
    }
    ctx.ledger.end_run(run, (ctx.clock)(), 0)?;
    ctx.ledger.flush()?;
    Ok(so_far.moved)
}

/// What makes a store of the chunks of each stream is sent when all of them stand.
async fn close(
    unit: &Unit,
    action: &Action,
    place: &Place,
    job: &str,
    ctx: &Arc<Ctx>,
) -> Result<Vec<ObjectRow>, Fault> {
    let address = Address { job: job.to_owned(), place: place.clone(), row: None, look: false, mark: None };
    let out = Arc::new(Delivery::new(Arc::clone(ctx), address, Arc::default()).recording());
    if let Some(work) = recordings(action, &out) {
        for stream in 0..unit.items.first().copied().unwrap_or_default() {
            ephys::shared::close(&work, stream, first_reading(place, unit, stream).await?).await?;
        }
    }
    Ok(out.recorded())
}

/// Throws away what tasks that were killed have begun to write and nobody will go on with: of objects that stand there whole.
pub async fn sweep(place: &Place, plan: &WorkPlan, ctx: &Arc<Ctx>) -> Result<(), Fault> {
    let asset = &plan.plan.asset;
    let row = if plan.is_move() { ctx.ledger.moved(asset)? } else { ctx.ledger.job(asset)? };
    let Some(row) = row else { return Ok(()) };
    // The folder of an asset is the asset's alone.
    let all = asset.is_folder() && !plan.is_move();
    for unfinished in place.unfinished().await? {
        let known = ctx.ledger.object(row.id, &unfinished.key)?;
        if all || known.is_some_and(|known| known.state == ObjectState::Confirmed) {
            place.abort(&unfinished).await?;
        }
    }
    Ok(())
}

/// Removes plan, markers and logs; the plan last.
pub async fn clear(place: &Place) -> Result<(), Fault> {
    let folder = adt_model::Key::parse(FOLDER).expect("a name is a key");
    let below = place.below(&folder);
    let plan = key("plan.json");
    let mut found = Vec::new();
    let mut pages = std::pin::pin!(below.list());
    while let Some(page) = pages.try_next().await? {
        found.extend(page.into_iter().map(|object| folder.join(&object.key)).filter(|key| *key != plan));
    }
    let removing = found.into_iter().map(|key| async move { place.delete(&key).await });
    futures::stream::iter(removing).buffer_unordered(LANES).try_collect::<()>().await?;
    place.delete(&plan).await?;
    cut_off(&below).await?;
    place.prune(&folder).await
}
