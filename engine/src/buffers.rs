//! Buffers that are used again. Blocks of many megabytes that are allocated and freed on many threads would otherwise leave the
//! process several times as large as its budget, and every fresh page costs a fault.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// A few buffers at rest. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Buffers {
    resting: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// Buffers smaller than this cost less than looking for one.
const WORTHWHILE: usize = 1 << 20;

/// At rest at once; more than are ever in flight with the usual part size would only be memory lost.
const RESTING: usize = 16;

impl Buffers {
    /// A buffer of `length` bytes with any content.
    pub fn take(&self, length: usize) -> Buffer {
        let fits = |buffer: &Vec<u8>| (length..=length.saturating_mul(2)).contains(&buffer.capacity());
        let resting = (length >= WORTHWHILE).then(|| {
            let mut all = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
            all.iter().position(fits).map(|found| all.swap_remove(found))
        });
        let mut bytes = resting.flatten().unwrap_or_default();
        bytes.resize(length, 0);
        Buffer { bytes, home: self.clone() }
    }

    fn rest(&self, buffer: Vec<u8>) {
        let mut all = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == RESTING {
            // The oldest is of a size that is no longer asked for.
            all.remove(0);
        }
        all.push(buffer);
    }
}

/// A buffer in use; it goes back to rest when its last reader lets go of it.
#[derive(Debug)]
pub struct Buffer {
    bytes: Vec<u8>,
    home: Buffers,
}

impl Buffer {
    /// To be filled.
    pub fn fill(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Filled: may be read from anywhere now. Only the first `length` bytes count.
    pub fn freeze(self, length: usize) -> Bytes {
        Bytes::from_owner(self).slice(..length)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.bytes.capacity() >= WORTHWHILE {
            self.home.rest(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_buffer_is_used_again_after_its_last_reader() {
        let buffers = Buffers::default();
        let mut first = buffers.take(WORTHWHILE);
        first.fill()[0] = 7;
        let place = first.as_ref().as_ptr();
        let bytes = first.freeze(10);
        let reader = bytes.clone();
        drop(bytes);
        assert_ne!(buffers.take(WORTHWHILE).as_ref().as_ptr(), place);
        assert_eq!(reader.len(), 10);
        drop(reader);
        let resting = buffers.resting.lock().unwrap();
        assert!(resting.iter().any(|buffer| buffer.as_ptr() == place));
    }
}
