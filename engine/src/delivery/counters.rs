use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use adt_model::Moved;

/// What a job has moved so far. Written in the hot loops, sampled by `job`.
#[derive(Debug, Default)]
pub struct Counters {
    bytes_read: AtomicU64,
    bytes_sent: AtomicU64,
    objects_sent: AtomicU64,
    objects_kept: AtomicU64,
    samples: AtomicU64,
}

impl Counters {
    /// Bytes of the source that have been worked on.
    pub fn read(&self, bytes: u64) {
        self.bytes_read.fetch_add(bytes, Relaxed);
    }

    /// One object is confirmed.
    pub fn sent(&self, bytes: u64) {
        self.bytes_sent.fetch_add(bytes, Relaxed);
        self.objects_sent.fetch_add(1, Relaxed);
    }

    /// One object stood there already.
    pub fn kept(&self) {
        self.objects_kept.fetch_add(1, Relaxed);
    }

    /// Samples have been compressed, or stood there already.
    pub fn samples(&self, samples: u64) {
        self.samples.fetch_add(samples, Relaxed);
    }

    /// All of it at this moment.
    pub fn now(&self) -> Moved {
        Moved {
            bytes_read: self.bytes_read.load(Relaxed),
            bytes_sent: self.bytes_sent.load(Relaxed),
            objects_sent: self.objects_sent.load(Relaxed),
            objects_kept: self.objects_kept.load(Relaxed),
            samples: self.samples.load(Relaxed),
        }
    }
}
