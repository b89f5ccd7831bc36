use std::collections::BTreeSet;

use adt_model::{Fault, Key};
use http::Method;

use super::{
    Container,
    blocks::{Name, commit, uncommitted},
    list::{Entry, Item, Listing, What},
    read::deleted,
};
use crate::{
    Unfinished,
    exchange::{Deed, Kind, Request},
    listing::{Order, Reading, Span},
};

impl Container {
    /// Uploads below this place to blobs that are not there yet, by whomever: blocks of other programs are named by the block. Blocks for
    /// a blob that is there already show in no listing; the service drops them with the next write to it, or after a week.
    pub(crate) async fn unfinished(&self) -> Result<Vec<Unfinished>, Fault> {
        let listing = self.listing();
        let mut reading = Reading::new(listing.stem.clone(), Span::all(), Order::None);
        let mut all = Vec::new();
        while !reading.is_done() {
            let request = Listing::request(&listing.stem, reading.token())
                .query("include", "metadata,uncommittedblobs");
            let page = listing.page(&request).await?;
            let strange = |why: String| self.client.strange(&request, &why);
            for Item { full, what } in page.items {
                let relative = reading.name(&full).map_err(strange)?.unwrap_or_default();
                let What::Blob { entry, bare: true } = what else { continue };
                if let (false, Ok(key)) = (matches!(entry?, Entry::Folder), Key::object(relative)) {
                    let blocks = uncommitted(&self.client, &full).await?;
                    let ids: BTreeSet<_> = blocks.into_iter().map(|(block, _)| upload_of(block)).collect();
                    all.extend(ids.into_iter().map(|upload_id| Unfinished::named(key.clone(), upload_id)));
                }
            }
            reading.turn(page.next).map_err(strange)?;
        }
        Ok(all)
    }

    /// Throws an unfinished upload away; one that is not there counts as thrown away.
    pub(crate) async fn abort(&self, unfinished: &Unfinished) -> Result<(), Fault> {
        self.abort_upload(&unfinished.key, &unfinished.upload_id).await
    }

    /// The service drops blocks only with a list, and then all of a blob's: an empty blob is made of none of them, where none stands, and
    /// removed again. Where a blob stands, or blocks of another upload, nothing is done: that could cost somebody else's work, and the
    /// service drops them by itself with the next write there, or after a week.
    pub(super) async fn abort_upload(&self, key: &Key, id: &str) -> Result<(), Fault> {
        let full = self.full(key)?;
        let blocks = uncommitted(&self.client, &full).await?;
        let ours = |(block, _): (String, u64)| upload_of(block) == id;
        if blocks.is_empty() || !blocks.into_iter().all(ours) {
            return Ok(());
        }
        let request = commit(Deed::Abort, &full, std::iter::empty()).header("if-none-match", "*");
        let made = match self.client.send(&request).await {
            Err(trouble) if trouble.kind() == Some(Kind::Condition) => return Ok(()),
            other => other?,
        };
        let Some(etag) = made.etag() else {
            return Err(self.client.strange(&request, "it has no ETag"));
        };
        let request =
            Request::new(Deed::Abort, Method::DELETE, Some(full)).header("if-match", format!("\"{etag}\""));
        match self.client.send(&request).await {
            // Somebody else's blob has taken its place, or removed it.
            Err(trouble) if trouble.kind() == Some(Kind::Condition) || trouble.status() == 404 => Ok(()),
            other => deleted(&self.client, &request, &other?),
        }
    }
}

/// The upload that a block belongs to.
fn upload_of(block: String) -> String {
    Name::from_wire(&block).map_or(block, |name| name.upload)
}
