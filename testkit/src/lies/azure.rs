//! Azure Blob Storage, path style, as far as a client that moves blobs needs it. Signatures are not looked at.

use std::{collections::BTreeMap, fmt::Write as _};

use adt_net::{
    encode,
    xml::{Element, escaped},
};
use bytes::Bytes;
use http::Method;
use jiff::Timestamp;

use super::{
    Asked, Object, Op, Reply,
    serve::Plain,
    state::{State, Upload, Wanted, base64, http_date, md5, of_token},
};

const META: &str = "x-ms-meta-";
const MD5: &str = "content-md5";

/// Reads a request: `/account/container/blob`.
pub(super) fn read(plain: Plain) -> Asked {
    let path = plain.path.clone();
    let mut parts = path.splitn(3, '/').skip(1);
    let (container, key) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let comp = plain.query.iter().find(|(name, _)| name == "comp").map(|(_, value)| value.clone());
    let copies = plain.headers.contains_key("x-ms-copy-source");
    let op = match (&plain.method, comp.as_deref()) {
        (_, Some("list")) if key.is_empty() && plain.has("include") && asks_uncommitted(&plain) => {
            Op::ListUploads
        }
        (_, Some("list")) if key.is_empty() => Op::List,
        _ if key.is_empty() => Op::Bucket,
        (&Method::PUT, Some("block")) => Op::Part,
        (&Method::PUT, Some("blocklist")) => Op::Complete,
        (&Method::PUT, Some("metadata" | "properties")) => Op::Describe,
        (&Method::PUT, _) if copies => Op::Copy,
        (&Method::PUT, _) => Op::Put,
        (&Method::GET, Some("blocklist")) => Op::ListParts,
        (&Method::DELETE, _) => Op::Delete,
        (&Method::HEAD, _) => Op::Head,
        _ => Op::Get,
    };
    plain.asks(op, container, key)
}

fn asks_uncommitted(plain: &Plain) -> bool {
    plain.query.iter().any(|(name, value)| name == "include" && value.contains("uncommittedblobs"))
}

/// Does what is asked.
pub(super) fn handle(state: &mut State, asked: &Asked) -> Reply {
    if !state.buckets.contains_key(&asked.bucket) && asked.bucket != super::serve::LOST {
        return refusal(asked, 404, "ContainerNotFound");
    }
    let done = match asked.op {
        Op::List | Op::ListUploads => Ok(list(state, asked)),
        Op::Put => put(state, asked),
        Op::Part => part(state, asked),
        Op::ListParts => blocks(state, asked),
        Op::Complete => commit(state, asked),
        Op::Describe => describe(state, asked),
        Op::Copy => copy(state, asked),
        Op::Head | Op::Get => get(state, asked),
        Op::Delete => {
            let container = state.buckets.get_mut(&asked.bucket);
            let gone = container.and_then(|container| container.remove(&asked.key));
            gone.map(|_| Reply::empty(202)).ok_or((404, "BlobNotFound"))
        }
        Op::Bucket => Ok(Reply::empty(200)),
        _ => Err((501, "NotImplemented")),
    };
    done.unwrap_or_else(|(status, code)| refusal(asked, status, code)).with("x-ms-version", "2023-11-03")
}

type Refused = (u16, &'static str);

fn refusal(asked: &Asked, status: u16, code: &str) -> Reply {
    let text = format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>");
    let reply = if asked.op == Op::Head { Reply::empty(status) } else { document(status, &text) };
    reply.with("x-ms-error-code", code)
}

fn document(status: u16, text: &str) -> Reply {
    let text = format!("\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>{text}");
    Reply::new(status, "application/xml", text)
}

/// The service's CRC-64, as its headers write it.
fn crc64(bytes: &[u8]) -> String {
    base64(&crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, bytes).to_le_bytes())
}

fn intact(state: &State, asked: &Asked) -> Result<(), Refused> {
    let given = |name: &str| asked.header(name).map(str::to_owned);
    let md5_fits = given(MD5).is_none_or(|given| given == base64(&md5(&asked.body)));
    let crc_fits =
        !state.checksums || given("x-ms-content-crc64").is_none_or(|given| given == crc64(&asked.body));
    match (md5_fits, crc_fits) {
        (true, true) => Ok(()),
        (false, _) => Err((400, "Md5Mismatch")),
        (_, false) => Err((400, "Crc64Mismatch")),
    }
}

/// What is kept beside a blob.
fn beside(asked: &Asked) -> BTreeMap<String, String> {
    let kept = |name: &str| name.starts_with(META) || name.starts_with("x-ms-blob-c");
    let all = asked.headers.iter().filter(|(name, _)| kept(name.as_str()));
    all.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned()))).collect()
}

fn keep(
    state: &mut State,
    asked: &Asked,
    bytes: Bytes,
    meta: BTreeMap<String, String>,
    sum: Option<String>,
) -> Object {
    let etag = format!("0x{:X}", state.serial());
    let mut object = state.store((&asked.bucket, &asked.key), bytes, meta, Some(etag));
    object.content_md5 = sum;
    state.keep(&asked.bucket, &asked.key, object)
}

fn stored(reply: Reply, object: &Object) -> Reply {
    reply.with("etag", format!("\"{}\"", object.etag)).with("last-modified", http_date(object.written))
}

/// An answer with the sums of the bytes that came.
fn summed(state: &State, asked: &Asked, reply: Reply) -> Reply {
    if !state.checksums {
        return reply;
    }
    match asked.header("x-ms-content-crc64") {
        Some(_) => reply.with("x-ms-content-crc64", crc64(&asked.body)),
        None => reply.with(MD5, base64(&md5(&asked.body))),
    }
}

fn put(state: &mut State, asked: &Asked) -> Result<Reply, Refused> {
    intact(state, asked)?;
    if asked.header("if-none-match") == Some("*") && state.object(&asked.bucket, &asked.key).is_some() {
        return Err((409, "BlobAlreadyExists"));
    }
    let sum = state.checksums.then(|| base64(&md5(&asked.body)));
    let object = keep(state, asked, asked.body.clone(), beside(asked), sum);
    Ok(summed(state, asked, stored(Reply::empty(201), &object)))
}

/// Blocks that are not committed belong to the blob's name.
fn name(asked: &Asked) -> String {
    format!("{}/{}", asked.bucket, asked.key)
}

fn part(state: &mut State, asked: &Asked) -> Result<Reply, Refused> {
    intact(state, asked)?;
    let upload = state.uploads.entry(name(asked)).or_insert_with(|| Upload {
        bucket: asked.bucket.clone(),
        key: asked.key.clone(),
        begun: Timestamp::now(),
        ..Upload::default()
    });
    upload.parts.insert(asked.query("blockid").unwrap_or_default().to_owned(), asked.body.clone());
    Ok(summed(state, asked, Reply::empty(201)))
}

fn blocks(state: &State, asked: &Asked) -> Result<Reply, Refused> {
    let (upload, object) = (state.uploads.get(&name(asked)), state.object(&asked.bucket, &asked.key));
    if upload.is_none() && object.is_none() {
        return Err((404, "BlobNotFound"));
    }
    let kind = asked.query("blocklisttype").unwrap_or("committed");
    let mut text = String::from("<BlockList>");
    if kind != "uncommitted" {
        let blocks = object.iter().flat_map(|object| &object.blocks);
        block_list(&mut text, "CommittedBlocks", blocks.map(|(id, size)| (id, *size)));
    }
    if kind != "committed" {
        let blocks = upload.iter().flat_map(|upload| &upload.parts);
        block_list(&mut text, "UncommittedBlocks", blocks.map(|(id, bytes)| (id, bytes.len())));
    }
    let reply = document(200, &(text + "</BlockList>"));
    Ok(match object {
        Some(object) => stored(reply, object),
        None => reply,
    })
}

fn block_list<'a>(text: &mut String, element: &str, blocks: impl Iterator<Item = (&'a String, usize)>) {
    let _infallible = write!(text, "<{element}>");
    for (id, size) in blocks {
        let _infallible = write!(text, "<Block><Name>{}</Name><Size>{size}</Size></Block>", escaped(id));
    }
    let _infallible = write!(text, "</{element}>");
}

fn commit(state: &mut State, asked: &Asked) -> Result<Reply, Refused> {
    let root = Element::parse(&asked.body).map_err(|_| (400, "InvalidXmlDocument"))?;
    let upload = state.uploads.get(&name(asked)).cloned().unwrap_or_default();
    let (mut whole, mut blocks) = (Vec::new(), Vec::new());
    for id in root.children() {
        let id = id.text.trim();
        let bytes = upload.parts.get(id).ok_or((400, "InvalidBlockList"))?;
        whole.extend_from_slice(bytes);
        blocks.push((id.to_owned(), bytes.len()));
    }
    state.uploads.remove(&name(asked));
    let object = keep(state, asked, whole.into(), beside(asked), None);
    let object = state.keep(&asked.bucket, &asked.key, Object { blocks, ..object });
    Ok(stored(Reply::empty(201), &object))
}

fn describe(state: &mut State, asked: &Asked) -> Result<Reply, Refused> {
    let mut object = state.object(&asked.bucket, &asked.key).cloned().ok_or((404, "BlobNotFound"))?;
    if fits(asked, "if-match", &object) {
        let labels = asked.query("comp") == Some("metadata");
        object.meta.retain(|name, _| name.starts_with(META) != labels);
        object.meta.extend(beside(asked));
        object.etag = format!("0x{:X}", state.serial());
        let object = state.keep(&asked.bucket, &asked.key, object);
        return Ok(stored(Reply::empty(200), &object));
    }
    Err((412, "ConditionNotMet"))
}

/// Whether a condition of the request is met.
fn fits(asked: &Asked, condition: &str, object: &Object) -> bool {
    asked.header(condition).is_none_or(|wanted| wanted.trim_matches('"') == object.etag)
}

fn copy(state: &mut State, asked: &Asked) -> Result<Reply, Refused> {
    let source = asked.header("x-ms-copy-source").unwrap_or_default();
    let path =
        source.split_once("://").map_or(source, |(_, rest)| rest).split('?').next().unwrap_or_default();
    let path = encode::decode(&path.replace('+', "%2B")).unwrap_or_default();
    let mut parts = path.splitn(4, '/').skip(2);
    let (container, key) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let object = state.object(container, key).cloned().ok_or((404, "BlobNotFound"))?;
    if !fits(asked, "x-ms-source-if-match", &object) {
        return Err((412, "SourceConditionNotMet"));
    }
    let given = beside(asked);
    let mut meta = object.meta;
    if given.keys().any(|name| name.starts_with(META)) {
        meta.retain(|name, _| !name.starts_with(META));
        meta.extend(given);
    }
    let id = format!("copy-{}", state.serial());
    meta.insert("x-ms-copy-id".to_owned(), id.clone());
    let copy = keep(state, asked, object.bytes, meta, object.content_md5);
    Ok(stored(Reply::empty(202), &copy).with("x-ms-copy-status", "success").with("x-ms-copy-id", id))
}

fn get(state: &State, asked: &Asked) -> Result<Reply, Refused> {
    let object = state.object(&asked.bucket, &asked.key).ok_or((404, "BlobNotFound"))?;
    if !fits(asked, "if-match", object) {
        return Err((412, "ConditionNotMet"));
    }
    let length = object.bytes.len();
    let mut reply = stored(Reply::empty(200), object).with("x-ms-blob-type", "BlockBlob");
    reply.body = object.bytes.clone();
    let mut sum = MD5;
    if let Some((first, last)) = asked.range(length) {
        reply.status = 206;
        reply.body = object.bytes.slice(first..last);
        reply.set("content-range", format!("bytes {first}-{}/{length}", last - 1));
        sum = "x-ms-blob-content-md5";
    }
    if let Some(md5) = object.meta.get("x-ms-blob-content-md5").or(object.content_md5.as_ref()) {
        reply.set(sum, md5);
    }
    for (name, value) in &object.meta {
        if name == "x-ms-copy-id" {
            reply.set("x-ms-copy-status", "success");
        }
        if name != "x-ms-blob-content-md5" {
            reply.set(name.strip_prefix("x-ms-blob-").unwrap_or(name), value);
        }
    }
    Ok(reply.with("x-length", length.to_string()))
}

fn list(state: &State, asked: &Asked) -> Reply {
    let (prefix, delimiter) = (asked.query("prefix").unwrap_or_default(), asked.query("delimiter"));
    let limit = state.page.min(asked.number("maxresults").unwrap_or(5000));
    let after = asked.query("marker").and_then(of_token);
    let wanted = Wanted { bucket: &asked.bucket, prefix, delimiter, after, until: None, limit };
    let page = asked.twisted(state.page(&wanted));
    let (container, endpoint) = (&asked.bucket, &state.endpoint);
    let mut text = format!(
        "<EnumerationResults ServiceEndpoint=\"{endpoint}/\" ContainerName=\"{container}\"><Prefix>{}</Prefix><MaxResults>{limit}</MaxResults><Blobs>",
        escaped(prefix)
    );
    for key in &page.keys {
        text.push_str(&blob(key, state.object(container, key)));
    }
    if asked.op == Op::ListUploads {
        for upload in state.uploads.values().filter(|upload| upload.bucket == *container) {
            if upload.key.starts_with(prefix) && state.object(container, &upload.key).is_none() {
                text.push_str(&blob(&upload.key, None));
            }
        }
    }
    for folder in &page.folders {
        let _infallible = write!(text, "<BlobPrefix><Name>{}</Name></BlobPrefix>", escaped(folder));
    }
    let token = page.token.filter(|_| page.truncated).unwrap_or_default();
    let _infallible =
        write!(text, "</Blobs><NextMarker>{}</NextMarker></EnumerationResults>", escaped(&token));
    document(200, &text)
}

/// A blob of a listing; one without an object has blocks only.
fn blob(key: &str, object: Option<&Object>) -> String {
    let name = escaped(key);
    let Some(object) = object else {
        return format!(
            "<Blob><Name>{name}</Name><Properties><Content-Length>0</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob>"
        );
    };
    let labels = object.meta.iter().filter_map(|(name, value)| Some((name.strip_prefix(META)?, value)));
    let mut marked = String::new();
    for (name, value) in labels {
        let _infallible = write!(marked, "<{name}>{}</{name}>", escaped(value));
    }
    let sum = object.meta.get("x-ms-blob-content-md5").or(object.content_md5.as_ref());
    format!(
        "<Blob><Name>{name}</Name><Properties><Last-Modified>{}</Last-Modified><Etag>{}</Etag><Content-Length>{}</Content-Length><Content-Type>application/octet-stream</Content-Type><Content-MD5>{}</Content-MD5><BlobType>BlockBlob</BlobType></Properties><Metadata>{marked}</Metadata></Blob>",
        http_date(object.written),
        object.etag,
        object.bytes.len(),
        sum.map_or("", String::as_str)
    )
}
