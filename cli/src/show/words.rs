//! What a person is told while jobs run: one short line for what is worth one. The same on a terminal and in a log file.

use std::collections::BTreeMap;

use adt_model::{ByteSize, Ended, Event, JobEnd, Listed, LogLevel, What};

use super::{count, table::duration};

/// Turns events into lines. Many jobs of one list share their notes: each text is told once, and at the end for how many it holds.
pub(super) struct Words {
    level: LogLevel,
    notes: BTreeMap<String, u64>,
    failures: u64,
}

/// Objects that failed are named one by one up to so many.
const NAMED: u64 = 20;

impl Words {
    pub(super) fn new(level: LogLevel) -> Self {
        Self { level, notes: BTreeMap::new(), failures: 0 }
    }

    /// Whether this much is said.
    pub(super) fn says(&self, level: LogLevel) -> bool {
        self.level <= level
    }

    /// The lines for an event, most often none.
    pub(super) fn lines(&mut self, event: &Event) -> Vec<String> {
        match level_of(&event.what) {
            Some(level) if self.says(level) => self.told(event),
            _ => Vec::new(),
        }
    }

    fn told(&mut self, event: &Event) -> Vec<String> {
        let text = match &event.what {
            What::RunFinished { .. } => return self.shared_notes(),
            What::JobStarted { origin, asset, files, bytes, resumed } => {
                let verb = if *resumed { "going on with" } else { "starting" };
                if *files == 0 && origin.row.is_none() {
                    // What is listed while it is moved is not known beforehand.
                    return vec![format!("{}: {verb} {asset} (from {origin})", event.job)];
                }
                format!("{verb} {asset} ({}, {}; {origin})", count(*files, "file"), ByteSize(*bytes))
            }
            What::Note { text } if event.job.is_empty() => return vec![text.clone()],
            What::Note { text } if self.heard_before(text) => return Vec::new(),
            What::Note { text } => format!("note: {text}"),
            What::Retry { text } => text.clone(),
            What::StepStarted => format!("{}: begins", step(event)),
            What::StepFinished => format!("{}: done", step(event)),
            What::Object { key, bytes, kept } => {
                format!("{key} ({}){}", ByteSize(*bytes), if *kept { ", stood there already" } else { "" })
            }
            What::ObjectFailed { key, fault, .. } => match self.failure("NOT MOVED", key, fault) {
                Some(text) => text,
                None => return Vec::new(),
            },
            What::SourceKept { key, copied, fault, .. } => {
                let verb = if *copied { "copied, source kept" } else { "SOURCE KEPT" };
                match self.failure(verb, key, fault) {
                    Some(text) => text,
                    None => return Vec::new(),
                }
            }
            What::Deleted { key, dry_run: true } => format!("would delete {key}"),
            What::Deleted { key, dry_run: false } => format!("deleted {key}"),
            What::JobFinished(ended) => finished(ended),
            What::RunStarted { .. } | What::Moved(_) => return Vec::new(),
        };
        let mut lines = vec![format!("{}: {text}", event.job)];
        if let What::JobFinished(Ended { end: JobEnd::Failed, help: Some(help), .. }) = &event.what {
            lines.push(format!("{}: help: {help}", event.job));
        }
        lines
    }

    /// The first ones by name.
    fn failure(&mut self, verb: &str, key: &str, fault: &str) -> Option<String> {
        self.failures += 1;
        match self.failures {
            ..=NAMED if key.is_empty() => Some(format!("{verb}: {fault}")),
            ..=NAMED => Some(format!("{verb}: {key}: {fault}")),
            n if n == NAMED + 1 => Some("more objects failed (`--json` names all of them)".to_owned()),
            _ => None,
        }
    }

    fn heard_before(&mut self, text: &str) -> bool {
        let times = self.notes.entry(text.to_owned()).or_default();
        *times += 1;
        *times > 1
    }

    fn shared_notes(&self) -> Vec<String> {
        let shared = self.notes.iter().filter(|(_, times)| **times > 1);
        shared.map(|(text, times)| format!("note for {times} jobs: {text}")).collect()
    }
}

fn level_of(what: &What) -> Option<LogLevel> {
    Some(match what {
        What::Object { .. } => LogLevel::Debug,
        What::ObjectFailed { .. } | What::SourceKept { .. } => LogLevel::Error,
        What::StepStarted | What::StepFinished | What::Deleted { dry_run: false, .. } => LogLevel::Info,
        What::JobFinished(ended) if ended.end == JobEnd::Failed => LogLevel::Critical,
        What::RunStarted { .. } | What::Moved(_) => return None,
        _ => LogLevel::Warning,
    })
}

fn step(event: &Event) -> &str {
    event.step.as_deref().unwrap_or_default()
}

fn finished(ended: &Ended) -> String {
    if let (Some(listing), JobEnd::Done | JobEnd::Rehearsed) = (&ended.moved.listing, ended.end) {
        return moved(ended, listing);
    }
    let well = |verb: &str| {
        format!(
            "{verb} in {}: {}, {} sent{}",
            duration(ended.seconds),
            count(ended.moved.objects_sent, "object"),
            ended.moved.sent(),
            unchecked(ended.moved.unchecked)
        )
    };
    match ended.end {
        JobEnd::Done => well("done and verified"),
        JobEnd::Rehearsed => format!(
            "dry run went through in {}: {}, {} would be sent",
            duration(ended.seconds),
            count(ended.moved.objects_sent, "object"),
            ended.moved.sent()
        ),
        JobEnd::Skipped => "done by an earlier run, skipped".into(),
        JobEnd::Failed => format!("failed: {}", ended.fault.as_deref().unwrap_or_default()),
        JobEnd::Interrupted => ended.fault.clone().unwrap_or_else(|| "interrupted".into()),
    }
}

fn moved(ended: &Ended, listing: &Listed) -> String {
    let (took, moved) = (duration(ended.seconds), &ended.moved);
    let (head, sent, removed) = match ended.end {
        JobEnd::Rehearsed => ("dry run went through", "would be sent", "would be removed"),
        _ => ("done", "sent", "removed"),
    };
    let removed = match listing.deleted {
        0 => String::new(),
        n => format!(", {} {removed}", count(n, "object")),
    };
    let kept = moved.objects_kept;
    format!(
        "{head} in {took}: {} {sent} ({}), {kept} there already{removed}{}",
        count(moved.objects_sent, "object"),
        moved.sent(),
        unchecked(moved.unchecked)
    )
}

/// What could not be proven, as the end of a sentence; empty when everything was.
pub(crate) fn unchecked(objects: u64) -> String {
    match objects {
        0 => String::new(),
        n => format!("; {} could not be checked by a checksum", count(n, "object")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adt_model::Moved;
    use jiff::Timestamp;
    use rstest::rstest;

    fn event(job: &str, what: What) -> Event {
        Event { at: Timestamp::UNIX_EPOCH, job: job.into(), step: Some("copy SPIM".into()), what }
    }

    fn told(level: LogLevel, events: &[Event]) -> Vec<String> {
        let mut words = Words::new(level);
        events.iter().flat_map(|event| words.lines(event)).collect()
    }

    fn note(job: &str, text: &str) -> Event {
        event(job, What::Note { text: text.into() })
    }

    fn over() -> Event {
        event("", What::RunFinished { done: 3, skipped: 0, failed: 0, interrupted: 0 })
    }

    #[test]
    fn a_note_that_many_jobs_share_is_told_once_and_counted() {
        let told = told(
            LogLevel::Warning,
            &[note("a", "x"), note("b", "x"), note("b", "y"), note("c", "x"), over()],
        );
        assert_eq!(told, ["a: note: x", "b: note: y", "note for 3 jobs: x"]);
    }

    #[rstest]
    #[case(0, "")]
    #[case(1, "; 1 object could not be checked by a checksum")]
    #[case(2, "; 2 objects could not be checked by a checksum")]
    fn what_could_not_be_proven_is_counted(#[case] objects: u64, #[case] end: &str) {
        let listing = Some(Listed { objects: 3, all: true, ..Listed::default() });
        for listing in [listing, None] {
            let moved = Moved { objects_sent: 3, unchecked: objects, listing, ..Moved::default() };
            let line = told(
                LogLevel::Warning,
                &[event("a", What::JobFinished(Ended::well(JobEnd::Done, moved, 1.0)))],
            );
            assert_eq!(line[0].contains("checksum"), objects > 0, "{line:?}");
            assert!(line[0].ends_with(end), "{line:?}");
        }
    }

    #[rstest]
    #[case(LogLevel::Debug, 4)]
    #[case(LogLevel::Info, 3)]
    #[case(LogLevel::Warning, 2)]
    #[case(LogLevel::Error, 1)]
    #[case(LogLevel::Critical, 1)]
    fn the_level_decides_how_much_is_said(#[case] level: LogLevel, #[case] lines: usize) {
        let failed = adt_model::Fault::new(adt_model::Class::Refused, "no");
        let events = [
            event("a", What::StepStarted),
            event("a", What::Object { key: "k".into(), bytes: 1, kept: false }),
            note("a", "x"),
            event("a", What::JobFinished(Ended::badly(&failed, Moved::default(), 1.0))),
        ];
        assert_eq!(told(level, &events).len(), lines);
    }
}
