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
    ours.sort_unstable_by_key(|(name, _)| (weight(name), *name));
    let mut text = String::new();
    for (name, value) in ours {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name}:{}", value.trim());
    }
    text
}

/// The service does not sort names by their bytes but as words: hyphens do not count, and `_` comes before digits. Azure's
/// own libraries do the same; it matters for metadata such as `a_1` and `a1`.
fn weight(name: &str) -> Vec<u8> {
    name.bytes().filter(|byte| *byte != b'-').map(|byte| if byte == b'_' { 0 } else { byte }).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Environment;
    use rstest::rstest;

    const DATE: (&str, &str) = ("x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT");
    const VERSION: (&str, &str) = ("x-ms-version", "2015-02-21");

    // The example of the page above.
    #[test]
    fn the_published_text_is_signed() {
        let request = Unsigned {
            method: "GET",
            url: "https://myaccount.blob.core.windows.net/mycontainer?restype=container&comp=metadata&timeout=20",
            headers: &[VERSION, DATE],
        };
        let text = "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n\
                    /myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20";
        assert_eq!(string_to_sign("myaccount", &request), text);
    }

    #[rstest]
    #[case(&[("content-length", "0")], "PUT\n\n\n\n\n\n\n\n\n\n\n\n")]
    #[case(&[("content-length", "11"), ("content-type", "text/plain")], "PUT\n\n\n11\n\ntext/plain\n\n\n\n\n\n\n")]
    #[case(&[("if-none-match", "*"), ("range", "bytes=0-9")], "PUT\n\n\n\n\n\n\n\n\n*\n\nbytes=0-9\n")]
    #[case(&[("date", "today")], "PUT\n\n\n\n\n\ntoday\n\n\n\n\n\n")]
    #[case(&[("date", "today"), DATE], "PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\n")]
    #[case(&[("x-ms-meta-a1", " x "), ("host", "h"), ("x-ms-meta-a_1", ""), ("x-ms-meta-a", "")],
        "PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-meta-a:\nx-ms-meta-a_1:\nx-ms-meta-a1:x\n")]
    fn fields_stand_in_their_places(#[case] headers: &[(&str, &str)], #[case] text: &str) {
        let request = Unsigned { method: "PUT", url: "https://h/c/b", headers };
        assert_eq!(string_to_sign("a", &request), format!("{text}/a/c/b"));
    }

    // The first four are the examples of the page above.
    #[rstest]
    #[case(
        "https://myaccount.blob.core.windows.net/mycontainer?restype=container&comp=metadata",
        "/myaccount/mycontainer\ncomp:metadata\nrestype:container"
    )]
    #[case(
        "https://myaccount.blob.core.windows.net/mycontainer?restype=container&comp=list&include=snapshots&include=metadata&include=uncommittedblobs",
        "/myaccount/mycontainer\ncomp:list\ninclude:metadata,snapshots,uncommittedblobs\nrestype:container"
    )]
    #[case(
        "https://myaccount-secondary.blob.core.windows.net/mycontainer/myblob",
        "/myaccount/mycontainer/myblob"
    )]
    #[case("http://127.0.0.1:10000/myaccount/mycontainer/myblob", "/myaccount/myaccount/mycontainer/myblob")]
    #[case("https://h", "/myaccount/")]
    #[case("https://h?comp=list", "/myaccount/\ncomp:list")]
    #[case("https://h/c/a%20b%2B?Prefix=x%2Fy%20z&marker", "/myaccount/c/a%20b%2B\nmarker:\nprefix:x/y z")]
    fn resources_are_written_as_published(#[case] url: &str, #[case] resource: &str) {
        assert_eq!(canonical_resource("myaccount", url), resource);
    }

    #[test]
    fn a_key_that_is_not_whole_is_refused_and_not_shown() {
        let account = Account::choose("lab", &Environment::default()).unwrap();
        let request = Unsigned { method: "GET", url: "https://h/", headers: &[] };
        let fault = authorize(&account, &Secret::new("canary!"), "a test", &request).err().unwrap();
        assert!(fault.line().contains("`lab`") && !fault.line().contains("canary"), "{fault:?}");
    }
}
