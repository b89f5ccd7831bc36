//! Everything a person sees. Rows and answers go to stdout; progress, notes and errors to stderr. With `--json`, stdout holds
//! one JSON object a line and nothing else.

#![expect(clippy::print_stderr, reason = "this is the one place that prints")]

mod bars;
mod history;
mod lines;
mod plan;
mod problems;
mod table;

use std::io::{IsTerminal, Write};

use adt_engine::{Summary, Tell};
use adt_model::{Fault, LogLevel};
use serde::Serialize;

pub(crate) use history::{attempts, history};
pub(crate) use plan::plan;
pub(crate) use problems::problems;

use crate::{args::Common, settings::Shown};

/// Who is told of events, chosen once.
pub(crate) fn reporter(common: &Common) -> Tell {
    if common.json {
        return std::sync::Arc::new(|event| json_line(&event));
    }
    if common.quiet {
        return std::sync::Arc::new(|_| {});
    }
    if std::io::stderr().is_terminal() { bars::reporter() } else { lines::reporter() }
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

/// A line on stderr.
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}

/// An error that ended the whole command, with what to do about it.
pub(crate) fn error(error: &anyhow::Error) {
    match error.downcast_ref::<Fault>() {
        Some(fault) => {
            eprintln!("error: {}", fault.line());
            if let Some(help) = fault.advice() {
                eprintln!("help: {help}");
            }
        }
        None => eprintln!("error: {error:#}"),
    }
}

/// A panic was caught.
pub(crate) fn bug() {
    eprintln!("error: this is a bug in adt {}", env!("CARGO_PKG_VERSION"));
    eprintln!("help: please report it at {} with the lines above", env!("CARGO_PKG_REPOSITORY"));
}

/// Sends what happens inside to stderr, from `level` on; as JSON when everything is JSON.
pub(crate) fn logging(level: LogLevel, json: bool) {
    use tracing_subscriber::{EnvFilter, fmt};
    let word = match level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warning => "warn",
        LogLevel::Error | LogLevel::Critical => "error",
    };
    // Our own crates only: libraries that log headers at debug must never see a way out.
    let names = ["adt", "adt_engine", "adt_store", "adt_ledger", "adt_formats", "adt_sandbox"];
    let filter = names.map(|name| format!("{name}={word}")).join(",");
    let log = fmt().with_env_filter(EnvFilter::new(filter)).with_writer(std::io::stderr);
    // A second call (the demo runs jobs of its own) changes nothing.
    let _ = if json { log.json().try_init() } else { log.try_init() };
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
    if common.json { eprint!("{text}") } else { out(&text) }
}
