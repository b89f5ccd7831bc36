//! Objects of which thousands are made from one source: chunks of arrays. What decides their bytes is known before they are made, so
//! that a chunk the destination holds already need not be made again.

use adt_ledger::ObjectState;
use adt_model::{Fault, Key};
use bytes::Bytes;
use jiff::Timestamp;

use super::{Delivery, Source, small::block};

/// Whatever decides the bytes of an object: source, settings, program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Made {
    identity: u64,
    modified: Option<Timestamp>,
}

impl Made {
    /// `identity` names everything that decides the bytes; `modified` is the source's time.
    pub(crate) fn from(identity: &str, modified: Option<Timestamp>) -> Self {
        Self { identity: adt_codec::crc64(identity.as_bytes()) >> 1, modified }
    }

    /// The ledger keeps it where it keeps the size of a file.
    fn source(self) -> Source {
        Source { size: Some(self.identity), modified: self.modified, ..Source::default() }
    }
}

impl Delivery {
    /// The bytes of `key`, if it was made so by an earlier run and still stands. Counts and tells nothing.
    pub(crate) fn stands(&self, key: &Key, made: Made) -> Result<Option<u64>, Fault> {
        let source = made.source();
        Ok(self
            .known(key)?
            .filter(|row| {
                row.state == ObjectState::Confirmed
                    && row.source_size == source.size
                    && row.source_modified == source.modified
            })
            .map(|row| row.size))
    }

    /// Removes an object of ours, also from the ledger.
    pub(crate) async fn remove(&self, key: &Key) -> Result<(), Fault> {
        self.place.delete(key).await?;
        match self.row {
            Some(job) => self.ctx.ledger.forget(job, key),
            None => Ok(()),
        }
    }

    /// Sends what was made, unless the destination holds the same bytes.
    pub(crate) async fn piece(&self, key: &Key, bytes: Bytes, made: Made) -> Result<(), Fault> {
        let block = block(bytes);
        if self.has_bytes(key, &block, &made.source()).await? {
            return Ok(());
        }
        self.send_block(key, block, &made.source()).await.map(drop)
    }
}
