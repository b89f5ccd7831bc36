use std::{fmt::Write, sync::PoisonError};

use adt_model::{Class, Crc64, Fault};
use bytes::Bytes;
use http::Method;

use super::{
    fault::Trouble,
    list::document,
    multipart::BucketUpload,
    proof::{CRC64, corrupt, look_again, read_back},
    read,
    request::{Answer, Body, Deed, Request},
    xml::{Element, escaped},
};
use crate::{PartReceipt, Proof, Receipt, checksum, upload::whole};

impl BucketUpload {
    pub(crate) async fn complete(&self, parts: &[PartReceipt]) -> Result<Receipt, Fault> {
        let (size, crc64) = whole(parts);
        if parts.is_empty() || !parts.is_sorted_by(|a, b| a.number < b.number) {
            let what = format!("the parts of `{}` are not in the order of their numbers", self.full);
            return Err(Fault::new(Class::Bug, what));
        }
        let request = self.completion(parts, size, crc64);
        match self.bucket.client.send(&request).await {
            Ok(answer) => {
                let root = document(&self.bucket.client, &request, &answer)?;
                self.prove(&root, &answer, parts, (size, crc64)).await
            }
            // The answer to an earlier try may have been lost after the server had done it.
            Err(trouble) if trouble.code() == "NoSuchUpload" => self.after_all(trouble, size, crc64).await,
            Err(trouble) => Err(trouble.fault),
        }
    }

    fn completion(&self, parts: &[PartReceipt], size: u64, crc64: Crc64) -> Request {
        let mut text =
            String::from("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        for part in parts {
            let (number, etag) = (part.number, escaped(&part.etag));
            // Writing to a string cannot fail.
            let _ =
                write!(text, "<Part><PartNumber>{number}</PartNumber><ETag>&quot;{etag}&quot;</ETag></Part>");
        }
        text.push_str("</CompleteMultipartUpload>");
        let request = Request::new(Deed::Complete, Method::POST, Some(self.full.clone()))
            .query("uploadId", self.id.clone())
            .header("content-type", "application/xml")
            // Some servers put large objects together before they answer.
            .answer_size(size / 64)
            .body(Body::Document(Bytes::from(text)));
        if !self.checksums {
            return request;
        }
        request
            .header(CRC64, checksum::crc64_to_wire(crc64))
            .header("x-amz-checksum-type", "FULL_OBJECT")
            .header("x-amz-mp-object-size", size.to_string())
    }

    /// The best proof there is: the server's checksum of the whole; its `ETag`, if it follows from parts that were proven
    /// by theirs; a second look.
    async fn prove(
        &self,
        root: &Element,
        answer: &Answer,
        parts: &[PartReceipt],
        (size, crc64): (u64, Crc64),
    ) -> Result<Receipt, Fault> {
        let client = &self.bucket.client;
        let stated = root.value("ChecksumCRC64NVME").or_else(|| answer.header(CRC64));
        let composite = root.value("ChecksumType") == Some("COMPOSITE");
        let stated = stated.filter(|_| !composite).and_then(checksum::crc64_from_wire);
        let etag = root.etag("ETag");
        let proof = if stated == Some(crc64) {
            Some(Proof::Checksum)
        } else if self.etag_follows(parts, etag.as_deref()) {
            Some(Proof::EtagMd5)
        } else {
            None
        };
        let Some(found) = read::head(client, &self.full).await?.filter(|found| found.size == size) else {
            return Err(corrupt(client, &self.full));
        };
        let proof = match (proof, stated, found.crc64) {
            (Some(proof), _, _) => proof,
            (None, None, Some(there)) if there == crc64 => Proof::Checksum,
            // A checksum that differs may be of another kind; only the bytes decide.
            _ if read_back(client, &self.full, size).await? == crc64 => Proof::ReadBack,
            _ => return Err(corrupt(client, &self.full)),
        };
        // Some servers show another `ETag` afterwards; what a later look finds is what counts.
        Ok(Receipt { size, crc64, etag: found.etag.or(etag), proof })
    }

    /// Whether every part was proven here by its MD5, and the object's `ETag` is the one that follows from theirs.
    fn etag_follows(&self, parts: &[PartReceipt], etag: Option<&str>) -> bool {
        let proofs = self.proofs.lock().unwrap_or_else(PoisonError::into_inner);
        let proven = |part: &PartReceipt| proofs.get(&part.number) == Some(&Some(Proof::EtagMd5));
        etag.is_some()
            && parts.iter().all(proven)
            && checksum::etag_of_parts(parts.iter().map(|part| part.etag.as_str())).as_deref() == etag
    }

    /// The upload is gone: either it has been completed, which the object shows, or it has been aborted.
    async fn after_all(&self, trouble: Trouble, size: u64, crc64: Crc64) -> Result<Receipt, Fault> {
        match look_again(&self.bucket.client, &self.full, size, crc64).await? {
            Some((found, proof)) => Ok(Receipt { size, crc64, etag: found.etag, proof }),
            None => Err(trouble.fault),
        }
    }
}
