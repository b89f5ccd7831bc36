//! Bytes of a request or an answer, reported while they pass.

use std::{
    future::Future,
    ops::RangeInclusive,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use adt_net::reqwest;
use bytes::Bytes;
use futures::stream;

/// Bytes of a body between two reports: the first number on a slow line, up to the second on a fast one, where every slice is a system
/// call of its own and small ones cost a measurable part of the CPU time.
const SLICES: RangeInclusive<usize> = 256 << 10..=4 << 20;
/// A slice that is taken sooner than this after the one before it may be followed by a larger one.
const SOON: Duration = Duration::from_millis(100);

/// Which bytes are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Those of requests.
    Sent,
    /// Those of answers.
    Received,
}

/// Hears how many bytes have passed; less than none when an attempt has failed and its bytes have to pass again.
pub type Hear = Arc<dyn Fn(i64) + Send + Sync>;

tokio::task_local! {
    static HEARING: (Way, Hear);
}

/// Does `work` and reports the bytes of its requests to a place while they pass, not only when a request has been answered.
///
/// What `work` spawns as a task of its own is not heard.
pub async fn heard<F: Future>(way: Way, hear: Hear, work: F) -> F::Output {
    HEARING.scope((way, hear), work).await
}

/// What one attempt has reported.
#[derive(Clone, Default)]
pub(super) struct Flow(Option<Arc<Reported>>);

struct Reported {
    way: Way,
    hear: Hear,
    bytes: AtomicI64,
}

/// What of a body has not been taken yet.
struct Rest {
    bytes: Bytes,
    /// Bytes of the next slice.
    next: usize,
    /// When the last slice was taken.
    taken: Instant,
}

impl Rest {
    /// The next slice; empty at the end.
    fn slice(&mut self) -> Bytes {
        let slice = self.bytes.split_to(self.next.min(self.bytes.len()));
        let soon = self.taken.elapsed() < SOON;
        self.next = if soon { (2 * self.next).min(*SLICES.end()) } else { *SLICES.start() };
        self.taken = Instant::now();
        slice
    }
}

impl Flow {
    /// For the task that asks.
    pub(super) fn of_this_task() -> Self {
        let reported = |(way, hear): &(Way, Hear)| {
            Arc::new(Reported { way: *way, hear: Arc::clone(hear), bytes: AtomicI64::new(0) })
        };
        Self(HEARING.try_with(reported).ok())
    }

    /// A request's body, which reports what is taken from it.
    pub(super) fn body(&self, bytes: Bytes) -> reqwest::Body {
        if !self.hears(Way::Sent) || bytes.len() <= *SLICES.start() {
            return bytes.into();
        }
        let flow = self.clone();
        let rest = Rest { bytes, next: *SLICES.start(), taken: Instant::now() };
        reqwest::Body::wrap_stream(stream::unfold(rest, move |mut rest| {
            let flow = flow.clone();
            async move {
                let slice = rest.slice();
                flow.report(slice.len().cast_signed() as i64);
                (!slice.is_empty()).then_some((Ok::<_, std::io::Error>(slice), rest))
            }
        }))
    }

    /// A piece of an answer has come.
    pub(super) fn received(&self, bytes: usize) {
        if self.hears(Way::Received) {
            self.report(bytes.cast_signed() as i64);
        }
    }

    /// The attempt has failed.
    pub(super) fn take_back(&self) {
        if let Some(reported) = &self.0 {
            self.report(-reported.bytes.load(Ordering::Relaxed));
        }
    }

    fn hears(&self, way: Way) -> bool {
        self.0.as_ref().is_some_and(|reported| reported.way == way)
    }

    fn report(&self, bytes: i64) {
        if let Some(reported) = self.0.as_ref().filter(|_| bytes != 0) {
            reported.bytes.fetch_add(bytes, Ordering::Relaxed);
            (reported.hear)(bytes);
        }
    }
}
