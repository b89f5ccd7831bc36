//! Uploads in parts that failed: which object is begun again, and what becomes of the parts.

use std::time::Duration;

use adt_model::{Class, Fault, Key};
use adt_store::{Fate, Upload};
use tokio::time::Instant;

use super::Delivery;

/// How often an object is begun, at most, when the place forgets its upload.
const BEGINNINGS: u32 = 5;
/// Before the second beginning; later ones wait twice as long each.
const PAUSE: Duration = Duration::from_millis(200);

/// An attempt that failed.
pub(super) struct Failed {
    pub(super) fault: Fault,
    /// The place has forgotten the upload: another one can succeed.
    pub(super) again: bool,
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self { fault, again: false }
    }
}

/// The beginnings of one object. Another one is allowed within the retry time, counted from the first failure.
pub(super) struct Beginnings {
    left: u32,
    pause: Duration,
    failed: Option<Instant>,
}

impl Default for Beginnings {
    fn default() -> Self {
        Self { left: BEGINNINGS - 1, pause: PAUSE, failed: None }
    }
}

impl Beginnings {
    /// How long to wait before the next beginning; `None` when there is none.
    fn next(&mut self, now: Instant, retry_time: Duration) -> Option<Duration> {
        let failed = *self.failed.get_or_insert(now);
        self.left = self.left.checked_sub(1).filter(|_| now.duration_since(failed) < retry_time)?;
        let pause = self.pause;
        self.pause *= 2;
        Some(pause)
    }
}

impl Delivery {
    /// Waits until `key` can be begun again; fails with the fault of the attempt if it cannot.
    pub(super) async fn begin_again(
        &self,
        key: &Key,
        failed: Failed,
        beginnings: &mut Beginnings,
    ) -> Result<(), Fault> {
        let next = |beginnings: &mut Beginnings| beginnings.next(Instant::now(), self.ctx.store.retry_time);
        let pause = if failed.again { next(beginnings) } else { None };
        let Some(pause) = pause else { return Err(failed.fault) };
        self.note(format!("{}; sending `{key}` again from its first byte", failed.fault.line()));
        tokio::time::sleep(pause).await;
        self.ctx.stop.check()
    }

    /// Decides what becomes of an upload whose part or completion failed. No part of it is in flight any more.
    ///
    /// | the upload | then |
    /// |---|---|
    /// | is not known to the place any more | it is forgotten; the object can be begun again |
    /// | was refused for good, or its source has changed | it is aborted |
    /// | cannot be found again (no ledger), or fills a disk | it is aborted |
    /// | else | it is kept for the next run |
    pub(super) async fn upload_failed(&self, key: &Key, upload: &Upload, fault: Fault) -> Failed {
        let abort = match upload.fate() {
            Fate::Gone => {
                // A server that says so by mistake would keep the parts. Whether it knows the upload or not, this one is not used again.
                let _ = upload.abort().await;
                self.settle(upload).await;
                return match self.ended(key) {
                    Ok(()) => Failed { fault, again: true },
                    Err(unkept) => unkept.into(),
                };
            }
            Fate::Refused => true,
            Fate::Open if fault.class() == Class::Corrupt => true,
            Fate::Open => {
                let passes = matches!(fault.class(), Class::Cancelled | Class::Transient);
                self.row.is_none() || (self.place.location().is_folder() && !passes)
            }
        };
        if abort && let Err(left) = self.give_up(key, upload).await {
            self.note(format!("the unfinished upload of `{key}` could not be aborted: {}", left.line()));
        }
        self.settle(upload).await;
        fault.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_mins(3);

    #[test]
    fn an_object_is_begun_five_times_at_most() {
        let (mut beginnings, now) = (Beginnings::default(), Instant::now());
        let pauses: Vec<_> = std::iter::from_fn(|| beginnings.next(now, PATIENCE)).collect();
        assert_eq!(pauses, [200, 400, 800, 1600].map(Duration::from_millis));
    }

    /// The first attempt may have taken hours.
    #[test]
    fn the_retry_time_counts_from_the_first_failure() {
        let (mut beginnings, failed) = (Beginnings::default(), Instant::now());
        assert!(beginnings.next(failed, PATIENCE).is_some());
        assert!(beginnings.next(failed + PATIENCE / 2, PATIENCE).is_some());
        assert!(beginnings.next(failed + PATIENCE, PATIENCE).is_none());
    }
}
