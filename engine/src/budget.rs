//! Memory as a number: a permit for each block, taken before the read, dropped after the put.

use std::sync::Arc;

use crate::buffers::{Buffer, Buffers, footprint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Semaphores count in 32 bits; whole pages let a budget go up to 16 TiB.
const PAGE: u64 = 4096;

/// Bytes of data that may be held at once. Clones share one account.
#[derive(Clone, Debug)]
pub struct Budget {
    pages: Arc<Semaphore>,
    total: u32,
    buffers: Buffers,
}

/// The right to hold a block in memory, given back when dropped.
#[derive(Debug)]
pub struct Permit {
    pages: OwnedSemaphorePermit,
}

impl Permit {
    /// Gives back all but what a block of `bytes` needs; never takes more.
    pub fn shrink(&mut self, bytes: u64) {
        let keep = pages(bytes) as usize;
        if let Some(rest) = self.pages.num_permits().checked_sub(keep) {
            drop(self.pages.split(rest));
        }
    }
}

fn pages(bytes: u64) -> u32 {
    let bytes = footprint(usize::try_from(bytes).unwrap_or(usize::MAX >> 1)) as u64;
    u32::try_from(bytes.div_ceil(PAGE)).unwrap_or(u32::MAX)
}

impl Budget {
    /// An account of `bytes`, at least one page.
    pub fn new(bytes: u64) -> Self {
        let total = u32::try_from((bytes / PAGE).max(1)).unwrap_or(u32::MAX >> 3);
        Self { pages: Arc::new(Semaphore::new(total as usize)), total, buffers: Buffers::new(bytes as usize) }
    }

    /// A buffer of `length` bytes with any content. The permit for it is the caller's to take.
    pub fn buffer(&self, length: usize) -> Buffer {
        self.buffers.take(length)
    }

    /// Waits until a block of `bytes` fits. A block larger than the whole account passes when it is alone, so work always goes on.
    pub async fn take(&self, bytes: u64) -> Permit {
        let pages = pages(bytes).clamp(1, self.total);
        let permit = Arc::clone(&self.pages).acquire_many_owned(pages).await;
        Permit { pages: permit.expect("the account is never closed") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_not_needed_any_more_is_given_back() {
        let budget = Budget::new(10 * PAGE);
        let mut permit = budget.take(8 * PAGE).await;
        permit.shrink(9 * PAGE);
        assert_eq!(budget.pages.available_permits(), 2);
        permit.shrink(3 * PAGE);
        assert_eq!(budget.pages.available_permits(), 7);
        drop(permit);
        assert_eq!(budget.pages.available_permits(), 10);
    }

    #[tokio::test]
    async fn a_block_larger_than_the_budget_passes_alone() {
        let budget = Budget::new(10 * PAGE);
        let large = budget.take(1 << 40).await;
        let second = budget.clone();
        let waiting = tokio::spawn(async move { second.take(1).await });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(large);
        waiting.await.unwrap();
    }
}
