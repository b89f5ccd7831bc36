use std::sync::Arc;

use adt_model::{Class, Fault, Key};
use futures::Stream;
use http::Method;
use serde::Deserialize;

use super::{
    GoogleBucket,
    resource::{FIELDS, Resource, document},
    server::Client,
};
use crate::{
    Found,
    exchange::{Deed, Request},
    place::pages,
};

/// The most that a page holds.
const PAGE: &str = "1000";

/// Where a listing goes on.
struct Cursor {
    client: Arc<Client>,
    /// What every name begins with; it is cut off.
    stem: String,
    token: Option<String>,
    last: Option<Key>,
    done: bool,
}

/// One page as it comes.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Page {
    items: Vec<Resource>,
    next_page_token: Option<String>,
}

impl GoogleBucket {
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
            .query("prefix", self.stem.clone())
            .query("maxResults", PAGE)
            .query("fields", format!("nextPageToken,items({FIELDS})"));
        if let Some(token) = &self.token {
            request = request.query("pageToken", token.clone());
        }
        let answer = self.client.send(&request).await?;
        let whole: Page = document(&self.client, &request, &answer)?;
        let token = whole.next_page_token.filter(|token| !token.is_empty());
        if token.is_some() && token == self.token {
            return Err(strange(&self.client, &request, "it says to go on where it began"));
        }
        self.done = token.is_none();
        self.token = token;
        let mut page = Vec::with_capacity(whole.items.len());
        for item in whole.items {
            page.extend(self.found(item)?);
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

    fn found(&self, item: Resource) -> Result<Option<Found>, Fault> {
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
        // What consoles make to show a folder; it is no file of anybody.
        if size == 0 && (relative.is_empty() || relative.ends_with('/')) {
            return Ok(None);
        }
        let key = Key::parse(relative).map_err(|error| odd().because(error))?;
        Ok(item.found(key))
    }
}

fn strange(client: &Client, request: &Request, why: &str) -> Fault {
    Fault::new(Class::Refused, format!("the listing of `{}` cannot be used: {why}", client.target(request)))
}
