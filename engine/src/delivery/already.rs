//! Does the destination hold it already?
//!
//! | the ledger says | and | then |
//! |---|---|---|
//! | nothing | | send |
//! | confirmed | size, modification time and time of the last change of the source are the recorded ones | keep |
//! | confirmed | same size, another time or change, same CRC-64 | keep |
//! | seen at the destination, or confirmed with other content | [`adt_store::compare`] says the same | keep |
//! | | else | send |
//!
//! The ledger's rows were held against the destination's listing when the job began, so a confirmed row is one that still stands.

use adt_formats::folder::Entry;
use adt_ledger::{ObjectRow, ObjectState};
use adt_model::{Crc64, Fault, Key, change_mark};
use adt_store::{Block, Verdict, compare};

use super::{Delivery, Source, same_mark, small};

impl Delivery {
    /// Whether `key` at the destination holds this file's content.
    pub(super) async fn has_file(&self, entry: &Entry, key: &Key) -> Result<bool, Fault> {
        let Some(row) = self.known(key)? else { return Ok(false) };
        let source = Source::file(entry);
        if row.size != entry.size {
            return Ok(false);
        }
        if row.state == ObjectState::Confirmed {
            let same_time = row.source_size == source.size && row.source_modified == source.modified;
            if same_time && same_mark(row.source_etag.as_deref(), source.etag.as_deref()) {
                return Ok(self.stays(key, row.size));
            }
            if let Some(recorded) = row.crc64 {
                return self.same_checksum(entry, key, &row, recorded, &source).await;
            }
            // Changed since without another time, and nothing can say in what.
            if same_time {
                return Ok(false);
            }
        }
        let Some(found) = self.place.head(key).await? else { return Ok(false) };
        let ours = if found.crc64.is_some() { Some(small::checksum(entry).await?) } else { None };
        if compare(&found, entry.size, Some(entry.modified), ours, None) != Verdict::Same {
            return Ok(false);
        }
        self.keep(key, found.size, found.crc64, found.etag, &source)?;
        Ok(self.stays(key, found.size))
    }

    /// Whether `key` was made from this very file and still stands; tells and counts it then.
    pub fn has_made(&self, entry: &Entry, key: &Key) -> Result<bool, Fault> {
        let made = |row: &ObjectRow| {
            row.state == ObjectState::Confirmed
                && row.source_size == Some(entry.size)
                && row.source_modified == Some(entry.modified)
                && same_mark(row.source_etag.as_deref(), entry.changed.map(change_mark).as_deref())
        };
        Ok(self.known(key)?.filter(made).is_some_and(|row| self.stays(key, row.size)))
    }

    async fn same_checksum(
        &self,
        entry: &Entry,
        key: &Key,
        row: &ObjectRow,
        recorded: Crc64,
        source: &Source,
    ) -> Result<bool, Fault> {
        if small::checksum(entry).await? != recorded {
            return Ok(false);
        }
        self.keep(key, row.size, row.crc64, row.etag.clone(), source)?;
        Ok(self.stays(key, row.size))
    }

    /// Whether `key` at the destination holds these bytes.
    pub(super) async fn has_bytes(&self, key: &Key, block: &Block, source: &Source) -> Result<bool, Fault> {
        let Some(row) = self.known(key)? else { return Ok(false) };
        let size = block.bytes.len() as u64;
        if row.size != size {
            return Ok(false);
        }
        if row.state == ObjectState::Confirmed && row.crc64 == Some(block.crc64) {
            if (row.source_size, row.source_modified) != (source.size, source.modified) {
                self.keep(key, size, row.crc64, row.etag, source)?;
            }
            return Ok(self.stays(key, size));
        }
        let Some(found) = self.place.head(key).await? else { return Ok(false) };
        if found.crc64.is_none() || compare(&found, size, None, Some(block.crc64), None) != Verdict::Same {
            return Ok(false);
        }
        self.keep(key, size, found.crc64, found.etag, source)?;
        Ok(self.stays(key, size))
    }

    pub(crate) fn known(&self, key: &Key) -> Result<Option<ObjectRow>, Fault> {
        match self.row {
            Some(job) if self.look => self.ctx.ledger.object(job, key),
            _ => Ok(None),
        }
    }

    fn stays(&self, key: &Key, size: u64) -> bool {
        self.counters.kept();
        self.tell_object(key, size, true);
        true
    }
}
