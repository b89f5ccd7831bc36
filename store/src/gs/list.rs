use std::{ops::Bound, sync::Arc};

use adt_model::{Class, Fault, Key};
use futures::{Stream, StreamExt, TryStreamExt, stream, stream::BoxStream};
use http::Method;
use serde::Deserialize;

use super::{
    GoogleBucket,
    resource::{FIELDS, Kinded, Resource, bounded, document},
    server::Client,
};
use crate::{
    Found,
    exchange::{Deed, Kind, Request},
    listing::{self, Order, Reading, Side, Span},
    place::pages,
};

/// The most that a page holds.
const PAGE: &str = "1000";

/// Folders inside folders that are looked through for a place to cut the listing; each look is a request.
const DEEPEST: usize = 4;

/// A listing and how far it has come.
struct Cursor {
    client: Arc<Client>,
    reading: Reading,
}

/// One page as it comes.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Page {
    kind: String,
    #[serde(deserialize_with = "bounded")]
    items: Vec<Resource>,
    #[serde(deserialize_with = "bounded")]
    prefixes: Vec<String>,
    next_page_token: Option<String>,
}

impl Kinded for Page {
    const KIND: &str = "storage#objects";

    fn kind(&self) -> &str {
        &self.kind
    }
}

impl GoogleBucket {
    /// The first page decides: what fits into it is listed by then. A longer listing is cut at its folders and listed in parallel.
    pub(crate) fn list(&self) -> impl Stream<Item = Result<Vec<Found>, Fault>> + Send + use<> {
        let (client, stem) = (Arc::clone(&self.client), self.stem());
        let first = async move {
            type Pages = BoxStream<'static, Result<Vec<Found>, Fault>>;
            let mut cursor = Cursor::new(client, stem, Span::all());
            let page = cursor.next().await?;
            let marks = if cursor.reading.is_done() { Vec::new() } else { cursor.cuts().await? };
            let last = cursor.reading.last_name().to_owned();
            let first = stream::iter(Some(page).filter(|page| !page.is_empty()).map(Ok));
            if marks.is_empty() {
                return Ok::<Pages, Fault>(first.chain(cursor.pages()).boxed());
            }
            let (client, stem) = (cursor.client, cursor.reading.stem().to_owned());
            let rest = listing::between(last, marks, Side::Begins, move |span| {
                Cursor::new(Arc::clone(&client), stem.clone(), span).pages().boxed()
            });
            Ok(first.chain(rest).boxed())
        };
        stream::once(first).try_flatten()
    }
}

impl Cursor {
    fn new(client: Arc<Client>, stem: String, span: Span) -> Self {
        Self { client, reading: Reading::new(stem, span, Order::Bytes) }
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

    /// Where to cut a listing: the folders of the first level that has more than one.
    async fn cuts(&self) -> Result<Vec<String>, Fault> {
        let mut folder = String::new();
        for _ in 0..DEEPEST {
            let folders = self.folders(&folder).await?;
            match &folders[..] {
                [only] => folder.clone_from(only),
                _ => return Ok(listing::marks(&folders)),
            }
        }
        Ok(Vec::new())
    }

    /// The first folders inside one, by their relative names; a thousand at most.
    async fn folders(&self, folder: &str) -> Result<Vec<String>, Fault> {
        let request = Request::new(Deed::List, Method::GET, None)
            .query("prefix", format!("{}{folder}", self.reading.stem()))
            .query("delimiter", "/")
            .query("maxResults", PAGE)
            .query("fields", "kind,prefixes");
        let answer = self.client.send(&request).await?;
        let page: Page = document(&self.client, &request, &answer)?;
        let stem = self.reading.stem();
        let mut folders: Vec<String> =
            page.prefixes.iter().filter_map(|name| Some(name.strip_prefix(stem)?.to_owned())).collect();
        folders.sort_unstable();
        Ok(folders)
    }

    async fn next(&mut self) -> Result<Vec<Found>, Fault> {
        let request = self.request();
        let answer = match self.client.send(&request).await {
            // Only a bucket can be missing here, also where the answer has no words.
            Err(trouble) if trouble.kind() == Some(Kind::NoObject) => {
                let bucket = &self.client.server.bucket;
                let help = format!("check the name of bucket `{bucket}`, or create it first");
                return Err(trouble.fault.help(help));
            }
            other => other?,
        };
        let whole: Page = document(&self.client, &request, &answer)?;
        drop(answer);
        let client = Arc::clone(&self.client);
        let strange = |why: String| client.strange(&request, &why);
        let mut page = Vec::with_capacity(whole.items.len());
        for item in whole.items {
            let (false, Some(size)) = (item.name.is_empty(), item.size()) else {
                return Err(strange("an object lacks its name or its size".to_owned()));
            };
            let full = item.name.clone();
            let Some(relative) = self.reading.name(&full).map_err(strange)? else { continue };
            match self.found(relative, size, item) {
                Ok(found) => page.extend(found),
                Err(fault) => self.client.pass_over(fault)?,
            }
        }
        let token = whole.next_page_token.filter(|token| !token.is_empty());
        self.reading.turn(token).map_err(strange)?;
        self.reading.sorted(&mut page).map_err(strange)?;
        Ok(page)
    }

    fn request(&self) -> Request {
        let (stem, span) = (self.reading.stem(), self.reading.span());
        let mut request = Request::new(Deed::List, Method::GET, None)
            .query("prefix", stem)
            .query("maxResults", PAGE)
            .query("fields", format!("kind,nextPageToken,items({FIELDS})"));
        if let Bound::Included(from) | Bound::Excluded(from) = &span.from {
            request = request.query("startOffset", format!("{stem}{from}"));
        }
        if let Bound::Included(until) | Bound::Excluded(until) = &span.until {
            request = request.query("endOffset", format!("{stem}{until}"));
        }
        match self.reading.token() {
            Some(token) => request.query("pageToken", token),
            None => request,
        }
    }

    /// `None` for what is no file of anybody.
    fn found(&self, relative: &str, size: u64, item: Resource) -> Result<Option<Found>, Fault> {
        if size == 0 && (relative.is_empty() || relative.ends_with('/')) {
            self.client.met_folder(relative);
            return Ok(None);
        }
        let key = Key::object(relative).map_err(|error| {
            let what = format!(
                "object `gs://{}/{}` has a name that no path can have",
                self.client.server.bucket, item.name
            );
            Fault::new(Class::Refused, what).help("rename or remove that object").because(error)
        })?;
        Ok(item.found(key))
    }
}
