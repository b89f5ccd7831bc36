//! Which request gets which answer.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, Request, StatusCode, header, request::Parts};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use crate::{
    answer::{Answer, Headers, empty, refusal, with_header, with_headers, xml},
    listing,
    names::{Query, decode, escape},
    shelf::{Object, Shelf, Upload},
};

const CHECKSUM: &str = "x-amz-checksum-";

/// What a request is about.
struct Asked<'a> {
    bucket: &'a str,
    key: &'a str,
    query: Query,
    headers: &'a HeaderMap,
    /// Bytes of the body, without the framing of chunks.
    size: u64,
}

/// Reads a request to its end and answers it.
pub(crate) async fn answer(request: Request<Incoming>, shelf: &Shelf) -> Result<Answer, hyper::Error> {
    let (parts, body) = request.into_parts();
    let read = drain(body).await?;
    let path = decode(parts.uri.path());
    let path = path.trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let Parts { method, headers, uri, .. } = &parts;
    let size = number(headers, "x-amz-decoded-content-length").unwrap_or(read);
    let asked = Asked { bucket, key, query: Query::parse(uri.query().unwrap_or_default()), headers, size };
    Ok(if key.is_empty() { of_bucket(method, &asked, shelf) } else { of_object(method, &asked, shelf) })
}

async fn drain(mut body: Incoming) -> Result<u64, hyper::Error> {
    let mut read = 0;
    while let Some(frame) = body.frame().await {
        read += frame?.data_ref().map_or(0, Bytes::len) as u64;
    }
    Ok(read)
}

fn of_bucket(method: &Method, asked: &Asked<'_>, shelf: &Shelf) -> Answer {
    let has = |name| asked.query.has(name);
    match *method {
        Method::GET if has("location") => xml("<LocationConstraint/>"),
        Method::GET if has("versioning") => xml("<VersioningConfiguration/>"),
        Method::GET if has("uploads") => {
            xml("<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>")
        }
        Method::GET if asked.bucket.is_empty() => xml("<ListAllMyBucketsResult/>"),
        Method::GET => xml(&listing::document(&shelf.open().objects, asked.bucket, &asked.query)),
        // Every bucket is there.
        Method::HEAD | Method::PUT => {
            with_header(empty(StatusCode::OK), HeaderName::from_static("x-amz-bucket-region"), "us-east-1")
        }
        _ => refusal(StatusCode::NOT_IMPLEMENTED, "NotImplemented"),
    }
}

fn of_object(method: &Method, asked: &Asked<'_>, shelf: &Shelf) -> Answer {
    let name = format!("{}/{}", asked.bucket, asked.key);
    let upload = asked.query.get("uploadId");
    match (method.as_str(), upload) {
        // A copy has no body, so there would be nothing to measure.
        ("PUT", _) if asked.headers.contains_key("x-amz-copy-source") => {
            refusal(StatusCode::NOT_IMPLEMENTED, "NotImplemented")
        }
        ("PUT", Some(id)) => put_part(id, asked, shelf),
        ("PUT", None) => put(name, asked, shelf),
        ("POST", None) if asked.query.has("uploads") => begin(name, asked, shelf),
        ("POST", Some(id)) => complete(id, asked, shelf),
        ("DELETE", Some(id)) => {
            shelf.open().uploads.remove(id);
            empty(StatusCode::NO_CONTENT)
        }
        ("DELETE", None) => {
            shelf.open().objects.remove(&name);
            empty(StatusCode::NO_CONTENT)
        }
        ("GET", Some(_)) => xml("<ListPartsResult><IsTruncated>false</IsTruncated></ListPartsResult>"),
        ("HEAD", None) => head(&name, shelf),
        // The bytes are gone.
        _ => refusal(StatusCode::NOT_IMPLEMENTED, "NotImplemented"),
    }
}

fn put(name: String, asked: &Asked<'_>, shelf: &Shelf) -> Answer {
    let etag = etag(asked.headers);
    let answer = with_etag(with_headers(empty(StatusCode::OK), &checksums(asked.headers)), &etag);
    let object = Object { size: asked.size, etag, headers: kept(asked.headers) };
    shelf.open().objects.insert(name, object);
    answer
}

fn begin(name: String, asked: &Asked<'_>, shelf: &Shelf) -> Answer {
    let headers = kept(asked.headers);
    let id = shelf.open().begin(Upload { name, headers, ..Upload::default() });
    let (bucket, key) = (asked.bucket, escape(asked.key));
    xml(&format!(
        "<InitiateMultipartUploadResult><Bucket>{bucket}</Bucket><Key>{key}</Key>\
         <UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
    ))
}

fn put_part(id: &str, asked: &Asked<'_>, shelf: &Shelf) -> Answer {
    let number = asked.query.get("partNumber").and_then(|text| text.parse().ok());
    let mut kept = shelf.open();
    let (Some(upload), Some(number)) = (kept.uploads.get_mut(id), number) else {
        return refusal(StatusCode::NOT_FOUND, "NoSuchUpload");
    };
    upload.parts.insert(number, asked.size);
    with_etag(with_headers(empty(StatusCode::OK), &checksums(asked.headers)), &etag(asked.headers))
}

fn complete(id: &str, asked: &Asked<'_>, shelf: &Shelf) -> Answer {
    let mut whole = checksums(asked.headers);
    let stated: String = whole.iter().map(|(name, value)| element(name, value)).collect();
    if !whole.is_empty() {
        whole.extend(header_of(asked.headers, "x-amz-checksum-type"));
    }
    let Some(object) = shelf.open().complete(id, whole) else {
        return refusal(StatusCode::NOT_FOUND, "NoSuchUpload");
    };
    let (bucket, key, etag) = (asked.bucket, escape(asked.key), object.etag);
    xml(&format!(
        "<CompleteMultipartUploadResult><Bucket>{bucket}</Bucket><Key>{key}</Key>\
         <ETag>&quot;{etag}&quot;</ETag>{stated}</CompleteMultipartUploadResult>"
    ))
}

fn head(name: &str, shelf: &Shelf) -> Answer {
    match shelf.open().objects.get(name) {
        Some(object) => {
            let answer = with_headers(with_etag(empty(StatusCode::OK), &object.etag), &object.headers);
            let answer = with_header(answer, header::LAST_MODIFIED, "Tue, 01 Jan 2030 00:00:00 GMT");
            with_header(answer, header::CONTENT_LENGTH, &object.size.to_string())
        }
        None => empty(StatusCode::NOT_FOUND),
    }
}

/// `x-amz-checksum-crc32: …` as an answer's document says it.
fn element(name: &HeaderName, value: &http::HeaderValue) -> String {
    let kind = name.as_str().trim_start_matches(CHECKSUM).to_uppercase();
    let value = escape(value.to_str().unwrap_or_default());
    format!("<Checksum{kind}>{value}</Checksum{kind}>")
}

/// Checksums that the client sent; a server that had checked them would send them back.
fn checksums(headers: &HeaderMap) -> Headers {
    let is_sum =
        |name: &str| name.strip_prefix(CHECKSUM).is_some_and(|kind| kind != "type" && kind != "algorithm");
    chosen(headers, is_sum)
}

/// What a later look at the object shows.
fn kept(headers: &HeaderMap) -> Headers {
    let mut all = checksums(headers);
    all.extend(chosen(headers, |name| name == "content-type" || name.starts_with("x-amz-meta-")));
    all
}

fn chosen(headers: &HeaderMap, wanted: impl Fn(&str) -> bool) -> Headers {
    headers
        .iter()
        .filter(|(name, _)| wanted(name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn header_of(headers: &HeaderMap, name: &'static str) -> Option<(HeaderName, http::HeaderValue)> {
    headers.get(name).map(|value| (HeaderName::from_static(name), value.clone()))
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// The MD5 that the client sent, for clients that hold the `ETag` against their own; else one that is plainly none.
fn etag(headers: &HeaderMap) -> String {
    let sent = headers.get("content-md5").and_then(|value| value.to_str().ok());
    sent.and_then(hex_of_base64).unwrap_or_else(|| "null".into())
}

fn with_etag(answer: Answer, etag: &str) -> Answer {
    with_header(answer, header::ETAG, &format!("\"{etag}\""))
}

/// `None` for what is no base64.
fn hex_of_base64(text: &str) -> Option<String> {
    let (mut bits, mut held, mut out) = (0_u32, 0, String::new());
    for byte in text.trim_end_matches('=').bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            // Writing to a string cannot fail.
            let _ = write!(out, "{:02x}", bits >> held & 0xff);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("1B2M2Y8AsgTpgAmY7PhCfg==", Some("d41d8cd98f00b204e9800998ecf8427e"))]
    #[case("AP8=", Some("00ff"))]
    #[case("", Some(""))]
    #[case("not base64!", None)]
    fn a_sent_md5_becomes_an_etag(#[case] sent: &str, #[case] etag: Option<&str>) {
        assert_eq!(hex_of_base64(sent).as_deref(), etag);
    }
}
