use std::{ops::Bound, sync::Arc};

use adt_model::{Class, Fault, Key};
use adt_net::{encode, xml::Element};
use futures::{Stream, StreamExt, TryStreamExt, stream, stream::BoxStream};
use http::Method;
use jiff::Timestamp;

use super::{Bucket, server::Client};
use crate::{
    Found,
    exchange::{Answer, Deed, Items, Request},
    listing::{self, Order, Reading, Side, Span},
    part_size::stated_size,
    place::pages,
};

/// A listing and how far it has come.
struct Cursor {
    client: Arc<Client>,
    reading: Reading,
}

/// Folders inside folders that are looked through for a place to cut the listing; each look is a request.
const DEEPEST: usize = 4;

impl Bucket {
    /// The first page decides: what fits into it is listed by then. A longer listing is cut at its folders and listed in parallel.
    pub(crate) fn list(&self) -> impl Stream<Item = Result<Vec<Found>, Fault>> + Send + use<> {
        let (client, stem) = (Arc::clone(&self.client), self.stem());
        let first = async move {
            type Pages = BoxStream<'static, Result<Vec<Found>, Fault>>;
            let mut cursor = Cursor::new(client, stem, Span::all());
            let page = cursor.next().await?;
            let whole = cursor.reading.is_done() || cursor.order() == Order::None;
            let marks = if whole { Vec::new() } else { cuts(&cursor).await? };
            let first = stream::iter(Some(page).filter(|page| !page.is_empty()).map(Ok));
            if marks.is_empty() {
                return Ok::<Pages, Fault>(first.chain(cursor.pages()).boxed());
            }
            Ok(first.chain(cursor.in_runs(marks)).boxed())
        };
        stream::once(first).try_flatten()
    }
}

/// Where to cut a listing: the folders of the first level that has more than one.
async fn cuts(cursor: &Cursor) -> Result<Vec<String>, Fault> {
    let mut folder = String::new();
    for _ in 0..DEEPEST {
        let folders = folders(&cursor.client, cursor.reading.stem(), &folder).await?;
        match &folders[..] {
            [only] => folder.clone_from(only),
            _ => return Ok(listing::marks(&folders)),
        }
    }
    Ok(Vec::new())
}

/// The first folders inside one, by their relative names; a thousand at most.
async fn folders(client: &Client, stem: &str, folder: &str) -> Result<Vec<String>, Fault> {
    let request = Request::new(Deed::List, Method::GET, None)
        .query("list-type", "2")
        .query("encoding-type", "url")
        .query("delimiter", "/")
        .query("prefix", format!("{stem}{folder}"));
    let answer = client.send(&request).await?;
    let root = client.document(&request, &answer, LISTING)?;
    let encoded = is_encoded(&root);
    let mut folders: Vec<String> = root
        .all("CommonPrefixes")
        .filter_map(|item| name(item.value("Prefix")?, encoded)?.strip_prefix(stem).map(str::to_owned))
        .collect();
    folders.sort_unstable();
    Ok(folders)
}

impl Cursor {
    fn new(client: Arc<Client>, stem: String, span: Span) -> Self {
        let order = if client.server.is_directory() { Order::None } else { Order::Bytes };
        Self { client, reading: Reading::new(stem, span, order) }
    }

    fn order(&self) -> Order {
        self.reading.order()
    }

    /// What follows the first page, cut at the marks.
    fn in_runs(self, marks: Vec<String>) -> impl Stream<Item = Result<Vec<Found>, Fault>> + Send {
        let (client, stem) = (self.client, self.reading.stem().to_owned());
        let last = self.reading.last_name().to_owned();
        listing::between(last, marks, Side::Ends, move |span| {
            Cursor::new(Arc::clone(&client), stem.clone(), span).pages().boxed()
        })
    }

    fn pages(self) -> impl Stream<Item = Result<Vec<Found>, Fault>> + Send {
        pages(self, |mut cursor| async move {
            // A page may hold nothing for us (folder markers) and still not be the last.
            while !cursor.reading.is_done() {
                let page = cursor.next().await?;
                if !page.is_empty() {
                    return Ok(Some((page, cursor)));
                }
            }
            Ok(None)
        })
    }

    async fn next(&mut self) -> Result<Vec<Found>, Fault> {
        let request = self.request();
        let answer = self.client.send(&request).await?;
        let page = Page::read(&self.client, &request, &answer, self.reading.stem())?;
        drop(answer);
        let client = Arc::clone(&self.client);
        let strange = |why: String| client.strange(&request, &why);
        let mut found = Vec::with_capacity(page.items.len());
        for item in page.items {
            let Some(full) = name(&item.key, page.encoded) else {
                self.client.pass_over(odd(&client.server.bucket, &item.key))?;
                continue;
            };
            let Some(relative) = self.reading.name(&full).map_err(strange)? else { continue };
            match self.found(relative, item) {
                Ok(one) => found.extend(one),
                Err(fault) => self.client.pass_over(fault)?,
            }
        }
        self.reading.turn(page.next).map_err(strange)?;
        self.reading.sorted(&mut found).map_err(strange)?;
        Ok(found)
    }

    fn request(&self) -> Request {
        let stem = self.reading.stem();
        let request = Request::new(Deed::List, Method::GET, None)
            .query("list-type", "2")
            .query("encoding-type", "url")
            .query("prefix", stem);
        match (self.reading.token(), &self.reading.span().from) {
            (Some(token), _) => request.query("continuation-token", token),
            (None, Bound::Excluded(after)) if !after.is_empty() => {
                request.query("start-after", format!("{stem}{after}"))
            }
            _ => request,
        }
    }

    /// `None` for what is no file of anybody.
    fn found(&self, relative: &str, item: Item) -> Result<Option<Found>, Fault> {
        let Item { size, etag, written, .. } = item;
        if size == 0 && (relative.is_empty() || relative.ends_with('/')) {
            self.client.met_folder(relative);
            return Ok(None);
        }
        let key = Key::object(relative).map_err(|error| {
            odd(&self.client.server.bucket, &format!("{}{relative}", self.reading.stem())).because(error)
        })?;
        Ok(Some(Found { etag, written, ..Found::new(key, size) }))
    }
}

/// The document of a listing.
const LISTING: &str = "ListBucketResult";

/// A page of a listing, as the server gives it.
struct Page {
    items: Vec<Item>,
    encoded: bool,
    /// Where the next page begins.
    next: Option<String>,
}

struct Item {
    key: String,
    size: u64,
    etag: Option<String>,
    written: Option<Timestamp>,
}

impl Page {
    fn read(client: &Client, request: &Request, answer: &Answer, stem: &str) -> Result<Self, Fault> {
        let kind = Items { root: LISTING, depth: 1, names: &["Contents"] };
        let (root, items) = client.items(request, answer, kind, Item::read)?;
        let strange = |why: &str| client.strange(request, why);
        let encoded = is_encoded(&root);
        let next = root.value("NextContinuationToken").map(str::to_owned);
        match root.truth("IsTruncated") {
            None => return Err(strange("it does not say whether it is complete (`IsTruncated`)")),
            Some(true) if next.is_none() => {
                return Err(strange("it is truncated and does not say where it continues"));
            }
            Some(_) => {}
        }
        let count = items.len() + root.all("CommonPrefixes").count();
        if root.number("KeyCount").is_some_and(|stated| stated > count as u64) {
            return Err(strange("it has fewer names than it says (`KeyCount`)"));
        }
        // Not every server encodes the prefix that it repeats.
        if let Some(prefix) = root.child("Prefix").map(|prefix| prefix.text.as_str())
            && !prefix.is_empty()
            && prefix != stem
            && name(prefix, encoded).is_none_or(|prefix| prefix != stem)
        {
            return Err(strange("it is the listing of another prefix"));
        }
        Ok(Self { items, encoded, next })
    }
}

impl Item {
    /// `None` where the name or the size is missing, without which nothing can be done with an object.
    fn read(item: &mut Element) -> Option<Self> {
        let key = item.take_text("Key")?;
        let written = item.value("LastModified").and_then(|text| text.parse().ok());
        let size = stated_size(item.value("Size")?)?;
        Some(Self { key, size, etag: item.etag("ETag"), written })
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

fn odd(bucket: &str, name: &str) -> Fault {
    Fault::new(Class::Refused, format!("object `s3://{bucket}/{name}` has a name that no path can have"))
        .help("rename or remove that object")
}
