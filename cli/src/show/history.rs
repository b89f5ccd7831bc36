//! What the ledger remembers, for people.

use adt_ledger::{AttemptRow, HistoryRow, JobState, StepRow, TriggerRow, TriggerState};
use adt_model::{ByteSize, JobEnd};
use jiff::tz::TimeZone;

use super::table::{columns, duration, word};

/// One line for each job, and why it failed below it.
pub(crate) fn history(rows: &[HistoryRow], zone: &TimeZone) -> String {
    let cells: Vec<[String; 7]> = rows.iter().map(|row| job(row, zone)).collect();
    let mut text = columns(&["last begun", "state", "asset", "runs", "sent", "took", "rate"], &cells);
    for row in rows.iter().filter(|row| !matches!(row.state, JobState::Done | JobState::Rehearsed)) {
        if let Some(fault) = row.attempts.last().and_then(|last| last.fault.as_ref()) {
            line!(text);
            line!(text, "{}", row.name);
            line!(text, "  {}", fault.line);
            if let Some(help) = &fault.help {
                line!(text, "  help: {help}");
            }
        }
    }
    text
}

fn job(row: &HistoryRow, zone: &TimeZone) -> [String; 7] {
    // The last that did something: a run that found the job done says nothing of how long it took.
    let busy = row.attempts.iter().rev().find(|attempt| attempt.end != Some(JobEnd::Skipped));
    let last = busy.or(row.attempts.last());
    let sent: u64 = row.attempts.iter().filter(|a| !a.dry_run).map(|a| a.moved.bytes_sent).sum();
    [
        last.map(|a| time(a.started_at, zone)).unwrap_or_default(),
        state(row.state).to_owned(),
        row.asset.clone(),
        row.attempts.len().to_string(),
        ByteSize(sent).to_string(),
        last.and_then(|a| a.seconds).map_or_else(|| "-".into(), duration),
        last.map(rate).unwrap_or_default(),
    ]
}

fn state(state: JobState) -> &'static str {
    match state {
        JobState::Rehearsed => "dry run",
        JobState::Refused => "refused",
        JobState::Begun => "begun",
        JobState::Done => "done",
        JobState::Failed => "FAILED",
        JobState::Interrupted => "stopped",
    }
}

fn rate(attempt: &AttemptRow) -> String {
    attempt.bytes_per_second.map_or_else(|| "-".into(), |rate| format!("{}/s", ByteSize(rate as u64)))
}

/// Every attempt of one job with its steps.
pub(crate) fn attempts(row: &HistoryRow, zone: &TimeZone) -> String {
    let mut text = String::new();
    for attempt in &row.attempts {
        let moved = &attempt.moved;
        let end = attempt.end.map_or("never ended (killed, or still at work)", word);
        let would = if attempt.dry_run { "would be " } else { "" };
        line!(text);
        line!(
            text,
            "run {} at {}: {end}; {} objects {would}sent, {} kept, {} {would}sent, {}",
            attempt.run.0,
            time(attempt.started_at, zone),
            moved.objects_sent,
            moved.objects_kept,
            moved.sent(),
            attempt.seconds.map_or_else(|| "-".into(), duration),
        );
        for step in &attempt.steps {
            line!(text, "  {}", line(step));
        }
        if let Some(fault) = &attempt.fault {
            line!(text, "  {}", fault.line);
        }
    }
    for trigger in &row.triggers {
        line!(text);
        line!(text, "{}", pipeline(trigger, zone));
    }
    text
}

fn pipeline(trigger: &TriggerRow, zone: &TimeZone) -> String {
    let at = time(trigger.at.unwrap_or(trigger.intended_at), zone);
    let computation = trigger.computation.as_deref().map(|id| format!(" as {id}")).unwrap_or_default();
    match trigger.state {
        TriggerState::Started => format!("pipeline started{computation} at {at}"),
        TriggerState::Refused => format!("pipeline refused at {at}"),
        TriggerState::Intended => format!("pipeline: whether it was started at {at} is not known"),
    }
}

fn line(step: &StepRow) -> String {
    let took = step.ended_at.map(|end| duration(end.duration_since(step.started_at).as_secs_f64()));
    match (&step.fault, took) {
        (Some(_), _) => format!("{}: failed", step.step),
        (None, Some(took)) => format!("{}: {took}", step.step),
        (None, None) => format!("{}: not ended", step.step),
    }
}

fn time(at: jiff::Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
