use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use adt_model::{Class, Fault, Key};
use adt_net::xml::Element;
use http::Method;

use super::{
    Bucket,
    proof::{CRC64, Word, corrupt, etag_of, send, with_or_without, word},
    put::described,
    server::Client,
    unanswered::left_behind,
};
use crate::{
    Block, Held, ListedPart, ObjectMeta, PartReceipt, Proof, checksum,
    exchange::{Body, Deed, Items, Kind, Lost, Request, Server as _, Trouble},
    part_size::{MAX_PUT, stated_size},
    upload::{Fate, Fated},
};

/// How often a part is sent again when the server does not hold it.
const SENDS: u32 = 3;

/// A multipart upload.
#[derive(Debug)]
pub(crate) struct BucketUpload {
    pub(super) bucket: Bucket,
    pub(super) key: Key,
    pub(super) full: String,
    pub(super) id: String,
    /// The server keeps CRC-64/NVME for this upload, of the whole object.
    pub(super) checksums: bool,
    /// How each part that was sent here is known to have arrived, with its `ETag`; none where the server said nothing.
    pub(super) proofs: Mutex<BTreeMap<u32, (Proof, String)>>,
    pub(crate) fate: Fated,
    /// Attempts to begin it that had no answer.
    pub(super) lost: Arc<Lost>,
}

impl Bucket {
    pub(crate) async fn begin(&self, key: &Key, meta: &ObjectMeta) -> Result<BucketUpload, Fault> {
        let full = self.full(key)?;
        let lost = Arc::new(Lost::default());
        match self.begun(&full, meta, &lost).await {
            Ok((id, checksums)) => Ok(BucketUpload { lost, ..self.upload(key, full, &id, checksums) }),
            Err(fault) if lost.take().is_empty() => Err(fault),
            Err(fault) => {
                let target = self.client.server.target(Some(&full));
                let left = left_behind(&target, "no later attempt has succeeded");
                let advice = fault.advice().map(|advice| format!("{advice}; {left}"));
                Err(fault.help(advice.unwrap_or(left)))
            }
        }
    }

    /// The id of a new upload, and whether the server keeps checksums for it.
    async fn begun(&self, full: &str, meta: &ObjectMeta, lost: &Arc<Lost>) -> Result<(String, bool), Fault> {
        let request = described(Request::new(Deed::Begin, Method::POST, Some(full.to_owned())), meta)
            .query("uploads", "")
            .noting(lost);
        let (answer, checksums) = with_or_without(&self.client, |checksums| {
            let request = request.clone();
            if checksums {
                request
                    .header("x-amz-checksum-algorithm", "CRC64NVME")
                    .header("x-amz-checksum-type", "FULL_OBJECT")
            } else {
                request
            }
        })
        .await?;
        let root = self.client.document(&request, &answer, "InitiateMultipartUploadResult")?;
        is_about(&self.client, &request, &root, full, None)?;
        match root.value("UploadId") {
            Some(id) => Ok((id.to_owned(), checksums)),
            None => Err(self.client.strange(&request, "it names no upload (`UploadId`)")),
        }
    }

    fn upload(&self, key: &Key, full: String, id: &str, checksums: bool) -> BucketUpload {
        let (bucket, key, id) = (self.clone(), key.clone(), id.to_owned());
        let (proofs, fate, lost) = (Mutex::default(), Fated::default(), Arc::default());
        BucketUpload { bucket, key, full, id, checksums, proofs, fate, lost }
    }

    /// What stands beside the object was said when the upload was begun.
    pub(crate) async fn resume(
        &self,
        key: &Key,
        id: &str,
        _meta: &ObjectMeta,
    ) -> Result<Option<(BucketUpload, Held)>, Fault> {
        let full = self.full(key)?;
        let mut parts: Vec<ListedPart> = Vec::new();
        loop {
            let marker = parts.last().map_or(0, |part| part.number);
            let request = Request::new(Deed::ListParts, Method::GET, Some(full.clone()))
                .query("uploadId", id)
                .query("part-number-marker", marker.to_string());
            let answer = match self.client.send(&request).await {
                Ok(answer) => answer,
                Err(trouble) if trouble.kind() == Some(Kind::NoUpload) || trouble.status() == 404 => {
                    return Ok(None);
                }
                Err(trouble) if trouble.kind() == Some(Kind::Features) || trouble.status() == 405 => {
                    // Its parts can neither be seen nor used; they would only be paid for.
                    let _ = self.abort_upload(key, id).await;
                    return Ok(None);
                }
                Err(trouble) => return Err(trouble.fault),
            };
            let kind = Items { root: "ListPartsResult", depth: 1, names: &["Part"] };
            let (root, page) = self.client.items(&request, &answer, kind, listed)?;
            is_about(&self.client, &request, &root, &full, Some(id))?;
            let strange = |why: &str| Err(self.client.strange(&request, why));
            if !page.is_sorted_by(|a, b| a.number < b.number)
                || page.first().is_some_and(|p| p.number <= marker)
            {
                return strange("its parts are not in the order of their numbers");
            }
            let empty = page.is_empty();
            parts.extend(page);
            // Some servers leave it out at the end; then the upload's name shows that it is a list of parts.
            let named = || root.value("UploadId").map(|_| false);
            match root.truth("IsTruncated").or_else(named) {
                Some(true) if empty => return strange("it is truncated and makes no progress"),
                Some(true) => {}
                Some(false) => {
                    let checksums = root.value("ChecksumAlgorithm") == Some("CRC64NVME");
                    return Ok(Some((self.upload(key, full, id, checksums), Held::Parts(parts))));
                }
                None => return strange("it does not say whether it is complete (`IsTruncated`)"),
            }
        }
    }
}

/// Sees to it that a document about an upload is about this one, by what it says of that.
pub(super) fn is_about(
    client: &Client,
    request: &Request,
    root: &Element,
    full: &str,
    id: Option<&str>,
) -> Result<(), Fault> {
    if root.child("Key").is_some_and(|key| !key.text.is_empty() && key.text != full) {
        return Err(client.strange(request, "it is about another key"));
    }
    if id.is_some_and(|id| root.value("UploadId").is_some_and(|stated| stated != id)) {
        return Err(client.strange(request, "it is about another upload"));
    }
    Ok(())
}

fn listed(part: &mut Element) -> Option<ListedPart> {
    Some(ListedPart {
        number: u32::try_from(part.number("PartNumber")?).ok()?,
        size: part.value("Size").and_then(stated_size)?,
        etag: part.etag("ETag")?,
        crc64: part.value("ChecksumCRC64NVME").and_then(checksum::crc64_from_wire),
    })
}

/// Whether the server does not know an upload any more.
pub(super) fn is_gone(trouble: &Trouble) -> bool {
    trouble.kind() == Some(Kind::NoUpload)
        || trouble.status() == 404 && trouble.kind() != Some(Kind::NoBucket)
}

impl BucketUpload {
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) async fn put_part(&self, number: u32, block: Block) -> Result<PartReceipt, Fault> {
        let (client, size) = (&self.bucket.client, block.bytes.len() as u64);
        if size > MAX_PUT {
            let what =
                format!("part {number} of `{}` has {size} bytes; S3 takes at most {MAX_PUT}", self.full);
            return Err(Fault::new(Class::Bug, what));
        }
        let request = Request::new(Deed::PutPart, Method::PUT, Some(self.full.clone()))
            .query("partNumber", number.to_string())
            .query("uploadId", self.id.clone())
            .body(Body::Data(block.bytes.clone()));
        for _ in 0..SENDS {
            let mut request = request.clone();
            if self.checksums {
                request = request.header(CRC64, checksum::crc64_to_wire(block.crc64));
            }
            let answer = match send(client, &request).await {
                Err(trouble) if is_gone(&trouble) => {
                    self.fate.is(Fate::Gone);
                    return Err(trouble.fault);
                }
                other => other?,
            };
            client.without_document(&request, &answer)?;
            let proof = match word(&answer, &block).await {
                Word::Wrong => continue,
                Word::Right(proof) => Some(proof),
                Word::Silent => None,
            };
            let etag = etag_of(client, &request, &answer)?;
            let mut proofs = self.proofs.lock().unwrap_or_else(PoisonError::into_inner);
            match proof {
                Some(proof) => drop(proofs.insert(number, (proof, etag.clone()))),
                None => drop(proofs.remove(&number)),
            }
            return Ok(PartReceipt { number, size, crc64: block.crc64, etag });
        }
        Err(corrupt(client, &self.full))
    }

    pub(crate) async fn abort(&self) -> Result<(), Fault> {
        self.bucket.abort_upload(&self.key, &self.id).await
    }
}
