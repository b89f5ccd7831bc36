//! Google Cloud Storage's JSON interface, as far as a client that moves objects needs it. Tokens are not looked at.

use std::collections::BTreeMap;

use adt_net::encode;
use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    Asked, Object, Op, Reply,
    serve::Plain,
    state::{State, Sums, Upload, Wanted, base64, md5, of_token},
};

/// Where the document that came with an object is kept.
const DOCUMENT: &str = "document";
/// All but the last bytes of a session come in multiples of this.
const STEP: usize = 256 << 10;

/// Reads a request. The key of a session's request is that of its object.
pub(super) fn read(plain: Plain, state: &State) -> Asked {
    let raw = plain.raw_path.clone();
    let parts: Vec<String> =
        raw.split('/').skip(1).map(|part| encode::decode(part).unwrap_or_default()).collect();
    let part = |index: usize| parts.get(index).map_or("", String::as_str);
    if part(0) == "upload" {
        let session = plain.query.iter().find(|(name, _)| name == "upload_id").map(|(_, id)| id.clone());
        let Some(id) = session else {
            let resumable = plain.query.iter().any(|(_, value)| value == "resumable");
            let op = if resumable { Op::Begin } else { Op::Put };
            let key = name_in(&plain.body);
            return plain.asks(op, part(4), &key);
        };
        let key = state.uploads.get(&id).map_or(String::new(), |upload| upload.key.clone());
        let range = plain.headers.get("content-range").and_then(|value| value.to_str().ok()).unwrap_or("");
        let op = match plain.method {
            Method::DELETE => Op::Abort,
            _ if range == "bytes */*" => Op::ListParts,
            _ if range.ends_with("/*") => Op::Part,
            _ => Op::Complete,
        };
        return plain.asks(op, part(4), &key);
    }
    // storage/v1/b/BUCKET/o/NAME[/rewriteTo/b/BUCKET/o/NAME]
    let (bucket, key) = (part(3), part(5));
    let op = match plain.method {
        _ if part(6) == "rewriteTo" => Op::Copy,
        Method::GET if key.is_empty() && part(4) == "o" => Op::List,
        _ if key.is_empty() => Op::Bucket,
        Method::DELETE => Op::Delete,
        Method::PATCH => Op::Describe,
        Method::GET if plain.query.iter().any(|pair| *pair == ("alt".into(), "media".into())) => Op::Get,
        _ => Op::Head,
    };
    if op == Op::Copy {
        let mut asked = plain.asks(op, part(8), part(10));
        asked.query.push((SOURCE.to_owned(), format!("{bucket}/{key}")));
        return asked;
    }
    plain.asks(op, bucket, key)
}

/// Where the source of a copy is noted: its bucket and key are in the address.
const SOURCE: &str = "\u{0}source";

/// The name in the document that begins an upload.
fn name_in(body: &[u8]) -> String {
    let document = serde_json::from_slice(body).ok().or_else(|| Some(related(body)?.0));
    document.and_then(|value: Value| value.get("name")?.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The document and the bytes of a body of two parts.
fn related(body: &[u8]) -> Option<(Value, Bytes)> {
    let line = body.windows(2).position(|pair| pair == b"\r\n")?;
    let (boundary, rest) = body.split_at(line);
    let head = find(rest, b"\r\n\r\n")? + 4;
    let end = head + find(&rest[head..], &[b"\r\n", boundary].concat())?;
    let document = serde_json::from_slice(&rest[head..end]).ok()?;
    let second = end + find(&rest[end..], b"\r\n\r\n")? + 4;
    let last = rest.len().checked_sub(boundary.len() + 2 + 4)?;
    Some((document, Bytes::copy_from_slice(rest.get(second..last)?)))
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// Does what is asked.
pub(super) fn handle(state: &mut State, asked: &Asked) -> Reply {
    if !state.buckets.contains_key(&asked.bucket) && asked.bucket != super::serve::LOST {
        return refusal(404, "notFound", "The specified bucket does not exist.");
    }
    let done = match asked.op {
        Op::List => Ok(list(state, asked)),
        Op::Put => put(state, asked),
        Op::Begin => Ok(begin(state, asked)),
        Op::Part | Op::Complete | Op::ListParts => session(state, asked),
        Op::Abort => {
            state.uploads.remove(asked.query("upload_id").unwrap_or_default());
            Ok(Reply::empty(499))
        }
        Op::Copy => copy(state, asked),
        Op::Head => {
            version(state, asked).map(|object| resource(state, asked, object)).map(|shown| json(&shown))
        }
        Op::Get => get(state, asked),
        Op::Delete => {
            let bucket = state.buckets.get_mut(&asked.bucket);
            let gone = bucket.and_then(|bucket| bucket.remove(&asked.key));
            gone.map(|_| Reply::empty(204)).ok_or((404, "notFound"))
        }
        Op::Bucket => Ok(json(&json!({"kind": "storage#bucket", "name": asked.bucket}))),
        _ => Err((501, "notImplemented")),
    };
    done.unwrap_or_else(|(status, reason)| refusal(status, reason, reason))
}

type Refused = (u16, &'static str);

fn refusal(status: u16, reason: &str, message: &str) -> Reply {
    let first = json!({"domain": "global", "reason": reason, "message": message});
    let text = json!({"error": {"code": status, "message": message, "errors": [first]}});
    Reply::new(status, "application/json; charset=UTF-8", text.to_string())
}

fn json(value: &Value) -> Reply {
    Reply::new(200, "application/json; charset=UTF-8", value.to_string())
}

fn crc32c(bytes: &[u8]) -> String {
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes) as u32;
    base64(&crc.to_be_bytes())
}

/// CRC-32C and MD5 of an object. What is kept of them is used only for the very bytes they were computed for.
fn sums(object: &Object) -> (String, String) {
    let compute =
        || Sums { of: object.bytes.clone(), crc32c: crc32c(&object.bytes), md5: base64(&md5(&object.bytes)) };
    let kept = object.sums.get_or_init(compute);
    let same = kept.of.as_ptr() == object.bytes.as_ptr() && kept.of.len() == object.bytes.len();
    let sums = if same { kept.clone() } else { compute() };
    (sums.crc32c, sums.md5)
}

/// An object as the service describes it.
fn resource(state: &State, asked: &Asked, object: &Object) -> Value {
    shown(state, &asked.bucket, &asked.key, object)
}

fn shown(state: &State, bucket: &str, key: &str, object: &Object) -> Value {
    let given = object.meta.get(DOCUMENT).and_then(|text| serde_json::from_str::<Map<_, _>>(text).ok());
    let mut all = given.unwrap_or_default();
    all.remove("crc32c");
    let fields = json!({
        "kind": "storage#object",
        "name": key,
        "bucket": bucket,
        "size": object.bytes.len().to_string(),
        "generation": object.version.to_string(),
        "updated": object.written.to_string(),
    });
    all.extend(fields.as_object().cloned().unwrap_or_default());
    if state.checksums {
        let (crc, md5) = sums(object);
        all.insert("crc32c".to_owned(), crc.into());
        all.insert("md5Hash".to_owned(), md5.into());
    }
    Value::from(all)
}

fn keep(state: &mut State, asked: &Asked, bytes: Bytes, document: &Value) -> Object {
    let meta = BTreeMap::from([(DOCUMENT.to_owned(), document.to_string())]);
    state.store((&asked.bucket, &asked.key), bytes, meta, None)
}

fn put(state: &mut State, asked: &Asked) -> Result<Reply, Refused> {
    let (document, bytes) = related(&asked.body).ok_or((400, "invalid"))?;
    let given = document.get("crc32c").and_then(Value::as_str);
    if given.is_some_and(|given| given != crc32c(&bytes)) {
        return Err((400, "invalid"));
    }
    let object = keep(state, asked, bytes, &document);
    Ok(json(&resource(state, asked, &object)))
}

fn begin(state: &mut State, asked: &Asked) -> Reply {
    let text = String::from_utf8_lossy(&asked.body).into_owned();
    let id = format!("session-{}", state.serial());
    let upload = Upload {
        bucket: asked.bucket.clone(),
        key: asked.key.clone(),
        meta: BTreeMap::from([(DOCUMENT.to_owned(), text)]),
        begun: Timestamp::now(),
        ..Upload::default()
    };
    state.uploads.insert(id.clone(), upload);
    let (endpoint, bucket) = (&state.endpoint, &asked.bucket);
    let url = format!("{endpoint}/upload/storage/v1/b/{bucket}/o?uploadType=resumable&upload_id={id}");
    Reply::empty(200).with("location", url)
}

/// Bytes for a session, or a question how many it has.
fn session(state: &mut State, asked: &Asked) -> Result<Reply, Refused> {
    let id = asked.query("upload_id").unwrap_or_default();
    let mut upload = state.uploads.get(id).cloned().ok_or((404, "notFound"))?;
    if upload.done {
        let object = state.object(&upload.bucket, &upload.key).cloned().ok_or((404, "notFound"))?;
        return Ok(json(&shown(state, &upload.bucket, &upload.key, &object)));
    }
    let mut held = upload.parts.get("").cloned().unwrap_or_default().to_vec();
    let range = asked.header("content-range").unwrap_or_default().trim_start_matches("bytes ");
    let (span, total) = range.split_once('/').unwrap_or_default();
    let total: Option<usize> = total.parse().ok();
    if let Some(first) = span.split('-').next().and_then(|first| first.parse::<usize>().ok()) {
        let new = held.len().checked_sub(first).ok_or((400, "invalid"))?;
        held.extend_from_slice(asked.body.get(new..).unwrap_or_default());
        if total.is_none() {
            held.truncate(held.len() / STEP * STEP);
        }
    }
    if total.is_some_and(|total| held.len() >= total) {
        let hash = asked.header("x-goog-hash").and_then(|text| text.strip_prefix("crc32c="));
        if hash.is_some_and(|given| given != crc32c(&held)) {
            return Err((400, "invalid"));
        }
        let text = upload.meta.get(DOCUMENT).cloned().unwrap_or_default();
        let document = serde_json::from_str(&text).unwrap_or_default();
        let object = keep(state, asked, held.into(), &document);
        upload.done = true;
        upload.parts.clear();
        state.uploads.insert(id.to_owned(), upload);
        return Ok(json(&resource(state, asked, &object)));
    }
    let reply = Reply::empty(308);
    let reply = match held.len() {
        0 => reply,
        length => reply.with("range", format!("bytes=0-{}", length - 1)),
    };
    upload.parts.insert(String::new(), held.into());
    state.uploads.insert(id.to_owned(), upload);
    Ok(reply)
}

fn copy(state: &mut State, asked: &Asked) -> Result<Reply, Refused> {
    let (bucket, key) = asked.query(SOURCE).and_then(|text| text.split_once('/')).unwrap_or_default();
    let object = state.object(bucket, key).cloned().ok_or((404, "notFound"))?;
    if asked.query("sourceGeneration").is_some_and(|wanted| wanted != object.version.to_string()) {
        return Err((404, "notFound"));
    }
    let document = serde_json::from_slice(&asked.body)
        .ok()
        .or_else(|| object.meta.get(DOCUMENT).and_then(|text| serde_json::from_str(text).ok()));
    let copy = keep(state, asked, object.bytes, &document.unwrap_or_else(|| json!({})));
    let size = copy.bytes.len().to_string();
    Ok(json(&json!({
        "kind": "storage#rewriteResponse",
        "totalBytesRewritten": size,
        "objectSize": size,
        "done": true,
        "resource": resource(state, asked, &copy),
    })))
}

/// The object, if it is the version that is asked for.
fn version<'a>(state: &'a State, asked: &Asked) -> Result<&'a Object, Refused> {
    let object = state.object(&asked.bucket, &asked.key).ok_or((404, "notFound"))?;
    let wanted = asked.query("generation");
    if wanted.is_some_and(|wanted| wanted != object.version.to_string()) {
        return Err((404, "notFound"));
    }
    Ok(object)
}

fn get(state: &State, asked: &Asked) -> Result<Reply, Refused> {
    let object = version(state, asked)?;
    let length = object.bytes.len();
    let mut reply = Reply::new(200, "application/octet-stream", object.bytes.clone());
    if let Some((first, last)) = asked.range(length) {
        reply.status = 206;
        reply.body = object.bytes.slice(first..last);
        reply.set("content-range", format!("bytes {first}-{}/{length}", last - 1));
    }
    if state.checksums {
        reply.set("x-goog-hash", format!("crc32c={}", sums(object).0));
    }
    Ok(reply.with("x-goog-generation", object.version.to_string()))
}

fn list(state: &State, asked: &Asked) -> Reply {
    let (prefix, delimiter) = (asked.query("prefix").unwrap_or_default(), asked.query("delimiter"));
    let begin = asked.query("startOffset").unwrap_or_default();
    let after = asked.query("pageToken").and_then(of_token);
    let limit = state.page.min(asked.number("maxResults").unwrap_or(1000));
    let until = asked.query("endOffset");
    let wanted = Wanted { bucket: &asked.bucket, prefix, delimiter, after, until, limit };
    let page = asked.twisted(state.page_from(&wanted, begin));
    let fields = asked.query("fields").unwrap_or("kind,items,prefixes,nextPageToken");
    let mut all = Map::new();
    if fields.contains("kind") {
        all.insert("kind".to_owned(), "storage#objects".into());
    }
    if let Some(token) = page.token.filter(|_| fields.contains("nextPageToken")) {
        all.insert("nextPageToken".to_owned(), token.into());
    }
    if fields.contains("items") && !page.keys.is_empty() {
        // A lie may name an object otherwise; it is listed all the same, with what the bucket has of it.
        let items = page
            .keys
            .iter()
            .filter_map(|key| Some(shown(state, &asked.bucket, key, state.called(&asked.bucket, key)?)));
        all.insert("items".to_owned(), items.collect());
    }
    if fields.contains("prefixes") && !page.folders.is_empty() {
        all.insert("prefixes".to_owned(), page.folders.into());
    }
    json(&Value::from(all))
}
