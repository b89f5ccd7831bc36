//! S3, as far as a client that moves objects needs it. Signatures are not looked at.

mod multipart;

use std::{collections::BTreeMap, fmt::Write as _};

use adt_net::{encode, xml::escaped};
use http::Method;
use jiff::Timestamp;

use super::{
    Asked, Object, Op, Page, Reply,
    serve::Plain,
    state::{State, Wanted, base64, http_date, md5, of_token},
};
pub(super) use multipart::begun;

/// The header with CRC-64/NVME.
const CRC64: &str = "x-amz-checksum-crc64nvme";

/// Reads a request: path style, so the first part of the path is the bucket.
pub(super) fn read(plain: Plain) -> Asked {
    let path = plain.path.clone();
    let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
    let copies = plain.headers.contains_key("x-amz-copy-source");
    let op = match (&plain.method, key.is_empty()) {
        (&Method::GET, true) if plain.has("uploads") => Op::ListUploads,
        (&Method::GET, true) if plain.has("list-type") => Op::List,
        (&Method::POST, true) if plain.has("delete") => Op::DeleteMany,
        (_, true) => Op::Bucket,
        (&Method::PUT, _) if plain.has("partNumber") && copies => Op::PartCopy,
        (&Method::PUT, _) if plain.has("partNumber") => Op::Part,
        (&Method::PUT, _) if copies => Op::Copy,
        (&Method::PUT, _) => Op::Put,
        (&Method::POST, _) if plain.has("uploads") => Op::Begin,
        (&Method::POST, _) => Op::Complete,
        (&Method::DELETE, _) if plain.has("uploadId") => Op::Abort,
        (&Method::DELETE, _) => Op::Delete,
        (&Method::HEAD, _) => Op::Head,
        _ if plain.has("uploadId") => Op::ListParts,
        _ => Op::Get,
    };
    plain.asks(op, bucket, key)
}

/// Does what is asked.
pub(super) fn handle(state: &mut State, asked: &Asked) -> Reply {
    if !state.buckets.contains_key(&asked.bucket) && asked.bucket != super::serve::LOST {
        return refusal(asked, 404, "NoSuchBucket");
    }
    let done = match asked.op {
        Op::List => Ok(list(state, asked)),
        Op::Put => put(state, asked),
        Op::Copy => copy(state, asked),
        Op::Head | Op::Get => get(state, asked),
        Op::Delete => {
            delete(state, asked, &asked.key);
            Ok(Reply::empty(204))
        }
        Op::DeleteMany => delete_many(state, asked),
        Op::Bucket => Ok(Reply::empty(200)),
        _ => multipart::handle(state, asked),
    };
    done.unwrap_or_else(|(status, code)| refusal(asked, status, code))
        .with("x-amz-request-id", "0123456789ABCDEF")
}

/// Why a request is not done: the status and S3's code.
type Refused = (u16, &'static str);

fn refusal(asked: &Asked, status: u16, code: &str) -> Reply {
    if asked.op == Op::Head {
        return Reply::empty(status);
    }
    let resource = escaped(&format!("/{}/{}", asked.bucket, asked.key));
    let text =
        format!("<Error><Code>{code}</Code><Message>{code}</Message><Resource>{resource}</Resource></Error>");
    document(status, &text)
}

/// An XML document.
fn document(status: u16, text: &str) -> Reply {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}");
    Reply::new(status, "application/xml", text)
}

/// CRC-64/NVME as headers write it.
fn crc64(bytes: &[u8]) -> String {
    base64(&crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, bytes).to_be_bytes())
}

/// Refuses bytes that are not those whose checksum came with them.
fn intact(state: &State, asked: &Asked) -> Result<(), Refused> {
    let md5_fits = asked.header("content-md5").is_none_or(|given| given == base64(&md5(&asked.body)));
    let crc_fits = !state.checksums || asked.header(CRC64).is_none_or(|given| given == crc64(&asked.body));
    if md5_fits && crc_fits { Ok(()) } else { Err((400, "BadDigest")) }
}

/// What is kept beside an object.
fn beside(asked: &Asked) -> BTreeMap<String, String> {
    let kept = |name: &str| {
        name.starts_with("x-amz-meta-")
            || matches!(
                name,
                "content-type"
                    | "cache-control"
                    | "content-encoding"
                    | "content-disposition"
                    | "content-language"
                    | "x-amz-tagging"
            )
    };
    let all = asked.headers.iter().filter(|(name, _)| kept(name.as_str()));
    all.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned()))).collect()
}

fn put(state: &mut State, asked: &Asked) -> Result<Reply, Refused> {
    intact(state, asked)?;
    if asked.header("if-none-match") == Some("*") && state.object(&asked.bucket, &asked.key).is_some() {
        return Err((412, "PreconditionFailed"));
    }
    let object = state.store((&asked.bucket, &asked.key), asked.body.clone(), beside(asked), None);
    Ok(summed(state, Reply::empty(200), &object.bytes).with("etag", quoted(&object.etag)))
}

/// An answer with the checksum of bytes, if the server keeps any.
fn summed(state: &State, reply: Reply, bytes: &[u8]) -> Reply {
    if !state.checksums {
        return reply;
    }
    reply.with(CRC64, crc64(bytes)).with("x-amz-checksum-type", "FULL_OBJECT")
}

fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}

/// The object that a copy is made of.
fn origin(state: &State, asked: &Asked) -> Result<Object, Refused> {
    let source = asked.header("x-amz-copy-source").and_then(encode::decode).unwrap_or_default();
    let (bucket, key) = source.trim_start_matches('/').split_once('/').unwrap_or_default();
    let object = state.object(bucket, key).cloned().ok_or((404, "NoSuchKey"))?;
    let wanted = asked.header("x-amz-copy-source-if-match").map(|text| text.trim_matches('"'));
    if wanted.is_some_and(|wanted| wanted != object.etag) {
        return Err((412, "PreconditionFailed"));
    }
    Ok(object)
}

fn copy(state: &mut State, asked: &Asked) -> Result<Reply, Refused> {
    let object = origin(state, asked)?;
    let replaces = asked.header("x-amz-metadata-directive") == Some("REPLACE");
    let meta = if replaces { beside(asked) } else { object.meta };
    let copy = state.store((&asked.bucket, &asked.key), object.bytes, meta, None);
    let text = format!(
        "<CopyObjectResult><LastModified>{}</LastModified><ETag>&quot;{}&quot;</ETag></CopyObjectResult>",
        copy.written, copy.etag
    );
    Ok(document(200, &text))
}

fn get(state: &State, asked: &Asked) -> Result<Reply, Refused> {
    let object = state.object(&asked.bucket, &asked.key).ok_or((404, "NoSuchKey"))?;
    let wanted = asked.header("if-match").map(|text| text.trim_matches('"'));
    if wanted.is_some_and(|wanted| wanted != object.etag) {
        return Err((412, "PreconditionFailed"));
    }
    let length = object.bytes.len();
    let mut reply = Reply::empty(200);
    reply.body = object.bytes.clone();
    reply = match asked.range(length) {
        Some((first, last)) => {
            reply.status = 206;
            reply.body = object.bytes.slice(first..last);
            reply.with("content-range", format!("bytes {first}-{}/{length}", last - 1))
        }
        None if asked.header("x-amz-checksum-mode").is_some() => summed(state, reply, &object.bytes),
        None => reply,
    };
    for (name, value) in object.meta.iter().filter(|(name, _)| *name != "x-amz-tagging") {
        reply.set(name, value);
    }
    Ok(reply
        .with("etag", quoted(&object.etag))
        .with("last-modified", http_date(object.written))
        .with("accept-ranges", "bytes")
        .with("x-length", length.to_string()))
}

fn delete(state: &mut State, asked: &Asked, key: &str) {
    if let Some(bucket) = state.buckets.get_mut(&asked.bucket) {
        bucket.remove(key);
    }
}

fn delete_many(state: &mut State, asked: &Asked) -> Result<Reply, Refused> {
    let root = adt_net::xml::Element::parse(&asked.body).map_err(|_| (400, "MalformedXML"))?;
    for object in root.all("Object") {
        delete(state, asked, object.value("Key").unwrap_or_default());
    }
    Ok(document(200, "<DeleteResult></DeleteResult>"))
}

fn list(state: &State, asked: &Asked) -> Reply {
    let token = asked.query("continuation-token");
    let after = token.and_then(of_token).or_else(|| asked.query("start-after").map(str::to_owned));
    let (prefix, delimiter) = (asked.query("prefix").unwrap_or_default(), asked.query("delimiter"));
    let limit = state.page.min(asked.number("max-keys").unwrap_or(1000));
    let wanted = Wanted { bucket: &asked.bucket, prefix, delimiter, after, until: None, limit };
    let page = asked.twisted(state.page(&wanted));
    document(200, &listing(state, asked, &page, limit))
}

fn listing(state: &State, asked: &Asked, page: &Page, limit: usize) -> String {
    let encoded = asked.query("encoding-type") == Some("url");
    let name = |text: &str| if encoded { encode::path(text) } else { escaped(text) };
    let (bucket, prefix) = (&asked.bucket, name(asked.query("prefix").unwrap_or_default()));
    let mut text = format!(
        "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{bucket}</Name><Prefix>{prefix}</Prefix><KeyCount>{}</KeyCount><MaxKeys>{limit}</MaxKeys><IsTruncated>{}</IsTruncated>",
        page.count, page.truncated
    );
    if encoded {
        text.push_str("<EncodingType>url</EncodingType>");
    }
    if let Some(token) = &page.token {
        let _infallible = write!(text, "<NextContinuationToken>{}</NextContinuationToken>", escaped(token));
    }
    for key in &page.keys {
        let (etag, size, written) = described(state.object(bucket, key));
        let _infallible = write!(
            text,
            "<Contents><Key>{}</Key><LastModified>{written}</LastModified><ETag>&quot;{etag}&quot;</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>",
            name(key)
        );
    }
    for folder in &page.folders {
        let _infallible = write!(text, "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", name(folder));
    }
    text + "</ListBucketResult>"
}

/// What a listing says of an object; a lie may have named one that does not exist.
fn described(object: Option<&Object>) -> (String, usize, Timestamp) {
    object.map_or_else(
        || (super::state::hex(&md5(b"")), 0, Timestamp::UNIX_EPOCH),
        |object| (object.etag.clone(), object.bytes.len(), object.written),
    )
}
