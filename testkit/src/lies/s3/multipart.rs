//! Uploads in parts.

use std::{collections::BTreeMap, fmt::Write as _};

use adt_net::{
    encode,
    xml::{Element, escaped, unquoted},
};
use bytes::Bytes;
use jiff::Timestamp;

use super::{
    super::{
        Asked, Op, Reply,
        state::{State, Upload, hex, md5},
    },
    CRC64, Refused, beside, crc64, document, intact, origin, quoted, summed,
};

/// Does what is asked of uploads.
pub(super) fn handle(state: &mut State, asked: &Asked) -> Result<Reply, Refused> {
    match asked.op {
        Op::Begin => {
            let id = begin(state, &asked.bucket, &asked.key, beside(asked));
            let (bucket, key) = (&asked.bucket, escaped(&asked.key));
            Ok(document(
                200,
                &format!(
                    "<InitiateMultipartUploadResult><Bucket>{bucket}</Bucket><Key>{key}</Key><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
                ),
            ))
        }
        Op::Part => {
            intact(state, asked)?;
            let body = asked.body.clone();
            let etag = quoted(&keep_part(state, asked, &body)?);
            Ok(summed(state, Reply::empty(200), &body).with("etag", etag))
        }
        Op::PartCopy => part_copy(state, asked),
        Op::ListParts => parts(state, asked),
        Op::Complete => complete(state, asked),
        Op::Abort => {
            let id = asked.query("uploadId").unwrap_or_default();
            state.uploads.remove(id).map(|_| Reply::empty(204)).ok_or((404, "NoSuchUpload"))
        }
        Op::ListUploads => Ok(uploads(state, asked)),
        _ => Err((501, "NotImplemented")),
    }
}

fn begin(state: &mut State, bucket: &str, key: &str, meta: BTreeMap<String, String>) -> String {
    let id = format!("upload-{}", state.serial());
    let (bucket, key) = (bucket.to_owned(), key.to_owned());
    let upload = Upload { bucket, key, meta, begun: Timestamp::now(), ..Upload::default() };
    state.uploads.insert(id.clone(), upload);
    id
}

/// An upload that some client has begun, with its first part; with none for no bytes.
pub(in super::super) fn begun(state: &mut State, bucket: &str, key: &str, part: Bytes) {
    let id = begin(state, bucket, key, BTreeMap::new());
    if let Some(upload) = state.uploads.get_mut(&id).filter(|_| !part.is_empty()) {
        upload.sums.insert(number("1"), md5(&part));
        upload.parts.insert(number("1"), part);
    }
}

/// Part numbers sort like numbers.
fn number(text: &str) -> String {
    format!("{text:0>5}")
}

fn upload<'a>(state: &'a State, asked: &Asked) -> Result<&'a Upload, Refused> {
    asked.query("uploadId").and_then(|id| state.uploads.get(id)).ok_or((404, "NoSuchUpload"))
}

/// Keeps a part; its `ETag`. A part for another bucket is acknowledged and lost.
fn keep_part(state: &mut State, asked: &Asked, bytes: &Bytes) -> Result<String, Refused> {
    let upload = asked.query("uploadId").and_then(|id| state.uploads.get_mut(id));
    let upload = upload.ok_or((404, "NoSuchUpload"))?;
    let (number, sum) = (number(asked.query("partNumber").unwrap_or_default()), md5(bytes));
    if upload.bucket == asked.bucket {
        upload.parts.insert(number.clone(), bytes.clone());
        upload.sums.insert(number, sum);
    }
    Ok(hex(&sum))
}

fn part_copy(state: &mut State, asked: &Asked) -> Result<Reply, Refused> {
    let object = origin(state, asked)?;
    let range = asked.header("x-amz-copy-source-range").and_then(|text| text.strip_prefix("bytes="));
    let (first, last) = range
        .and_then(|text| text.split_once('-'))
        .and_then(|(first, last)| Some((first.parse::<usize>().ok()?, last.parse::<usize>().ok()? + 1)))
        .unwrap_or((0, object.bytes.len()));
    if first >= last || last > object.bytes.len() {
        return Err((416, "InvalidRange"));
    }
    let bytes = object.bytes.slice(first..last);
    let etag = keep_part(state, asked, &bytes)?;
    Ok(document(200, &format!("<CopyPartResult><ETag>&quot;{etag}&quot;</ETag></CopyPartResult>")))
}

fn parts(state: &State, asked: &Asked) -> Result<Reply, Refused> {
    let upload = upload(state, asked)?;
    let after = number(asked.query("part-number-marker").unwrap_or("0"));
    let id = asked.query("uploadId").unwrap_or_default();
    let mut text = format!(
        "<ListPartsResult><Bucket>{}</Bucket><Key>{}</Key><UploadId>{id}</UploadId><IsTruncated>false</IsTruncated>",
        upload.bucket,
        escaped(&upload.key)
    );
    if state.checksums {
        text.push_str(
            "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>",
        );
    }
    for (name, bytes) in upload.parts.iter().filter(|(number, _)| **number > after) {
        let etag = hex(&upload.sums.get(name).copied().unwrap_or_default());
        let number = name.trim_start_matches('0');
        let sum = if state.checksums {
            format!("<ChecksumCRC64NVME>{}</ChecksumCRC64NVME>", crc64(bytes))
        } else {
            String::new()
        };
        let _infallible = write!(
            text,
            "<Part><PartNumber>{number}</PartNumber><LastModified>{}</LastModified><ETag>&quot;{etag}&quot;</ETag><Size>{}</Size>{sum}</Part>",
            upload.begun,
            bytes.len()
        );
    }
    Ok(document(200, &(text + "</ListPartsResult>")))
}

fn complete(state: &mut State, asked: &Asked) -> Result<Reply, Refused> {
    let upload = upload(state, asked)?.clone();
    let root = Element::parse(&asked.body).map_err(|_| (400, "MalformedXML"))?;
    let (mut pieces, mut sums): (Vec<&Bytes>, Vec<u8>) = Default::default();
    for part in root.all("Part") {
        let number = number(part.value("PartNumber").unwrap_or_default());
        let etag = part.value("ETag").map(unquoted);
        let bytes = upload.parts.get(&number).ok_or((400, "InvalidPart"))?;
        let sum = upload.sums.get(&number).copied().unwrap_or_default();
        if etag.as_deref() != Some(&hex(&sum)) {
            return Err((400, "InvalidPart"));
        }
        pieces.push(bytes);
        sums.extend(sum);
    }
    let Some((_, all_but_last)) = pieces.split_last() else { return Err((400, "MalformedXML")) };
    if all_but_last.iter().any(|piece| piece.len() < state.min_part) {
        return Err((400, "EntityTooSmall"));
    }
    let whole = Bytes::from(pieces.iter().map(|piece| &piece[..]).collect::<Vec<_>>().concat());
    if state.checksums && asked.header(CRC64).is_some_and(|given| given != crc64(&whole)) {
        return Err((400, "BadDigest"));
    }
    let etag = format!("{}-{}", hex(&md5(&sums)), pieces.len());
    state.uploads.remove(asked.query("uploadId").unwrap_or_default());
    state.store((&asked.bucket, &asked.key), whole.clone(), upload.meta, Some(etag.clone()));
    Ok(completed(state, asked, &whole, &etag))
}

fn completed(state: &State, asked: &Asked, whole: &[u8], etag: &str) -> Reply {
    let sum = if state.checksums {
        format!(
            "<ChecksumCRC64NVME>{}</ChecksumCRC64NVME><ChecksumType>FULL_OBJECT</ChecksumType>",
            crc64(whole)
        )
    } else {
        String::new()
    };
    let (bucket, key) = (&asked.bucket, escaped(&asked.key));
    document(
        200,
        &format!(
            "<CompleteMultipartUploadResult><Location>{}/{bucket}/{key}</Location><Bucket>{bucket}</Bucket><Key>{key}</Key><ETag>&quot;{etag}&quot;</ETag>{sum}</CompleteMultipartUploadResult>",
            state.endpoint
        ),
    )
}

fn uploads(state: &State, asked: &Asked) -> Reply {
    let (prefix, marker) =
        (asked.query("prefix").unwrap_or_default(), asked.query("key-marker").unwrap_or_default());
    let id_marker = asked.query("upload-id-marker").unwrap_or_default();
    let mut all: Vec<_> = state
        .uploads
        .iter()
        .filter(|(_, upload)| upload.bucket == asked.bucket && upload.key.starts_with(prefix))
        .map(|(id, upload)| (upload.key.as_str(), id.as_str(), upload.begun))
        .filter(|(key, id, _)| (*key, *id) > (marker, id_marker))
        .collect();
    all.sort_unstable();
    let truncated = all.len() > state.page;
    all.truncate(state.page);
    let mut text = format!(
        "<ListMultipartUploadsResult><Bucket>{}</Bucket><Prefix>{}</Prefix><KeyMarker>{}</KeyMarker><EncodingType>url</EncodingType><IsTruncated>{truncated}</IsTruncated>",
        asked.bucket,
        encode::path(prefix),
        encode::path(marker)
    );
    if let Some((key, id, _)) = all.last().filter(|_| truncated) {
        let key = encode::path(key);
        let _infallible =
            write!(text, "<NextKeyMarker>{key}</NextKeyMarker><NextUploadIdMarker>{id}</NextUploadIdMarker>");
    }
    for (key, id, begun) in all {
        let key = encode::path(key);
        let _infallible = write!(
            text,
            "<Upload><Key>{key}</Key><UploadId>{id}</UploadId><Initiated>{begun}</Initiated></Upload>"
        );
    }
    document(200, &(text + "</ListMultipartUploadsResult>"))
}
