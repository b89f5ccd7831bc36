use std::{collections::BTreeMap, sync::Arc};

use adt_model::{Class, Fault, Key};
use adt_net::{encode, xml::Element};
use futures::Stream;
use http::Method;

use super::{
    Container,
    metadata::{Believed, believed, is_folder, md5},
    server::Client,
    tree::Tree,
};
use crate::{
    Found, ObjectMeta,
    exchange::{Deed, Items, Request},
    http_date::http_date,
    listing::{Order, Reading, Span},
    part_size::stated_size,
    place::pages,
};

/// The most there may be: one page cannot be asked for before the last one is there.
const PAGE: &str = "5000";

/// A listing and how far it has come.
struct Cursor {
    listing: Listing,
    reading: Reading,
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

/// A page of a listing.
pub(super) struct Page {
    pub(super) items: Vec<Item>,
    /// Where the next page begins.
    pub(super) next: Option<String>,
}

/// What a page names, by its whole name.
pub(super) struct Item {
    pub(super) full: String,
    pub(super) what: What,
}

pub(super) enum What {
    /// What names that go on have in common, up to a slash.
    Prefix,
    /// A blob; `bare` is one that is only blocks, which no list has put together.
    Blob { entry: Result<Entry, Fault>, bare: bool },
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
        let reading = Reading::new(self.stem(), Span::all(), Order::Letters);
        let cursor = Cursor { listing: self.listing(), reading, tree: None, done: false };
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
        let request = Listing::request(&self.listing.stem, self.reading.token()).query("include", "metadata");
        let whole = self.listing.page(&request).await?;
        let client = Arc::clone(&self.listing.client);
        let strange = |why: String| client.strange(&request, &why);
        let mut page = Vec::with_capacity(whole.items.len());
        for Item { full, what } in whole.items {
            let What::Blob { entry, .. } = what else { continue };
            if matches!(entry, Ok(Entry::Folder)) {
                // An account with real folders may list what is in `a` before `a-b`.
                self.tree = Some(Tree::new(self.listing.clone(), self.reading.last_key().cloned()));
                return Ok(Vec::new());
            }
            self.reading.name(&full).map_err(strange)?;
            match entry {
                Ok(Entry::Blob(found)) => page.push(found),
                Ok(Entry::Marker | Entry::Folder) => {}
                Err(fault) => self.listing.client.pass_over(fault)?,
            }
        }
        self.reading.turn(whole.next).map_err(strange)?;
        self.reading.sorted(&mut page).map_err(strange)?;
        self.done = self.reading.is_done();
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

    /// The service always sends both the list and where it continues, empty ones too.
    pub(super) async fn page(&self, request: &Request) -> Result<Page, Fault> {
        let answer = self.client.send(request).await?;
        let kind = Items { root: "EnumerationResults", depth: 2, names: &["Blob", "BlobPrefix"] };
        let (root, items) = self.client.items(request, &answer, kind, |element| self.item(element))?;
        for part in ["Blobs", "NextMarker"] {
            if root.child(part).is_none() {
                return Err(self.client.strange(request, &format!("it lacks the element `{part}`")));
            }
        }
        Ok(Page { items, next: root.value("NextMarker").map(str::to_owned) })
    }

    /// `None` where the name or the size is missing, without which nothing can be done with a blob.
    fn item(&self, element: &Element) -> Option<Item> {
        let raw = element.child("Name")?;
        let name = self.name(raw);
        let full = name.as_ref().map_or_else(|_| raw.text.clone(), Clone::clone);
        if element.name == "BlobPrefix" {
            return Some(Item { full, what: What::Prefix });
        }
        let properties = element.child("Properties");
        let size = stated_size(properties?.value("Content-Length")?)?;
        let entry = name.and_then(|name| self.entry(&name, size, element));
        // A blob that is only blocks has no property that the list of blocks would give it ("List Blobs" in Azure's REST reference). Of
        // these, the emulator leaves away the media type, and not the ETag.
        let bare = properties?.value("Content-Type").is_none();
        Some(Item { full, what: What::Blob { entry, bare } })
    }

    /// A blob of a page.
    fn entry(&self, full: &str, size: u64, blob: &Element) -> Result<Entry, Fault> {
        let properties = blob.child("Properties");
        let property = |name: &str| properties.and_then(|all| all.value(name));
        let labels = blob.child("Metadata").map(labels).unwrap_or_default();
        // One of another prefix is refused by its name.
        let relative = full.strip_prefix(&self.stem).unwrap_or(full);
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
        let key = Key::object(relative).map_err(|error| self.odd(full).because(error))?;
        Ok(Entry::Blob(found(key, size, labels, properties)))
    }

    /// The whole name of a blob or of a prefix. One that no XML can hold is percent-encoded and says so.
    fn name(&self, name: &Element) -> Result<String, Fault> {
        if name.attribute("Encoded").is_none_or(|value| value != "true") {
            return Ok(name.text.clone());
        }
        // A plus is a plus here.
        encode::decode(&name.text.replace('+', "%2B")).ok_or_else(|| self.odd(&name.text))
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
    let md5 = md5(property("Content-MD5").as_deref());
    let written = property("Last-Modified").as_deref().and_then(http_date);
    // A claim is not looked into for a listing: that takes a request for each blob.
    let Believed { crc64, modified, noted, claim: _ } = believed(&mut labels, size, md5, written);
    let meta = ObjectMeta {
        modified: noted,
        content_type: property("Content-Type").map(Into::into),
        cache_control: property("Cache-Control"),
        content_encoding: property("Content-Encoding"),
        content_disposition: property("Content-Disposition"),
        content_language: property("Content-Language"),
        tags: None,
        user: labels,
    };
    Found {
        etag: properties.and_then(|all| all.etag("Etag")),
        modified,
        crc64,
        md5,
        written,
        meta: Some(Box::new(meta)),
        ..Found::new(key, size)
    }
}
