use std::sync::atomic::{AtomicU64, Ordering};

/// A small seeded generator (splitmix64) for jitter and temporary names. Nothing secret may come from it.
#[derive(Debug)]
pub struct Random(AtomicU64);

impl Random {
    /// The same seed gives the same run.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// Seeded by a time of day and the process, so that two processes that start together differ.
    pub fn from_time(now: jiff::Timestamp) -> Self {
        Self::new((now.as_nanosecond() as u64) ^ (u64::from(std::process::id()) << 32))
    }

    /// The next 64 bits.
    pub fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Evenly in `0.0..1.0`.
    pub fn fraction(&self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_run_and_fractions_stay_in_range() {
        let (a, b) = (Random::new(7), Random::new(7));
        for _ in 0..1000 {
            assert_eq!(a.next(), b.next());
            assert!((0.0..1.0).contains(&a.fraction()));
            b.fraction();
        }
    }
}
