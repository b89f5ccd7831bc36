//! What all processes have done becomes known to one ledger, which then ends the asset like any other.

use std::{collections::BTreeMap, sync::Arc};

use adt_ledger::{ObjectRow, ObjectState};
use adt_model::{Action, Crc64, Fault, Key, Moved};
use adt_plan::{RECORD, fingerprint};
use adt_store::Place;
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{
    items::{as_planned, first_reading, recordings},
    plan::{Kind, Unit, WorkPlan, heavy, made, marker},
    progress,
};
use crate::{
    Ctx,
    beat::Beat,
    delivery::{Address, Delivery},
    ephys,
};

/// Markers read at once.
const LANES: usize = 16;

/// What the ledger knows now.
#[derive(Clone, Copy, Debug)]
pub struct Adopted {
    /// What all processes have moved.
    pub moved: Moved,
    /// Whether an earlier end wrote the asset's record: only the pipeline can be left.
    pub recorded: bool,
}

/// Reads every marker of `plan` into the ledger of `ctx`. Fails as `Transient` where a marker is missing, as `BadInput` where a source
/// has changed since it was planned.
pub async fn adopt(place: &Place, plan: &WorkPlan, ctx: &Arc<Ctx>) -> Result<Adopted, Fault> {
    let so_far = progress(place, plan, (ctx.clock)()).await?;
    for stage in 0..plan.stages() {
        so_far.complete(stage)?;
    }
    let job = plan.plan.name.clone();
    let address = Address { job, place: place.clone(), row: None, look: false, mark: None };
    let out = Delivery::new(Arc::clone(ctx), address, Arc::default());
    let record = if plan.is_move() { None } else { recorded(place, (ctx.clock)()).await? };
    for (_, _, folder) in heavy(&plan.plan).filter(|_| record.is_none()) {
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
        if let Kind::Step(action, _) = kind
            && record.is_none()
        {
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
    let recorded = record.is_some();
    if let Some(record) = record {
        ctx.ledger.confirmed(row, record)?;
    }
    ctx.ledger.end_run(run, (ctx.clock)(), 0)?;
    ctx.ledger.flush()?;
    Ok(Adopted { moved: so_far.moved, recorded })
}

/// No record of an asset is larger.
const LARGEST_RECORD: u64 = 256 << 20;

/// The record that an earlier end of this plan wrote: it was removed when the work was planned.
async fn recorded(place: &Place, now: Timestamp) -> Result<Option<ObjectRow>, Fault> {
    let key = Key::parse(RECORD).expect("the record's name is a key");
    let Some(found) = place.head(&key).await?.filter(|found| found.size <= LARGEST_RECORD) else {
        return Ok(None);
    };
    let text = place.get_of(&found, 0..found.size).await?;
    if serde_json::from_slice::<IgnoredAny>(&text).is_err() {
        return Ok(None);
    }
    Ok(Some(ObjectRow {
        key,
        size: found.size,
        crc64: Some(Crc64(adt_codec::crc64(&text))),
        etag: found.etag,
        source_modified: None,
        source_size: None,
        source_etag: None,
        state: ObjectState::Confirmed,
        at: Some(now),
    }))
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
    if let Some(work) = recordings(action, &out)? {
        for stream in 0..unit.items.first().copied().unwrap_or_default() {
            ephys::shared::close(&work, stream, first_reading(place, unit, stream).await?).await?;
        }
    }
    Ok(out.recorded())
}
