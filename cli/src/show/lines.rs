//! Plain lines for log files: what begins, what is noteworthy, how far it is every ten seconds, what ends.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use adt_engine::Tell;
use adt_model::{ByteSize, Event, JobEnd, What};
use jiff::{SignedDuration, Timestamp};

use super::{bars::speed, say, table::duration};

/// Progress of one job is printed this often.
const EVERY: SignedDuration = SignedDuration::from_secs(10);

#[derive(Clone, Copy)]
struct Known {
    bytes: u64,
    began: Timestamp,
    told: Timestamp,
}

pub(super) fn reporter() -> Tell {
    let jobs: Mutex<HashMap<String, Known>> = Mutex::default();
    Arc::new(move |event| {
        let line = jobs.lock().map_or(None, |mut jobs| line(&event, &mut jobs));
        if let Some(line) = line {
            say(&line);
        }
    })
}

fn line(event: &Event, jobs: &mut HashMap<String, Known>) -> Option<String> {
    let job = &event.job;
    match &event.what {
        What::JobStarted { origin, asset, files, bytes, resumed } => {
            jobs.insert(job.clone(), Known { bytes: *bytes, began: event.at, told: event.at });
            let verb = if *resumed { "going on with" } else { "starting" };
            Some(format!("{job}: {verb} {asset} ({files} files, {}; {origin})", ByteSize(*bytes)))
        }
        What::Note { text } => Some(format!("{job}: note: {text}")),
        What::Retry { text } => Some(format!("{job}: trying again: {text}")),
        What::Moved(moved) => {
            let known = jobs.get_mut(job)?;
            if event.at.duration_since(known.told) < EVERY {
                return None;
            }
            known.told = event.at;
            let seconds = event.at.duration_since(known.began).as_secs_f64();
            let (total, rate) = (ByteSize(known.bytes), speed(moved.bytes_read, seconds));
            let left = time_left(moved.bytes_read, known.bytes, seconds);
            Some(format!("{job}: {} of {total}, {rate}{left}", ByteSize(moved.bytes_read)))
        }
        What::JobFinished(ended) => Some(match ended.end {
            JobEnd::Skipped => format!("{job}: done by an earlier run, skipped"),
            JobEnd::Done | JobEnd::Rehearsed => format!(
                "{job}: {} in {}: {} objects, {} sent",
                if ended.end == JobEnd::Done { "done and verified" } else { "dry run went through" },
                duration(ended.seconds),
                ended.moved.objects_sent,
                ended.moved.sent()
            ),
            JobEnd::Failed => format!("{job}: failed: {}", ended.fault.as_deref().unwrap_or_default()),
            JobEnd::Interrupted => format!("{job}: interrupted"),
        }),
        _ => None,
    }
}

fn time_left(done: u64, all: u64, seconds: f64) -> String {
    if done == 0 || done >= all {
        return String::new();
    }
    format!(", about {} left", duration(seconds * (all - done) as f64 / done as f64))
}
