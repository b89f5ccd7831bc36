//! What Google says of an object, and what it is told to keep beside one.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use adt_model::{Fault, Key};
use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use super::server::Client;
use crate::{
    Found, ObjectMeta,
    exchange::{Answer, Request, is_what, shown},
    mtime,
    part_size::stated_size,
};

/// What gsutil and gcloud write for the time of a source, in whole seconds.
const RESERVED_MTIME: &str = "goog-reserved-file-mtime";

/// The fields of an object that are asked for; a listing names them, as the others are most of its bytes. Of an object by itself its
/// `kind` is asked for too.
pub(super) const FIELDS: &str = "name,size,generation,crc32c,md5Hash,updated,contentType,cacheControl,contentEncoding,contentDisposition,contentLanguage,metadata";

/// The most entries of a page that are read; 1,000 are asked for.
const MOST_ENTRIES: usize = 20_000;

/// An object as Google describes it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Resource {
    kind: String,
    pub(super) name: String,
    size: Option<Size>,
    generation: Option<String>,
    crc32c: Option<String>,
    md5_hash: Option<String>,
    updated: Option<String>,
    content_type: Option<String>,
    cache_control: Option<String>,
    content_encoding: Option<String>,
    content_disposition: Option<String>,
    content_language: Option<String>,
    metadata: Option<BTreeMap<String, Option<String>>>,
}

/// A document that says what it is.
pub(super) trait Kinded {
    const KIND: &str;

    fn kind(&self) -> &str;
}

impl Kinded for Resource {
    const KIND: &str = "storage#object";

    fn kind(&self) -> &str {
        &self.kind
    }
}

/// Google writes 64-bit numbers as text; emulators do not always.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Size {
    Text(String),
    Number(serde_json::Number),
}

impl Size {
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Text(text) => stated_size(text),
            Self::Number(number) => stated_size(&number.to_string()),
        }
    }
}

impl Resource {
    pub(super) fn size(&self) -> Option<u64> {
        self.size.as_ref()?.number()
    }

    pub(super) fn crc32c(&self) -> Option<u32> {
        crc32c_from_wire(self.crc32c.as_deref()?)
    }

    pub(super) fn md5(&self) -> Option<[u8; 16]> {
        md5_from_wire(self.md5_hash.as_deref()?)
    }

    /// The mark of this version.
    pub(super) fn generation(&self) -> Option<String> {
        self.generation.clone()
    }

    /// `None` where the size is missing, without which nothing can be done with an object.
    pub(super) fn found(self, key: Key) -> Option<Found> {
        let size = self.size()?;
        let (crc32c, md5, etag) = (self.crc32c(), self.md5(), self.generation());
        let written: Option<Timestamp> = self.updated.as_deref().and_then(|text| text.parse().ok());
        let meta = self.beside();
        let modified = meta.modified;
        let meta = Some(Box::new(meta));
        Some(Found { etag, modified, crc32c, md5, written, meta, ..Found::new(key, size) })
    }

    fn beside(self) -> ObjectMeta {
        let mut user: BTreeMap<String, String> = self
            .metadata
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.to_lowercase(), value?)))
            .collect();
        let (ours, reserved) = (user.remove(mtime::KEY), user.remove(RESERVED_MTIME));
        ObjectMeta {
            modified: [ours, reserved].iter().flatten().find_map(|text| mtime::from_text(text)),
            content_type: self.content_type.map(Into::into),
            cache_control: self.cache_control,
            content_encoding: self.content_encoding,
            content_disposition: self.content_disposition,
            content_language: self.content_language,
            tags: None,
            user,
        }
    }
}

/// What is to be kept beside an object, as a document.
pub(super) fn described(meta: &ObjectMeta, storage_class: Option<&str>) -> Map<String, Value> {
    let mut document = Map::new();
    let fields = [
        ("contentType", meta.content_type.as_deref()),
        ("cacheControl", meta.cache_control.as_deref()),
        ("contentEncoding", meta.content_encoding.as_deref()),
        ("contentDisposition", meta.content_disposition.as_deref()),
        ("contentLanguage", meta.content_language.as_deref()),
        ("storageClass", storage_class),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            document.insert(name.to_owned(), value.into());
        }
    }
    let mut user: Map<_, _> =
        meta.user.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    if let Some(time) = meta.modified {
        user.insert(mtime::KEY.to_owned(), mtime::to_text(time).into());
    }
    if !user.is_empty() {
        document.insert("metadata".to_owned(), user.into());
    }
    document
}

/// Base64 of the big-endian bytes, as Google writes it.
pub(super) fn crc32c_to_wire(crc: u32) -> String {
    BASE64_STANDARD.encode(crc.to_be_bytes())
}

/// The inverse; `None` for anything else.
pub(super) fn crc32c_from_wire(text: &str) -> Option<u32> {
    Some(u32::from_be_bytes(BASE64_STANDARD.decode(text.trim()).ok()?.try_into().ok()?))
}

/// An MD5 as Google writes it.
pub(super) fn md5_from_wire(text: &str) -> Option<[u8; 16]> {
    BASE64_STANDARD.decode(text.trim()).ok()?.try_into().ok()
}

/// An answer's document, which must say that it is of the kind that was asked for: an empty object, a list, or an error in a 200 does not.
pub(super) fn document<T: DeserializeOwned + Kinded>(
    client: &Client,
    request: &Request,
    answer: &Answer,
) -> Result<T, Fault> {
    match serde_json::from_slice::<T>(&answer.body) {
        Ok(document) if document.kind() == T::KIND => Ok(document),
        Ok(document) if document.kind().is_empty() => {
            Err(client.strange(request, &format!("it does not say that it is a `{}` (`kind`)", T::KIND)))
        }
        Ok(document) => {
            let what = format!("it is a `{}` in place of a `{}`", shown(document.kind()), T::KIND);
            Err(client.strange(request, &what))
        }
        Err(_) if !answer.body.starts_with(b"{") => Err(client.strange(request, &is_what(&answer.body))),
        Err(error) => Err(client.strange(request, &format!("it cannot be read: {error}"))),
    }
}

/// The object that an answer describes, which must be the one that was asked for.
pub(super) fn resource(client: &Client, request: &Request, answer: &Answer) -> Result<Resource, Fault> {
    let resource: Resource = document(client, request, answer)?;
    check(client, request, &resource)?;
    Ok(resource)
}

/// Sees to it that an object is the one of the request, and has a size.
pub(super) fn check(client: &Client, request: &Request, resource: &Resource) -> Result<(), Fault> {
    if request.key.as_deref().is_some_and(|key| key != resource.name) {
        return Err(client.strange(request, "it is about another object"));
    }
    if resource.size().is_none() {
        return Err(client.strange(request, "it has no size"));
    }
    Ok(())
}

/// A list of no more entries than a page may have, however small they are: each takes many times its bytes in memory.
pub(super) fn bounded<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    struct List<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Vec<T>, A::Error> {
            let mut all = Vec::new();
            while let Some(entry) = entries.next_element()? {
                if all.len() >= MOST_ENTRIES {
                    return Err(serde::de::Error::custom("a page with too many entries"));
                }
                all.push(entry);
            }
            Ok(all)
        }
    }

    from.deserialize_seq(List(PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn resource(text: &str) -> Resource {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_check_value_is_castagnolis() {
        let crc = adt_codec::crc32c(b"123456789");
        assert_eq!((crc, crc32c_to_wire(crc).as_str()), (0xe306_9283, "4waSgw=="));
        assert_eq!(crc32c_from_wire("4waSgw=="), Some(crc));
    }

    #[rstest]
    fn other_texts_are_no_checksum(#[values("", "4waSgw", "4waSg4waSgw=", "data")] text: &str) {
        assert_eq!(crc32c_from_wire(text), None);
    }

    #[rstest]
    #[case::ours(r#"{"mtime": "1700000000.5", "goog-reserved-file-mtime": "1"}"#, Some("1700000000.5"))]
    #[case::gsutils(r#"{"goog-reserved-file-mtime": "1700000000"}"#, Some("1700000000"))]
    #[case::unreadable(r#"{"mtime": "yesterday", "goog-reserved-file-mtime": "7"}"#, Some("7"))]
    #[case::none(r#"{"lab": "x"}"#, None)]
    fn the_time_of_the_source_is_found(#[case] metadata: &str, #[case] time: Option<&str>) {
        let found = resource(&format!(r#"{{"size": "1", "metadata": {metadata}}}"#));
        let found = found.found("a".parse().unwrap()).unwrap();
        assert_eq!(found.modified.map(mtime::to_text).as_deref(), time);
        assert!(!found.meta.unwrap().user.keys().any(|name| name.contains("mtime")));
    }

    #[rstest]
    #[case(r#"{"size": "12"}"#, Some(12))]
    #[case(r#"{"size": 12, "etag": 7, "metadata": null, "unknown": {}}"#, Some(12))]
    #[case(r#"{"size": "many"}"#, None)]
    #[case::two_to_the_63rd(r#"{"size": "9223372036854775808"}"#, None)]
    #[case::beyond_64_bits(r#"{"size": 36893488147419103232}"#, None)]
    #[case::below_nothing(r#"{"size": -1}"#, None)]
    #[case("{}", None)]
    fn sizes_are_read_as_text_or_number(#[case] text: &str, #[case] size: Option<u64>) {
        assert_eq!(resource(text).size(), size);
    }

    #[test]
    fn what_is_written_beside_is_read_again() {
        let meta = ObjectMeta {
            modified: mtime::from_text("1700000000.25"),
            content_type: Some("text/plain".into()),
            cache_control: Some("no-store".to_owned()),
            content_encoding: Some("gzip".to_owned()),
            content_disposition: Some("attachment; filename=\"x.json\"".to_owned()),
            content_language: Some("de".to_owned()),
            tags: None,
            user: BTreeMap::from([("lab".to_owned(), "ü \"x\"".to_owned())]),
        };
        let mut document = described(&meta, Some("NEARLINE"));
        assert_eq!(document.remove("storageClass"), Some("NEARLINE".into()));
        document.insert("size".to_owned(), "0".into());
        let found = resource(&Value::from(document).to_string()).found("a".parse().unwrap()).unwrap();
        assert_eq!(format!("{:?}", found.meta.unwrap()), format!("{meta:?}"));
    }

    #[derive(Deserialize)]
    struct Listed {
        #[serde(deserialize_with = "bounded")]
        items: Vec<Resource>,
    }

    #[test]
    fn a_page_of_too_many_entries_is_not_read() {
        let page = |count: usize| format!(r#"{{"items": [{}]}}"#, vec!["{}"; count].join(","));
        assert_eq!(serde_json::from_str::<Listed>(&page(MOST_ENTRIES)).unwrap().items.len(), MOST_ENTRIES);
        assert!(serde_json::from_str::<Listed>(&page(MOST_ENTRIES + 1)).is_err());
        assert!(serde_json::from_str::<Listed>(r#"{"items": {}}"#).is_err());
    }

    proptest::proptest! {
        #[test]
        fn foreign_bytes_never_panic(bytes: Vec<u8>) {
            let _ = serde_json::from_slice::<Resource>(&bytes);
        }

        #[test]
        fn foreign_fields_never_panic(size in ".*", crc in ".*", time in ".*") {
            let value = serde_json::json!({"size": size, "crc32c": crc, "md5Hash": crc, "updated": time, "metadata": {"mtime": time}});
            let resource: Resource = serde_json::from_value(value).unwrap();
            let _ = resource.found("a".parse().unwrap());
        }
    }

    #[test]
    fn nothing_beside_is_an_empty_document() {
        assert!(described(&ObjectMeta::default(), None).is_empty());
    }
}
