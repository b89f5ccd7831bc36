use std::{
    collections::BTreeMap,
    io::{self, Read as _, Seek as _, SeekFrom},
    pin::Pin,
    task::{Context, Poll},
};

use adt_model::Key;
use bytes::Bytes;
use camino::Utf8Path;
use fs_err as fs;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request::Parts};
use http_body_util::{Either, Full};
use hyper::body::{Body as HttpBody, Frame, Incoming as Body, SizeHint};
use jiff::fmt::rfc2822::DateTimePrinter;
use serde::Deserialize;

use super::{
    bucket::Bucket,
    disk::Disk,
    receive::{Received, receive, receive_document},
    record::Record,
    refusal::Refusal,
    route::{Address, decode, file_key},
    server::Shared,
    signature::Signed,
    xml::{self, Xml},
};

/// A body that is at hand, or read from a file as the client takes it.
pub(crate) type Outgoing = Either<Full<Bytes>, FileBody>;
pub(crate) type Answer = Response<Outgoing>;

const BLOCK: usize = 256 << 10;

pub(crate) fn whole(text: String) -> Outgoing {
    Either::Left(Full::new(text.into()))
}

pub(crate) fn empty(status: u16) -> Answer {
    let mut answer = Response::new(whole(String::new()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    answer
}

pub(crate) fn document(text: String) -> Answer {
    let mut answer = Response::new(whole(text));
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    answer
}

pub(crate) fn create_bucket(disk: &Disk, address: &Address) -> Result<Answer, Refusal> {
    let bucket = address.bucket()?;
    match fs::create_dir(disk.bucket_folder(bucket)) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(Refusal::new(
            StatusCode::CONFLICT,
            "BucketAlreadyOwnedByYou",
            format!("there is a bucket `{}` already", bucket.as_str()),
        )),
        made => made.map(|()| empty(200)).map_err(Refusal::from),
    }
}

pub(crate) fn location(disk: &Disk, address: &Address) -> Result<Answer, Refusal> {
    disk.bucket(address.bucket()?)?;
    Ok(document(Xml::document("LocationConstraint").finish()))
}

pub(crate) async fn put(
    shared: &Shared,
    address: &Address,
    parts: &Parts,
    signed: &Signed,
    body: &mut Body,
) -> Result<Answer, Refusal> {
    let (bucket, key) = (address.bucket()?, address.key()?);
    shared.disk.bucket(bucket)?;
    let only_if_new = only_if_new(&parts.headers)?;
    if only_if_new && shared.disk.find(bucket, key)?.is_some() {
        return Err(Refusal::precondition(format!("there is an object `{key}` already")));
    }
    let received = receive(&shared.disk, &parts.headers, signed, body).await?;
    let Received { file, size, etag, algorithm, checksum, .. } = received;
    let record = Record {
        size,
        modified: shared.now(),
        etag,
        algorithm,
        checksum,
        composite: false,
        headers: kept_headers(&parts.headers),
    };
    let record = shared.disk.store(bucket, key, file, record, only_if_new)?;
    shared.with_tally(|tally| tally.bytes += size);
    shared.count_stored(address, |stored| stored.put += 1);
    let mut answer = empty(200);
    describe(answer.headers_mut(), &record, true);
    Ok(answer)
}

/// Whether the request asks that there be no such object yet.
pub(crate) fn only_if_new(headers: &HeaderMap) -> Result<bool, Refusal> {
    if headers.contains_key(header::IF_MATCH) {
        return Err(Refusal::not_implemented("this server knows `If-Match` only for reading"));
    }
    match headers.get(header::IF_NONE_MATCH).map(HeaderValue::as_bytes) {
        None => Ok(false),
        Some(b"*") => Ok(true),
        Some(_) => Err(Refusal::not_implemented("objects are written with `If-None-Match: *` or without")),
    }
}

/// Answers `GetObject` and `HeadObject`.
pub(crate) fn get(disk: &Disk, address: &Address, parts: &Parts) -> Result<Answer, Refusal> {
    let (bucket, key) = (address.bucket()?, address.key()?);
    disk.bucket(bucket)?;
    let record = disk.find(bucket, key)?.ok_or_else(|| Refusal::no_key(key.as_str()))?;
    let matches = |name| {
        let given = parts.headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok());
        given.map(|g| {
            g.split(',').any(|e| {
                matches!(e.trim().trim_matches('"'), "*") || e.trim().trim_matches('"') == record.etag
            })
        })
    };
    if matches(header::IF_MATCH) == Some(false) {
        return Err(Refusal::precondition("the object's ETag is another"));
    }
    if matches(header::IF_NONE_MATCH) == Some(true) {
        return Ok(empty(304));
    }
    let range = parts.headers.get(header::RANGE).and_then(|v| v.to_str().ok());
    let range = range.map_or(Ok(None), |text| range_of(text, record.size))?;
    let (start, length) = range.unwrap_or((0, record.size));

    let mut answer = if parts.method == Method::HEAD {
        empty(200)
    } else {
        Response::new(Either::Right(FileBody::open(&disk.object(bucket, key), &record, start, length)?))
    };
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_LENGTH, length.into());
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if range.is_some() {
        let text = format!("bytes {start}-{}/{}", start + length.saturating_sub(1), record.size);
        insert(headers, "content-range", &text);
    }
    for (name, value) in &record.headers {
        insert(headers, name, value);
    }
    let wants = parts
        .headers
        .get("x-amz-checksum-mode")
        .is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"enabled"));
    describe(headers, &record, wants && range.is_none());
    if range.is_some() {
        *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(answer)
}

/// Start and length of a single byte range; `None` when the header is to be ignored.
fn range_of(text: &str, size: u64) -> Result<Option<(u64, u64)>, Refusal> {
    let Some((from, to)) = text.strip_prefix("bytes=").and_then(|r| r.split_once('-')) else {
        return Ok(None);
    };
    let (start, end) = match (from.parse::<u64>(), to.parse::<u64>()) {
        (Ok(from), Ok(to)) if from <= to => (from, to.saturating_add(1).min(size)),
        (Ok(from), Err(_)) if to.is_empty() => (from, size),
        (Err(_), Ok(last)) if from.is_empty() && last > 0 => (size.saturating_sub(last), size),
        _ => return Ok(None),
    };
    if start >= size {
        return Err(Refusal::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "InvalidRange",
            format!("the object has {size} bytes"),
        ));
    }
    Ok(Some((start, end - start)))
}

pub(crate) fn delete(disk: &Disk, address: &Address) -> Result<Answer, Refusal> {
    disk.bucket(address.bucket()?)?;
    disk.remove(address.bucket()?, address.key()?)?;
    Ok(empty(204))
}

#[derive(Deserialize)]
struct Delete {
    #[serde(rename = "Object", default)]
    objects: Vec<DeleteEntry>,
    #[serde(rename = "Quiet", default)]
    quiet: bool,
}

#[derive(Deserialize)]
struct DeleteEntry {
    #[serde(rename = "Key")]
    key: String,
}

pub(crate) async fn delete_many(
    disk: &Disk,
    address: &Address,
    parts: &Parts,
    signed: &Signed,
    body: &mut Body,
) -> Result<Answer, Refusal> {
    let bucket = address.bucket()?;
    disk.bucket(bucket)?;
    let asked: Delete = xml::parse(&receive_document(&parts.headers, signed, body).await?)?;
    if asked.objects.len() > 1000 {
        return Err(Refusal::bad("MalformedXML", "more than 1000 keys"));
    }
    let mut answer = Xml::document("DeleteResult");
    for DeleteEntry { key } in asked.objects {
        match file_key(&key).and_then(|k| disk.remove(bucket, &k)) {
            Ok(()) if asked.quiet => {}
            Ok(()) => answer = answer.nest("Deleted", |xml| xml.text("Key", &key)),
            Err(refusal) => {
                answer = answer.nest("Error", |xml| xml.text("Key", &key).text("Code", refusal.code));
            }
        }
    }
    Ok(document(answer.finish()))
}

pub(crate) fn copy(shared: &Shared, address: &Address, parts: &Parts) -> Result<Answer, Refusal> {
    let (from_bucket, from_key) = copy_source(&parts.headers)?;
    let disk = &shared.disk;
    disk.bucket(&from_bucket)?;
    let from = disk.find(&from_bucket, &from_key)?.ok_or_else(|| Refusal::no_key(from_key.as_str()))?;
    let replace = parts.headers.get("x-amz-metadata-directive").is_some_and(|v| v == "REPLACE");
    let headers = if replace { kept_headers(&parts.headers) } else { from.headers.clone() };
    let incoming = disk.incoming();
    fs::copy(disk.object(&from_bucket, &from_key), incoming.path())?;
    // A copy keeps the file's time on some systems; the object is as new as its own file.
    fs::OpenOptions::new().write(true).open(incoming.path())?.file().set_modified(shared.now().into())?;
    let record = Record { headers, ..from };
    let only_if_new = only_if_new(&parts.headers)?;
    let record = disk.store(address.bucket()?, address.key()?, incoming, record, only_if_new)?;
    shared.count_stored(address, |stored| stored.put += 1);
    Ok(document(
        Xml::document("CopyObjectResult")
            .show("LastModified", &record.modified)
            .text("ETag", &format!("\"{}\"", record.etag))
            .text(record.algorithm.element(), &record.checksum)
            .finish(),
    ))
}

fn copy_source(headers: &HeaderMap) -> Result<(Bucket, Key), Refusal> {
    let text = headers.get("x-amz-copy-source").and_then(|v| v.to_str().ok()).unwrap_or("");
    let text = decode(text)?;
    let (bucket, key) = text
        .trim_start_matches('/')
        .split_once('/')
        .ok_or_else(|| Refusal::bad("InvalidArgument", "`x-amz-copy-source` is `bucket/key`"))?;
    Ok((Bucket::parse(bucket)?, file_key(key)?))
}

/// The headers of a request that are given back with the object.
pub(crate) fn kept_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    const KEPT: [&str; 5] =
        ["content-type", "content-disposition", "content-language", "cache-control", "content-encoding"];
    let mut kept = BTreeMap::new();
    for (name, value) in headers {
        let name = name.as_str();
        if KEPT.contains(&name) || name.starts_with("x-amz-meta-") {
            kept.insert(name.to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned());
        }
    }
    // That one is about the way, not about the object.
    if let Some(encoding) = kept.remove("content-encoding") {
        let own: Vec<_> =
            encoding.split(',').map(str::trim).filter(|e| *e != "aws-chunked" && !e.is_empty()).collect();
        if !own.is_empty() {
            kept.insert("content-encoding".to_owned(), own.join(","));
        }
    }
    kept
}

/// ETag, time and, if asked for, the checksum.
pub(crate) fn describe(headers: &mut HeaderMap, record: &Record, checksum: bool) {
    insert(headers, "etag", &format!("\"{}\"", record.etag));
    if let Ok(time) = DateTimePrinter::new().timestamp_to_rfc9110_string(&record.modified) {
        insert(headers, "last-modified", &time);
    }
    if checksum {
        insert(headers, record.algorithm.header(), &record.checksum);
        insert(headers, "x-amz-checksum-type", record.checksum_type());
    }
}

/// Header texts come from requests, where they were header texts already.
fn insert(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) =
        (header::HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes()))
    {
        headers.insert(name, value);
    }
}

/// A stretch of a file, read as it is sent.
pub(crate) struct FileBody {
    file: fs::File,
    left: u64,
}

impl FileBody {
    /// Refuses when the object was replaced since its record was read: bytes and ETag would not belong together.
    fn open(path: &Utf8Path, record: &Record, start: u64, length: u64) -> Result<Self, Refusal> {
        let mut file = fs::File::open(path)?;
        let meta = file.metadata()?;
        let modified = jiff::Timestamp::try_from(meta.modified()?).map_err(io::Error::other)?;
        if (meta.len(), modified) != (record.size, record.modified) {
            let text = "the object was replaced just now; ask again";
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "SlowDown", text));
        }
        file.seek(SeekFrom::Start(start))?;
        Ok(Self { file, left: length })
    }
}

impl HttpBody for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let mut block = vec![0; BLOCK.min(usize::try_from(self.left).unwrap_or(BLOCK))];
        Poll::Ready(Some(self.file.read(&mut block).and_then(|n| {
            if n == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the object was cut short"));
            }
            self.left -= n as u64;
            block.truncate(n);
            Ok(Frame::data(block.into()))
        })))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("bytes=0-3", Ok(Some((0, 4))))]
    #[case("bytes=4-", Ok(Some((4, 6))))]
    #[case("bytes=-3", Ok(Some((7, 3))))]
    #[case("bytes=-99", Ok(Some((0, 10))))]
    #[case("bytes=8-99", Ok(Some((8, 2))))]
    #[case::behind_the_end("bytes=10-", Err("InvalidRange"))]
    #[case::backwards("bytes=3-1", Ok(None))]
    #[case::several("bytes=0-1,3-4", Ok(None))]
    #[case::other_unit("lines=0-1", Ok(None))]
    fn ranges_of_ten_bytes(#[case] text: &str, #[case] expected: Result<Option<(u64, u64)>, &'static str>) {
        assert_eq!(range_of(text, 10).map_err(|r| r.code), expected);
    }
}
