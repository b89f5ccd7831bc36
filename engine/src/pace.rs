//! A bound on the bytes a second.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// How fast bytes may be taken up. Clones share one account.
#[derive(Clone, Debug, Default)]
pub struct Pace(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    bytes_per_second: f64,
    /// When everything that was taken so far is paid for.
    paid: Mutex<Option<Instant>>,
}

/// A line that was idle may be used in full for this long.
const BURST: Duration = Duration::from_secs(1);

impl Pace {
    /// As fast as it goes.
    pub fn free() -> Self {
        Self(None)
    }

    /// At most so many bytes a second, over any few seconds.
    pub fn new(bytes_per_second: u64) -> Self {
        let bytes_per_second = bytes_per_second.max(1) as f64;
        Self(Some(Arc::new(Inner { bytes_per_second, paid: Mutex::default() })))
    }

    /// Waits until `bytes` more may be taken up.
    pub async fn take(&self, bytes: u64) {
        let Some(inner) = &self.0 else { return };
        let cost = Duration::from_secs_f64(bytes as f64 / inner.bytes_per_second);
        let until = {
            let now = Instant::now();
            let mut paid = inner.paid.lock().unwrap_or_else(PoisonError::into_inner);
            let since = paid.unwrap_or(now).max(now.checked_sub(BURST).unwrap_or(now));
            let until = since + cost;
            *paid = Some(until);
            until
        };
        tokio::time::sleep_until(until).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_rate_holds_over_all_who_share_it() {
        let (pace, began) = (Pace::new(10 << 20), Instant::now());
        Pace::free().take(u64::MAX).await;
        futures::future::join_all((0..4).map(|_| pace.take(1 << 20))).await;
        assert!(began.elapsed() >= Duration::from_millis(400));
    }
}
