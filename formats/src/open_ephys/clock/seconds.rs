use adt_model::{Fault, Pulse};

use super::{
    TimeFile, UNSYNCHRONISED, blocks,
    tally::{Tally, place},
};

/// What is in a vector of seconds.
#[derive(Debug, Default)]
pub(super) struct Seconds {
    items: u64,
    sample_rate: f64,
    first: Option<f64>,
    not_finite: Tally<f64>,
    unsynchronised: Tally<f64>,
    back: Tally<f64>,
    repeats: Tally<f64>,
    leaps: Tally<f64>,
    longest: f64,
    /// Steps between two times, and those of them that are about one sample.
    steps: u64,
    regular: u64,
    /// The value before, if it is a time.
    time: Option<f64>,
    /// The first value is -1. The second one tells whether that is a time.
    doubtful: bool,
}

impl Seconds {
    pub(super) fn read(file: &TimeFile, sample_rate: f64, pulse: &dyn Pulse) -> Result<Self, Fault> {
        let npy = file.open()?;
        let mut seconds = Self { items: file.items, sample_rate, ..Self::default() };
        let (mut values, mut before) = (Vec::new(), None);
        for (start, count) in blocks(file) {
            pulse.beat(0)?;
            values.resize(count, 0.0);
            npy.floats(start, &mut values)?;
            for (at, value) in (start..).zip(&values) {
                seconds.add(at, before.replace(*value), *value);
            }
        }
        seconds.decide(None);
        npy.finish()?;
        Ok(seconds)
    }

    fn add(&mut self, at: u64, before: Option<f64>, value: f64) {
        self.decide(Some(value));
        let time = self.time.take();
        if !value.is_finite() {
            self.not_finite.add(at, before, value);
            return;
        }
        let step = time.map(|time| value - time);
        // A clock that passes -1 s does so in steps of a sample; anywhere else, it is what the GUI writes without synchronisation.
        if value == UNSYNCHRONISED && !step.is_some_and(|step| self.is_regular(step)) {
            if at == 0 {
                self.doubtful = true;
            } else {
                self.unsynchronised.add(at, before, value);
            }
            return;
        }
        self.time = Some(value);
        self.first.get_or_insert(value);
        if let Some(step) = step {
            self.step(at, before, value, step);
        }
    }

    fn step(&mut self, at: u64, before: Option<f64>, value: f64, step: f64) {
        self.steps += 1;
        if self.is_regular(step) {
            self.regular += 1;
        } else if step < 0.0 {
            self.back.add(at, before, value);
        } else if step == 0.0 {
            self.repeats.add(at, before, value);
        } else if step * self.sample_rate > 1.5 {
            self.longest = self.longest.max(step);
            self.leaps.add(at, before, value);
        }
    }

    /// About one sample.
    fn is_regular(&self, step: f64) -> bool {
        (0.5..=1.5).contains(&(step * self.sample_rate))
    }

    fn decide(&mut self, next: Option<f64>) {
        if !std::mem::take(&mut self.doubtful) {
            return;
        }
        if next.is_some_and(|next| self.is_regular(next - UNSYNCHRONISED)) {
            (self.first, self.time) = (Some(UNSYNCHRONISED), Some(UNSYNCHRONISED));
        } else {
            self.unsynchronised.add(0, None, UNSYNCHRONISED);
        }
    }

    /// Whether they are the times of this many frames.
    pub(super) fn are_times(&self, frames: u64) -> bool {
        let strange =
            self.not_finite.count + self.unsynchronised.count + self.back.count + self.repeats.count;
        self.items == frames && strange == 0 && self.run_at_the_rate()
    }

    /// Most steps are about one sample. Counts, or milliseconds, would not be.
    fn run_at_the_rate(&self) -> bool {
        2 * self.regular >= self.steps
    }

    /// The time of the first frame, if it is one.
    pub(super) fn start(&self) -> Option<f64> {
        let begins = self.first.filter(|_| self.unsynchronised.count + self.not_finite.count == 0);
        begins.filter(|_| self.steps == 0 || self.repeats.count < self.steps)
    }

    /// In words.
    pub(super) fn findings(&self, frames: u64) -> Vec<String> {
        if self.items > 1 && self.unsynchronised.count == self.items {
            return vec![format!("all {} values are -1: the stream was not synchronised", self.items)];
        }
        if self.steps > 0 && self.repeats.count == self.items - 1 {
            return vec![format!("all {} values are {} s", self.items, self.first.unwrap_or_default())];
        }
        let place = place(self.items, frames);
        let longest = format!(" of up to {} s", (self.longest * 1e6).round() / 1e6);
        let not_synchronised = " of -1 (not synchronised)";
        let mut texts: Vec<_> = [
            self.not_finite.text("value that is not a number", "values that are not numbers", "", place),
            self.unsynchronised.text("value", "values", not_synchronised, place),
            self.back.text("step back", "steps back", "", place),
            self.repeats.text("repeated value", "repeated values", "", place),
            self.leaps.text("leap", "leaps", &longest, place),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !self.run_at_the_rate() {
            texts.push(format!("most of its steps are not the {} s of one sample", 1.0 / self.sample_rate));
        }
        texts
    }
}
