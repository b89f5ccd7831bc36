use std::sync::Arc;

use adt_model::{Fault, Pulse};

use crate::{Stop, delivery::Counters, job::Job};

/// Counts what CPU work has read, and stops it when a person asks for that.
#[derive(Clone)]
pub(super) struct Beat {
    counters: Arc<Counters>,
    stop: Stop,
}

impl Beat {
    pub(super) fn of(job: &Job) -> Self {
        Self { counters: Arc::clone(job.asset.counters()), stop: job.ctx.stop.clone() }
    }

    /// Bytes of the source that need not be worked on.
    pub(super) fn counted(&self, bytes: u64) {
        self.counters.read(bytes);
    }
}

impl Pulse for Beat {
    fn beat(&self, bytes: u64) -> Result<(), Fault> {
        self.counters.read(bytes);
        self.stop.check()
    }
}
