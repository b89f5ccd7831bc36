//! A file of JSON or YAML as pairs of keys and values.

use std::io::Read;

use adt_model::Fault;
use camino::Utf8Path;
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};

use crate::{encoding, json::Node};

/// Bytes. A configuration has a few hundred; whatever is larger is a path to something else.
const LARGEST: u64 = 64 << 10;

/// The file's text without its byte order mark. The outer fault is the file system's; the inner problem is that of
/// the bytes.
pub(super) fn text(path: &Utf8Path) -> Result<Result<String, String>, Fault> {
    let failed = |e| Fault::io(format!("cannot read the configuration `{path}`"), e);
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Ok(Err("it is larger than 64 KiB, so it is something else".into()));
    }
    Ok(match encoding::text(&bytes) {
        Ok(bytes) => String::from_utf8(bytes.into_owned()).map_err(|_| "it is not UTF-8 text".into()),
        Err(wrong) => Err(wrong.what),
    })
}

/// The keys at the top, in order, those written twice included.
pub(super) fn pairs(path: &Utf8Path, text: &str) -> Result<Vec<(String, Node)>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let node = if is_json(path, text) { Node::parse(text).map_err(|wrong| wrong.what)? } else { yaml(text)? };
    match node {
        Node::Object(pairs) => Ok(pairs),
        Node::Null => Ok(Vec::new()),
        other => Err(format!("it is {}, not keys with values", other.noun())),
    }
}

fn is_json(path: &Utf8Path, text: &str) -> bool {
    match path.extension().map(str::to_ascii_lowercase).as_deref() {
        Some("json") => true,
        Some("yaml" | "yml") => false,
        _ => text.trim_start().starts_with(['{', '[']),
    }
}

/// The parser bounds depth, aliases and what they expand to.
fn yaml(text: &str) -> Result<Node, String> {
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::Reject,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|e| {
        let e = e.without_snippet();
        match e.location() {
            Some(at) => format!("the text is not YAML at line {}, column {}", at.line(), at.column()),
            None => format!("the text is not YAML: {e}"),
        }
    })
}
