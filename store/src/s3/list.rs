use std::sync::Arc;

use adt_model::{Class, Fault, Key};
use adt_net::{encode, xml::Element};
use futures::{Stream, StreamExt, TryStreamExt, stream, stream::BoxStream};
use http::Method;

use super::{Bucket, server::Client};
use crate::{
    Found,
    exchange::{Answer, Deed, Request},
    listing::{self, Span},
    place::pages,
};

/// Where a listing goes on.
struct Cursor {
    client: Arc<Client>,
    /// What every key begins with; it is cut off.
    stem: String,
    /// Which relative names are meant.
    span: Span,
    token: Option<String>,
    done: bool,
}

/// Folders inside folders that are looked through for a place to cut the listing; each look is a request.
const DEEPEST: usize = 4;

impl Bucket {
    /// The first page decides: what fits into it is listed by then. A longer listing is cut at its folders and listed in parallel.
    pub(crate) fn list(&self) -> impl Stream<Item = Result<Vec<Found>, Fault>> + Send + use<> {
        let (client, stem) = (Arc::clone(&self.client), self.stem());
        let first = async move {
            type Pages = BoxStream<'static, Result<Vec<Found>, Fault>>;
            let mut cursor = Cursor::new(client, stem, None, None);
            let page = cursor.next().await?;
            let marks = if cursor.done { Vec::new() } else { cuts(&cursor).await? };
            let last = page.last().map(|found| found.key.to_string());
            let first = stream::iter(Some(page).filter(|page| !page.is_empty()).map(Ok));
            if marks.is_empty() {
                return Ok::<Pages, Fault>(first.chain(cursor.pages()).boxed());
            }
            Ok(first.chain(cursor.in_runs(last, marks)).boxed())
        };
        stream::once(first).try_flatten()
    }
}

/// Where to cut a listing: the folders of the first level that has more than one.
async fn cuts(cursor: &Cursor) -> Result<Vec<String>, Fault> {
    let mut folder = String::new();
    for _ in 0..DEEPEST {
        let folders = folders(&cursor.client, &cursor.stem, &folder).await?;
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
    let root = document(client, &request, &answer)?;
    let encoded = is_encoded(&root);
    let mut folders: Vec<String> = root
        .all("CommonPrefixes")
        .filter_map(|item| name(item.value("Prefix")?, encoded)?.strip_prefix(stem).map(str::to_owned))
        .collect();
    folders.sort_unstable();
    Ok(folders)
}

impl Cursor {
    fn new(client: Arc<Client>, stem: String, after: Option<String>, until: Option<String>) -> Self {
        Self { client, stem, span: Span::new(after, until), token: None, done: false }
    }

    /// What follows `last`, cut at the marks.
    fn in_runs(
        self,
        last: Option<String>,
        marks: Vec<String>,
    ) -> impl Stream<Item = Result<Vec<Found>, Fault>> + Send {
        let (client, stem) = (self.client, self.stem);
        listing::between(last.unwrap_or_default(), marks, move |after, until| {
            Cursor::new(Arc::clone(&client), stem.clone(), Some(after), until).pages().boxed()
        })
    }

    fn pages(self) -> impl Stream<Item = Result<Vec<Found>, Fault>> + Send {
        pages(self, |mut cursor| async move {
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

    async fn next(&mut self) -> Result<Vec<Found>, Fault> {
        let mut request = Request::new(Deed::List, Method::GET, None)
            .query("list-type", "2")
            .query("encoding-type", "url")
            .query("prefix", self.stem.clone());
        if let Some(token) = &self.token {
            request = request.query("continuation-token", token.clone());
        } else if let Some(after) = self.span.after() {
            request = request.query("start-after", format!("{}{after}", self.stem));
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
            match self.found(item, encoded) {
                Ok(found) => page.extend(found),
                Err(fault) => self.client.pass_over(fault)?,
            }
        }
        if !self.span.follows(&mut page) {
            return Err(strange(&self.client, &request, "its names are not in byte order"));
        }
        Ok(page)
    }

    /// `None` for what is no file of anybody, or belongs to another run.
    fn found(&mut self, item: &Element, encoded: bool) -> Result<Option<Found>, Fault> {
        let raw = item.child("Key").map(|key| key.text.as_str()).unwrap_or_default();
        let bucket = &self.client.server.bucket;
        let full = name(raw, encoded).ok_or_else(|| odd(bucket, raw))?;
        let (Some(relative), Some(size)) = (full.strip_prefix(&self.stem), item.number("Size")) else {
            return Err(odd(bucket, &full));
        };
        self.done |= self.span.is_beyond(relative);
        if self.span.is_before(relative) || self.span.is_beyond(relative) {
            return Ok(None);
        }
        if size == 0 && (relative.is_empty() || relative.ends_with('/')) {
            self.client.met_folder(relative);
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
