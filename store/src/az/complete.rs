use std::sync::PoisonError;

use adt_model::{Class, Crc64, Fault};
use http::Method;

use super::{
    blocks::commit,
    metadata::{described, labelled},
    proof::{corrupt, disown, etag_of, read_back},
    read,
    upload::ContainerUpload,
};
use crate::{
    Found, PartReceipt, Proof, Receipt,
    exchange::{Deed, Kind, Request, Trouble},
    upload::whole,
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
        let blocks = parts.iter().filter(|part| part.size > 0).map(|part| part.etag.as_str());
        // The checksum stands beside the blob only if it is known to be its.
        let request = commit(Deed::Complete, &self.full, blocks);
        let request = described(request, &self.meta, proof.is_some().then_some(crc64));
        match self.container.client.send(&request).await {
            Ok(answer) => {
                let client = &self.container.client;
                client.without_document(&request, &answer)?;
                let etag = etag_of(client, &request, &answer)?;
                self.prove(Some(etag), proof, size, crc64).await
            }
            // The answer to an earlier try may have been lost after the service had done it.
            Err(trouble) if trouble.kind() == Some(Kind::NoUpload) => {
                self.after_all(trouble, size, crc64).await
            }
            Err(trouble) => Err(trouble.fault),
        }
    }

    /// The proofs of the parts are one of the whole, which is made of nothing else; without them all the bytes are read once more. The
    /// size is looked at in any case.
    async fn prove(
        &self,
        etag: Option<String>,
        proof: Option<Proof>,
        size: u64,
        crc64: Crc64,
    ) -> Result<Receipt, Fault> {
        let client = &self.container.client;
        let found = read::head(client, &self.full).await?;
        let same = |found: &Found| found.size == size && (etag.is_none() || found.etag == etag);
        let Some(found) = found.filter(same) else {
            disown(client, &self.full, etag.as_deref()).await;
            return Err(corrupt(client, &self.full));
        };
        if let Some(proof) = proof {
            return Ok(Receipt { size, crc64, etag: found.etag, proof });
        }
        let etag = found.etag.clone();
        if let Some(receipt) = self.prove_by_bytes(found, crc64).await? {
            return Ok(receipt);
        }
        disown(client, &self.full, etag.as_deref()).await;
        Err(corrupt(client, &self.full))
    }

    /// Reads a version back, and sets our checksum beside it if it is right.
    async fn prove_by_bytes(&self, found: Found, crc64: Crc64) -> Result<Option<Receipt>, Fault> {
        let (client, size) = (&self.container.client, found.size);
        if read_back(client, &self.full, &found).await? != crc64 {
            return Ok(None);
        }
        let request =
            Request::new(Deed::Describe, Method::PUT, Some(self.full.clone())).query("comp", "metadata");
        let mut request = labelled(request, &self.meta, Some(crc64));
        if let Some(etag) = &found.etag {
            request = request.header("if-match", format!("\"{etag}\""));
        }
        let etag = client.send(&request).await?.etag().or(found.etag);
        Ok(Some(Receipt { size, crc64, etag, proof: Proof::ReadBack }))
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

    /// The blocks are gone: either they have become the blob, which then has our checksum beside it or at least our bytes, or they have
    /// been dropped.
    async fn after_all(&self, trouble: Trouble, size: u64, crc64: Crc64) -> Result<Receipt, Fault> {
        let client = &self.container.client;
        let found = read::head(client, &self.full).await?.filter(|found| found.size == size);
        let receipt = match found {
            Some(found) if found.crc64 == Some(crc64) => {
                Some(Receipt { size, crc64, etag: found.etag, proof: Proof::Checksum })
            }
            Some(found) if found.crc64.is_none() => self.prove_by_bytes(found, crc64).await?,
            _ => None,
        };
        receipt.ok_or(trouble.fault)
    }
}
