//! The end of shared work, from a journal: an entry says that everything is done before the first marker is removed, so that whoever comes
//! after a process that was killed while it tidied knows it, and tidies on.

use std::sync::Arc;

use adt_ledger::{JobState, ObjectState};
use adt_model::{Action, Class, Fault, Key};
use adt_plan::RECORD;
use adt_store::Place;
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    finished::is_finished,
    plan::{FOLDER, Kind, PLAN, WorkPlan, key, put, read},
};
use crate::{Ctx, claims, imaging};

/// The journal entry's name.
const ENDED: &str = "ended.json";

/// No entry is larger.
const LARGEST: u64 = 64 << 10;

/// Objects removed at once.
const LANES: usize = 16;

/// What the journal says when everything is done.
#[derive(Debug, Serialize, Deserialize)]
struct Ended {
    /// Which plan.
    plan: String,
    /// When.
    at: Timestamp,
}

/// Writes down that everything of `plan` is done.
pub async fn end(place: &Place, plan: &WorkPlan, at: Timestamp) -> Result<(), Fault> {
    put(place, &key(ENDED), &Ended { plan: plan.mark(), at }).await
}

/// Whether everything of the plan at the place is done and only tidying is left; `plan` is what was found there.
pub async fn is_ended(place: &Place, plan: Option<&WorkPlan>) -> Result<bool, Fault> {
    let Some(found) = place.head(&key(ENDED)).await?.filter(|found| found.size <= LARGEST) else {
        return Ok(false);
    };
    let text = match place.get(&found.key, None).await {
        Err(fault) if fault.class() == Class::Missing => return Ok(false),
        text => text?,
    };
    let Ok(ended) = serde_json::from_slice::<Ended>(&text) else { return Ok(false) };
    if plan.is_some_and(|plan| plan.mark() != ended.plan) {
        return Ok(false);
    }
    // An asset is complete only with its record.
    let record = Key::parse(RECORD).expect("the record's name is a key");
    let is_asset = plan.is_some_and(WorkPlan::has_record);
    Ok(!is_asset || place.head(&record).await?.is_some())
}

/// Tidies where everything of the plan at the place is done.
pub async fn tidied(place: &Place) -> Result<bool, Fault> {
    let plan = match read(place).await {
        Ok(plan) => plan,
        // Whoever plans anew decides what becomes of it.
        Err(fault) if fault.class() == Class::BadInput => return Ok(false),
        Err(fault) => return Err(fault),
    };
    let is_ended = is_ended(place, plan.as_ref()).await?;
    if is_ended {
        clear(place, plan.as_ref()).await?;
    }
    Ok(is_ended)
}

/// Whether a place without a plan is complete: nothing is left of the work but its result.
pub async fn is_complete(place: &Place, ctx: &Ctx) -> Result<bool, Fault> {
    let at = |name: &str| Key::parse(name).expect("a file name is a key");
    let asset = place.location();
    if place.head(&at(RECORD)).await?.is_some() {
        return match claims::undecided(asset, &ctx.store).await? {
            Some(look) => {
                Err(claims::unknown("an order was made, and its outcome was not written down", &look))
            }
            None => Ok(true),
        };
    }
    let done = [ctx.ledger.job(asset)?, ctx.ledger.moved(asset)?];
    if done.into_iter().flatten().any(|job| job.state == JobState::Done) {
        return Ok(true);
    }
    // The plan of a container is written before its groups, and removed when all of them are described.
    for group in ["zarr.json", ".zgroup"] {
        if place.head(&at(group)).await?.is_some() {
            return Ok(true);
        }
    }
    is_finished(place, &ctx.store).await
}

/// Throws away what tasks that were killed have begun to write and that no other will take up: of objects that are there whole.
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

/// Removes markers and logs, what is left of the work on containers, the plan, and last the journal's entry.
pub async fn clear(place: &Place, plan: Option<&WorkPlan>) -> Result<(), Fault> {
    let folder = Key::parse(FOLDER).expect("a name is a key");
    let below = place.below(&folder);
    let last = [key(PLAN), key(ENDED)];
    let mut found = Vec::new();
    let mut pages = std::pin::pin!(below.list());
    while let Some(page) = pages.try_next().await? {
        found.extend(
            page.into_iter().map(|object| folder.join(&object.key)).filter(|key| !last.contains(key)),
        );
    }
    let removing = found.into_iter().map(|key| async move { place.delete(&key).await });
    futures::stream::iter(removing).buffer_unordered(LANES).try_collect::<()>().await?;
    for (plan, unit) in plan.into_iter().flat_map(|plan| plan.units.iter().map(move |unit| (plan, unit))) {
        if let Kind::Step(Action::WriteOmeZarr { under, .. }, _) = plan.kind(unit)? {
            imaging::clear(place, under.as_ref()).await?;
        }
    }
    for key in &last {
        place.delete(key).await?;
    }
    imaging::cut_off(&below).await?;
    place.prune(&folder).await
}
