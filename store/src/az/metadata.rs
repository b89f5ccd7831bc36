//! What stands beside a blob's bytes.

use std::collections::{BTreeMap, BTreeSet};

use adt_model::{Crc64, Key};
use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;

use super::label::{self, CRC64, Label, Labelled, MADE_FOR};
use crate::{
    Found, ObjectMeta,
    exchange::{Answer, Request},
    http_date::http_date,
    mtime, tags,
};

/// What metadata's names begin with as header fields.
const FIELD: &str = "x-ms-meta-";
/// The mark of a folder, by those who need one.
pub(super) const FOLDER: &str = "hdi_isfolder";

/// A request with what is to stand beside the blob; a label only for bytes that are sent with proof or have been proven.
pub(super) fn described(request: Request, meta: &ObjectMeta, label: Option<&Label>) -> Request {
    tagged(fields(labelled(request, meta, label), meta), meta)
}

/// A request with the tags that the blob is to have, where they were asked for.
pub(super) fn tagged(request: Request, meta: &ObjectMeta) -> Request {
    match &meta.tags {
        Some(tags) if !tags.is_empty() => request.header("x-ms-tags", tags::to_wire(tags)),
        _ => request,
    }
}

/// A request with the fields that a browser will get.
pub(super) fn fields(request: Request, meta: &ObjectMeta) -> Request {
    let fields = [
        ("x-ms-blob-content-type", meta.content_type.as_deref()),
        ("x-ms-blob-cache-control", meta.cache_control.as_deref()),
        ("x-ms-blob-content-encoding", meta.content_encoding.as_deref()),
        ("x-ms-blob-content-disposition", meta.content_disposition.as_deref()),
        ("x-ms-blob-content-language", meta.content_language.as_deref()),
    ];
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
    fields.fold(request, |request, (name, value)| request.header(name, value))
}

/// A request with metadata alone.
pub(super) fn labelled(mut request: Request, meta: &ObjectMeta, label: Option<&Label>) -> Request {
    if let Some(time) = meta.modified {
        request = request.header(format!("{FIELD}{}", mtime::KEY), mtime::to_text(time));
    }
    for (name, value) in label.map(Label::entries).into_iter().flatten() {
        request = request.header(format!("{FIELD}{name}"), value);
    }
    for (name, value) in names(&meta.user) {
        request = request.header(format!("{FIELD}{name}"), value);
    }
    request
}

/// The names that Azure can keep: it wants identifiers of C#, so `-` and the like become `_`, and a digit does not come first. Where that
/// makes two names one, another `_` follows.
///
/// Source: "Naming and referencing containers, blobs, and metadata" in Azure's REST reference.
fn names(user: &BTreeMap<String, String>) -> Vec<(String, &str)> {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
    let mut taken = BTreeSet::from([mtime::KEY, CRC64, MADE_FOR].map(str::to_owned));
    let fits = |name: &str| {
        !name.starts_with(|first: char| first.is_ascii_digit())
            && name.chars().all(|letter| plain(letter) == letter)
    };
    // Names that can stay as they are do so, whatever others become.
    let (same, other): (Vec<_>, Vec<_>) = user.iter().partition(|(name, _)| fits(name));
    same.into_iter()
        .chain(other)
        .map(|(name, value)| {
            let mut kept: String = name.chars().map(plain).collect();
            if kept.is_empty() || kept.starts_with(|first: char| first.is_ascii_digit()) {
                kept.insert(0, '_');
            }
            while !taken.insert(kept.clone()) {
                kept.push('_');
            }
            (kept, value.as_str())
        })
        .collect()
}

/// A blob as the service describes it, and a checksum of ours beside it that nothing has proven yet.
pub(super) type Described = (Found, Option<Crc64>);

/// A blob as an answer about it describes it; without a size.
pub(super) fn found(key: Key, size: u64, answer: &Answer) -> Described {
    let text = |name: &str| answer.header(name).map(str::to_owned);
    let named = answer.headers.iter().filter_map(|(name, value)| {
        Some((name.as_str().strip_prefix(FIELD)?.to_owned(), value.to_str().ok()?.to_owned()))
    });
    let mut labels: BTreeMap<_, _> = named.collect();
    // Of a range it is the range's own, if anything; that of the blob then has another name.
    let md5 = md5(answer.header("x-ms-blob-content-md5").or_else(|| answer.header("content-md5")));
    let written = answer.header("last-modified").and_then(http_date);
    let Believed { crc64, modified, noted, claim } = believed(&mut labels, size, md5, written);
    let meta = ObjectMeta {
        modified: noted,
        content_type: text("content-type").map(Into::into),
        cache_control: text("cache-control"),
        content_encoding: text("content-encoding"),
        content_disposition: text("content-disposition"),
        content_language: text("content-language"),
        tags: None,
        user: labels,
    };
    let (etag, meta) = (answer.etag(), Some(Box::new(meta)));
    (Found { etag, modified, crc64, md5, written, meta, ..Found::new(key, size) }, claim)
}

/// What of the metadata counts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Believed {
    /// The checksum of the bytes.
    pub(super) crc64: Option<Crc64>,
    /// The time of the source whose bytes these are.
    pub(super) modified: Option<Timestamp>,
    /// That time, also where the bytes may be others: a copy keeps it.
    pub(super) noted: Option<Timestamp>,
    /// A checksum that is still to be proven.
    pub(super) claim: Option<Crc64>,
}

/// Takes our checksum and the time of the source out of the metadata. Both are believed only while the checksum is that of the blob's bytes:
/// metadata that has outlived its bytes says nothing of them.
pub(super) fn believed(
    labels: &mut BTreeMap<String, String>,
    size: u64,
    md5: Option<[u8; 16]>,
    written: Option<Timestamp>,
) -> Believed {
    let labelled = label::take(labels, size, md5, written);
    let noted = labels.remove(mtime::KEY).as_deref().and_then(mtime::from_text);
    match labelled {
        Labelled::Right(crc64) => {
            Believed { crc64: Some(crc64), modified: noted, noted, ..Believed::default() }
        }
        Labelled::Claimed(claim) => Believed { claim: Some(claim), noted, ..Believed::default() },
        Labelled::Not => Believed { modified: noted, noted, ..Believed::default() },
        Labelled::Outlived => Believed::default(),
    }
}

/// Whether metadata makes an empty blob the mark of a folder.
pub(super) fn is_folder(labels: &BTreeMap<String, String>) -> bool {
    labels.get(FOLDER).is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// An MD5 as Azure writes it.
pub(super) fn md5(text: Option<&str>) -> Option<[u8; 16]> {
    BASE64_STANDARD.decode(text?.trim()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn user(names: &[&str]) -> BTreeMap<String, String> {
        names.iter().map(|name| ((*name).to_owned(), format!("v {name}"))).collect()
    }

    #[rstest]
    #[case(&["plain"], &[("plain", "v plain")])]
    #[case(&["a-b", "2p", "a.ü"], &[("_2p", "v 2p"), ("a_b", "v a-b"), ("a__", "v a.ü")])]
    #[case::two_become_one(&["a-b", "a_b", "a.b"], &[("a_b", "v a_b"), ("a_b_", "v a-b"), ("a_b__", "v a.b")])]
    #[case::ours_are_not_theirs(&["crc64nvme", "mtime"], &[("crc64nvme_", "v crc64nvme"), ("mtime_", "v mtime")])]
    fn every_label_is_kept_under_a_name_that_azure_takes(
        #[case] given: &[&str],
        #[case] kept: &[(&str, &str)],
    ) {
        let user = user(given);
        let got = names(&user);
        assert_eq!(got.iter().map(|(name, value)| (name.as_str(), *value)).collect::<Vec<_>>(), kept);
    }
}
