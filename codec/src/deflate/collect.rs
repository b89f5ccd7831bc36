use super::{
    chains::Match,
    price::Prices,
    tally::{Step, Tally},
    write::{self, Held},
};

/// After so many symbols the collector looks whether the text has changed its nature.
const LOOK: u32 = 4096;

/// Collects literals and matches into blocks and writes a block when the next symbols are cheaper in one of their own.
pub(super) struct Collector<'a> {
    text: &'a [u8],
    out: &'a mut Vec<u8>,
    held: Held,
    prices: Prices,
    steps: Vec<Step>,
    /// Literals since the last step.
    run: u32,
    /// Symbols since the last look.
    count: u32,
    /// What the next block holds for sure: steps, bytes up to `border`, symbols and their cost.
    settled: usize,
    start: usize,
    border: usize,
    tally: Tally,
    cost: f32,
    /// Symbols since the last look.
    fresh: Tally,
}

impl<'a> Collector<'a> {
    /// Collects `text[start..]`.
    pub(super) fn new(text: &'a [u8], start: usize, out: &'a mut Vec<u8>) -> Self {
        Self {
            text,
            out,
            held: Held::default(),
            prices: Prices::guess(&text[start..]),
            steps: Vec::new(),
            run: 0,
            count: 0,
            settled: 0,
            start,
            border: start,
            tally: Tally::new(),
            cost: 0.0,
            fresh: Tally::new(),
        }
    }

    #[inline]
    pub(super) fn literals(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.fresh.literal(byte);
        }
        self.run += bytes.len() as u32;
        self.count += bytes.len() as u32;
    }

    #[inline]
    pub(super) fn matched(&mut self, found: Match) {
        self.fresh.matched(found.length, found.distance);
        self.steps.push(Step::new(self.run, found.length, found.distance));
        self.run = 0;
        self.count += 1;
    }

    /// Whether a match at `at` is cheaper than its bytes, as far as one can tell yet.
    #[inline]
    pub(super) fn worth(&self, at: usize, found: Match) -> bool {
        self.prices.worth(&self.text[at..at + found.length], found.distance)
    }

    /// Whether the match `next`, `later` bytes after `than` at `at`, is better by more than the literals between cost.
    #[inline]
    pub(super) fn better(&self, at: usize, than: Match, next: Match, later: u8) -> bool {
        let bytes = |at: usize, found: Match| (&self.text[at..at + found.length], found.distance);
        next.distance != 0 && self.prices.better(bytes(at + usize::from(later), next), bytes(at, than), later)
    }

    /// To be called after each step, with the place reached.
    #[inline]
    pub(super) fn look(&mut self, at: usize) {
        if self.count >= LOOK {
            self.settle(at);
        }
    }

    /// Joins the fresh symbols to the block, or writes the block and begins the next one with them.
    fn settle(&mut self, at: usize) {
        if self.run > 0 {
            self.steps.push(Step::new(self.run, 0, 1));
            self.run = 0;
        }
        let fresh = std::mem::replace(&mut self.fresh, Tally::new());
        let joined = self.tally.joined(&fresh);
        let (fresh_cost, joined_cost) = (fresh.estimate(), joined.estimate());
        if self.settled > 0 && joined_cost > self.cost + fresh_cost {
            self.write(false);
            (self.tally, self.cost) = (fresh, fresh_cost);
        } else {
            (self.tally, self.cost) = (joined, joined_cost);
        }
        self.prices.learn(&self.tally);
        (self.settled, self.border, self.count) = (self.steps.len(), at, 0);
    }

    fn write(&mut self, last: bool) {
        let (bytes, steps) = (&self.text[self.start..self.border], &self.steps[..self.settled]);
        write::write_block(self.out, &mut self.held, bytes, steps, &self.tally, last);
        self.steps.drain(..self.settled);
        self.start = self.border;
    }

    /// Writes what is left, up to the end of the text, and ends on a byte border.
    pub(super) fn finish(mut self, last: bool) {
        self.settle(self.text.len());
        if last || self.start < self.border {
            self.write(last);
        }
        write::finish(self.out, self.held, last);
    }
}
