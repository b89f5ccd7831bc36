use std::sync::PoisonError;

use adt_model::{Class, Crc64, Fault};
use http::Method;

use super::{
    blocks::{commit, consists_of},
    label::Label,
    metadata::{Described, described, labelled},
    proof::{corrupt, disown, etag_of, read_back},
    read,
    upload::ContainerUpload,
};
use crate::{
    Found, PartReceipt, Proof, Receipt,
    exchange::{Deed, Kind, Request, Trouble},
    upload::{Fate, whole},
};

impl ContainerUpload {
    /// A list that is sent twice makes the same blob twice: its blocks are then found in the blob itself.
    pub(crate) async fn complete(&self, parts: &[PartReceipt]) -> Result<Receipt, Fault> {
        let (size, crc64) = whole(parts);
        if parts.is_empty() || !parts.is_sorted_by(|a, b| a.number < b.number) {
            let what = format!("the parts of `{}` are not in the order of their numbers", self.full);
            return Err(Fault::new(Class::Bug, what));
        }
        let proof = self.proof_of_parts(parts);
        // The checksum stands beside the blob only if it is known to be its.
        let label = proof.map(|_| self.label(size, crc64));
        let request = commit(Deed::Complete, &self.full, blocks(parts));
        let request = described(request, &self.meta, label.as_ref());
        match self.container.client.send(&request).await {
            Ok(answer) => {
                let client = &self.container.client;
                client.without_document(&request, &answer)?;
                let etag = etag_of(client, &request, &answer)?;
                if !client.may_look() {
                    let proof = proof.unwrap_or(Proof::Accepted);
                    return Ok(Receipt { size, crc64, etag: Some(etag), proof });
                }
                self.prove(Some(etag), proof, parts).await
            }
            // The answer to an earlier try may have been lost after the service had done it.
            Err(trouble) if trouble.kind() == Some(Kind::NoUpload) => self.after_all(trouble, parts).await,
            Err(trouble) => Err(trouble.fault),
        }
    }

    fn label(&self, size: u64, crc64: Crc64) -> Label {
        Label { crc64, size, md5: None, at: self.container.client.server.now() }
    }

    /// The proofs of the parts are one of the whole if the service lists them in their order; else all the bytes are read once more. The
    /// size is looked at in any case.
    async fn prove(
        &self,
        etag: Option<String>,
        proof: Option<Proof>,
        parts: &[PartReceipt],
    ) -> Result<Receipt, Fault> {
        let (client, (size, crc64)) = (&self.container.client, whole(parts));
        let found = read::look(client, &self.full).await?;
        let same = |(found, _): &Described| found.size == size && (etag.is_none() || found.etag == etag);
        let Some(found) = found.filter(same) else {
            disown(client, &self.full, etag.as_deref()).await;
            return Err(corrupt(client, &self.full));
        };
        let etag = found.0.etag.clone();
        let proven = match (proof, self.in_order(parts, etag.as_deref()).await?) {
            (Some(proof), Some(true)) => Some(self.vouched(found, proof, crc64).await),
            (_, Some(false)) => None,
            _ => self.prove_by_bytes(found, crc64).await?,
        };
        if let Some(receipt) = proven {
            return Ok(receipt);
        }
        disown(client, &self.full, etag.as_deref()).await;
        Err(corrupt(client, &self.full))
    }

    /// Whether the blob consists of these parts in this order; `None` where the service does not say.
    async fn in_order(&self, parts: &[PartReceipt], etag: Option<&str>) -> Result<Option<bool>, Fault> {
        consists_of(&self.container.client, &self.full, etag, blocks(parts)).await
    }

    /// A version that is proven. Its label was sent with it, and is written again if the service took long to make the blob.
    async fn vouched(&self, (found, claim): Described, proof: Proof, crc64: Crc64) -> Receipt {
        let (size, mut etag) = (found.size, found.etag.clone());
        if found.crc64.or(claim).is_none() && found.written.is_some() {
            // Without a label the bytes are read when they have to be compared.
            etag = self.relabel(&found, crc64).await.ok().flatten().or(etag);
        }
        Receipt { size, crc64, etag, proof }
    }

    /// Reads a version back, and sets our checksum beside it if it is right.
    async fn prove_by_bytes(
        &self,
        (found, claim): Described,
        crc64: Crc64,
    ) -> Result<Option<Receipt>, Fault> {
        if read_back(&self.container.client, &self.full, &found).await? != crc64 {
            return Ok(None);
        }
        // A label that was sent with the blob need not be written again.
        let labelled = found.crc64.or(claim) == Some(crc64);
        let etag = if labelled { None } else { self.relabel(&found, crc64).await? }.or(found.etag);
        Ok(Some(Receipt { size: found.size, crc64, etag, proof: Proof::ReadBack }))
    }

    async fn relabel(&self, found: &Found, crc64: Crc64) -> Result<Option<String>, Trouble> {
        let request =
            Request::new(Deed::Describe, Method::PUT, Some(self.full.clone())).query("comp", "metadata");
        let label = Label { md5: found.md5, ..self.label(found.size, crc64) };
        let mut request = labelled(request, &self.meta, Some(&label));
        if let Some(etag) = &found.etag {
            request = request.header("if-match", format!("\"{etag}\""));
        }
        Ok(self.container.client.send(&request).await?.etag())
    }

    /// What the proofs of the parts are worth for the whole; `None` where one of them has none (the service said nothing, also to an
    /// earlier run).
    fn proof_of_parts(&self, parts: &[PartReceipt]) -> Option<Proof> {
        let proofs = self.proofs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = Proof::Checksum;
        for part in parts {
            match proofs.get(&part.number) {
                Some((Proof::Checksum, sent)) if *sent == part.etag => {}
                Some((Proof::EtagMd5, sent)) if *sent == part.etag => all = Proof::EtagMd5,
                _ => return None,
            }
        }
        Some(all)
    }

    /// The blocks are gone: either they have become the blob, which then consists of them or at least has our bytes, or they have been
    /// dropped.
    async fn after_all(&self, trouble: Trouble, parts: &[PartReceipt]) -> Result<Receipt, Fault> {
        let (client, (size, crc64)) = (&self.container.client, whole(parts));
        let found = if client.may_look() { read::look(client, &self.full).await? } else { None };
        let receipt = match found.filter(|(found, _)| found.size == size) {
            Some(found) => match self.in_order(parts, found.0.etag.as_deref()).await? {
                Some(true) if self.proof_of_parts(parts).is_some() => {
                    Some(self.vouched(found, Proof::Checksum, crc64).await)
                }
                Some(false) => None,
                _ => self.prove_by_bytes(found, crc64).await?,
            },
            None => None,
        };
        receipt.ok_or_else(|| {
            self.fate.is(Fate::Gone);
            trouble.fault
        })
    }
}

/// The names of the blocks that a blob of these parts consists of; a part without bytes has none.
fn blocks(parts: &[PartReceipt]) -> impl Iterator<Item = &str> {
    parts.iter().filter(|part| part.size > 0).map(|part| part.etag.as_str())
}
