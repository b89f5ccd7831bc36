use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError, atomic::Ordering},
};

use adt_model::{Class, Fault, Key};
use http::Method;

use super::{
    Container,
    blocks::{Name, uncommitted},
    proof::{Word, corrupt, send_block, word},
    put::SENDS,
};
use crate::{
    Block, Held, ListedPart, ObjectMeta, PartReceipt, Proof,
    exchange::{Body, Deed, Request},
    part_size::MIB,
    upload::Fated,
};

/// The most bytes of one block ("Scalability and performance targets for Blob storage" in Azure's documentation).
const MAX_BLOCK: u64 = 4_000 * MIB;

/// A blob in the making: blocks of one upload. The service knows of it with its first block.
#[derive(Debug)]
pub(crate) struct ContainerUpload {
    pub(super) container: Container,
    pub(super) key: Key,
    pub(super) full: String,
    pub(super) id: String,
    /// What will stand beside the blob; the service takes it with the list of blocks.
    pub(super) meta: ObjectMeta,
    /// How each part is known to have arrived, with its block's name; none where the service said nothing.
    pub(super) proofs: Mutex<BTreeMap<u32, (Proof, String)>>,
    pub(crate) fate: Fated,
}

impl Container {
    /// Nothing is sent: an upload needs no beginning.
    #[expect(clippy::unused_async, reason = "every kind of place has the same methods")]
    pub(crate) async fn begin(&self, key: &Key, meta: &ObjectMeta) -> Result<ContainerUpload, Fault> {
        let id = format!("{:016x}", self.client.number());
        self.upload(key, &id, meta)
    }

    fn upload(&self, key: &Key, id: &str, meta: &ObjectMeta) -> Result<ContainerUpload, Fault> {
        let (full, container) = (self.full(key)?, self.clone());
        let (key, id, meta) = (key.clone(), id.to_owned(), meta.clone());
        let (proofs, fate) = (Mutex::default(), Fated::default());
        Ok(ContainerUpload { container, key, full, id, meta, proofs, fate })
    }

    /// `None` when no block of that upload is there: it was completed, or the service has dropped them, as it does after a week without a
    /// new one.
    pub(crate) async fn resume(
        &self,
        key: &Key,
        id: &str,
        meta: &ObjectMeta,
    ) -> Result<Option<(ContainerUpload, Held)>, Fault> {
        let upload = self.upload(key, id, meta)?;
        let mut parts = Vec::new();
        let mut proofs = BTreeMap::new();
        for (etag, size) in uncommitted(&self.client, &upload.full).await? {
            let Some(name) = Name::from_wire(&etag).filter(|name| name.upload == id) else { continue };
            if name.checked {
                proofs.insert(name.number, (Proof::Checksum, etag.clone()));
            }
            let crc64 = name.checked.then_some(name.crc64);
            parts.push(ListedPart { number: name.number, size, etag, crc64 });
        }
        parts.sort_by_key(|part| part.number);
        *upload.proofs.lock().unwrap_or_else(PoisonError::into_inner) = proofs;
        Ok((!parts.is_empty()).then_some((upload, Held::Parts(parts))))
    }
}

impl ContainerUpload {
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) async fn put_part(&self, number: u32, block: Block) -> Result<PartReceipt, Fault> {
        let (client, size, crc64) = (&self.container.client, block.bytes.len() as u64, block.crc64);
        if size > MAX_BLOCK {
            let what =
                format!("part {number} of `{}` has {size} bytes; Azure takes at most {MAX_BLOCK}", self.full);
            return Err(Fault::new(Class::Bug, what));
        }
        let checked =
            client.server.confirms.load(Ordering::Relaxed) && !client.server.plain.load(Ordering::Relaxed);
        let etag = Name { upload: self.id.clone(), checked, number, crc64 }.to_wire();
        let receipt = |etag: String| PartReceipt { number, size, crc64, etag };
        if size == 0 {
            // The service takes no block without bytes, and a blob needs none.
            self.remember(number, Some(Proof::Checksum), &etag);
            return Ok(receipt(etag));
        }
        let request = Request::new(Deed::PutPart, Method::PUT, Some(self.full.clone()))
            .query("comp", "block")
            .query("blockid", etag.clone())
            .body(Body::Data(block.bytes.clone()));
        for _ in 0..SENDS {
            let answer = send_block(client, request.clone(), &block).await?;
            client.without_document(&request, &answer)?;
            match word(client, &answer, &block, None).await {
                Word::Wrong => {}
                Word::Right(proof) => {
                    self.remember(number, Some(proof), &etag);
                    return Ok(receipt(etag));
                }
                Word::Silent => {
                    self.remember(number, None, &etag);
                    return Ok(receipt(etag));
                }
            }
        }
        Err(corrupt(client, &self.full))
    }

    fn remember(&self, number: u32, proof: Option<Proof>, etag: &str) {
        let mut proofs = self.proofs.lock().unwrap_or_else(PoisonError::into_inner);
        match proof {
            Some(proof) => drop(proofs.insert(number, (proof, etag.to_owned()))),
            None => drop(proofs.remove(&number)),
        }
    }

    pub(crate) async fn abort(&self) -> Result<(), Fault> {
        self.container.abort_upload(&self.key, &self.id).await
    }
}
