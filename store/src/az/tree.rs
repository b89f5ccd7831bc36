//! Listings of accounts with a hierarchical namespace. They go folder by folder, so that what is in `a` comes before `a-b`, which bytes
//! put the other way round; sorting that needs one folder's names at a time, not all of them.

use adt_model::{Fault, Key};
use adt_net::xml::Element;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};

use super::list::{Entry, Listing};
use crate::Found;

/// Keys of a page, about.
const PAGE: usize = 1000;
/// Folders of one folder that are listed ahead.
const AHEAD: usize = 16;

/// A walk through the folders in byte order of the whole names.
pub(super) struct Tree {
    listing: Listing,
    /// From the outermost folder to the innermost, what is still to come of each.
    open: Vec<BoxStream<'static, Result<Branch, Fault>>>,
    /// What has been given out before; whatever comes up to here is passed over.
    last: Option<Key>,
}

enum Branch {
    Blob(Found),
    /// A folder by its whole name, with the slash.
    Folder(String),
    /// A folder that has been looked into.
    Opened(Vec<Self>),
}

impl Tree {
    pub(super) fn new(listing: Listing, last: Option<Key>) -> Self {
        let outermost = stream::iter([Ok(Branch::Folder(listing.stem.clone()))]).boxed();
        let mut tree = Self { listing, open: Vec::new(), last };
        tree.open.push(tree.ahead(outermost));
        tree
    }

    /// The next blobs; none at the end.
    pub(super) async fn next(&mut self) -> Result<Vec<Found>, Fault> {
        let mut page = Vec::new();
        while page.len() < PAGE
            && let Some(innermost) = self.open.last_mut()
        {
            match innermost.next().await.transpose()? {
                Some(Branch::Blob(found)) if self.is_past(found.key.as_str()) => page.push(found),
                Some(Branch::Opened(inside)) => {
                    let inside = inside.into_iter().filter(|branch| self.may_hold_more(branch));
                    let inside = stream::iter(inside.map(Ok).collect::<Vec<_>>()).boxed();
                    self.open.push(self.ahead(inside));
                }
                Some(Branch::Blob(_) | Branch::Folder(_)) => {}
                None => drop(self.open.pop()),
            }
        }
        Ok(page)
    }

    /// Looks into the next folders before they are asked for.
    fn ahead(
        &self,
        branches: BoxStream<'static, Result<Branch, Fault>>,
    ) -> BoxStream<'static, Result<Branch, Fault>> {
        let listing = self.listing.clone();
        let opened = branches.map(move |branch| {
            let listing = listing.clone();
            async move {
                match branch? {
                    Branch::Folder(name) => folder(&listing, &name).await.map(Branch::Opened),
                    other => Ok(other),
                }
            }
        });
        opened.buffered(AHEAD).boxed()
    }

    fn is_past(&self, key: &str) -> bool {
        self.last.as_ref().is_none_or(|last| key > last.as_str())
    }

    fn may_hold_more(&self, branch: &Branch) -> bool {
        let Branch::Folder(name) = branch else { return true };
        let relative = name.strip_prefix(&self.listing.stem).unwrap_or(name);
        self.is_past(relative) || self.last.as_ref().is_some_and(|last| last.as_str().starts_with(relative))
    }
}

/// All of one folder, in byte order. What fits into one page is there with one request, whatever folders are inside.
async fn folder(listing: &Listing, name: &str) -> Result<Vec<Branch>, Fault> {
    let request = Listing::request(name, None).query("include", "metadata");
    let root = listing.page(&request).await?;
    if root.value("NextMarker").is_some() {
        return level(listing, name).await;
    }
    let mut all = Vec::new();
    for blob in root.child("Blobs").into_iter().flat_map(|blobs| blobs.all("Blob")) {
        if let Entry::Blob(found) = listing.entry(blob)? {
            all.push(found);
        }
    }
    all.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    Ok(all.into_iter().map(Branch::Blob).collect())
}

/// One folder without what is in its folders: these are compared with their slash, as the names inside them will be.
async fn level(listing: &Listing, name: &str) -> Result<Vec<Branch>, Fault> {
    let (mut all, mut marker) = (Vec::new(), None::<String>);
    loop {
        let request =
            Listing::request(name, marker.as_deref()).query("delimiter", "/").query("include", "metadata");
        let root = listing.page(&request).await?;
        for element in root.child("Blobs").into_iter().flat_map(Element::children) {
            if element.name == "Blob" {
                if let Entry::Blob(found) = listing.entry(element)? {
                    all.push((format!("{}{}", listing.stem, found.key), Branch::Blob(found)));
                }
            } else if element.name == "BlobPrefix" {
                let full = listing.name(element)?;
                // A folder of the same name, or an outer one, would never end.
                if full.len() <= name.len() || !full.starts_with(name) {
                    return Err(listing.strange(&request, "it names a folder that is not inside it"));
                }
                all.push((full.clone(), Branch::Folder(full)));
            }
        }
        marker = root.value("NextMarker").map(str::to_owned);
        if marker.is_none() {
            break;
        }
    }
    all.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    Ok(all.into_iter().map(|(_, branch)| branch).collect())
}
