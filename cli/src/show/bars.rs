//! A bar for each job on a terminal: bytes done of all, rate, time left.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use adt_engine::Tell;
use adt_model::{ByteSize, Event, JobEnd, What};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::table::duration;

pub(super) fn reporter() -> Tell {
    let all = MultiProgress::new();
    let bars: Mutex<HashMap<String, ProgressBar>> = Mutex::default();
    Arc::new(move |event| {
        if let Ok(mut bars) = bars.lock() {
            show(&event, &all, &mut bars);
        }
    })
}

fn show(event: &Event, all: &MultiProgress, bars: &mut HashMap<String, ProgressBar>) {
    let job = &event.job;
    match &event.what {
        What::JobStarted { bytes, resumed, .. } => {
            let bar = all.add(ProgressBar::new(*bytes).with_style(style()));
            bar.set_prefix(job.clone());
            bar.set_message(if *resumed { "going on" } else { "" });
            bar.enable_steady_tick(Duration::from_millis(250));
            bars.insert(job.clone(), bar);
        }
        What::StepStarted => {
            if let (Some(bar), Some(step)) = (bars.get(job), &event.step) {
                bar.set_message(step.clone());
            }
        }
        What::Moved(moved) => {
            if let Some(bar) = bars.get(job) {
                bar.set_position(moved.bytes_read);
            }
        }
        What::Note { text } => line(all, &format!("{job}: note: {text}")),
        What::Retry { text } => line(all, &format!("{job}: trying again: {text}")),
        What::JobFinished(ended) => {
            if let Some(bar) = bars.remove(job) {
                bar.finish_and_clear();
            }
            let took = duration(ended.seconds);
            line(
                all,
                &match ended.end {
                    JobEnd::Done => format!("{job}: done and verified in {took}"),
                    JobEnd::Rehearsed => format!("{job}: dry run went through in {took}"),
                    JobEnd::Skipped => format!("{job}: done by an earlier run, skipped"),
                    JobEnd::Failed => {
                        format!("{job}: failed: {}", ended.fault.as_deref().unwrap_or_default())
                    }
                    JobEnd::Interrupted => format!("{job}: interrupted"),
                },
            );
        }
        _ => {}
    }
}

/// A line above the bars.
fn line(all: &MultiProgress, text: &str) {
    let _ = all.println(text);
}

fn style() -> ProgressStyle {
    let template = "{prefix} [{bar:24}] {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left  {msg}";
    ProgressStyle::with_template(template).expect("the template is constant and tested").progress_chars("=> ")
}

/// Bytes a second, for showing.
pub(super) fn speed(bytes: u64, seconds: f64) -> String {
    if seconds <= 0.0 {
        return "-".into();
    }
    format!("{}/s", ByteSize((bytes as f64 / seconds) as u64))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_template_is_right() {
        super::style();
    }
}
