use std::{collections::BTreeMap, sync::Arc};

use adt_model::{Class, Fault, Key};
use adt_net::{encode, xml::Element};
use futures::Stream;
use http::Method;

use super::{
    Container,
    metadata::{is_folder, md5, take_crc64},
    server::Client,
    tree::Tree,
};
use crate::{
    Found, ObjectMeta,
    exchange::{Answer, Deed, Request},
    http_date::http_date,
    mtime,
    place::pages,
};

/// The most there may be: one page cannot be asked for before the last one is there, and this one takes some 20 MB while it is read.
const PAGE: &str = "5000";

/// Where a listing goes on.
struct Cursor {
    listing: Listing,
    marker: Option<String>,
    last: Option<Key>,
    /// Folder by folder, once a folder has shown itself.
    tree: Option<Tree>,
    done: bool,
}

/// Whose names are listed.
#[derive(Clone)]
pub(super) struct Listing {
    pub(super) client: Arc<Client>,
    /// What every name begins with; it is cut off.
    pub(super) stem: String,
}

/// An entry of a listing.
pub(super) enum Entry {
    Blob(Found),
    /// A blob that stands for a folder and is no file of anybody.
    Folder,
    /// One with a name that ends with a slash, which consoles make; it says nothing of the account.
    Marker,
}

impl Container {
    pub(crate) fn list(&self) -> impl Stream<Item = Result<Vec<Found>, Fault>> + Send + use<> {
        let cursor = Cursor { listing: self.listing(), marker: None, last: None, tree: None, done: false };
        pages(cursor, |mut cursor| async move {
            // A page may hold nothing for us (folders, or nothing at all) and still not be the last.
            while !cursor.done {
                let page = cursor.next().await?;
                if !page.is_empty() {
                    return Ok(Some((page, cursor)));
                }
            }
            Ok(None)
        })
    }

    pub(super) fn listing(&self) -> Listing {
        Listing { client: Arc::clone(&self.client), stem: self.stem() }
    }
}

impl Cursor {
    async fn next(&mut self) -> Result<Vec<Found>, Fault> {
        if let Some(tree) = &mut self.tree {
            let page = tree.next().await?;
            self.done = page.is_empty();
            return Ok(page);
        }
        let request =
            Listing::request(&self.listing.stem, self.marker.as_deref()).query("include", "metadata");
        let root = self.listing.page(&request).await?;
        let mut page = Vec::new();
        for blob in root.child("Blobs").into_iter().flat_map(|blobs| blobs.all("Blob")) {
            match self.listing.entry(blob) {
                Ok(Entry::Blob(found)) => page.push(found),
                Ok(Entry::Marker) => {}
                Err(fault) => self.listing.client.pass_over(fault)?,
                Ok(Entry::Folder) => {
                    // An account with real folders may list what is in `a` before `a-b`.
                    self.tree = Some(Tree::new(self.listing.clone(), self.last.take()));
                    return Ok(Vec::new());
                }
            }
        }
        self.marker = root.value("NextMarker").map(str::to_owned);
        self.done = self.marker.is_none();
        page.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        // Whoever merges two listings would take a name that comes late for one that is missing.
        if let (Some(last), Some(first)) = (&self.last, page.first())
            && first.key <= *last
        {
            return Err(self.listing.strange(&request, "its names are not in byte order"));
        }
        if let Some(found) = page.last() {
            self.last = Some(found.key.clone());
        }
        Ok(page)
    }
}

impl Listing {
    /// Asks for the names that begin so, from a marker on.
    pub(super) fn request(prefix: &str, marker: Option<&str>) -> Request {
        let request = Request::new(Deed::List, Method::GET, None)
            .query("restype", "container")
            .query("comp", "list")
            .query("prefix", prefix)
            .query("maxresults", PAGE);
        match marker {
            Some(marker) => request.query("marker", marker),
            None => request,
        }
    }

    pub(super) async fn page(&self, request: &Request) -> Result<Element, Fault> {
        let answer = self.client.send(request).await?;
        let root = document(&self.client, request, &answer)?;
        if root.name == "EnumerationResults" {
            return Ok(root);
        }
        Err(self.strange(request, "it is something else"))
    }

    /// A blob of a page.
    pub(super) fn entry(&self, blob: &Element) -> Result<Entry, Fault> {
        let full = self.name(blob)?;
        let properties = blob.child("Properties");
        let property = |name: &str| properties.and_then(|all| all.value(name));
        let Some(size) = property("Content-Length").and_then(|text| text.parse().ok()) else {
            return Err(self.odd(&full));
        };
        let labels = blob.child("Metadata").map(labels).unwrap_or_default();
        let relative = full.strip_prefix(&self.stem).ok_or_else(|| self.odd(&full))?;
        match size {
            0 if is_folder(&labels) || property("ResourceType") == Some("directory") => {
                self.client.met_folder(relative);
                return Ok(Entry::Folder);
            }
            0 if relative.is_empty() || relative.ends_with('/') => {
                self.client.met_folder(relative);
                return Ok(Entry::Marker);
            }
            _ => {}
        }
        let key = Key::parse(relative).map_err(|error| self.odd(&full).because(error))?;
        Ok(Entry::Blob(found(key, size, labels, properties)))
    }

    /// The whole name of a blob or of a prefix. One that no XML can hold is percent-encoded and says so.
    pub(super) fn name(&self, element: &Element) -> Result<String, Fault> {
        let name = element.child("Name");
        let text = name.map(|name| name.text.as_str()).unwrap_or_default();
        let encoded = name.is_some_and(|name| name.attribute("Encoded").is_some_and(|value| value == "true"));
        if !encoded {
            return Ok(text.to_owned());
        }
        // A plus is a plus here.
        encode::decode(&text.replace('+', "%2B")).ok_or_else(|| self.odd(text))
    }

    pub(super) fn strange(&self, request: &Request, why: &str) -> Fault {
        let target = self.client.target(request);
        Fault::new(Class::Refused, format!("the listing of `{target}` cannot be used: {why}"))
    }

    fn odd(&self, name: &str) -> Fault {
        let target = self.client.server.shown(name);
        Fault::new(Class::Refused, format!("blob `{target}` has a name that no path can have"))
            .help("rename or remove that blob")
    }
}

fn labels(metadata: &Element) -> BTreeMap<String, String> {
    metadata.children().map(|label| (label.name.to_ascii_lowercase(), label.text.clone())).collect()
}

fn found(key: Key, size: u64, mut labels: BTreeMap<String, String>, properties: Option<&Element>) -> Found {
    let property = |name: &str| properties.and_then(|all| all.value(name)).map(str::to_owned);
    let crc64 = take_crc64(&mut labels);
    let meta = ObjectMeta {
        modified: labels.remove(mtime::KEY).as_deref().and_then(mtime::from_text),
        content_type: property("Content-Type").map(Into::into),
        cache_control: property("Cache-Control"),
        content_encoding: property("Content-Encoding"),
        user: labels,
    };
    Found {
        etag: properties.and_then(|all| all.etag("Etag")),
        modified: meta.modified,
        crc64,
        md5: md5(property("Content-MD5").as_deref()),
        written: property("Last-Modified").as_deref().and_then(http_date),
        meta: Some(Box::new(meta)),
        ..Found::new(key, size)
    }
}

/// An answer's document.
pub(super) fn document(client: &Client, request: &Request, answer: &Answer) -> Result<Element, Fault> {
    // Azure begins its documents with a mark of their byte order.
    let body = answer.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&answer.body);
    Element::parse(body).map_err(|error| {
        let (words, target) = (request.deed.words(), client.target(request));
        Fault::new(Class::Refused, format!("cannot {words} `{target}`: the answer cannot be read"))
            .because(error)
            .help("check that the endpoint is one of Azure Blob Storage")
    })
}
