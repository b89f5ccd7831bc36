//! When a request is tried again: exponential backoff with full jitter, until a time budget is spent.

use std::time::Duration;

use tokio::time::Instant;

use crate::Random;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(20);

/// The history of one request that has failed at least once, or never.
#[derive(Debug)]
pub struct Backoff {
    budget: Duration,
    first_failure: Option<Instant>,
    tries: u32,
}

impl Backoff {
    /// A request that has not failed yet; it is tried again for `budget` after its first failure.
    pub fn new(budget: Duration) -> Self {
        Self { budget, first_failure: None, tries: 0 }
    }

    /// Counts a failure of an attempt that began at `began`. How long to wait before the next one; `None` when the
    /// budget is spent. An attempt that hung counts with all the time it hung.
    pub fn failed(&mut self, began: Instant, random: &Random) -> Option<Duration> {
        self.tries += 1;
        let since = *self.first_failure.get_or_insert(began);
        let spent = since.elapsed();
        let left = self.budget.checked_sub(spent).filter(|left| !left.is_zero())?;
        let ceiling = FIRST.saturating_mul(1 << (self.tries - 1).min(20)).min(LONGEST);
        // The last attempt is made when the budget ends, not one wait later.
        Some(ceiling.mul_f64(random.fraction()).min(left))
    }

    /// For people: how often, and over what time.
    pub fn shown(&self) -> String {
        let spent = self.first_failure.map_or(Duration::ZERO, |since| since.elapsed());
        let times = if self.tries == 1 { "try" } else { "tries" };
        format!("{} {times} in {:.0} s", self.tries, spent.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_grow_stay_below_their_ceiling_and_end_with_the_budget() {
        let random = Random::new(1);
        let budget = Duration::from_mins(3);
        let mut backoff = Backoff::new(budget);
        let begin = Instant::now();
        let mut waits = Vec::new();
        while let Some(wait) = backoff.failed(Instant::now(), &random) {
            let ceiling = FIRST.saturating_mul(1 << waits.len().min(20)).min(LONGEST);
            assert!(wait <= ceiling, "{wait:?} > {ceiling:?}");
            waits.push(wait);
            tokio::time::advance(wait).await;
        }
        assert_eq!(begin.elapsed(), budget);
        assert!(waits.len() > 10 && waits.iter().any(|w| *w > LONGEST / 2), "{waits:?}");
        assert_eq!(backoff.tries as usize, waits.len() + 1);
        assert_eq!(backoff.shown(), format!("{} tries in 180 s", backoff.tries));
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_that_hung_has_spent_its_time() {
        let began = Instant::now();
        tokio::time::advance(Duration::from_secs(10)).await;
        let mut backoff = Backoff::new(Duration::from_secs(10));
        assert_eq!(backoff.failed(began, &Random::new(1)), None);
    }
}
