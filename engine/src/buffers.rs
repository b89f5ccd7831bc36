//! Buffers that are used again. Blocks of many megabytes that are allocated and freed on many threads leave the process several
//! times as large as its budget, because the allocator keeps what it gets back; and every fresh page costs a fault. So large
//! buffers are pages of their own, which are used again while they fit and go back to the system when they do not.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use memmap2::MmapMut;

/// Buffers of a few sizes, in use and at rest, together never more than a limit unless more are in use at once. Clones share them.
#[derive(Clone, Debug)]
pub struct Buffers {
    all: Arc<Mutex<All>>,
}

#[derive(Debug, Default)]
struct All {
    limit: usize,
    used: usize,
    resting: Vec<MmapMut>,
}

/// Buffers smaller than this cost less than looking for one.
const WORTHWHILE: usize = 1 << 20;

/// What a buffer for `length` bytes really takes: there are four sizes between a power of two and the next, so that most buffers
/// can be used again and little of them is wasted.
pub fn footprint(length: usize) -> usize {
    if length < WORTHWHILE { length } else { length.next_multiple_of(length.next_power_of_two() / 8) }
}

impl Buffers {
    /// Keeps at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { all: Arc::new(Mutex::new(All { limit, ..All::default() })) }
    }

    /// A buffer of at least `length` bytes with any content.
    pub fn take(&self, length: usize) -> Buffer {
        let size = footprint(length);
        if size < WORTHWHILE {
            return Buffer { bytes: Memory::Allocated(vec![0; size]) };
        }
        let resting = self.lock().take(size);
        let pages = resting.map_or_else(|| MmapMut::map_anon(size), Ok);
        // A system that refuses pages may still have memory for the allocator.
        let bytes = match pages {
            Ok(pages) => Memory::Pages { pages: Some(pages), home: self.clone() },
            Err(_) => Memory::Allocated(vec![0; size]),
        };
        Buffer { bytes }
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl All {
    /// One at rest; else room is made for a new one.
    fn take(&mut self, size: usize) -> Option<MmapMut> {
        self.used += size;
        let found = self.resting.iter().position(|buffer| buffer.len() == size);
        if let Some(found) = found {
            return Some(self.resting.swap_remove(found));
        }
        while self.used + self.resting.iter().map(|pages| pages.len()).sum::<usize>() > self.limit
            && !self.resting.is_empty()
        {
            self.resting.remove(0);
        }
        None
    }

    fn rest(&mut self, pages: MmapMut) {
        self.used -= pages.len();
        self.resting.push(pages);
    }
}

/// A buffer in use; it goes back to rest when its last reader lets go of it.
#[derive(Debug)]
pub struct Buffer {
    bytes: Memory,
}

#[derive(Debug)]
enum Memory {
    Allocated(Vec<u8>),
    /// There until the buffer is dropped.
    Pages {
        pages: Option<MmapMut>,
        home: Buffers,
    },
}

impl Buffer {
    /// To be filled.
    pub fn fill(&mut self) -> &mut [u8] {
        match &mut self.bytes {
            Memory::Allocated(bytes) => bytes,
            Memory::Pages { pages, .. } => pages.as_deref_mut().unwrap_or_default(),
        }
    }

    /// Filled: may be read from anywhere now. Only the first `length` bytes count.
    pub fn freeze(self, length: usize) -> Bytes {
        Bytes::from_owner(self).slice(..length)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        match &self.bytes {
            Memory::Allocated(bytes) => bytes,
            Memory::Pages { pages, .. } => pages.as_deref().unwrap_or_default(),
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Self::Pages { pages, home } = self
            && let Some(pages) = pages.take()
        {
            home.lock().rest(pages);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_buffer_is_used_again_after_its_last_reader() {
        let buffers = Buffers::new(8 * WORTHWHILE);
        let first = buffers.take(WORTHWHILE);
        let place = first.as_ref().as_ptr();
        let bytes = first.freeze(10);
        let reader = bytes.clone();
        drop(bytes);
        assert_ne!(buffers.take(WORTHWHILE).as_ref().as_ptr(), place);
        assert_eq!(reader.len(), 10);
        drop(reader);
        assert!(buffers.lock().resting.iter().any(|buffer| buffer.as_ptr() == place));
    }

    #[test]
    fn buffers_at_rest_make_room_for_others() {
        let buffers = Buffers::new(8 * WORTHWHILE);
        let many: Vec<_> = (0..8).map(|_| buffers.take(WORTHWHILE)).collect();
        drop(many);
        let large = buffers.take(3 * WORTHWHILE);
        let all = buffers.lock();
        assert_eq!((all.used, all.resting.len()), (3 * WORTHWHILE, 5));
        drop(all);
        drop(large);
    }
}
