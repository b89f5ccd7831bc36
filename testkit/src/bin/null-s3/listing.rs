//! `ListObjectsV2` and the older `ListObjects`.

use std::{collections::BTreeMap, fmt::Write as _, ops::Bound};

use crate::{
    names::{Query, decode, encode, escape},
    shelf::Object,
};

/// S3 never lists more at once.
const PAGE: usize = 1000;
/// Nobody asks this server when something was written.
const MODIFIED: &str = "2030-01-01T00:00:00.000Z";

/// One page of a listing.
#[derive(Default)]
struct Page<'a> {
    objects: Vec<(&'a str, &'a Object)>,
    prefixes: Vec<String>,
    /// The last name of this page, when there is more.
    more: Option<String>,
}

/// The listing of `bucket` that `query` asks for.
pub(crate) fn document(objects: &BTreeMap<String, Object>, bucket: &str, query: &Query) -> String {
    let v2 = query.get("list-type") == Some("2");
    let prefix = query.get("prefix").unwrap_or_default();
    let delimiter = query.get("delimiter").filter(|text| !text.is_empty());
    let start = query.get(if v2 { "start-after" } else { "marker" }).unwrap_or_default();
    let after = query.get("continuation-token").map_or_else(|| start.to_owned(), decode);
    let most = query.get("max-keys").and_then(|text| text.parse().ok()).unwrap_or(PAGE).min(PAGE);
    let page = page(objects, bucket, (prefix, delimiter, &after), most);

    let url = query.get("encoding-type") == Some("url");
    let shown = |text: &str| if url { encode(text) } else { escape(text) };
    let (count, more) = (page.objects.len() + page.prefixes.len(), page.more.is_some());
    let mut out = format!(
        "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{bucket}</Name>\
         <Prefix>{}</Prefix><MaxKeys>{most}</MaxKeys><KeyCount>{count}</KeyCount><IsTruncated>{more}</IsTruncated>",
        shown(prefix)
    );
    if url {
        out.push_str("<EncodingType>url</EncodingType>");
    }
    // Writing to a string cannot fail.
    if let Some(last) = &page.more {
        let (token, marker) = (encode(last), shown(last));
        let _ = write!(
            out,
            "<NextContinuationToken>{token}</NextContinuationToken><NextMarker>{marker}</NextMarker>"
        );
    }
    for (key, object) in &page.objects {
        let (key, size, etag) = (shown(key), object.size, &object.etag);
        let _ = write!(
            out,
            "<Contents><Key>{key}</Key><LastModified>{MODIFIED}</LastModified><ETag>&quot;{etag}&quot;</ETag>\
             <Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        );
    }
    for prefix in &page.prefixes {
        let _ = write!(out, "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", shown(prefix));
    }
    out.push_str("</ListBucketResult>");
    out
}

fn page<'a>(
    objects: &'a BTreeMap<String, Object>,
    bucket: &str,
    (prefix, delimiter, after): (&str, Option<&str>, &str),
    most: usize,
) -> Page<'a> {
    let stem = format!("{bucket}/");
    let mut page = Page::default();
    let mut last = after.to_owned();
    let from = format!("{stem}{}", prefix.max(after));
    let from =
        if after >= prefix && !after.is_empty() { Bound::Excluded(from) } else { Bound::Included(from) };
    for (name, object) in objects.range((from, Bound::Unbounded)) {
        let Some(key) = name.strip_prefix(&stem).filter(|key| key.starts_with(prefix)) else { break };
        let group = delimiter
            .and_then(|text| key[prefix.len()..].find(text).map(|at| prefix.len() + at + text.len()));
        let entry = group.map_or(key, |end| &key[..end]);
        // The rest of a group that has been shown.
        if group.is_some() && entry == last {
            continue;
        }
        if page.objects.len() + page.prefixes.len() == most {
            page.more = Some(last);
            break;
        }
        entry.clone_into(&mut last);
        if group.is_some() { page.prefixes.push(last.clone()) } else { page.objects.push((key, object)) }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn kept(names: &[&str]) -> BTreeMap<String, Object> {
        names.iter().map(|name| ((*name).to_owned(), Object::default())).collect()
    }

    /// Keys, prefixes and whether there is more, page after page.
    fn pages(query: &str, names: &[&str]) -> Vec<String> {
        let (objects, mut all, mut token) = (kept(names), Vec::new(), String::new());
        loop {
            let text = document(&objects, "b", &Query::parse(&format!("list-type=2&{query}{token}")));
            let between = |text: &str, open: &str, close: &str| -> Vec<String> {
                text.split(open).skip(1).map(|rest| rest.split(close).next().unwrap().to_owned()).collect()
            };
            let mut names = between(&text, "<Key>", "</Key>");
            names.extend(between(&text, "<CommonPrefixes><Prefix>", "</Prefix>"));
            all.push(names.join(" "));
            match between(&text, "<NextContinuationToken>", "</NextContinuationToken>").first() {
                Some(next) => token = format!("&continuation-token={}", encode(next)),
                None => return all,
            }
        }
    }

    #[rstest]
    #[case::all("", &["x y z.t/1 z.t/2"])]
    #[case::pages_follow_each_other("max-keys=2", &["x y", "z.t/1 z.t/2"])]
    #[case::prefix("prefix=z", &["z.t/1 z.t/2"])]
    #[case::groups("delimiter=/&max-keys=1", &["x", "y", "z.t/"])]
    #[case::below_a_group("delimiter=/&prefix=z.t/", &["z.t/1 z.t/2"])]
    #[case::nothing("prefix=q", &[""])]
    fn lists_what_is_asked_for(#[case] query: &str, #[case] expected: &[&str]) {
        let names = ["a/0", "b/x", "b/y", "b/z.t/1", "b/z.t/2", "c/0"];
        assert_eq!(pages(query, &names), expected);
    }

    #[test]
    fn odd_names_are_encoded_or_escaped() {
        let names = ["b/ü &<"];
        assert_eq!(pages("encoding-type=url", &names), ["%C3%BC%20%26%3C"]);
        assert_eq!(pages("", &names), ["ü &amp;&lt;"]);
    }
}
