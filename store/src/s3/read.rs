use std::{collections::BTreeMap, ops::Range};

use adt_model::{Class, Fault, Key};
use bytes::Bytes;
use http::{Method, StatusCode};

use super::{Bucket, proof::CRC64, server::Client};
use crate::{
    Found, ObjectMeta, checksum,
    exchange::{Answer, Deed, Kind, Request, damaged, gives_range},
    http_date::http_date,
    mtime,
    part_size::stated_size,
    tags,
};

impl Bucket {
    pub(crate) async fn head(&self, key: &Key) -> Result<Option<Found>, Fault> {
        let found = head(&self.client, &self.full(key)?).await?;
        Ok(found.map(|found| Found { key: key.clone(), ..found }))
    }

    /// With `of` only the very version that was found will do.
    pub(crate) async fn get(
        &self,
        key: &Key,
        range: Option<Range<u64>>,
        of: Option<&Found>,
    ) -> Result<Bytes, Fault> {
        get(&self.client, &self.full(key)?, range, of).await
    }

    /// All of the version that was found, with what stands beside it.
    pub(crate) async fn whole(&self, found: Found) -> Result<(Bytes, Found), Fault> {
        let answer = get_whole(&self.client, &self.full(&found.key)?, Some(&found)).await?;
        let (meta, crc64) = (beside(&answer), whole_checksum(&answer).or(found.crc64));
        let modified = meta.modified.or(found.modified);
        let etag_is_md5 = has_plain_etag(&answer);
        Ok((answer.body, Found { modified, crc64, etag_is_md5, meta: Some(Box::new(meta)), ..found }))
    }

    pub(crate) async fn tags(&self, key: &Key) -> Result<BTreeMap<String, String>, Fault> {
        let request = Request::new(Deed::Tags, Method::GET, Some(self.full(key)?)).query("tagging", "");
        let answer = self.client.send(&request).await?;
        self.client.document(&request, &answer, "Tagging").map(|root| tags::read(&root))
    }

    pub(crate) async fn delete(&self, key: &Key) -> Result<(), Fault> {
        let (client, full) = (&self.client, self.full(key)?);
        let request = Request::new(Deed::Delete, Method::DELETE, Some(full.clone()));
        let answer = match client.send(&request).await {
            Err(trouble) if trouble.status() == 404 && trouble.kind() != Some(Kind::NoBucket) => {
                return Ok(());
            }
            other => other?,
        };
        let gone = client.says_deleted(&request, &answer, StatusCode::NO_CONTENT)?;
        if gone || head(client, &full).await?.is_none() { Ok(()) } else { Err(client.not_deleted(&request)) }
    }
}

/// What a server says of an object, by its whole key.
pub(super) async fn head(client: &Client, full: &str) -> Result<Option<Found>, Fault> {
    let key = Key::object(full).map_err(|e| Fault::new(Class::Bug, "a key that is none").because(e))?;
    let request = Request::new(Deed::Head, Method::HEAD, Some(full.to_owned()))
        .header("x-amz-checksum-mode", "ENABLED");
    let answer = match client.send(&request).await {
        Err(trouble) if trouble.status() == 404 => return Ok(None),
        other => other?,
    };
    let Some(size) = answer.header("content-length").and_then(stated_size) else {
        return Err(client.strange(&request, "it has no size (`Content-Length`)"));
    };
    if answer.status != StatusCode::OK
        || (answer.etag().is_none() && answer.header("last-modified").is_none())
    {
        return Err(client.strange(&request, "it describes no object: it has neither ETag nor Last-Modified"));
    }
    let modified = answer.header(&format!("x-amz-meta-{}", mtime::KEY)).and_then(mtime::from_text);
    let written = answer.header("last-modified").and_then(http_date);
    let (etag, crc64, etag_is_md5) = (answer.etag(), whole_checksum(&answer), has_plain_etag(&answer));
    let meta = Some(Box::new(beside(&answer)));
    Ok(Some(Found { etag, modified, crc64, etag_is_md5, written, meta, ..Found::new(key, size) }))
}

/// What is kept beside an object, from an answer about it.
fn beside(answer: &Answer) -> ObjectMeta {
    let text = |name: &str| answer.header(name).map(str::to_owned);
    let user = answer.headers.iter().filter_map(|(name, value)| {
        let name = name.as_str().strip_prefix("x-amz-meta-")?;
        (name != mtime::KEY).then_some((name.to_owned(), value.to_str().ok()?.to_owned()))
    });
    ObjectMeta {
        modified: text(&format!("x-amz-meta-{}", mtime::KEY)).and_then(|text| mtime::from_text(&text)),
        content_type: text("content-type").map(Into::into),
        cache_control: text("cache-control"),
        content_encoding: text("content-encoding"),
        content_disposition: text("content-disposition"),
        content_language: text("content-language"),
        tags: None,
        user: user.collect(),
    }
}

/// The checksum of the whole object, if that is what the answer holds. Of a multipart object whose kind of checksum is not
/// said, it may be one of checksums.
fn whole_checksum(answer: &Answer) -> Option<adt_model::Crc64> {
    let crc = answer.header(CRC64).and_then(checksum::crc64_from_wire)?;
    let whole = match answer.header("x-amz-checksum-type") {
        Some(kind) => kind.eq_ignore_ascii_case("FULL_OBJECT"),
        None => !answer.etag().is_some_and(|etag| etag.contains('-')),
    };
    whole.then_some(crc)
}

/// Whether an answer gives no reason why its `ETag` is not the MD5 of the bytes. With keys of a key service, or of the client, it is not.
///
/// Source: "Checking object integrity for data uploads" in the Amazon S3 User Guide.
fn has_plain_etag(answer: &Answer) -> bool {
    let by_service =
        answer.header("x-amz-server-side-encryption").is_some_and(|kind| kind.starts_with("aws:kms"));
    !by_service && answer.header("x-amz-server-side-encryption-customer-algorithm").is_none()
}

/// An object's bytes, or those of a range that is not empty; compared with the server's checksum if they are all of it.
pub(super) async fn get(
    client: &Client,
    full: &str,
    range: Option<Range<u64>>,
    of: Option<&Found>,
) -> Result<Bytes, Fault> {
    let Some(range) = range else { return Ok(get_whole(client, full, of).await?.body) };
    let mut request = Request::new(Deed::Get, Method::GET, Some(full.to_owned()))
        .header("range", format!("bytes={}-{}", range.start, range.end - 1))
        .answer_size(range.end - range.start);
    request = of_version(request, of);
    let answer = of_that_version(client, &request, of).await?;
    if !gives_range(&answer, &range, of.map(|found| found.size)) {
        let (Range { start, end }, got) = (range, answer.body.len());
        let what = format!("`{}` gave {got} bytes for {start}..{end}", client.target(&request));
        return Err(Fault::new(Class::Corrupt, what));
    }
    Ok(answer.body)
}

/// How often an object is read that does not match its checksum: what was damaged on the way may come whole the next time.
const READS: u32 = 3;

/// The answer with all of an object, whose bytes match every checksum that is stated for them.
async fn get_whole(client: &Client, full: &str, of: Option<&Found>) -> Result<Answer, Fault> {
    let request =
        Request::new(Deed::Get, Method::GET, Some(full.to_owned())).header("x-amz-checksum-mode", "ENABLED");
    let mut request = of_version(request, of);
    if let Some(found) = of {
        request = request.answer_size(found.size);
    }
    for _ in 0..READS {
        let answer = of_that_version(client, &request, of).await?;
        if answer.status != StatusCode::OK {
            return Err(client.strange(&request, "it is not the whole object"));
        }
        if answer.etag().is_none() && answer.header("last-modified").is_none() {
            return Err(client.strange(&request, "it is no object: it has neither ETag nor Last-Modified"));
        }
        let whole = of.is_none_or(|found| found.size == answer.body.len() as u64);
        if whole && matches(&answer, of).await {
            return Ok(answer);
        }
    }
    Err(damaged(&client.target(&request)))
}

/// Whether the bytes of an answer match its checksum, that of an earlier answer about the same version, and the MD5 that its `ETag` is.
async fn matches(answer: &Answer, of: Option<&Found>) -> bool {
    let sums = [whole_checksum(answer), of.and_then(|found| found.crc64)];
    let mut sums = sums.into_iter().flatten().peekable();
    if sums.peek().is_some() {
        let here = checksum::crc64(&answer.body);
        return sums.all(|there| there == here);
    }
    let etag = answer.etag().or_else(|| of.and_then(|found| found.etag.clone()));
    match etag.as_deref().filter(|_| has_plain_etag(answer)).and_then(checksum::md5_from_etag) {
        Some(there) => there == checksum::md5(answer.body.clone()).await,
        None => true,
    }
}

fn of_version(request: Request, of: Option<&Found>) -> Request {
    match of.and_then(|found| found.etag.as_deref()) {
        Some(etag) => request.header("if-match", format!("\"{etag}\"")),
        None => request,
    }
}

async fn of_that_version(client: &Client, request: &Request, of: Option<&Found>) -> Result<Answer, Fault> {
    let answer = match client.send(request).await {
        Err(trouble) if trouble.kind() == Some(Kind::Condition) => {
            return Err(changed(&client.target(request)));
        }
        other => other?,
    };
    // Not every server looks at `if-match`.
    let wanted = of.and_then(|found| found.etag.as_deref());
    if wanted.is_some_and(|wanted| answer.etag().is_some_and(|etag| etag != wanted)) {
        return Err(changed(&client.target(request)));
    }
    Ok(answer)
}

/// The fault for an object that is not the version any more that was found.
pub(super) fn changed(target: &str) -> Fault {
    Fault::new(Class::Corrupt, format!("`{target}` was changed while it was read"))
        .help("run the same command again when nobody writes it any more")
}
