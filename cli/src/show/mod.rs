//! Everything a person sees. Rows and answers go to stdout; progress, notes and errors to stderr. With `--json`, stdout holds
//! one JSON object a line and nothing else.

/// Adds a line to a text that people read; what is put into it is cleaned and stays on its line.
macro_rules! line {
    ($text:expr) => {
        $text.push('\n')
    };
    ($text:expr, $($words:tt)*) => {{
        $text.push_str(&$crate::show::clean::line(&format!($($words)*)));
        $text.push('\n');
    }};
}

/// Adds a part of a line.
macro_rules! part {
    ($text:expr, $($words:tt)*) => {
        $text.push_str(&$crate::show::clean::line(&format!($($words)*)))
    };
}

mod bars;
mod clean;
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
use adt_model::{Fault, LeftOut, LogLevel};
use serde::Serialize;

pub(crate) use clean::line;
pub(crate) use ephys::{info, restored, verified, would_restore};
pub(crate) use history::{attempts, history};
pub(crate) use plan::{plan, simulated};
pub(crate) use problems::problems;
pub(crate) use words::unchecked;

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
    let Some(text) = clean::json(value) else { return };
    let _ = std::io::stdout().lock().write_all(&text);
}

/// Text on stdout; that its reader has gone away (`adt history | head`) is not an error. Its lines were cleaned one by one.
pub(crate) fn out(text: &str) {
    let _ = std::io::stdout().lock().write_all(clean::text(text).as_bytes());
}

/// A line on stdout.
pub(crate) fn row(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{}", line(text));
}

/// A program's text on stdout, byte for byte: completions, scripts, pages.
pub(crate) fn source(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// `1 file`, `2 files`.
pub(crate) fn count(n: u64, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// A line on stderr. A reader that has gone away (a closed terminal, `2>&1 | head`) must not end a job.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", line(text));
}

/// Several lines on stderr, cleaned one by one before.
pub(crate) fn say_all(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", clean::text(text));
}

/// Notes, each with the number of jobs it holds for.
pub(crate) fn notes(notes: &std::collections::BTreeMap<String, u64>) {
    for (text, jobs) in notes {
        say(&if *jobs == 1 { format!("note: {text}") } else { format!("note for {jobs} jobs: {text}") });
    }
}

/// What of the sources would not be uploaded: reported with `--quiet` too, where no note names it.
pub(crate) fn left_out(left_out: &LeftOut, quiet: bool) {
    let lines = if quiet { left_out.lines() } else { Vec::new() };
    let end = if quiet { ":" } else { " (see the notes)" };
    say(&format!("{} would not be uploaded{end}", count(left_out.count, "source item")));
    for line in lines {
        say(&format!("  {line}"));
    }
}

/// What of a source was not read; never left unsaid.
fn not_read(left_out: &LeftOut, text: &mut String) {
    if !left_out.is_empty() {
        line!(text, "{} not read:", count(left_out.count, "source item"));
        for line in left_out.lines() {
            line!(text, "  {line}");
        }
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

/// Help or a version, to stdout, or what is wrong with the command line. What was typed may hold a place with a password in it, or
/// characters that disturb the terminal; then colours are omitted.
pub(crate) fn usage(told: &clap::Error) {
    let text = told.render().to_string();
    let text = adt_model::redact_places(&text);
    let harmless = |word: std::ffi::OsString| matches!(line(&word.to_string_lossy()), Cow::Borrowed(_));
    if told.use_stderr() && (matches!(text, Cow::Owned(_)) || !std::env::args_os().all(harmless)) {
        say_all(text.trim_end());
    } else {
        let _ = told.print();
    }
}

/// Texts of panics are cleaned like all others.
pub(crate) fn clean_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| match clean::text(&panic.to_string()) {
        Cow::Borrowed(_) => usual(panic),
        Cow::Owned(cleaned) => say_all(&cleaned),
    }));
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
    match text.trim_end_matches('\n') {
        // Nothing failed and nothing was left out of what a quiet run did.
        "" => {}
        text if common.json => say_all(text),
        _ => out(&text),
    }
}
