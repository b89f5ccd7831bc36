use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

use adt_model::{Listed, Moved};

/// What a job has moved so far. Written in the hot loops, sampled by `job`.
#[derive(Debug, Default)]
pub struct Counters {
    bytes_read: AtomicU64,
    bytes_sent: AtomicU64,
    objects_sent: AtomicU64,
    objects_kept: AtomicU64,
    unchecked: AtomicU64,
    samples: AtomicU64,
    found: AtomicU64,
    found_bytes: AtomicU64,
    listing: AtomicU8,
    failed: AtomicU64,
    deleted: AtomicU64,
}

/// How far the listing of a source is.
const NONE: u8 = 0;
const LISTING: u8 = 1;
const LISTED: u8 = 2;

impl Counters {
    /// Bytes of the source that have been worked on.
    pub fn read(&self, bytes: u64) {
        self.bytes_read.fetch_add(bytes, Relaxed);
    }

    /// So many of them have to be worked on again.
    pub fn unread(&self, bytes: u64) {
        self.bytes_read.fetch_sub(bytes, Relaxed);
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

    /// The bytes of one object could not be checked by a checksum.
    pub fn unchecked(&self) {
        self.unchecked.fetch_add(1, Relaxed);
    }

    /// Samples have been compressed, or stood there already.
    pub fn samples(&self, samples: u64) {
        self.samples.fetch_add(samples, Relaxed);
    }

    /// The source is listed while it is moved; this much more of it is known.
    pub fn found(&self, objects: u64, bytes: u64) {
        self.listing.fetch_max(LISTING, Relaxed);
        self.found.fetch_add(objects, Relaxed);
        self.found_bytes.fetch_add(bytes, Relaxed);
    }

    /// All of the source is known.
    pub fn listed(&self) {
        self.listing.store(LISTED, Relaxed);
    }

    /// One object could not be moved.
    pub fn failed(&self) {
        self.failed.fetch_add(1, Relaxed);
    }

    /// One object was removed from the destination.
    pub fn deleted(&self) {
        self.deleted.fetch_add(1, Relaxed);
    }

    /// All of it at this moment.
    pub fn now(&self) -> Moved {
        let state = self.listing.load(Relaxed);
        let listing = (state != NONE).then(|| Listed {
            objects: self.found.load(Relaxed),
            bytes: self.found_bytes.load(Relaxed),
            all: state == LISTED,
            failed: self.failed.load(Relaxed),
            deleted: self.deleted.load(Relaxed),
        });
        Moved {
            listing,
            bytes_read: self.bytes_read.load(Relaxed),
            bytes_sent: self.bytes_sent.load(Relaxed),
            objects_sent: self.objects_sent.load(Relaxed),
            objects_kept: self.objects_kept.load(Relaxed),
            unchecked: self.unchecked.load(Relaxed),
            samples: self.samples.load(Relaxed),
        }
    }
}
