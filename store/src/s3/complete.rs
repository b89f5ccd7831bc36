use std::{fmt::Write, sync::PoisonError};

use adt_model::{Class, Crc64, Fault};
use adt_net::xml::{Element, escaped};
use bytes::Bytes;
use http::Method;

use super::{
    multipart::{BucketUpload, is_about, is_gone},
    proof::{CRC64, corrupt, look_again, read_back, send},
    read,
    server::Client,
};
use crate::{
    PartReceipt, Proof, Receipt, checksum,
    exchange::{Answer, Body, Deed, Request, Trouble},
    upload::{Fate, whole},
};

impl BucketUpload {
    pub(crate) async fn complete(&self, parts: &[PartReceipt]) -> Result<Receipt, Fault> {
        let (size, crc64) = whole(parts);
        if parts.is_empty() || !parts.is_sorted_by(|a, b| a.number < b.number) {
            let what = format!("the parts of `{}` are not in the order of their numbers", self.full);
            return Err(Fault::new(Class::Bug, what));
        }
        let request = self.completion(parts, size, crc64);
        match send(&self.bucket.client, &request).await {
            Ok(answer) => {
                let root = completed(&self.bucket.client, &request, &answer)?;
                is_about(&self.bucket.client, &request, &root, &self.full, None)?;
                self.prove(&root, &answer, parts, (size, crc64)).await
            }
            // The answer to an earlier try may have been lost after the server had done it.
            Err(trouble) if is_gone(&trouble) => self.after_all(trouble, size, crc64).await,
            Err(trouble) => Err(trouble.fault),
        }
    }

    fn completion(&self, parts: &[PartReceipt], size: u64, crc64: Crc64) -> Request {
        let parts = parts.iter().map(|part| (part.number, part.etag.as_str()));
        // Some servers put large objects together before they answer.
        let request = completion(&self.full, &self.id, parts).answer_size(size / 64);
        if !self.checksums {
            return request;
        }
        request
            .header(CRC64, checksum::crc64_to_wire(crc64))
            .header("x-amz-checksum-type", "FULL_OBJECT")
            .header("x-amz-mp-object-size", size.to_string())
    }

    /// The best proof there is: the server's checksum of the whole; its `ETag`, if it follows from those of the parts; its
    /// word on each part; all the bytes once more. The size is looked at in any case, where looking is possible.
    async fn prove(
        &self,
        root: &Element,
        answer: &Answer,
        parts: &[PartReceipt],
        (size, crc64): (u64, Crc64),
    ) -> Result<Receipt, Fault> {
        let client = &self.bucket.client;
        let found = if client.may_look() {
            let found = read::head(client, &self.full).await?.filter(|found| found.size == size);
            Some(found.ok_or_else(|| corrupt(client, &self.full))?)
        } else {
            None
        };
        let stated = root.value("ChecksumCRC64NVME").or_else(|| answer.header(CRC64));
        let composite = root.value("ChecksumType") == Some("COMPOSITE");
        let stated = stated.filter(|_| !composite).and_then(checksum::crc64_from_wire);
        let etag = root.etag("ETag");
        let proof = match stated.or(found.as_ref().and_then(|found| found.crc64)) {
            Some(there) if there == crc64 => Some(Proof::Checksum),
            // It may be a checksum of another kind; only the bytes decide.
            Some(_) => None,
            None => self.proof_of_parts(parts, etag.as_deref()),
        };
        let proof = match (proof, &found) {
            (Some(proof), _) => proof,
            (None, Some(found)) if read_back(client, &self.full, found).await? == crc64 => Proof::ReadBack,
            (None, None) if stated.is_none() => Proof::Accepted,
            (None, _) => return Err(corrupt(client, &self.full)),
        };
        // Some servers show another `ETag` afterwards; what a later look finds is what counts.
        Ok(Receipt { size, crc64, etag: found.and_then(|found| found.etag).or(etag), proof })
    }

    /// What the proofs of the parts are worth for the whole; `None` where one of them has none (it was sent by an earlier
    /// run, or the server said nothing), or where the object's `ETag` is another than theirs make.
    fn proof_of_parts(&self, parts: &[PartReceipt], etag: Option<&str>) -> Option<Proof> {
        let proofs = self.proofs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = Proof::Checksum;
        for part in parts {
            match proofs.get(&part.number) {
                Some((Proof::Checksum, sent)) if *sent == part.etag => {}
                Some((Proof::EtagMd5, sent)) if *sent == part.etag => all = Proof::EtagMd5,
                _ => return None,
            }
        }
        let made = checksum::etag_of_parts(parts.iter().map(|part| part.etag.as_str()));
        let of_parts = |etag: &&str| {
            etag.split_once('-').is_some_and(|(head, _)| checksum::md5_from_etag(head).is_some())
        };
        match (all, made, etag.filter(of_parts)) {
            (Proof::EtagMd5, Some(made), Some(etag)) if made != etag => None,
            _ => Some(all),
        }
    }

    /// The upload is gone: either it has been completed, which the object shows, or it has been aborted.
    async fn after_all(&self, trouble: Trouble, size: u64, crc64: Crc64) -> Result<Receipt, Fault> {
        let client = &self.bucket.client;
        if client.may_look()
            && let Some((found, proof)) = look_again(client, &self.full, size, crc64).await?
        {
            return Ok(Receipt { size, crc64, etag: found.etag, proof });
        }
        self.fate.is(Fate::Gone);
        Err(trouble.fault)
    }
}

/// The document about a completed upload, with the object's `ETag`.
pub(super) fn completed(client: &Client, request: &Request, answer: &Answer) -> Result<Element, Fault> {
    let root = client.document(request, answer, "CompleteMultipartUploadResult")?;
    if root.etag("ETag").is_none() {
        return Err(client.strange(request, "it has no ETag"));
    }
    Ok(root)
}

/// The request that makes an object of parts, which are given by number and `ETag`.
pub(super) fn completion<'a>(full: &str, id: &str, parts: impl Iterator<Item = (u32, &'a str)>) -> Request {
    let mut text =
        String::from("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (number, etag) in parts {
        let etag = escaped(etag);
        // Writing to a string cannot fail.
        let _ = write!(text, "<Part><PartNumber>{number}</PartNumber><ETag>&quot;{etag}&quot;</ETag></Part>");
    }
    text.push_str("</CompleteMultipartUpload>");
    Request::new(Deed::Complete, Method::POST, Some(full.to_owned()))
        .query("uploadId", id)
        .header("content-type", "application/xml")
        .body(Body::Document(Bytes::from(text)))
}
