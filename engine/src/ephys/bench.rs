use std::sync::{Mutex, PoisonError};

use adt_codec::Crc64Digest;

use crate::pack::Packer;

/// What a thread needs to make one chunk; used again for the next.
pub(super) struct Bench {
    /// Frames of the source; later whatever is at hand.
    pub one: Vec<i16>,
    /// The traces of them.
    pub other: Vec<i16>,
    /// The SYNC columns of them, which are on their way already.
    pub sync: Vec<i16>,
    /// The compressed chunk.
    pub packed: Vec<u8>,
    /// Compresses it.
    pub packer: Packer,
}

impl Bench {
    pub(super) fn new(packer: Packer) -> Self {
        Self { one: Vec::new(), other: Vec::new(), sync: Vec::new(), packed: Vec::new(), packer }
    }

    /// Bytes that it takes for chunks of so many samples in the source and in the store: both, and the compressed chunk.
    pub(super) fn bytes(source: u64, stored: u64) -> u64 {
        2 * (source.max(stored) + stored) + stored
    }
}

/// Benches that nobody works at.
#[derive(Default)]
pub(super) struct Benches(Mutex<Vec<Bench>>);

impl Benches {
    pub(super) fn take(&self) -> Option<Bench> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    pub(super) fn put(&self, bench: Bench) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(bench);
    }
}

/// Samples as they lie on disk.
pub(super) fn raw(bytes: &[u8], samples: &mut Vec<i16>) {
    samples.clear();
    samples.extend(bytes.as_chunks().0.iter().map(|bytes| i16::from_le_bytes(*bytes)));
}

/// The CRC-64 of samples as they lie on disk.
pub(super) fn crc64(samples: &[i16]) -> u64 {
    let mut digest = Crc64Digest::new();
    let mut bytes = [0; 4096];
    for some in samples.chunks(bytes.len() / 2) {
        for (bytes, sample) in bytes.as_chunks_mut().0.iter_mut().zip(some) {
            *bytes = sample.to_le_bytes();
        }
        digest.update(&bytes[..2 * some.len()]);
    }
    digest.finish()
}
