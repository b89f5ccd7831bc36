//! How far shared work is, by the markers at its destination.

use std::collections::BTreeSet;

use adt_model::{Action, Class, Fault};
use adt_store::Place;
use futures::TryStreamExt;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    plan::{Failed, Kind, WorkPlan, failure, key, marker},
    work::{Log, done},
};
use crate::imaging;

/// Failures and logs that are read, at most.
const READ: usize = 1000;

/// How far it is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Progress {
    /// Of each shared stage.
    pub stages: Vec<StageProgress>,
    /// Items that were tried and are not done, with the last fault.
    pub failed: Vec<String>,
    /// Processes that worked or work.
    pub tasks: u64,
    /// Bytes of the source that were read, by processes that have ended.
    pub read: u64,
    /// When the first process began.
    pub began: Option<Timestamp>,
    /// Whether the end (`--finish`) is all that is left.
    pub ready: bool,
}

/// How far a stage is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StageProgress {
    /// Items of it.
    pub items: u64,
    /// Items that have a marker.
    pub done: u64,
    /// Bytes its items read, about.
    pub bytes: u64,
    /// The first few items that have none, by step and number.
    pub lacking: Vec<String>,
}

/// Items named where a stage is not complete.
const NAMED: usize = 5;

impl Progress {
    /// Fails as `Transient` where a stage has items without a marker.
    pub fn complete(&self, stage: usize) -> Result<(), Fault> {
        let Some(of) = self.stages.get(stage).filter(|of| of.done < of.items) else { return Ok(()) };
        let named = of.lacking.join(", ");
        let what = format!(
            "the work is not complete: {} of {} items of stage {stage} have no marker ({named})",
            of.items - of.done,
            of.items
        );
        Err(Fault::new(Class::Transient, what)
            .help("run the shares that were interrupted again, then finish again"))
    }
}

/// Looks through the markers of `plan` at its destination.
pub async fn progress(place: &Place, plan: &WorkPlan) -> Result<Progress, Fault> {
    let mut found = Progress::default();
    for stage in 0..plan.stages() {
        let mut of =
            StageProgress { items: plan.items(stage), bytes: plan.bytes(stage), ..StageProgress::default() };
        let markers = done(place, stage).await?;
        for unit in &plan.units {
            let Some(items) = unit.items.get(stage).copied() else { continue };
            if let Kind::Step(Action::WriteOmeZarr { under, .. }, _) = plan.kind(unit)? {
                let count = imaging::marked(place, under.as_ref(), stage).await?.min(items);
                of.done += count;
                if count < items && of.lacking.len() < NAMED {
                    of.lacking.push(format!("{} of `{}`", items - count, unit.step));
                }
                continue;
            }
            for item in 0..items {
                if markers.contains(&marker(stage, unit, item)) {
                    of.done += 1;
                } else if of.lacking.len() < NAMED {
                    of.lacking.push(format!("`{}` {item}", unit.step));
                }
            }
        }
        found.stages.push(of);
    }
    found.ready = found.stages.iter().all(|stage| stage.done == stage.items);
    failures(place, plan, &mut found).await?;
    logs(place, &mut found).await?;
    Ok(found)
}

async fn failures(place: &Place, plan: &WorkPlan, found: &mut Progress) -> Result<(), Fault> {
    let told: BTreeSet<_> = names(place, "failed").await?;
    if told.is_empty() {
        return Ok(());
    }
    for stage in 0..plan.stages() {
        let markers = done(place, stage).await?;
        for unit in &plan.units {
            for item in 0..unit.items.get(stage).copied().unwrap_or_default() {
                let name = failure(stage, unit, item);
                if markers.contains(&marker(stage, unit, item))
                    || !told.contains(&name)
                    || found.failed.len() >= READ
                {
                    continue;
                }
                let text = place.get(&name, None).await?;
                let Ok(failed) = serde_json::from_slice::<Failed>(&text) else { continue };
                let Failed { host, at, fault } = failed;
                found
                    .failed
                    .push(format!("`{}` {item} (stage {stage}, on {host}, {at:.0}): {fault}", unit.step));
            }
        }
    }
    Ok(())
}

async fn logs(place: &Place, found: &mut Progress) -> Result<(), Fault> {
    let all = names(place, "log").await?;
    found.tasks = all.len() as u64;
    for name in all.iter().take(READ) {
        let text = place.get(name, None).await?;
        let Ok(log) = serde_json::from_slice::<Log>(&text) else {
            return Err(Fault::new(Class::Corrupt, format!("`{name}` is no log")));
        };
        found.read += log.read;
        found.began = Some(found.began.map_or(log.began, |began| began.min(log.began)));
    }
    Ok(())
}

async fn names(place: &Place, folder: &str) -> Result<BTreeSet<adt_model::Key>, Fault> {
    let folder = key(folder);
    let below = place.below(&folder);
    let mut pages = std::pin::pin!(below.list());
    let mut found = BTreeSet::new();
    while let Some(page) = pages.try_next().await? {
        found.extend(page.into_iter().map(|object| folder.join(&object.key)));
    }
    Ok(found)
}
