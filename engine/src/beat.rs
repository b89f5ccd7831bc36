use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use adt_model::{Fault, Pulse};

use crate::delivery::Counters;
use crate::{Stop, delivery::Delivery};

/// Counts what CPU work has read, and stops it when a person asks for that.
#[derive(Clone)]
pub(crate) struct Beat {
    counters: Arc<Counters>,
    /// The bytes that this one and its clones have counted.
    counted: Arc<AtomicU64>,
    stop: Stop,
}

impl Beat {
    pub(crate) fn of(asset: &Delivery) -> Self {
        let (counters, stop) = (Arc::clone(asset.counters()), asset.ctx().stop.clone());
        Self { counters, counted: Arc::default(), stop }
    }

    /// One for another piece of the same work.
    pub(crate) fn apart(&self) -> Self {
        Self { counted: Arc::default(), ..self.clone() }
    }

    /// All that was counted has to be read again.
    pub(crate) fn take_back(&self) {
        self.counters.unread(self.counted.swap(0, Ordering::Relaxed));
    }

    /// Bytes of the source that need not be worked on.
    pub(crate) fn counted(&self, bytes: u64) {
        self.counters.read(bytes);
    }

    /// Samples that have been compressed, or need not be.
    pub(crate) fn samples(&self, samples: u64) {
        self.counters.samples(samples);
    }
}

impl Pulse for Beat {
    fn beat(&self, bytes: u64) -> Result<(), Fault> {
        self.counted.fetch_add(bytes, Ordering::Relaxed);
        self.counters.read(bytes);
        self.stop.check()
    }
}
