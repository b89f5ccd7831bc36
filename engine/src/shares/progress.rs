//! How far shared work is, by the markers at its destination.

use std::collections::{BTreeMap, BTreeSet};

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

/// Bytes of a log, at most.
const LARGEST_LOG: u64 = 1 << 20;

/// A process that has not written its log for so long is thought dead: clocks of machines differ. What is read is looked at for as long.
const SILENT: SignedDuration = SignedDuration::from_mins(3);

/// How far it is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Progress {
    /// Of each shared stage.
    pub stages: Vec<StageProgress>,
    /// Items that were tried and are not done, with the last fault.
    pub failed: Vec<String>,
    /// Why processes ended before their shares were done: of those that ended last, each reason once.
    pub faults: BTreeSet<String>,
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
    let mut lately = Lately::until(now);
    let mut ends = BTreeMap::new();
    while let Some(log) = reading.try_next().await? {
        let Some(log) = log else { continue };
        found.began = Some(found.began.map_or(log.began, |began| began.min(log.began)));
        // Logs are for people, and anybody may have written them.
        found.moved.bytes_read = found.moved.bytes_read.saturating_add(log.read);
        found.moved.bytes_sent = found.moved.bytes_sent.saturating_add(log.sent);
        found.moved.objects_sent = found.moved.objects_sent.saturating_add(log.objects);
        found.at_work += u64::from(lately.is_at_work(&log));
        lately.add(&log);
        // The same share was done by somebody later, or tried again.
        let share = (log.stage, log.share.number, log.share.of);
        let at = ends.entry(share).or_insert((log.at, None));
        if log.at >= at.0 {
            *at = (log.at, log.fault);
        }
    }
    found.faults = ends.into_values().filter_map(|(_, fault)| fault).collect();
    found.rate = lately.rate();
    Ok(())
}

/// What processes have read in the last minutes, from logs that tell of each process as a whole.
struct Lately {
    now: Timestamp,
    from: Timestamp,
    /// When the first of those began that are counted.
    since: Timestamp,
    read: f64,
}

impl Lately {
    fn until(now: Timestamp) -> Self {
        Self { now, from: now.saturating_sub(SILENT).unwrap_or(now), since: now, read: 0.0 }
    }

    fn is_at_work(&self, log: &Log) -> bool {
        log.ended.is_none() && log.at > self.from
    }

    fn add(&mut self, log: &Log) {
        let until = if self.is_at_work(log) { self.now } else { log.at };
        let since = log.began.max(self.from);
        let seconds = log.at.duration_since(log.began).as_secs_f64();
        if until <= since || seconds <= 0.0 {
            return;
        }
        self.since = self.since.min(since);
        self.read += log.read as f64 / seconds * until.duration_since(since).as_secs_f64();
    }

    /// Bytes a second.
    fn rate(&self) -> f64 {
        let seconds = self.now.duration_since(self.since).as_secs_f64();
        if seconds > 0.0 { self.read / seconds } else { 0.0 }
    }
}

/// What is written there. `None` where it is gone, since the end of the work has begun to remove it, and where nobody can read it: no
/// more than a word to a person depends on it.
async fn told_by<T: DeserializeOwned>(place: &Place, name: &Key) -> Result<Option<T>, Fault> {
    if place.head(name).await?.is_some_and(|found| found.size > LARGEST_LOG) {
        return Ok(None);
    }
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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::imaging::Share;

    /// When a process began, when it last wrote and whether that was its end, in seconds (now is 1000); and the bytes it read.
    fn log(began: i64, at: i64, is_ended: bool, read: u64) -> Log {
        let second = |second: i64| Timestamp::from_second(second).unwrap();
        Log {
            stage: 0,
            share: Share { number: 0, of: 1 },
            host: "n1".into(),
            began: second(began),
            at: second(at),
            ended: is_ended.then(|| second(at)),
            items: 0,
            kept: 0,
            read,
            sent: 0,
            objects: 0,
            failed: 0,
            fault: None,
        }
    }

    #[rstest]
    #[case::nobody(&[], 0, 0.0)]
    #[case::just_begun(&[log(1000, 1000, false, 0)], 1, 0.0)]
    #[case::one_all_the_time(&[log(500, 990, false, 49_000)], 1, 100.0)]
    #[case::two_since_a_minute(&[log(940, 970, false, 3000), log(940, 970, false, 3000)], 2, 200.0)]
    #[case::dead_since_long(&[log(0, 800, false, 80_000)], 0, 0.0)]
    #[case::ended_long_ago(&[log(0, 800, true, 80_000)], 0, 0.0)]
    #[case::short_ones_one_after_the_other(&[log(820, 910, true, 9000), log(910, 1000, true, 9000)], 0, 100.0)]
    #[case::ended_a_while_ago(&[log(820, 910, true, 9000)], 0, 50.0)]
    #[case::a_clock_that_is_ahead(&[log(1005, 1030, false, 2500)], 1, 0.0)]
    fn a_rate_is_of_the_last_minutes(#[case] logs: &[Log], #[case] at_work: usize, #[case] rate: f64) {
        let mut lately = Lately::until(Timestamp::from_second(1000).unwrap());
        assert_eq!(logs.iter().filter(|log| lately.is_at_work(log)).count(), at_work);
        for log in logs {
            lately.add(log);
        }
        assert!((lately.rate() - rate).abs() < 1e-6, "{}", lately.rate());
    }
}
