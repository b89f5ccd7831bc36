//! Listings of accounts with a hierarchical namespace. They go folder by folder, so that what is in `a` comes before `a-b`, which bytes
//! put the other way round; sorting that needs one folder's names at a time, not all of them.

use adt_model::{Fault, Key};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};

use super::list::{Entry, Item, Listing, What};
use crate::{Found, exchange::Request};

/// Keys of a page, about.
const PAGE: usize = 1000;
/// Folders of one folder that are listed ahead.
const AHEAD: usize = 16;
/// Pages of one folder that may follow each other without a name.
const EMPTY: u32 = 1000;
/// The most names of one folder; they are sorted in memory.
const LARGEST_FOLDER: usize = 20_000_000;
/// The most bytes of a name: 1,024 characters.
const LONGEST_NAME: usize = 4096;

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
    let page = listing.page(&request).await?;
    if page.next.is_some() {
        return level(listing, name).await;
    }
    let mut all = Vec::new();
    for item in page.items {
        inside(listing, &request, name, &item)?;
        all.extend(branch(listing, item)?);
    }
    sorted(listing, &request, all)
}

/// One folder without what is in its folders: these are compared with their slash, as the names inside them will be.
async fn level(listing: &Listing, name: &str) -> Result<Vec<Branch>, Fault> {
    let (mut all, mut marker, mut empty) = (Vec::new(), None::<String>, 0);
    loop {
        let request =
            Listing::request(name, marker.as_deref()).query("delimiter", "/").query("include", "metadata");
        let page = listing.page(&request).await?;
        empty = if page.items.is_empty() { empty + 1 } else { 0 };
        for item in page.items {
            inside(listing, &request, name, &item)?;
            all.extend(branch(listing, item)?);
        }
        let strange = |why: &str| listing.client.strange(&request, why);
        match page.next {
            None => return sorted(listing, &request, all),
            Some(next) if marker.as_ref() == Some(&next) => {
                return Err(strange("it continues where this page began: the same marker came twice"));
            }
            Some(_) if empty >= EMPTY => return Err(strange("too many of its pages in a row are empty")),
            Some(_) if all.len() > LARGEST_FOLDER => return Err(strange("one folder has too many names")),
            Some(next) => marker = Some(next),
        }
    }
}

/// Sees to it that an item is inside of the folder that was asked for. A folder of the same name, or ever longer ones, would never end.
fn inside(listing: &Listing, request: &Request, folder: &str, item: &Item) -> Result<(), Fault> {
    let is_prefix = matches!(item.what, What::Prefix);
    if !item.full.starts_with(folder) || (is_prefix && item.full.len() <= folder.len()) {
        return Err(listing.client.strange(request, "it has a name that is not inside the folder"));
    }
    if item.full.len() > LONGEST_NAME {
        return Err(listing.client.strange(request, "it has a name that is longer than the service keeps"));
    }
    Ok(())
}

fn branch(listing: &Listing, item: Item) -> Result<Option<(String, Branch)>, Fault> {
    match item.what {
        What::Prefix => Ok(Some((item.full.clone(), Branch::Folder(item.full)))),
        What::Blob { entry: Ok(Entry::Blob(found)), .. } => Ok(Some((item.full, Branch::Blob(found)))),
        What::Blob { entry: Ok(Entry::Folder | Entry::Marker), .. } => Ok(None),
        What::Blob { entry: Err(fault), .. } => listing.client.pass_over(fault).map(|()| None),
    }
}

/// Branches in byte order of their whole names.
fn sorted(
    listing: &Listing,
    request: &Request,
    mut all: Vec<(String, Branch)>,
) -> Result<Vec<Branch>, Fault> {
    all.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    if all.is_sorted_by(|a, b| a.0 < b.0) {
        return Ok(all.into_iter().map(|(_, branch)| branch).collect());
    }
    Err(listing.client.strange(request, "it has a name twice"))
}
