//! Multipart uploads that survive a kill: what was under way is taken up again, or aborted.

use std::{collections::BTreeMap, sync::atomic::Ordering};

use adt_ledger::UploadRow;
use adt_model::{Fault, Key};
use adt_store::{Held, PartReceipt, Receipt, Unfinished, Upload};

use super::{Delivery, Source, same_mark};

/// An upload and the parts of it that the destination holds already.
pub(super) struct Open {
    pub upload: Upload,
    /// Parts that the ledger and the destination know alike, by number.
    pub kept: BTreeMap<u32, PartReceipt>,
}

/// The parts of the ledger that the place holds too.
async fn standing(
    upload: &Upload,
    mut parts: Vec<PartReceipt>,
    held: &Held,
    part_size: u64,
) -> Result<BTreeMap<u32, PartReceipt>, Fault> {
    parts.sort_unstable_by_key(|part| part.number);
    let (mut end, mut next) = (0, 1);
    let mut standing = BTreeMap::new();
    for part in parts {
        let stands = match held {
            Held::Parts(listed) => {
                listed.iter().any(|p| p.number == part.number && p.size == part.size && p.etag == part.etag)
            }
            // Without a gap from the first one on.
            Held::Bytes(bytes) => {
                end += part.size;
                next += 1;
                part.number == next - 1 && end <= *bytes
            }
            Held::Unknown => upload.holds(&part, u64::from(part.number - 1) * part_size).await?,
        };
        if stands {
            standing.insert(part.number, part);
        }
    }
    Ok(standing)
}

impl Delivery {
    /// Takes up the upload of `key` that an earlier run began for the same source and part size, or begins one.
    ///
    /// An upload for another source is aborted. A new one is in the ledger before its first part is sent.
    pub(super) async fn open_upload(
        &self,
        key: &Key,
        part_size: u64,
        source: &Source,
    ) -> Result<Open, Fault> {
        self.unmark().await?;
        if let Some(open) = self.take_up(key, part_size, source).await? {
            return Ok(open);
        }
        let meta = self.beside(key, source);
        self.begun.store(true, Ordering::Relaxed);
        let upload = self.place.begin(key, &meta).await?;
        if let Some(job) = self.row {
            let row = UploadRow {
                key: key.clone(),
                upload_id: upload.id().to_owned(),
                part_size,
                source_size: source.size,
                source_modified: source.modified,
                source_etag: source.etag.clone(),
                at: (self.ctx.clock)(),
            };
            self.ctx.ledger.upload_begun(job, row)?;
        }
        Ok(Open { upload, kept: BTreeMap::new() })
    }

    async fn take_up(&self, key: &Key, part_size: u64, source: &Source) -> Result<Option<Open>, Fault> {
        // Without a look at the place, what it holds of an upload is not known.
        let looks = self.look && !self.ctx.settings.no_list;
        let Some(job) = self.row.filter(|_| looks) else { return Ok(None) };
        let Some((row, parts)) = self.ctx.ledger.upload(job, key)? else { return Ok(None) };
        let same = row.part_size == part_size
            && row.source_size == source.size
            && row.source_modified == source.modified
            && same_mark(row.source_etag.as_deref(), source.etag.as_deref());
        let meta = self.beside(key, source);
        if same && let Some((upload, held)) = self.place.resume(key, &row.upload_id, &meta).await? {
            let parts = parts.into_iter().map(|p| PartReceipt {
                number: p.number,
                size: p.size,
                crc64: p.crc64,
                etag: p.etag,
            });
            let kept = standing(&upload, parts.collect(), &held, part_size).await?;
            return Ok(Some(Open { upload, kept }));
        }
        // What cannot be taken up is no use to anybody.
        let unfinished = Unfinished::named(key.clone(), row.upload_id);
        self.place.abort(&unfinished).await?;
        self.ctx.ledger.upload_ended(job, key)?;
        Ok(None)
    }

    /// All parts are there: makes them one object.
    pub(super) async fn complete(
        &self,
        key: &Key,
        upload: &Upload,
        parts: BTreeMap<u32, PartReceipt>,
        source: &Source,
    ) -> Result<Receipt, Fault> {
        let parts: Vec<_> = parts.into_values().collect();
        let receipt = upload.complete(&parts).await?;
        self.settle(upload).await;
        self.confirm(key, &receipt, source)?;
        self.ended(key)?;
        Ok(receipt)
    }

    /// Removes what lost answers have left behind, or names it.
    pub(super) async fn settle(&self, upload: &Upload) {
        if let Some(left) = upload.settle().await {
            self.note(left);
        }
    }

    /// Gives an upload up; its parts are gone afterwards.
    pub(super) async fn give_up(&self, key: &Key, upload: &Upload) -> Result<(), Fault> {
        upload.abort().await?;
        self.ended(key)
    }

    /// Forgets an upload.
    pub(super) fn ended(&self, key: &Key) -> Result<(), Fault> {
        match self.row {
            Some(job) => self.ctx.ledger.upload_ended(job, key),
            None => Ok(()),
        }
    }
}
