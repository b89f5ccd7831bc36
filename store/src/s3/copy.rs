//! Copies that the server makes by itself.

use std::sync::atomic::Ordering;

use adt_model::{Class, Fault, Key};
use adt_net::encode;
use futures::{StreamExt, TryStreamExt, stream};
use http::Method;

use super::{
    Bucket,
    complete::{completed, completion},
    proof::{corrupt, with_or_without},
    put::described,
    read,
    server::Client,
    site::AccessPoint,
};
use crate::{
    Copied, Found, ObjectMeta, Proof, checksum,
    exchange::{Answer, Deed, Kind, Request, Trouble},
    part_size::{MAX_PUT, MIB, part_size},
};

/// Parts that are copied at once: the server works, we only wait.
const AT_ONCE: usize = 8;
/// A copied part passes over no network of ours, so it may be large.
const PART: u64 = 512 * MIB;

/// An object that is to be copied.
struct Origin {
    /// As it is named in the header: bucket and key, encoded.
    header: String,
    /// As people write it.
    shown: String,
    size: u64,
    etag: Option<String>,
}

impl Bucket {
    pub(crate) fn copies_from(&self, from: &Self) -> bool {
        let here = &self.client.server;
        here.reaches(&from.client.server) && !here.no_copies.load(Ordering::Relaxed)
    }

    /// Without `meta` the copy keeps what is beside the source. `None` when this server cannot, or may not, read the source.
    pub(crate) async fn copy(
        &self,
        key: &Key,
        from: &Self,
        source: &Found,
        meta: Option<&ObjectMeta>,
    ) -> Result<Option<Copied>, Fault> {
        let (here, there) = (&self.client.server, &from.client.server);
        if !self.copies_from(from) {
            return Ok(None);
        }
        let full = self.full(key)?;
        let theirs = from.full(&source.key)?;
        let origin = Origin {
            header: named(&there.bucket, &theirs),
            shown: format!("s3://{}/{theirs}", there.bucket),
            size: source.size,
            etag: source.etag.clone(),
        };
        let copied = match meta {
            _ if source.size <= MAX_PUT => self.copy_whole(&full, &origin, meta).await,
            Some(meta) => self.copy_parts(&full, &origin, meta).await,
            // An upload in parts knows nothing of the source but its bytes.
            None => {
                let found = read::head(&from.client, &theirs).await?;
                let meta = found.and_then(|found| found.meta).unwrap_or_default();
                self.copy_parts(&full, &origin, &meta).await
            }
        };
        match copied {
            Ok(etag) => prove(&self.client, &full, source, etag).await.map(Some),
            Err(trouble) => match trouble.kind() {
                Some(Kind::Condition) => Err(read::changed(&origin.shown)),
                Some(Kind::Features) => {
                    here.no_copies.store(true, Ordering::Relaxed);
                    Ok(None)
                }
                // On the bytes' way over this machine it will show which of the two places refuses what.
                Some(Kind::Denied | Kind::NoObject | Kind::NoBucket) => Ok(None),
                _ => Err(trouble.fault),
            },
        }
    }

    /// One request; the copy's `ETag`.
    async fn copy_whole(
        &self,
        full: &str,
        origin: &Origin,
        meta: Option<&ObjectMeta>,
    ) -> Result<Option<String>, Trouble> {
        let mut request = origin.named(Request::new(Deed::Copy, Method::PUT, Some(full.to_owned())));
        if let Some(meta) = meta {
            request = described(request, meta).header("x-amz-metadata-directive", "REPLACE");
            if meta.tags.is_some() {
                request = request.header("x-amz-tagging-directive", "REPLACE");
            }
        }
        // The server reads and writes all of it before it answers.
        let request = request.answer_size(origin.size / 64);
        let (answer, _) = with_or_without(&self.client, |checksums| {
            let request = request.clone();
            if checksums { request.header("x-amz-checksum-algorithm", "CRC64NVME") } else { request }
        })
        .await?;
        copied_etag(&self.client, &request, &answer, "CopyObjectResult").map(Some).map_err(Trouble::from)
    }

    async fn copy_parts(
        &self,
        full: &str,
        origin: &Origin,
        meta: &ObjectMeta,
    ) -> Result<Option<String>, Trouble> {
        let key = Key::object(full).map_err(|e| Fault::new(Class::Bug, "a key that is none").because(e))?;
        let whole = Self { client: std::sync::Arc::clone(&self.client), prefix: None };
        let upload = whole.begin(&key, meta).await?;
        let copied = self.fill(full, upload.id(), origin).await;
        if copied.is_err() {
            // What was wrong is what counts; an upload that stays is for `unfinished` to find.
            let _ = upload.abort().await;
        }
        copied
    }

    async fn fill(&self, full: &str, id: &str, origin: &Origin) -> Result<Option<String>, Trouble> {
        let size = part_size(Some(origin.size)).max(PART);
        let count = u32::try_from(origin.size.div_ceil(size))
            .map_err(|_| Fault::new(Class::Refused, format!("`{}` needs too many parts", origin.shown)))?;
        let copy = |number: u32| async move {
            let begin = u64::from(number - 1) * size;
            let end = origin.size.min(begin + size);
            let request = Request::new(Deed::PutPart, Method::PUT, Some(full.to_owned()))
                .query("partNumber", number.to_string())
                .query("uploadId", id)
                .header("x-amz-copy-source-range", format!("bytes={begin}-{}", end - 1))
                .answer_size((end - begin) / 64);
            let request = origin.named(request);
            let answer = self.client.send(&request).await?;
            Ok::<_, Trouble>((number, copied_etag(&self.client, &request, &answer, "CopyPartResult")?))
        };
        let parts: Vec<_> = stream::iter(1..=count).map(copy).buffered(AT_ONCE).try_collect().await?;
        let request = completion(full, id, parts.iter().map(|(number, etag)| (*number, etag.as_str())))
            .answer_size(origin.size / 64);
        let answer = self.client.send(&request).await?;
        Ok(completed(&self.client, &request, &answer)?.etag("ETag"))
    }
}

/// The `ETag` that an answer to a copy holds.
fn copied_etag(client: &Client, request: &Request, answer: &Answer, root: &str) -> Result<String, Fault> {
    let etag = client.document(request, answer, root)?.etag("ETag");
    etag.ok_or_else(|| client.strange(request, "it has no ETag"))
}

/// An object as the header of a copy names it. One behind an access point is named by the access point's ARN.
fn named(bucket: &str, key: &str) -> String {
    if AccessPoint::of(bucket).is_some() {
        return encode::path(&format!("{bucket}/object/{key}"));
    }
    format!("/{}/{}", encode::path(bucket), encode::path(key))
}

impl Origin {
    fn named(&self, request: Request) -> Request {
        let request = request.header("x-amz-copy-source", self.header.clone());
        match &self.etag {
            Some(etag) => request.header("x-amz-copy-source-if-match", format!("\"{etag}\"")),
            None => request,
        }
    }
}

/// Equal MD5s say it all; else the copy is looked at.
async fn prove(client: &Client, full: &str, source: &Found, etag: Option<String>) -> Result<Copied, Fault> {
    let size = source.size;
    let plain = |etag: &&String| checksum::md5_from_etag(etag).is_some();
    if let (Some(here), Some(there)) = (etag.as_ref(), source.etag.as_ref().filter(plain))
        && here == there
    {
        return Ok(Copied { size, crc64: source.crc64, etag, proof: Proof::EtagMd5 });
    }
    let Some(found) = read::head(client, full).await?.filter(|found| found.size == size) else {
        return Err(corrupt(client, full));
    };
    let proof = match (found.crc64, source.crc64) {
        (Some(here), Some(there)) if here == there => Proof::Checksum,
        (Some(_), Some(_)) => return Err(corrupt(client, full)),
        _ => Proof::ServerCopy,
    };
    Ok(Copied { size, crc64: found.crc64, etag: found.etag, proof })
}
