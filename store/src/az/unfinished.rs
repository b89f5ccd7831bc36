use std::collections::BTreeSet;

use adt_model::{Class, Fault, Key};
use http::Method;

use super::{
    Container,
    blocks::{Name, commit, uncommitted},
    list::{Entry, Listing},
};
use crate::{
    Unfinished,
    exchange::{Deed, Kind, Request},
};

impl Container {
    /// Uploads below this place to blobs that are not there yet, by whomever: blocks of other programs are named by the block. Blocks for
    /// a blob that is there already show in no listing; the service drops them with the next write to it, or after a week.
    pub(crate) async fn unfinished(&self) -> Result<Vec<Unfinished>, Fault> {
        let listing = self.listing();
        let (mut all, mut marker) = (Vec::new(), None::<String>);
        loop {
            let request = Listing::request(&listing.stem, marker.as_deref())
                .query("include", "metadata,uncommittedblobs");
            let root = listing.page(&request).await?;
            for blob in root.child("Blobs").into_iter().flat_map(|blobs| blobs.all("Blob")) {
                // A blob that is only blocks has no property that the list of blocks would give it ("List Blobs" in Azure's REST
                // reference). Of these, the emulator leaves away the media type, and not the ETag.
                let property = |name: &str| blob.child("Properties").and_then(|all| all.value(name));
                if property("Content-Type").is_some() || matches!(listing.entry(blob)?, Entry::Folder) {
                    continue;
                }
                let full = listing.name(blob)?;
                if let Some(Ok(key)) = full.strip_prefix(&listing.stem).map(Key::parse) {
                    let blocks = uncommitted(&self.client, &full).await?;
                    let ids: BTreeSet<_> = blocks.into_iter().map(|(block, _)| upload_of(block)).collect();
                    all.extend(ids.into_iter().map(|upload_id| Unfinished::named(key.clone(), upload_id)));
                }
            }
            marker = root.value("NextMarker").map(str::to_owned);
            if marker.is_none() {
                return Ok(all);
            }
        }
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
            let what = format!("the answer about `{}` has no ETag", self.client.target(&request));
            return Err(Fault::new(Class::Refused, what));
        };
        let request =
            Request::new(Deed::Abort, Method::DELETE, Some(full)).header("if-match", format!("\"{etag}\""));
        match self.client.send(&request).await {
            // Somebody else's blob has taken its place, or removed it.
            Err(trouble) if trouble.kind() == Some(Kind::Condition) || trouble.status() == 404 => Ok(()),
            other => other.map(drop).map_err(Fault::from),
        }
    }
}

/// The upload that a block belongs to.
fn upload_of(block: String) -> String {
    Name::from_wire(&block).map_or(block, |name| name.upload)
}
