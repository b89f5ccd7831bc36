//! Everything a person sees. Rows and answers go to stdout; progress, notes and errors to stderr. With `--json`, stdout holds
//! one JSON object a line and nothing else.

mod bars;
mod ephys;
mod history;
pub(crate) mod imaging;
mod lines;
mod plan;
mod problems;
mod table;
mod words;

use std::{
    borrow::Cow,
    io::{IsTerminal, Write},
};

use adt_engine::{Summary, Tell};
use adt_model::{Fault, LogLevel};
use serde::Serialize;

pub(crate) use ephys::{info, restored};
pub(crate) use history::{attempts, history};
pub(crate) use plan::{plan, simulated};
pub(crate) use problems::problems;

use crate::{args::Common, settings::Shown};

/// Who is told of events, chosen once.
pub(crate) fn reporter(common: &Common, level: LogLevel) -> Tell {
    if common.json {
        return std::sync::Arc::new(|event| json_line(&event));
    }
    if common.quiet {
        return std::sync::Arc::new(|_| {});
    }
    if std::io::stderr().is_terminal() { bars::reporter(level) } else { lines::reporter(level) }
}

/// One JSON object on a line of its own. A reader that has gone away is no error of ours.
pub(crate) fn json_line(value: &impl Serialize) {
    let Ok(mut text) = serde_json::to_vec(value) else { return };
    text.push(b'\n');
    let _ = std::io::stdout().lock().write_all(&text);
}

/// Text on stdout; a reader that has gone away (`adt history | head`) is no error of ours.
pub(crate) fn out(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// `1 file`, `2 files`.
pub(crate) fn count(n: u64, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// A line on stderr. That nobody reads it any more (a closed terminal, `2>&1 | head`) must not end a job.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Notes, each with the number of jobs it holds for.
pub(crate) fn notes(notes: &std::collections::BTreeMap<String, u64>) {
    for (text, jobs) in notes {
        say(&if *jobs == 1 { format!("note: {text}") } else { format!("note for {jobs} jobs: {text}") });
    }
}

/// An error that ended the whole command, with what to do about it.
pub(crate) fn error(error: &anyhow::Error) {
    match error.downcast_ref::<Fault>() {
        Some(fault) => {
            say(&format!("error: {}", fault.line()));
            if let Some(help) = fault.advice() {
                say(&format!("help: {help}"));
            }
        }
        None => say(&format!("error: {error:#}")),
    }
}

/// Help or a version, to stdout, or what is wrong with the command line, which may repeat a place with a password in it.
pub(crate) fn usage(told: &clap::Error) {
    let text = told.render().to_string();
    match adt_model::redact_places(&text) {
        Cow::Owned(clean) if told.use_stderr() => say(clean.trim_end()),
        _ => {
            let _ = told.print();
        }
    }
}

/// A panic was caught.
pub(crate) fn bug() {
    say(&format!("error: this is a bug in adt {}", env!("CARGO_PKG_VERSION")));
    say(&format!("help: please report it at {} with the lines above", env!("CARGO_PKG_REPOSITORY")));
}

/// Settings with where they came from.
pub(crate) fn settings(shown: &[Shown]) -> String {
    let rows: Vec<_> =
        shown.iter().map(|s| [s.name.to_owned(), s.value.clone(), s.from.to_string()]).collect();
    table::columns(&["setting", "value", "from"], &rows)
}

/// The end of a run: a table for people, or nothing more for those who read events.
pub(crate) fn ended(summary: &Summary, common: &Common) {
    let text = table::summary(summary, common.quiet);
    if common.json { say(text.trim_end_matches('\n')) } else { out(&text) }
}
