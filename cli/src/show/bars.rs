//! A bar for each job on a terminal: bytes done of all, rate, time left; and the lines of a log above the bars.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use adt_engine::Tell;
use adt_model::{ByteSize, Event, LogLevel, What};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{clean, table::samples, words::Words};

/// Columns of a job's name beside its bar.
const NAME: usize = 60;

/// Columns of a line above the bars, which may be several of the terminal's.
const LONGEST: usize = 4000;

struct Screen {
    all: MultiProgress,
    bars: HashMap<String, ProgressBar>,
    words: Words,
}

pub(super) fn reporter(level: LogLevel) -> Tell {
    let screen =
        Mutex::new(Screen { all: MultiProgress::new(), bars: HashMap::new(), words: Words::new(level) });
    Arc::new(move |event| {
        if let Ok(mut screen) = screen.lock() {
            screen.show(&event);
        }
    })
}

impl Screen {
    fn show(&mut self, event: &Event) {
        let job = &event.job;
        match &event.what {
            What::JobStarted { bytes, .. } => {
                let bar = self.all.add(ProgressBar::new(*bytes).with_style(moving()));
                bar.set_prefix(name(job));
                bar.enable_steady_tick(Duration::from_millis(250));
                self.bars.insert(job.clone(), bar);
                return;
            }
            What::StepStarted => self.step(job, event.step.as_deref().unwrap_or_default()),
            What::Moved(moved) => {
                if let Some(bar) = self.bars.get(job) {
                    bar.set_position(moved.bytes_read);
                    if let Some(listing) = &moved.listing {
                        bar.set_length(listing.bytes);
                        bar.set_prefix(format!("{} {}", name(job), super::table::objects(moved, listing)));
                    }
                    bar.set_message(format!("{} sent", ByteSize(moved.bytes_sent)));
                    if moved.samples > 0 {
                        bar.set_prefix(format!("{} {}", name(job), samples(moved.samples)));
                    }
                }
            }
            What::JobFinished(_) => {
                if let Some(bar) = self.bars.remove(job) {
                    bar.finish_and_clear();
                }
            }
            _ => {}
        }
        for line in self.words.lines(event) {
            let _ = self.all.println(clean::shortened(&clean::line(&line), LONGEST));
        }
    }

    /// What follows the data has no length known beforehand: it is named, and what was sent is counted.
    fn step(&self, job: &str, step: &str) {
        if let (Some(bar), "upload" | "verify" | "record") = (self.bars.get(job), step) {
            let doing = if step == "upload" { "uploading what was built" } else { "verifying" };
            bar.set_style(naming(doing));
        }
    }
}

fn name(job: &str) -> String {
    clean::shortened(&clean::line(job), NAME).into_owned()
}

/// The bar takes what the rest leaves of the line, so that nothing is wrapped.
fn moving() -> ProgressStyle {
    let line =
        "{prefix} [{wide_bar}] {percent:>3} % of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left";
    template(line)
}

fn naming(doing: &str) -> ProgressStyle {
    template(&format!("{{prefix}} {doing}, {{msg}}"))
}

fn template(line: &str) -> ProgressStyle {
    ProgressStyle::with_template(line).expect("the templates are constant and tested").progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_very_long_name_does_not_break_the_bars() {
        let mut screen =
            Screen { all: MultiProgress::new(), bars: HashMap::new(), words: Words::new(LogLevel::Debug) };
        let started = What::JobStarted {
            origin: adt_model::Origin::default(),
            asset: "漢".repeat(70_000),
            files: 1,
            bytes: 1,
            resumed: false,
        };
        let moved = What::Moved(adt_model::Moved { samples: 3, ..adt_model::Moved::default() });
        for what in [started, moved, What::Note { text: "x\u{1b}".repeat(70_000) }] {
            let event =
                Event { at: jiff::Timestamp::UNIX_EPOCH, job: "\u{1b}[2J".repeat(20_000), step: None, what };
            screen.show(&event);
        }
    }

    #[test]
    fn the_templates_are_right() {
        moving();
        naming("verifying");
    }
}
