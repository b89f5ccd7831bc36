use std::sync::Arc;

use adt_model::{Fault, Pulse};

use crate::delivery::Counters;
use crate::{Stop, delivery::Delivery};

/// Counts what CPU work has read, and stops it when a person asks for that.
#[derive(Clone)]
pub(crate) struct Beat {
    counters: Arc<Counters>,
    stop: Stop,
}

impl Beat {
    pub(crate) fn of(asset: &Delivery) -> Self {
        Self { counters: Arc::clone(asset.counters()), stop: asset.ctx().stop.clone() }
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
        self.counters.read(bytes);
        self.stop.check()
    }
}
