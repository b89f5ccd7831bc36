use std::{collections::BTreeMap, io};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use http::{HeaderMap, request::Parts};
use hyper::body::Incoming as Body;
use serde::Deserialize;

use super::{
    checksum::Algorithm,
    disk::{Disk, Incoming},
    object::{Answer, describe, document, empty, kept_headers, only_if_new},
    receive::{receive, receive_document},
    record::{Record, multipart_etag},
    refusal::Refusal,
    route::Address,
    server::Shared,
    signature::Signed,
    uploads::{Part, Upload},
    xml::{self, Xml},
};

/// S3 numbers parts from 1 to this.
const MAX_PARTS: usize = 10_000;

pub(crate) fn create(shared: &Shared, address: &Address, parts: &Parts) -> Result<Answer, Refusal> {
    let (bucket, key) = (address.bucket()?, address.key()?);
    shared.disk.bucket(bucket)?;
    let text = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok());
    let algorithm = match text("x-amz-checksum-algorithm") {
        None => Algorithm::Crc64nvme,
        Some(name) => Algorithm::from_name(name)
            .ok_or_else(|| Refusal::not_implemented(format!("this server does not compute `{name}`")))?,
    };
    let composite = match (text("x-amz-checksum-type"), algorithm) {
        (Some("COMPOSITE"), Algorithm::Crc64nvme) | (Some("FULL_OBJECT"), Algorithm::Sha256) => {
            return Err(Refusal::bad("InvalidRequest", format!("{} has no such type", algorithm.name())));
        }
        (Some("COMPOSITE"), _) => true,
        (Some(_), _) => false,
        (None, algorithm) => algorithm != Algorithm::Crc64nvme,
    };
    let upload = Upload {
        bucket: bucket.as_str().to_owned(),
        key: key.clone(),
        begun: shared.now(),
        algorithm,
        composite,
        headers: kept_headers(&parts.headers),
    };
    let id = shared.disk.begin_upload(&upload)?;
    Ok(document(
        Xml::document("InitiateMultipartUploadResult")
            .text("Bucket", bucket.as_str())
            .text("Key", key.as_str())
            .text("UploadId", &id)
            .finish(),
    ))
}

fn opened(disk: &Disk, address: &Address) -> Result<(Upload, Utf8PathBuf), Refusal> {
    disk.bucket(address.bucket()?)?;
    disk.upload(address.bucket()?, address.key()?, address.needed("uploadId")?)
}

pub(crate) async fn part(
    shared: &Shared,
    address: &Address,
    parts: &Parts,
    signed: &Signed,
    body: &mut Body,
) -> Result<Answer, Refusal> {
    let number = address.number("partNumber")?.filter(|n| (1..=MAX_PARTS).contains(n));
    let number = number.ok_or_else(|| Refusal::bad("InvalidArgument", "parts are numbered 1 to 10000"))?;
    let (_, folder) = opened(&shared.disk, address)?;
    let received = receive(&shared.disk, &parts.headers, signed, body).await?;
    let part = shared.disk.keep_part(&folder, number, received, shared.now())?;
    shared.with_tally(|tally| tally.bytes += part.size);
    let mut answer = empty(200);
    let headers = answer.headers_mut();
    for (name, value) in [("etag", format!("\"{}\"", part.etag)), (part.algorithm.header(), part.checksum)] {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    }
    Ok(answer)
}

pub(crate) fn abort(disk: &Disk, address: &Address) -> Result<Answer, Refusal> {
    let (_, folder) = opened(disk, address)?;
    disk.end_upload(&folder)?;
    Ok(empty(204))
}

pub(crate) fn parts(disk: &Disk, address: &Address) -> Result<String, Refusal> {
    let (upload, folder) = opened(disk, address)?;
    let behind = address.number("part-number-marker")?.unwrap_or(0);
    let limit = address.number("max-parts")?.unwrap_or(1000).min(1000);
    let mut shown: Vec<_> = disk.parts(&folder)?.into_iter().filter(|(n, _)| *n > behind).collect();
    let more = shown.len() > limit;
    shown.truncate(limit);
    let last = shown.last().map_or(behind, |(n, _)| *n);
    Ok(Xml::document("ListPartsResult")
        .text("Bucket", &upload.bucket)
        .text("Key", upload.key.as_str())
        .text("UploadId", address.needed("uploadId")?)
        .show("PartNumberMarker", &behind)
        .show("NextPartNumberMarker", &last)
        .show("MaxParts", &limit)
        .show("IsTruncated", &more)
        .each("Part", &shown, |xml, (number, part)| {
            xml.show("PartNumber", &number)
                .show("LastModified", &part.stored)
                .text("ETag", &format!("\"{}\"", part.etag))
                .show("Size", &part.size)
                .text(part.algorithm.element(), &part.checksum)
        })
        .finish())
}

pub(crate) fn uploads(disk: &Disk, address: &Address) -> Result<String, Refusal> {
    let bucket = address.bucket()?;
    disk.bucket(bucket)?;
    let prefix = address.query("prefix").unwrap_or("");
    let behind = (address.query("key-marker").unwrap_or(""), address.query("upload-id-marker").unwrap_or(""));
    let limit = address.number("max-uploads")?.unwrap_or(1000).min(1000);
    let mut shown: Vec<_> = disk.uploads_to(bucket)?;
    shown.retain(|(id, upload)| {
        let key = upload.key.as_str();
        // Without an id, the marker stands for all uploads to that key.
        let passed = if behind.1.is_empty() { key <= behind.0 } else { (key, id.as_str()) <= behind };
        key.starts_with(prefix) && (behind.0.is_empty() || !passed)
    });
    let more = shown.len() > limit;
    shown.truncate(limit);
    let last = shown.last().filter(|_| more);
    Ok(Xml::document("ListMultipartUploadsResult")
        .text("Bucket", bucket.as_str())
        .text("Prefix", prefix)
        .text("KeyMarker", behind.0)
        .text("UploadIdMarker", behind.1)
        .maybe("NextKeyMarker", last.map(|(_, u)| u.key.as_str()))
        .maybe("NextUploadIdMarker", last.map(|(id, _)| id.as_str()))
        .show("MaxUploads", &limit)
        .show("IsTruncated", &more)
        .each("Upload", &shown, |xml, (id, upload)| {
            xml.text("Key", upload.key.as_str()).text("UploadId", id).show("Initiated", &upload.begun)
        })
        .finish())
}

#[derive(Deserialize)]
struct Complete {
    #[serde(rename = "Part", default)]
    parts: Vec<Named>,
}

/// A part as the client names it.
#[derive(Deserialize)]
struct Named {
    #[serde(rename = "PartNumber")]
    number: usize,
    #[serde(rename = "ETag")]
    etag: String,
    #[serde(rename = "ChecksumCRC64NVME")]
    crc64nvme: Option<String>,
    #[serde(rename = "ChecksumCRC32C")]
    crc32c: Option<String>,
    #[serde(rename = "ChecksumCRC32")]
    crc32: Option<String>,
    #[serde(rename = "ChecksumSHA256")]
    sha256: Option<String>,
}

impl Named {
    fn checksum(&self, algorithm: Algorithm) -> Option<&String> {
        match algorithm {
            Algorithm::Crc64nvme => self.crc64nvme.as_ref(),
            Algorithm::Crc32c => self.crc32c.as_ref(),
            Algorithm::Crc32 => self.crc32.as_ref(),
            Algorithm::Sha256 => self.sha256.as_ref(),
        }
    }
}

pub(crate) async fn complete(
    shared: &Shared,
    address: &Address,
    parts: &Parts,
    signed: &Signed,
    body: &mut Body,
) -> Result<Answer, Refusal> {
    let (bucket, key) = (address.bucket()?, address.key()?);
    let (upload, folder) = opened(&shared.disk, address)?;
    let asked: Complete = xml::parse(&receive_document(&parts.headers, signed, body).await?)?;
    let only_if_new = only_if_new(&parts.headers)?;
    let chosen = chosen(&asked.parts, &shared.disk.parts(&folder)?, shared.options.min_part)?;
    let record = record(upload, &chosen, &parts.headers)?;
    let whole = joined(&shared.disk, &folder, &chosen, record.size)?;
    let record = shared.disk.store(bucket, key, whole, record, only_if_new)?;
    shared.disk.end_upload(&folder)?;
    shared.count_stored(address, |stored| stored.completed += 1);
    let mut answer = document(
        Xml::document("CompleteMultipartUploadResult")
            .text("Location", &format!("/{}/{key}", bucket.as_str()))
            .text("Bucket", bucket.as_str())
            .text("Key", key.as_str())
            .text("ETag", &format!("\"{}\"", record.etag))
            .text(record.algorithm.element(), &record.checksum)
            .text("ChecksumType", record.checksum_type())
            .finish(),
    );
    describe(answer.headers_mut(), &record, true);
    Ok(answer)
}

/// The parts that make the object, each the one that came and large enough.
fn chosen(
    named: &[Named],
    kept: &BTreeMap<usize, Part>,
    min_part: u64,
) -> Result<Vec<(usize, Part)>, Refusal> {
    if named.is_empty() {
        return Err(Refusal::bad("MalformedXML", "an upload has at least one part"));
    }
    if !named.is_sorted_by(|a, b| a.number < b.number) {
        return Err(Refusal::bad("InvalidPartOrder", "parts are listed by rising number"));
    }
    let mut chosen = Vec::with_capacity(named.len());
    for (i, name) in named.iter().enumerate() {
        let invalid = |what| Refusal::bad("InvalidPart", format!("part {} {what}", name.number));
        let part = kept.get(&name.number).ok_or_else(|| invalid("was never uploaded"))?;
        if name.etag.trim_matches('"') != part.etag {
            return Err(invalid("has another ETag"));
        }
        let differs = |algorithm: Algorithm| {
            let held = match algorithm {
                Algorithm::Crc64nvme => Some(&part.crc64),
                other => (other == part.algorithm).then_some(&part.checksum),
            };
            name.checksum(algorithm).is_some_and(|given| held.is_some_and(|held| held != given))
        };
        if Algorithm::ALL.into_iter().any(differs) {
            return Err(invalid("has another checksum"));
        }
        if i + 1 < named.len() && part.size < min_part {
            return Err(Refusal::bad(
                "EntityTooSmall",
                format!("part {} has {} bytes", name.number, part.size),
            ));
        }
        chosen.push((name.number, part.clone()));
    }
    Ok(chosen)
}

/// What the whole will be, held against what the client expects of it.
fn record(upload: Upload, chosen: &[(usize, Part)], headers: &HeaderMap) -> Result<Record, Refusal> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let size = chosen.iter().map(|(_, part)| part.size).sum();
    if text("x-amz-mp-object-size").is_some_and(|given| given.parse() != Ok(size)) {
        return Err(Refusal::bad("InvalidRequest", format!("the parts have {size} bytes together")));
    }
    let crc64: Vec<_> = chosen.iter().map(|(_, part)| (part.crc64.clone(), part.size)).collect();
    let crc64 = Algorithm::Crc64nvme.combine(&crc64);
    if text(Algorithm::Crc64nvme.header()).is_some_and(|given| Some(given) != crc64.as_deref()) {
        return Err(Refusal::digest(Algorithm::Crc64nvme.header()));
    }
    let own = upload.algorithm;
    // Parts that came without the upload's own checksum leave the whole with the one every part has.
    let all_own = own != Algorithm::Crc64nvme && chosen.iter().all(|(_, part)| part.algorithm == own);
    let sums: Vec<_> = chosen.iter().map(|(_, part)| (part.checksum.clone(), part.size)).collect();
    let checksum = match (all_own, upload.composite) {
        (true, true) => own.composite(&sums),
        (true, false) => own.combine(&sums),
        (false, _) => crc64,
    };
    let checksum =
        checksum.ok_or_else(|| Refusal::from(io::Error::other("the parts' checksums are unreadable")))?;
    let algorithm = if all_own { own } else { Algorithm::Crc64nvme };
    if text(algorithm.header()).is_some_and(|given| given != checksum) {
        return Err(Refusal::digest(algorithm.header()));
    }
    Ok(Record {
        size,
        modified: upload.begun,
        etag: multipart_etag(chosen.iter().map(|(_, part)| part.etag.as_str())),
        algorithm,
        checksum,
        composite: all_own && upload.composite,
        headers: upload.headers,
    })
}

/// The parts, one behind the other. They are copied, so that a server that dies here leaves the upload as it was.
fn joined(disk: &Disk, folder: &Utf8Path, chosen: &[(usize, Part)], size: u64) -> Result<Incoming, Refusal> {
    let whole = disk.incoming();
    let mut out = fs::File::create(whole.path())?;
    let mut written = 0;
    for (number, _) in chosen {
        written += io::copy(&mut fs::File::open(folder.join(number.to_string()))?, &mut out)?;
    }
    if written != size {
        return Err(io::Error::other("a part has changed on the disk").into());
    }
    Ok(whole)
}
