//! An object that is made while it is sent, of a length that is not known beforehand: the network's side of the bridge.

use std::{collections::BTreeMap, sync::Arc};

use adt_formats::folder::Entry;
use adt_model::{Class, Fault, Key};
use adt_store::{PartReceipt, Receipt, Upload, part_size_at};
use tokio::{sync::mpsc, task::JoinSet};

use super::{
    Delivery, Source,
    again::{Beginnings, Failed},
    small::block,
    upload::Open,
};
use crate::bridge::{self, Outlet, Parcel};

type Parts = BTreeMap<u32, PartReceipt>;
type Flying = JoinSet<Result<PartReceipt, Fault>>;

impl Delivery {
    /// Sends what a piece of work writes, on a thread of its own, as the object `key`.
    ///
    /// The object becomes visible only when the work has succeeded and everything it wrote is confirmed. An upload that an earlier run
    /// left is resumed when it was for the same `identity` (everything that decides the bytes): parts that come out the same again are not
    /// sent again. When the place forgets the upload, `make` is asked for the same work once more.
    pub(crate) async fn stream<T: Send + 'static, W>(
        &self,
        key: &Key,
        identity: &str,
        mut make: impl FnMut() -> Result<W, Fault>,
    ) -> Result<(T, Receipt), Fault>
    where
        W: FnOnce(&mut Outlet) -> Result<T, Fault> + Send + 'static,
    {
        self.made(key, identity, Source::default(), || make().map(Some)).await
    }

    /// The same for work that cannot be done twice.
    pub(crate) async fn stream_once<T: Send + 'static>(
        &self,
        key: &Key,
        identity: &str,
        work: impl FnOnce(&mut Outlet) -> Result<T, Fault> + Send + 'static,
    ) -> Result<(T, Receipt), Fault> {
        let mut work = Some(work);
        self.made(key, identity, Source::default(), || Ok(work.take())).await
    }

    /// The same for an object that is made from one file: [`has_made`](Self::has_made) knows it again.
    pub(crate) async fn stream_from<T: Send + 'static, W>(
        &self,
        entry: &Entry,
        key: &Key,
        identity: &str,
        mut make: impl FnMut() -> W,
    ) -> Result<(T, Receipt), Fault>
    where
        W: FnOnce(&mut Outlet) -> Result<T, Fault> + Send + 'static,
    {
        self.made(key, identity, Source::file(entry), || Ok(Some(make()))).await
    }

    async fn made<T: Send + 'static, W>(
        &self,
        key: &Key,
        identity: &str,
        source: Source,
        mut make: impl FnMut() -> Result<Option<W>, Fault>,
    ) -> Result<(T, Receipt), Fault>
    where
        W: FnOnce(&mut Outlet) -> Result<T, Fault> + Send + 'static,
    {
        let (mut beginnings, mut next) = (Beginnings::default(), make()?);
        while let Some(work) = next.take() {
            let failed = match self.make_and_send(key, identity, &source, work).await {
                Ok(done) => return Ok(done),
                Err(failed) => failed,
            };
            if failed.again {
                next = make()?;
            }
            if next.is_none() {
                return Err(if failed.again { once_only(key, failed.fault) } else { failed.fault });
            }
            self.begin_again(key, failed, &mut beginnings).await?;
        }
        Err(Fault::new(Class::Bug, format!("there is nothing that makes `{key}`")))
    }

    async fn make_and_send<T: Send + 'static>(
        &self,
        key: &Key,
        identity: &str,
        source: &Source,
        work: impl FnOnce(&mut Outlet) -> Result<T, Fault> + Send + 'static,
    ) -> Result<(T, Receipt), Failed> {
        let (working, mut parcels) = bridge::start(&self.ctx.budget, part_size_at, work);
        let mut upload = None;
        let sent = self.drain(key, identity, &mut parcels, &mut upload).await;
        // A closed channel tells the other side to stop.
        drop(parcels);
        let made = working.await;
        let fault = match (sent, made, &upload) {
            (Ok(Drained::Parts(parts)), Ok(made), Some(upload)) => {
                match self.complete(key, upload, parts, source).await {
                    Ok(receipt) => return Ok((made, receipt)),
                    Err(fault) => fault,
                }
            }
            (Ok(Drained::Whole(bytes)), Ok(made), _) => {
                return Ok((made, self.send_block(key, block(bytes), source).await?));
            }
            (Ok(Drained::Parts(_)), Ok(_), None) => Fault::new(Class::Bug, "parts without an upload"),
            (Err(fault), ..) | (Ok(_), Err(fault), _) => fault,
        };
        match &upload {
            Some(upload) => Err(self.upload_failed(key, upload, fault).await),
            None => Err(fault.into()),
        }
    }

    /// Takes all parcels. `opened` becomes the upload of those that do not fit into one request.
    async fn drain(
        &self,
        key: &Key,
        identity: &str,
        parcels: &mut mpsc::Receiver<Parcel>,
        opened: &mut Option<Arc<Upload>>,
    ) -> Result<Drained, Fault> {
        let Some(first) = parcels.recv().await else { return Ok(Drained::Whole(bytes::Bytes::new())) };
        if first.last {
            return Ok(Drained::Whole(first.bytes));
        }
        // Not every server lets a part be replaced, so an upload of other bytes must never be resumed. What decides the bytes of a
        // stream is kept in place of the size of a file.
        let made_from =
            Source { size: Some(adt_codec::crc64(identity.as_bytes()) >> 1), ..Source::default() };
        let Open { upload, kept } = self.open_upload(key, part_size_at(1), &made_from).await?;
        let upload = opened.insert(Arc::new(upload));
        let mut flying = JoinSet::new();
        let sent = self.send_parcels(key, (first, parcels), (upload, &kept), &mut flying).await;
        // A part that arrives after its upload was aborted would be left behind.
        flying.shutdown().await;
        sent.map(Drained::Parts)
    }

    async fn send_parcels(
        &self,
        key: &Key,
        (first, parcels): (Parcel, &mut mpsc::Receiver<Parcel>),
        (upload, kept): (&Arc<Upload>, &Parts),
        flying: &mut Flying,
    ) -> Result<Parts, Fault> {
        let (mut parts, mut next) = (Parts::new(), Some(first));
        while let Some(parcel) = next {
            let (number, offset) = (parcel.number, parcel.offset);
            let block = block(parcel.bytes);
            let same =
                |kept: &&PartReceipt| kept.size == block.bytes.len() as u64 && kept.crc64 == block.crc64;
            if let Some(kept) = kept.get(&number).filter(same) {
                parts.insert(number, kept.clone());
            } else {
                let (upload, permit, log) = (Arc::clone(upload), parcel.permit, self.part_log(key));
                flying.spawn(async move {
                    let receipt = upload.put_part(number, offset, block).await?;
                    drop(permit);
                    log.confirmed(&receipt)?;
                    Ok(receipt)
                });
            }
            while flying.len() >= self.ctx.settings.lanes {
                land_part(flying, &mut parts).await?;
            }
            next = parcels.recv().await;
        }
        while !flying.is_empty() {
            land_part(flying, &mut parts).await?;
        }
        Ok(parts)
    }
}

/// The fault for an object whose upload was forgotten and that cannot be made a second time.
fn once_only(key: &Key, fault: Fault) -> Fault {
    let what =
        format!("the upload of `{key}` was forgotten by the server, and its source cannot be read twice");
    Fault::new(Class::Transient, what).because(fault).help("run the whole pipeline again")
}

/// Waits for one part of those in flight.
async fn land_part(flying: &mut Flying, parts: &mut Parts) -> Result<(), Fault> {
    let Some(landed) = flying.join_next().await else { return Ok(()) };
    let receipt =
        landed.map_err(|e| Fault::new(Class::Bug, "sending a part ended in a panic").because(e))??;
    parts.insert(receipt.number, receipt);
    Ok(())
}

/// What came over the bridge.
enum Drained {
    /// Everything, and it fits into one request. Nothing came of work that wrote nothing, or that failed before its first parcel.
    Whole(bytes::Bytes),
    /// All parts are confirmed; the object is not complete yet.
    Parts(Parts),
}
