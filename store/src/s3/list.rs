use std::sync::Arc;

use adt_model::{Class, Fault, Key};
use adt_net::{encode, xml::Element};
use futures::Stream;
use http::Method;

use super::{Bucket, server::Client};
use crate::{
    Found,
    exchange::{Answer, Deed, Request},
    place::pages,
};

/// Where a listing goes on.
struct Cursor {
    client: Arc<Client>,
    /// What every key begins with; it is cut off.
    stem: String,
    token: Option<String>,
    last: Option<Key>,
    done: bool,
}

impl Bucket {
    pub(crate) fn list(&self) -> impl Stream<Item = Result<Vec<Found>, Fault>> + Send + use<> {
        let cursor = Cursor {
            client: Arc::clone(&self.client),
            stem: self.stem(),
            token: None,
            last: None,
            done: false,
        };
        pages(cursor, |mut cursor| async move {
            // A page may hold nothing for us (folder markers) and still not be the last.
            while !cursor.done {
                let page = cursor.next().await?;
                if !page.is_empty() {
                    return Ok(Some((page, cursor)));
                }
            }
            Ok(None)
        })
    }
}

impl Cursor {
    async fn next(&mut self) -> Result<Vec<Found>, Fault> {
        let mut request = Request::new(Deed::List, Method::GET, None)
            .query("list-type", "2")
            .query("encoding-type", "url")
            .query("prefix", self.stem.clone());
        if let Some(token) = &self.token {
            request = request.query("continuation-token", token.clone());
        }
        let answer = self.client.send(&request).await?;
        let root = document(&self.client, &request, &answer)?;
        self.token = root.value("NextContinuationToken").map(str::to_owned);
        self.done = !root.is_true("IsTruncated");
        if !self.done && self.token.is_none() {
            return Err(strange(&self.client, &request, "it is cut off and does not say where to go on"));
        }
        let encoded = is_encoded(&root);
        let mut page = Vec::new();
        for item in root.all("Contents") {
            page.extend(self.found(item, encoded)?);
        }
        page.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        // Whoever merges two listings would take a name that comes late for one that is missing.
        if let (Some(last), Some(first)) = (&self.last, page.first())
            && first.key <= *last
        {
            return Err(strange(&self.client, &request, "its names are not in byte order"));
        }
        if let Some(found) = page.last() {
            self.last = Some(found.key.clone());
        }
        Ok(page)
    }

    fn found(&self, item: &Element, encoded: bool) -> Result<Option<Found>, Fault> {
        let raw = item.child("Key").map(|key| key.text.as_str()).unwrap_or_default();
        let bucket = &self.client.server.bucket;
        let full = name(raw, encoded).ok_or_else(|| odd(bucket, raw))?;
        let (Some(relative), Some(size)) = (full.strip_prefix(&self.stem), item.number("Size")) else {
            return Err(odd(bucket, &full));
        };
        // What consoles make to show a folder; it is no file of anybody.
        if size == 0 && (relative.is_empty() || relative.ends_with('/')) {
            return Ok(None);
        }
        let key = Key::parse(relative).map_err(|error| odd(bucket, &full).because(error))?;
        let written = item.value("LastModified").and_then(|text| text.parse().ok());
        Ok(Some(Found { etag: item.etag("ETag"), written, ..Found::new(key, size) }))
    }
}

/// Whether the server did as it was asked and encoded the names.
pub(super) fn is_encoded(root: &Element) -> bool {
    root.value("EncodingType").is_some_and(|kind| kind.eq_ignore_ascii_case("url"))
}

/// A name of a listing.
pub(super) fn name(raw: &str, encoded: bool) -> Option<String> {
    if encoded { encode::decode(raw) } else { Some(raw.to_owned()) }
}

/// An answer's document.
pub(super) fn document(client: &Client, request: &Request, answer: &Answer) -> Result<Element, Fault> {
    Element::parse(&answer.body).map_err(|error| {
        let (words, target) = (request.deed.words(), client.target(request));
        Fault::new(Class::Refused, format!("cannot {words} `{target}`: the answer cannot be read"))
            .because(error)
            .help("check that the endpoint speaks S3")
    })
}

fn strange(client: &Client, request: &Request, why: &str) -> Fault {
    Fault::new(Class::Refused, format!("the listing of `{}` cannot be used: {why}", client.target(request)))
}

fn odd(bucket: &str, name: &str) -> Fault {
    Fault::new(Class::Refused, format!("object `s3://{bucket}/{name}` has a name that no path can have"))
        .help("rename or remove that object")
}
