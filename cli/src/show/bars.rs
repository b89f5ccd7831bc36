//! A bar for each job on a terminal: bytes done of all, rate, time left; and the lines of a log above the bars.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use adt_engine::Tell;
use adt_model::{ByteSize, Event, LogLevel, What};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{table::samples, words::Words};

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
                bar.set_prefix(job.clone());
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
                        bar.set_prefix(format!("{job} {}", super::table::objects(moved, listing)));
                    }
                    bar.set_message(format!("{} sent", ByteSize(moved.bytes_sent)));
                    if moved.samples > 0 {
                        bar.set_prefix(format!("{job} {}", samples(moved.samples)));
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
            let _ = self.all.println(line);
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
    #[test]
    fn the_templates_are_right() {
        super::moving();
        super::naming("verifying");
    }
}
