//! How many requests are under way at once, after what the server can bear.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::Instant,
};

/// A server that is overloaded says so to every request under way; that is one piece of news, not thirty.
const NEWS: Duration = Duration::from_secs(1);

/// Additive increase, halving on a sign of overload; never below one, never above the number asked for.
#[derive(Debug)]
pub(crate) struct Lanes {
    semaphore: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    most: usize,
    limit: usize,
    /// Successes since the limit last changed; as many as the limit buy one more lane.
    credit: usize,
    /// Lanes to be given up by requests that are still under way.
    owed: usize,
    halved: Option<Instant>,
}

/// The right to one request at once.
pub(crate) struct Lane<'a> {
    lanes: &'a Lanes,
    permit: Option<SemaphorePermit<'a>>,
    since: Instant,
}

impl Lanes {
    pub(crate) fn new(most: usize) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        let state = State { most, limit: most, credit: 0, owed: 0, halved: None };
        Self { semaphore: Semaphore::new(most), state: Mutex::new(state) }
    }

    /// Waits for a free lane, in the order of asking.
    pub(crate) async fn enter(&self) -> Lane<'_> {
        // A semaphore that nobody closes always gives.
        let permit = self.semaphore.acquire().await.ok();
        Lane { lanes: self, permit, since: Instant::now() }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn limit(&self) -> usize {
        self.state().limit
    }
}

impl Lane<'_> {
    /// The server answered well.
    pub(crate) fn succeeded(self) {
        let mut state = self.lanes.state();
        if state.limit == state.most {
            return;
        }
        state.credit += 1;
        if state.credit >= state.limit {
            state.credit = 0;
            state.limit += 1;
            if state.owed > 0 {
                state.owed -= 1;
            } else {
                self.lanes.semaphore.add_permits(1);
            }
        }
    }

    /// The server asked for fewer requests, or did not answer in time. A request that began before the last halving
    /// tells nothing new.
    pub(crate) fn overloaded(self) {
        let mut state = self.lanes.state();
        if state.halved.is_some_and(|at| self.since < at || at.elapsed() < NEWS) {
            return;
        }
        state.halved = Some(Instant::now());
        let fewer = (state.limit / 2).max(1);
        let gone = state.limit - fewer;
        state.limit = fewer;
        state.credit = 0;
        state.owed += gone - self.lanes.semaphore.forget_permits(gone);
    }
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        let mut state = self.lanes.state();
        if state.owed > 0
            && let Some(permit) = self.permit.take()
        {
            state.owed -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn halves_once_for_one_piece_of_news_and_recovers() {
        let lanes = Lanes::new(8);
        let all = futures::future::join_all((0..8).map(|_| lanes.enter())).await;
        for lane in all {
            lane.overloaded();
        }
        assert_eq!((lanes.limit(), lanes.semaphore.available_permits()), (4, 4));
        tokio::time::advance(NEWS * 2).await;
        for expected in [2, 1, 1] {
            lanes.enter().await.overloaded();
            assert_eq!((lanes.limit(), lanes.semaphore.available_permits()), (expected, expected));
            tokio::time::advance(NEWS * 2).await;
        }
        for _ in 0..1 + 2 + 3 + 4 + 5 + 6 + 7 {
            assert!(lanes.limit() < 8);
            lanes.enter().await.succeeded();
        }
        assert_eq!((lanes.limit(), lanes.semaphore.available_permits()), (8, 8));
        lanes.enter().await.succeeded();
        assert_eq!(lanes.limit(), 8);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_lane_is_never_taken() {
        let lanes = Lanes::new(0);
        lanes.enter().await.overloaded();
        tokio::time::advance(NEWS * 2).await;
        lanes.enter().await.overloaded();
        assert_eq!(lanes.limit(), 1);
        drop(lanes.enter().await);
    }
}
