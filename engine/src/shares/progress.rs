//! How far shared work is, by the markers at its destination.

use std::collections::BTreeSet;

use adt_model::{Action, Class, Fault, Key, Moved};
use adt_store::Place;
use futures::{StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    plan::{Failed, Kind, WorkPlan, failure, key, marker},
    work::{Log, done},
};
use crate::imaging;

/// Failures that are read, at most.
const READ: usize = 1000;

/// Logs read at once.
const LANES: usize = 16;

/// A process that has not written its log for so long is thought dead: clocks of machines differ.
const SILENT: SignedDuration = SignedDuration::from_mins(3);

/// How far it is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Progress {
    /// Of each shared stage.
    pub stages: Vec<StageProgress>,
    /// Items that were tried and are not done, with the last fault.
    pub failed: Vec<String>,
    /// Processes that worked or work.
    pub tasks: u64,
    /// Those of which one hears.
    pub at_work: u64,
    /// Bytes of the source they read each second.
    pub rate: f64,
    /// When the first process began.
    pub began: Option<Timestamp>,
    /// What all processes have moved.
    pub moved: Moved,
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
pub async fn progress(place: &Place, plan: &WorkPlan, now: Timestamp) -> Result<Progress, Fault> {
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
    logs(place, now, &mut found).await?;
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
                let Some(failed) = told_by::<Failed>(place, &name).await? else { continue };
                let Failed { host, at, fault } = failed;
                found
                    .failed
                    .push(format!("`{}` {item} (stage {stage}, on {host}, {at:.0}): {fault}", unit.step));
            }
        }
    }
    Ok(())
}

async fn logs(place: &Place, now: Timestamp, found: &mut Progress) -> Result<(), Fault> {
    let all = names(place, "log").await?;
    found.tasks = all.len() as u64;
    let reading = all.iter().map(|name| told_by::<Log>(place, name));
    let mut reading = futures::stream::iter(reading).buffer_unordered(LANES);
    while let Some(log) = reading.try_next().await? {
        let Some(log) = log else { continue };
        found.began = Some(found.began.map_or(log.began, |began| began.min(log.began)));
        found.moved.bytes_read += log.read;
        found.moved.bytes_sent += log.sent;
        found.moved.objects_sent += log.objects;
        if log.ended.is_none() && now.duration_since(log.at) < SILENT {
            found.at_work += 1;
            let seconds = log.at.duration_since(log.began).as_secs_f64();
            found.rate += if seconds > 0.0 { log.read as f64 / seconds } else { 0.0 };
        }
    }
    Ok(())
}

/// What is written there. `None` where it is gone, since the end of the work has begun to remove it, and where nobody can read it: no
/// more than a word to a person depends on it.
async fn told_by<T: DeserializeOwned>(place: &Place, name: &Key) -> Result<Option<T>, Fault> {
    match place.get(name, None).await {
        Ok(text) => Ok(serde_json::from_slice(&text).ok()),
        Err(fault) if fault.class() == Class::Missing => Ok(None),
        Err(fault) => Err(fault),
    }
}

async fn names(place: &Place, folder: &str) -> Result<BTreeSet<Key>, Fault> {
    let folder = key(folder);
    let below = place.below(&folder);
    let mut pages = std::pin::pin!(below.list());
    let mut found = BTreeSet::new();
    while let Some(page) = pages.try_next().await? {
        found.extend(page.into_iter().map(|object| folder.join(&object.key)));
    }
    Ok(found)
}
