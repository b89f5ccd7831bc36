//! An object that is made while it is sent, of a length nobody knows beforehand: the network's side of the bridge.

use std::{collections::BTreeMap, sync::Arc};

use adt_formats::folder::Entry;
use adt_model::{Class, Fault, Key};
use adt_store::{PartReceipt, Receipt, part_size_at};
use tokio::{sync::mpsc, task::JoinSet};

use super::{Delivery, Source, small::block, upload::Open};
use crate::bridge::{self, Outlet, Parcel};

impl Delivery {
    /// Runs `work` on a thread of its own and sends what it writes as the object `key`.
    ///
    /// The object becomes visible only when `work` has succeeded and everything it wrote is confirmed. An upload that an earlier run
    /// left is taken up when it was for the same `identity` (whatever decides the bytes): parts that come out the same again are not sent again.
    pub async fn stream<T: Send + 'static>(
        &self,
        key: &Key,
        identity: &str,
        work: impl FnOnce(&mut Outlet) -> Result<T, Fault> + Send + 'static,
    ) -> Result<(T, Receipt), Fault> {
        self.made(key, identity, Source::default(), work).await
    }

    /// The same for an object that is made from one file: [`has_made`](Self::has_made) knows it again.
    pub async fn stream_from<T: Send + 'static>(
        &self,
        entry: &Entry,
        key: &Key,
        identity: &str,
        work: impl FnOnce(&mut Outlet) -> Result<T, Fault> + Send + 'static,
    ) -> Result<(T, Receipt), Fault> {
        let source = Source::file(entry);
        self.made(key, identity, source, work).await
    }

    async fn made<T: Send + 'static>(
        &self,
        key: &Key,
        identity: &str,
        source: Source,
        work: impl FnOnce(&mut Outlet) -> Result<T, Fault> + Send + 'static,
    ) -> Result<(T, Receipt), Fault> {
        let (working, mut parcels) = bridge::start(&self.ctx.budget, part_size_at, work);
        let sent = self.drain(key, identity, &mut parcels).await;
        // A closed channel tells the other side to stop.
        drop(parcels);
        let made = working.await;
        match (sent, made) {
            (Ok(Drained::Whole(parcel)), Ok(made)) => {
                let bytes = parcel.bytes;
                let receipt = self.send_block(key, block(bytes), &source).await?;
                Ok((made, receipt))
            }
            (Ok(Drained::Parts { open, parts }), Ok(made)) => {
                let receipt = self.complete(key, &open.upload, parts, &source).await?;
                Ok((made, receipt))
            }
            (Ok(Drained::Parts { open, .. }), Err(fault)) => {
                if fault.class() == Class::Corrupt || self.row().is_none() {
                    self.give_up(key, &open.upload).await?;
                }
                Err(fault)
            }
            (Ok(Drained::Nothing), Ok(made)) => {
                let receipt = self.send_block(key, block(bytes::Bytes::new()), &source).await?;
                Ok((made, receipt))
            }
            (Ok(_), Err(fault)) | (Err(fault), _) => Err(fault),
        }
    }

    async fn drain(
        &self,
        key: &Key,
        identity: &str,
        parcels: &mut mpsc::Receiver<Parcel>,
    ) -> Result<Drained, Fault> {
        let Some(first) = parcels.recv().await else { return Ok(Drained::Nothing) };
        if first.last {
            return Ok(Drained::Whole(first));
        }
        // Not every server lets a part be replaced, so an upload of other bytes must never be taken up. What decides the bytes of a
        // stream stands where the size of a file stands.
        let made_from =
            Source { size: Some(adt_codec::crc64(identity.as_bytes()) >> 1), ..Source::default() };
        let open = self.open_upload(key, part_size_at(1), &made_from).await?;
        let upload = Arc::new(open.upload);
        let mut parts = BTreeMap::new();
        let mut flying = JoinSet::new();
        let mut next = Some(first);
        while let Some(parcel) = next {
            let (number, offset) = (parcel.number, parcel.offset);
            let block = block(parcel.bytes);
            let same =
                |kept: &&PartReceipt| kept.size == block.bytes.len() as u64 && kept.crc64 == block.crc64;
            if let Some(kept) = open.kept.get(&number).filter(same) {
                parts.insert(number, kept.clone());
            } else {
                let (upload, permit, log) = (Arc::clone(&upload), parcel.permit, self.part_log(key));
                flying.spawn(async move {
                    let receipt = upload.put_part(number, offset, block).await?;
                    drop(permit);
                    log.confirmed(&receipt)?;
                    Ok(receipt)
                });
            }
            while flying.len() >= self.ctx.settings.lanes {
                land_part(&mut flying, &mut parts).await?;
            }
            next = parcels.recv().await;
        }
        while !flying.is_empty() {
            land_part(&mut flying, &mut parts).await?;
        }
        let upload = Arc::into_inner(upload)
            .ok_or_else(|| Fault::new(Class::Bug, "a part is still in flight after all have landed"))?;
        Ok(Drained::Parts { open: Box::new(Open { upload, kept: BTreeMap::new() }), parts })
    }
}

/// Waits for one part of those in flight.
async fn land_part(
    flying: &mut JoinSet<Result<PartReceipt, Fault>>,
    parts: &mut BTreeMap<u32, PartReceipt>,
) -> Result<(), Fault> {
    let Some(landed) = flying.join_next().await else { return Ok(()) };
    let receipt =
        landed.map_err(|e| Fault::new(Class::Bug, "sending a part ended in a panic").because(e))??;
    parts.insert(receipt.number, receipt);
    Ok(())
}

enum Drained {
    /// The work wrote nothing, or failed before its first parcel.
    Nothing,
    /// Everything fits into one request.
    Whole(Parcel),
    /// All parts are confirmed; the object is not yet complete.
    Parts { open: Box<Open>, parts: BTreeMap<u32, PartReceipt> },
}
