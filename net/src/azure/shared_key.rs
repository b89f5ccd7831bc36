//! The signature by an account's key.
//!
//! Source: "Authorize with Shared Key" in Azure's REST reference, the rule for Blob Storage of 2015-02-21 and later.

use std::{collections::BTreeMap, fmt::Write};

use adt_model::{Class, Fault, Secret};
use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use ring::hmac;

use super::{Account, Authorized, Unsigned};

/// The fields whose values are signed without their names, in this order.
const STANDARD_FIELDS: [&str; 11] = [
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
];

/// The `authorization` header of a request.
pub(super) fn authorize(
    account: &Account,
    key: &Secret,
    source: &str,
    request: &Unsigned<'_>,
) -> Result<Authorized, Fault> {
    let bytes = STANDARD.decode(key.expose()).map_err(|_| {
        let what = format!("the key of account `{}` from {source} is not in Base64", account.name);
        Fault::new(Class::BadInput, what).help("copy it again, whole; it ends with `==`")
    })?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
    let signature = hmac::sign(&key, string_to_sign(&account.name, request).as_bytes());
    let value = format!("SharedKey {}:{}", account.name, STANDARD.encode(signature.as_ref()));
    Ok(Authorized {
        headers: vec![("authorization", Secret::new(value))],
        query: None,
        source: source.to_owned(),
    })
}

fn string_to_sign(account: &str, request: &Unsigned<'_>) -> String {
    let value = |name: &str| request.headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.trim());
    let dated = value("x-ms-date").is_some();
    let mut text = request.method.to_owned();
    for name in STANDARD_FIELDS {
        let signed = match (name, value(name).unwrap_or_default()) {
            ("content-length", "0") => "",
            // `x-ms-date` takes its place.
            ("date", _) if dated => "",
            (_, value) => value,
        };
        text.push('\n');
        text.push_str(signed);
    }
    text.push('\n');
    text.push_str(&canonical_headers(request.headers));
    text.push_str(&canonical_resource(account, request.url));
    text
}

fn canonical_headers(headers: &[(&str, &str)]) -> String {
    let mut ours: Vec<_> = headers.iter().filter(|(name, _)| name.starts_with("x-ms-")).collect();
    ours.sort_unstable();
    let mut text = String::new();
    for (name, value) in ours {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name}:{}", value.trim());
    }
    text
}

/// The account, the path as it is sent, and the decoded parameters of the query by their names. An emulator's path
/// begins with the account, which then stands there twice.
fn canonical_resource(account: &str, url: &str) -> String {
    let place = url.split_once("://").map_or(url, |(_, place)| place);
    let (place, query) = place.split_once('?').unwrap_or((place, ""));
    let path = place.find('/').map_or("/", |slash| &place[slash..]);
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parameters.entry(decoded(name).to_lowercase()).or_default().push(decoded(value));
    }
    let mut text = format!("/{account}{path}");
    for (name, mut values) in parameters {
        values.sort_unstable();
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{name}:{}", values.join(","));
    }
    text
}
