use std::sync::Arc;

use adt_model::{Class, Fault, Key};
use futures::{Stream, StreamExt, TryStreamExt, stream, stream::BoxStream};
use http::Method;
use serde::Deserialize;

use super::{
    GoogleBucket,
    resource::{FIELDS, Resource, document},
    server::Client,
};
use crate::{
    Found,
    exchange::{Deed, Kind, Request},
    listing::{self, Span},
    place::pages,
};

/// The most that a page holds.
const PAGE: &str = "1000";

/// Folders inside folders that are looked through for a place to cut the listing; each look is a request.
const DEEPEST: usize = 4;

/// Where a listing goes on.
struct Cursor {
    client: Arc<Client>,
    /// What every name begins with; it is cut off.
    stem: String,
    /// Which relative names are meant.
    span: Span,
    token: Option<String>,
    done: bool,
}

/// One page as it comes.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Page {
    items: Vec<Resource>,
    prefixes: Vec<String>,
    next_page_token: Option<String>,
}

impl GoogleBucket {
    /// The first page decides: what fits into it is listed by then. A longer listing is cut at its folders and listed in parallel.
    pub(crate) fn list(&self) -> impl Stream<Item = Result<Vec<Found>, Fault>> + Send + use<> {
        let (client, stem) = (Arc::clone(&self.client), self.stem());
        let first = async move {
            type Pages = BoxStream<'static, Result<Vec<Found>, Fault>>;
            let mut cursor = Cursor::new(client, stem, None, None);
            let page = cursor.next().await?;
            let marks = if cursor.done { Vec::new() } else { cursor.cuts().await? };
            let last = page.last().map(|found| found.key.to_string()).unwrap_or_default();
            let first = stream::iter(Some(page).filter(|page| !page.is_empty()).map(Ok));
            if marks.is_empty() {
                return Ok::<Pages, Fault>(first.chain(cursor.pages()).boxed());
            }
            let Cursor { client, stem, .. } = cursor;
            let rest = listing::between(last, marks, move |after, until| {
                Cursor::new(Arc::clone(&client), stem.clone(), Some(after), until).pages().boxed()
            });
            Ok(first.chain(rest).boxed())
        };
        stream::once(first).try_flatten()
    }
}

impl Cursor {
    fn new(client: Arc<Client>, stem: String, after: Option<String>, until: Option<String>) -> Self {
        Self { client, stem, span: Span::new(after, until), token: None, done: false }
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
            .query("prefix", format!("{}{folder}", self.stem))
            .query("delimiter", "/")
            .query("maxResults", PAGE)
            .query("fields", "prefixes");
        let answer = self.client.send(&request).await?;
        let page: Page = document(&self.client, &request, &answer)?;
        let mut folders: Vec<String> =
            page.prefixes.iter().filter_map(|name| Some(name.strip_prefix(&self.stem)?.to_owned())).collect();
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
        let token = whole.next_page_token.filter(|token| !token.is_empty());
        if token.is_some() && token == self.token {
            return Err(strange(&self.client, &request, "it says to go on where it began"));
        }
        self.done = token.is_none();
        self.token = token;
        let mut page = Vec::with_capacity(whole.items.len());
        for item in whole.items {
            match self.found(item) {
                Ok(found) => page.extend(found),
                Err(fault) => self.client.pass_over(fault)?,
            }
        }
        if !self.span.follows(&mut page) {
            return Err(strange(&self.client, &request, "its names are not in byte order"));
        }
        Ok(page)
    }

    fn request(&self) -> Request {
        let mut request = Request::new(Deed::List, Method::GET, None)
            .query("prefix", self.stem.clone())
            .query("maxResults", PAGE)
            .query("fields", format!("nextPageToken,items({FIELDS})"));
        if let Some(after) = self.span.after() {
            request = request.query("startOffset", format!("{}{after}", self.stem));
        }
        if let Some(until) = self.span.until() {
            request = request.query("endOffset", format!("{}{until}", self.stem));
        }
        match &self.token {
            Some(token) => request.query("pageToken", token.clone()),
            None => request,
        }
    }

    /// `None` for what is no file of anybody, or belongs to another run.
    fn found(&mut self, item: Resource) -> Result<Option<Found>, Fault> {
        let odd = || {
            let what = format!(
                "object `gs://{}/{}` has a name that no path can have",
                self.client.server.bucket, item.name
            );
            Fault::new(Class::Refused, what).help("rename or remove that object")
        };
        let (Some(relative), Some(size)) = (item.name.strip_prefix(&self.stem), item.size()) else {
            return Err(odd());
        };
        self.done |= self.span.is_beyond(relative);
        if self.span.is_before(relative) || self.span.is_beyond(relative) {
            return Ok(None);
        }
        if size == 0 && (relative.is_empty() || relative.ends_with('/')) {
            self.client.met_folder(relative);
            return Ok(None);
        }
        let key = Key::parse(relative).map_err(|error| odd().because(error))?;
        Ok(item.found(key))
    }
}

fn strange(client: &Client, request: &Request, why: &str) -> Fault {
    Fault::new(Class::Refused, format!("the listing of `{}` cannot be used: {why}", client.target(request)))
}
