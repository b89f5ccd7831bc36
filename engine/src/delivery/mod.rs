//! The way out of every step: objects go to one place, are confirmed, recorded and counted, and what is confirmed already is not sent again.
//!
//! A delivery either leads to the asset at its destination (then the ledger keeps what was confirmed) or into the temporary folder in
//! which an asset is built first (then nothing is kept: a folder left behind is removed and built again).

mod again;
mod already;
mod counters;
mod large;
mod object;
mod part;
mod piece;
mod reader;
mod small;
mod stream;
mod upload;

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use adt_formats::folder::Entry;
use adt_ledger::{JobId, ObjectRow, ObjectState};
use adt_model::{Fault, Key, What, change_mark, without_change};
use adt_store::{ObjectMeta, Place, Proof, Receipt, Way};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::OnceCell;

pub use counters::Counters;
pub(crate) use object::proven;
pub(crate) use piece::Made;
pub(crate) use small::{checksum, off_the_reactor, sha256};

use crate::Ctx;

/// Files up to this size are read whole and sent in one request; larger ones go in parts.
const WHOLE: u64 = 16 << 20;

/// Where the objects of a job go.
pub struct Delivery {
    ctx: Arc<Ctx>,
    /// The asset's name, for events.
    job: String,
    place: Place,
    /// The job in the ledger, when what is confirmed shall be kept.
    row: Option<JobId>,
    /// Whether something may stand at the destination or in the ledger already.
    look: bool,
    counters: Arc<Counters>,
    /// The record of an asset that was complete: it falls before anything of the asset is changed.
    mark: Option<Key>,
    unmarked: OnceCell<()>,
    /// Set once an upload in parts was begun.
    begun: AtomicBool,
    /// When this delivery began: what it confirms is never dated earlier, whatever the clock does.
    since: Timestamp,
    /// What was confirmed, for whoever does without a ledger and writes it down elsewhere.
    record: Option<Mutex<Vec<ObjectRow>>>,
}

/// What a delivery needs to know of its job.
pub struct Address {
    /// The asset's name, for events.
    pub job: String,
    /// Where the objects go.
    pub place: Place,
    /// The job in the ledger, when what is confirmed shall be kept.
    pub row: Option<JobId>,
    /// Whether something may stand at the destination or in the ledger already.
    pub look: bool,
    /// The record that stands there already, if one does.
    pub mark: Option<Key>,
}

/// What an object was made from, as far as it tells whether it must be made again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    pub size: Option<u64>,
    pub modified: Option<Timestamp>,
    /// What another place calls the version; of a file, when it was last changed.
    pub etag: Option<String>,
    /// What another place keeps beside it, to be kept here too; `None` for files.
    pub meta: Option<Box<ObjectMeta>>,
}

impl Source {
    /// A file.
    pub(crate) fn file(entry: &Entry) -> Self {
        let etag = entry.changed.map(change_mark);
        Self { size: Some(entry.size), modified: Some(entry.modified), etag, ..Self::default() }
    }
}

/// Whether a recorded version of a source is the one of now, as far as both know it: earlier programs recorded no change time of files.
pub(crate) fn same_mark(recorded: Option<&str>, now: Option<&str>) -> bool {
    match (recorded, now) {
        (None, Some(mark)) | (Some(mark), None) => without_change(mark).is_empty(),
        (recorded, now) => recorded == now,
    }
}

impl Delivery {
    /// A way to `address`, counting into `counters`.
    pub fn new(ctx: Arc<Ctx>, address: Address, counters: Arc<Counters>) -> Self {
        let Address { job, place, row, look, mark } = address;
        let since = (ctx.clock)();
        Self {
            since,
            ctx,
            job,
            place,
            row,
            look,
            counters,
            mark,
            unmarked: OnceCell::new(),
            begun: AtomicBool::new(false),
            record: None,
        }
    }

    /// The same way, with what is confirmed kept for [`recorded`](Self::recorded).
    pub(crate) fn recording(self) -> Self {
        Self { record: Some(Mutex::default()), ..self }
    }

    /// What was confirmed, if it is recorded.
    pub(crate) fn recorded(&self) -> Vec<ObjectRow> {
        let take = |record: &Mutex<Vec<ObjectRow>>| {
            std::mem::take(&mut *record.lock().unwrap_or_else(PoisonError::into_inner))
        };
        self.record.as_ref().map(take).unwrap_or_default()
    }

    /// Everything that comes from outside.
    pub fn ctx(&self) -> &Arc<Ctx> {
        &self.ctx
    }

    /// The place the objects go to.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The job in the ledger, when what is confirmed is kept.
    pub fn row(&self) -> Option<JobId> {
        self.row
    }

    /// When this delivery began. What it has confirmed is dated then or later.
    pub(crate) fn since(&self) -> Timestamp {
        self.since
    }

    /// What has been moved so far.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Tells something that a person should know although nothing failed.
    pub(crate) fn note(&self, text: String) {
        self.ctx.tell(&self.job, None, What::Note { text });
    }

    /// Whether an upload in parts was begun here.
    pub(crate) fn has_begun_uploads(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// Sends one file as the object `key`, unless the destination has confirmed the same content before.
    ///
    /// Fails with `Corrupt` when the file changes while it is read; then no object is left behind.
    pub async fn file(&self, entry: &Entry, key: &Key) -> Result<(), Fault> {
        self.ctx.stop.check()?;
        if self.has_file(entry, key).await? {
            self.counters.read(entry.size);
            return Ok(());
        }
        self.send_file(entry, key).await
    }

    /// Sends `bytes` as the object `key`, unless the destination has confirmed the same content before.
    pub async fn bytes(&self, key: &Key, bytes: Bytes, modified: Option<Timestamp>) -> Result<(), Fault> {
        self.ctx.stop.check()?;
        let block = small::block(bytes);
        let source = Source { modified, ..Source::default() };
        if self.has_bytes(key, &block, &source).await? {
            return Ok(());
        }
        self.send_block(key, block, &source).await.map(drop)
    }

    /// An earlier run made `key` from `read` bytes of source, and the destination still holds its `size` bytes.
    pub(crate) fn keeps(&self, key: &Key, size: u64, read: u64) {
        self.counters.read(read);
        self.counters.kept();
        self.tell_object(key, size, true);
    }

    /// Which of the bytes that pass are the progress of an object in parts.
    fn way(&self) -> Way {
        if self.place.location().is_folder() { Way::Received } else { Way::Sent }
    }

    /// A budget smaller than a few whole files must not be blocked by one of them.
    fn whole(&self) -> u64 {
        WHOLE.min(self.ctx.settings.memory / 4)
    }

    /// Before the first change: an asset that is being changed is not complete.
    async fn unmark(&self) -> Result<(), Fault> {
        let Some(record) = &self.mark else { return Ok(()) };
        self.unmarked.get_or_try_init(|| self.remove_record(record)).await.copied()
    }

    async fn remove_record(&self, record: &Key) -> Result<(), Fault> {
        if let Err(fault) = self.place.delete(record).await {
            self.note(format!("the old `{record}` stays in place until it is replaced: {}", fault.line()));
        }
        match self.row {
            Some(job) => self.ctx.ledger.forget(job, record),
            None => Ok(()),
        }
    }

    /// The destination holds `key`: keep that, count it, tell it.
    fn confirm(&self, key: &Key, receipt: &Receipt, source: &Source) -> Result<(), Fault> {
        self.keep(key, receipt.size, Some(receipt.crc64), receipt.etag.clone(), source)?;
        if receipt.proof == Proof::Accepted {
            self.counters.unchecked();
        }
        self.counters.sent(receipt.size);
        self.tell_object(key, receipt.size, false);
        Ok(())
    }

    fn keep(
        &self,
        key: &Key,
        size: u64,
        crc64: Option<adt_model::Crc64>,
        etag: Option<String>,
        source: &Source,
    ) -> Result<(), Fault> {
        if self.row.is_none() && self.record.is_none() {
            return Ok(());
        }
        let row = ObjectRow {
            key: key.clone(),
            size,
            crc64,
            etag,
            source_size: source.size,
            source_modified: source.modified,
            source_etag: source.etag.clone(),
            state: ObjectState::Confirmed,
            at: Some((self.ctx.clock)().max(self.since)),
        };
        if let Some(record) = &self.record {
            record.lock().unwrap_or_else(PoisonError::into_inner).push(row.clone());
        }
        match self.row {
            Some(job) => self.ctx.ledger.confirmed(job, row),
            None => Ok(()),
        }
    }

    fn tell_object(&self, key: &Key, bytes: u64, kept: bool) {
        self.ctx.tell(&self.job, None, What::Object { key: key.to_string(), bytes, kept });
    }
}
