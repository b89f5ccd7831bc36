//! Plain lines for log files: what begins, what is noteworthy, how far it is every ten seconds, what ends.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use adt_engine::Tell;
use adt_model::{ByteSize, Event, LogLevel, Moved, What};
use jiff::{SignedDuration, Timestamp};

use super::{
    say,
    table::{duration, percent, samples, speed},
    words::Words,
};

/// Progress of one job is printed this often.
const EVERY: SignedDuration = SignedDuration::from_secs(10);

struct Lines {
    words: Words,
    jobs: HashMap<String, Known>,
}

#[derive(Clone, Copy)]
struct Known {
    bytes: u64,
    began: Timestamp,
    told: Timestamp,
}

pub(super) fn reporter(level: LogLevel) -> Tell {
    let lines = Mutex::new(Lines { words: Words::new(level), jobs: HashMap::new() });
    Arc::new(move |event| {
        let told = lines.lock().map(|mut lines| lines.of(&event)).unwrap_or_default();
        for line in told {
            say(&line);
        }
    })
}

impl Lines {
    fn of(&mut self, event: &Event) -> Vec<String> {
        match &event.what {
            What::JobStarted { bytes, .. } => {
                let known = Known { bytes: *bytes, began: event.at, told: event.at };
                self.jobs.insert(event.job.clone(), known);
            }
            What::Moved(moved) if self.words.says(LogLevel::Warning) => {
                return self.progress(event, moved).into_iter().collect();
            }
            _ => {}
        }
        self.words.lines(event)
    }

    fn progress(&mut self, event: &Event, moved: &Moved) -> Option<String> {
        let known = self.jobs.get_mut(&event.job)?;
        if event.at.duration_since(known.told) < EVERY {
            return None;
        }
        known.told = event.at;
        let seconds = event.at.duration_since(known.began).as_secs_f64();
        let found = moved.listing.as_ref();
        known.bytes = found.map_or(known.bytes, |listing| listing.bytes);
        let part = percent(moved.bytes_read, known.bytes);
        let (total, rate) = (ByteSize(known.bytes), speed(moved.bytes_read, seconds));
        let left = time_left(moved.bytes_read, known.bytes, seconds);
        let counted = match found {
            Some(listing) => format!(", {}", super::table::objects(moved, listing)),
            None if moved.samples > 0 => format!(", {}", samples(moved.samples)),
            None => String::new(),
        };
        // While more is found all the time, there is no telling when all of it is done.
        let left = if found.is_some_and(|listing| !listing.all) { String::new() } else { left };
        Some(format!("{}: {part} of {total}{counted}, {rate}{left}", event.job))
    }
}

fn time_left(done: u64, all: u64, seconds: f64) -> String {
    if done == 0 || done >= all {
        return String::new();
    }
    format!(", about {} left", duration(seconds * (all - done) as f64 / done as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use adt_model::Origin;

    #[test]
    fn progress_is_told_every_ten_seconds() {
        let mut lines = Lines { words: Words::new(LogLevel::Warning), jobs: HashMap::new() };
        let mut at = |second: i64, what: What| {
            let at = Timestamp::from_second(second).unwrap();
            lines.of(&Event { at, job: "a".into(), step: None, what })
        };
        let moved = |mib: u64| What::Moved(Moved { bytes_read: mib << 20, ..Moved::default() });
        let started = What::JobStarted {
            origin: Origin::default(),
            asset: "x".into(),
            files: 1,
            bytes: 100 << 20,
            resumed: false,
        };
        at(0, started);
        assert!(at(9, moved(10)).is_empty());
        assert_eq!(at(10, moved(20)), ["a: 20 % of 100.0 MiB, 2.00 MiB/s, about 40.0 s left"]);
        assert!(at(19, moved(30)).is_empty());
        assert_eq!(at(21, moved(100)), ["a: 100 % of 100.0 MiB, 4.76 MiB/s"]);
        let samples = Moved { bytes_read: 50 << 20, samples: 26_214_400, ..Moved::default() };
        assert_eq!(
            at(31, What::Moved(samples)),
            ["a: 50 % of 100.0 MiB, 26.2 M samples, 1.61 MiB/s, about 31.0 s left"]
        );
    }
}
