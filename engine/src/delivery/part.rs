//! One part of an object on its way: read, sent, recorded as soon as it is answered, and counted byte by byte.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use adt_ledger::{JobId, Ledger};
use adt_model::{Fault, Key};
use adt_store::{Block, PartReceipt, Upload, Way, heard};

use super::{counters::Counters, reader::Reader, small::block};
use crate::budget::Budget;

/// A part that is to be sent.
pub(super) struct Part {
    pub(super) number: u32,
    pub(super) offset: u64,
    pub(super) length: u64,
    /// What an earlier run has sent of it.
    pub(super) kept: Option<PartReceipt>,
    pub(super) reader: Reader,
    pub(super) upload: Arc<Upload>,
    pub(super) log: PartLog,
    pub(super) progress: PartProgress,
    pub(super) way: Way,
}

impl Part {
    pub(super) async fn send(self, budget: &Budget) -> Result<PartReceipt, Fault> {
        let progress = self.progress.clone();
        let hear = Arc::new(move |bytes| progress.pass(bytes));
        let receipt = heard(self.way, hear, self.through(budget)).await?;
        self.progress.done();
        Ok(receipt)
    }

    async fn through(&self, budget: &Budget) -> Result<PartReceipt, Fault> {
        let block = self.read(budget).await?;
        let bytes = block.bytes.clone();
        let (receipt, ()) = tokio::try_join!(self.put(block), self.reader.digest(self.offset, &bytes))?;
        Ok(receipt)
    }

    /// A part that was sent earlier is read for the checksum of the whole; from the destination where that costs no transfer.
    async fn read(&self, budget: &Budget) -> Result<Block, Fault> {
        if self.kept.is_some()
            && let Some(bytes) = self.upload.kept(self.offset, self.length).await?
        {
            return Ok(block(bytes));
        }
        self.reader.read(self.offset, self.length, budget).await
    }

    async fn put(&self, block: Block) -> Result<PartReceipt, Fault> {
        if let Some(kept) = self.kept.as_ref().filter(|kept| kept.crc64 == block.crc64) {
            return Ok(kept.clone());
        }
        let receipt = self.upload.put_part(self.number, self.offset, block).await?;
        // Here, not when all lanes are full: who is killed sends no part again that was answered.
        self.log.confirmed(&receipt)?;
        Ok(receipt)
    }
}

/// Where answered parts are recorded.
#[derive(Clone)]
pub(super) struct PartLog {
    ledger: Option<(Ledger, JobId)>,
    key: Key,
}

impl PartLog {
    pub(super) fn new(ledger: Option<(Ledger, JobId)>, key: &Key) -> Self {
        Self { ledger, key: key.clone() }
    }

    pub(super) fn confirmed(&self, part: &PartReceipt) -> Result<(), Fault> {
        match &self.ledger {
            Some((ledger, job)) => {
                ledger.part_confirmed(*job, &self.key, part.number, part.size, part.crc64, &part.etag)
            }
            None => Ok(()),
        }
    }
}

/// What one object adds to the bytes that have been worked on.
pub(super) struct Progress {
    counters: Arc<Counters>,
    counted: Arc<AtomicU64>,
}

impl Progress {
    pub(super) fn new(counters: &Arc<Counters>) -> Self {
        Self { counters: Arc::clone(counters), counted: Arc::default() }
    }

    pub(super) fn part(&self, length: u64) -> PartProgress {
        let (counters, whole) = (Arc::clone(&self.counters), Arc::clone(&self.counted));
        PartProgress { counters, whole, length, passed: Arc::default() }
    }

    /// All of it has to be sent again.
    pub(super) fn take_back(&self) {
        self.counters.unread(self.counted.swap(0, Ordering::Relaxed));
    }
}

/// What one part adds to them: never more than its length, whatever is sent again or travels beside it.
#[derive(Clone)]
pub(super) struct PartProgress {
    counters: Arc<Counters>,
    whole: Arc<AtomicU64>,
    length: u64,
    passed: Arc<AtomicU64>,
}

impl PartProgress {
    /// So many bytes have passed, or (below zero) have to pass again.
    pub(super) fn pass(&self, bytes: i64) {
        let clamped = |passed: u64| passed.saturating_add_signed(bytes).min(self.length);
        let update = self.passed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |old| Some(clamped(old)));
        let (Ok(old) | Err(old)) = update;
        self.count(old, clamped(old));
    }

    /// All of it has been answered.
    pub(super) fn done(&self) {
        let old = self.passed.swap(self.length, Ordering::Relaxed);
        self.count(old, self.length);
    }

    fn count(&self, old: u64, new: u64) {
        if new >= old {
            self.counters.read(new - old);
            self.whole.fetch_add(new - old, Ordering::Relaxed);
        } else {
            self.counters.unread(old - new);
            self.whole.fetch_sub(old - new, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::nothing_heard(&[], 0)]
    #[case::some(&[3, 4], 7)]
    #[case::sent_again(&[6, -6, 2], 2)]
    #[case::more_than_there_is(&[6, 6], 10)]
    #[case::less_than_nothing(&[2, -6], 0)]
    fn a_part_counts_what_has_passed_and_never_more_than_itself(#[case] heard: &[i64], #[case] read: u64) {
        let counters = Arc::new(Counters::default());
        let progress = Progress::new(&counters);
        let part = progress.part(10);
        for bytes in heard {
            part.pass(*bytes);
        }
        assert_eq!(counters.now().bytes_read, read);
        part.done();
        assert_eq!(counters.now().bytes_read, 10);
        progress.take_back();
        assert_eq!(counters.now().bytes_read, 0);
    }
}
