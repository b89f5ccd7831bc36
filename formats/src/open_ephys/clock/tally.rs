use std::fmt::Display;

/// How often something was met, and where first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tally<T> {
    pub(super) count: u64,
    /// Which value of the vector, the one before it, and itself.
    first: Option<(u64, Option<T>, T)>,
}

impl<T> Default for Tally<T> {
    fn default() -> Self {
        Self { count: 0, first: None }
    }
}

impl<T: Copy + Display> Tally<T> {
    pub(super) fn add(&mut self, at: u64, before: Option<T>, value: T) {
        self.count += 1;
        self.first.get_or_insert((at, before, value));
    }

    /// `2 gaps (5 sample numbers missing), the first at frame 700 (699, then 941)`. `place` is what the values of the vector are called.
    pub(super) fn text(&self, one: &str, many: &str, more: &str, place: &str) -> Option<String> {
        let (at, before, value) = self.first?;
        let values = match before {
            Some(before) => format!("{before}, then {value}"),
            None => value.to_string(),
        };
        Some(match self.count {
            1 => format!("1 {one}{more} at {place} {at} ({values})"),
            count => format!("{count} {many}{more}, the first at {place} {at} ({values})"),
        })
    }
}

/// What the values of a vector are called: frames, if there are as many.
pub(super) fn place(items: u64, frames: u64) -> &'static str {
    if items == frames { "frame" } else { "value" }
}
