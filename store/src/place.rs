use std::{collections::BTreeMap, ops::Range, sync::Arc};

use adt_model::{Fault, Folding, Key, Location};
use bytes::Bytes;
use camino::Utf8Path;
use futures::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};

use crate::{
    Block, Copied, Found, Held, ObjectMeta, Proof, Receipt, StoreOptions, Sums, Unfinished, Upload, Whole,
    az::Container, checksum, gs::GoogleBucket, local::Folder, s3::Bucket, upload::Work,
};

/// A location that has been opened. Cheap to clone; clones share connections and lanes.
#[derive(Clone, Debug)]
pub struct Place {
    location: Location,
    kind: Kind,
    rehearsing: bool,
}

/// Every kind has the same methods; [`each`] is where they meet.
#[derive(Clone, Debug)]
enum Kind {
    Folder(Folder),
    S3(Arc<Bucket>),
    Az(Arc<Container>),
    Gs(Arc<GoogleBucket>),
}

/// Does the same with a place of whatever kind.
macro_rules! each {
    ($place:expr, $kind:ident => $work:expr) => {
        match &$place.kind {
            Kind::Folder($kind) => $work,
            Kind::S3($kind) => $work,
            Kind::Az($kind) => $work,
            Kind::Gs($kind) => $work,
        }
    };
}

impl Place {
    /// Prepares access; nothing is sent yet, so a missing bucket or a refused key shows with the first request.
    ///
    /// Fails with `BadInput` for an endpoint or a proxy that cannot be meant.
    #[expect(clippy::unused_async, reason = "places that come later look around when they are opened")]
    pub async fn open(location: &Location, options: &StoreOptions) -> Result<Self, Fault> {
        let kind = match location {
            Location::Folder(path) => Kind::Folder(Folder::new(path, options)),
            Location::S3 { bucket, prefix } => {
                Kind::S3(Arc::new(Bucket::open(bucket, prefix.as_ref(), options)?))
            }
            Location::Gs { bucket, prefix } => {
                Kind::Gs(Arc::new(GoogleBucket::open(bucket, prefix.as_ref(), options)?))
            }
            Location::Az { account, container, prefix } => {
                Kind::Az(Arc::new(Container::open(account, container, prefix.as_ref(), options)?))
            }
        };
        Ok(Self { location: location.clone(), kind, rehearsing: false })
    }

    /// The place `tail` below this one, over the same connections and lanes.
    pub fn below(&self, tail: &Key) -> Self {
        let kind = match &self.kind {
            Kind::Folder(folder) => Kind::Folder(folder.below(tail)),
            Kind::S3(bucket) => Kind::S3(Arc::new(bucket.below(tail))),
            Kind::Az(container) => Kind::Az(Arc::new(container.below(tail))),
            Kind::Gs(bucket) => Kind::Gs(Arc::new(bucket.below(tail))),
        };
        Self { location: self.location.join(tail), kind, rehearsing: self.rehearsing }
    }

    /// Where this is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The same place for a dry run: reads go through, writes and removals are swallowed.
    pub fn rehearsing(self) -> Self {
        Self { rehearsing: true, ..self }
    }

    /// The same place for a piece of work of this name: its temporary files in a folder are known to [`Place::tidy`] of its next run.
    ///
    /// Only for work of which no two processes can be at the same time.
    pub fn owned_by(self, work: &str) -> Self {
        let kind = match self.kind {
            Kind::Folder(folder) => {
                Kind::Folder(folder.owned_by((checksum::crc64(work.as_bytes()).0 >> 32) as u32))
            }
            other => other,
        };
        Self { kind, ..self }
    }

    /// Removes temporary files that earlier runs of the same work have left in a folder, but those of the uploads in `keep`; a bucket has none.
    pub async fn tidy(&self, keep: &[String]) -> Result<u64, Fault> {
        match &self.kind {
            Kind::Folder(folder) if !self.rehearsing => folder.tidy(keep).await,
            _ => Ok(0),
        }
    }

    /// Which names are one name here. A bucket tells all of them apart; a folder's file system is asked by writing into it, but in a rehearsal.
    pub async fn folding(&self) -> Result<Folding, Fault> {
        match &self.kind {
            Kind::Folder(folder) => folder.folding(self.rehearsing).await,
            _ => Ok(Folding::default()),
        }
    }

    /// Fails where a name cannot be written.
    async fn rehearse(&self, key: &Key) -> Result<(), Fault> {
        match &self.kind {
            Kind::Folder(folder) => folder.rehearse(key).await,
            _ => Ok(()),
        }
    }

    /// Writes one whole object and proves it. An existing one is replaced in one instant.
    pub async fn put(&self, key: &Key, block: Block, meta: &ObjectMeta) -> Result<Receipt, Fault> {
        if self.rehearsing {
            self.rehearse(key).await?;
            let size = block.bytes.len() as u64;
            return Ok(Receipt { size, crc64: block.crc64, etag: None, proof: Proof::Rehearsed });
        }
        each!(self, place => place.put(key, block, meta).await)
    }

    /// Whether [`Place::copy`] is worth asking for.
    pub fn copies_from(&self, from: &Self) -> bool {
        match (&self.kind, &from.kind) {
            (Kind::S3(here), Kind::S3(there)) => !self.rehearsing && here.copies_from(there),
            (Kind::Az(here), Kind::Az(there)) => !self.rehearsing && here.copies_from(there),
            (Kind::Gs(here), Kind::Gs(there)) => !self.rehearsing && here.copies_from(there),
            _ => false,
        }
    }

    /// Makes `key` here a copy of `source` there, by the server itself; nothing passes through this machine.
    ///
    /// Without `meta` the copy keeps what is beside the source. `None` when these two places cannot do that between
    /// themselves: read and write. Fails with `Corrupt` when the source is no longer the version that was found.
    pub async fn copy(
        &self,
        key: &Key,
        from: &Self,
        source: &Found,
        meta: Option<&ObjectMeta>,
    ) -> Result<Option<Copied>, Fault> {
        if self.rehearsing {
            return Ok(None);
        }
        match (&self.kind, &from.kind) {
            (Kind::S3(here), Kind::S3(there)) => here.copy(key, there, source, meta).await,
            (Kind::Az(here), Kind::Az(there)) => here.copy(key, there, source, meta).await,
            (Kind::Gs(here), Kind::Gs(there)) => here.copy(key, there, source, meta).await,
            _ => Ok(None),
        }
    }

    /// Begins an object that is written in parts. Nothing is visible before [`Upload::complete`].
    pub async fn begin(&self, key: &Key, meta: &ObjectMeta) -> Result<Upload, Fault> {
        if self.rehearsing {
            self.rehearse(key).await?;
            return Ok(Upload { work: Work::Rehearsed });
        }
        each!(self, place => Ok(Upload { work: place.begin(key, meta).await?.into() }))
    }

    /// Takes up an upload that an earlier run began, with what the place holds of it.
    ///
    /// `meta` is what [`Place::begin`] was told: not every place has kept it. `None` when the server does not know the upload, or cannot
    /// list its parts (then it has been aborted), and always for a folder: begin anew.
    pub async fn resume(
        &self,
        key: &Key,
        upload_id: &str,
        meta: &ObjectMeta,
    ) -> Result<Option<(Upload, Held)>, Fault> {
        if self.rehearsing {
            return Ok(None);
        }
        each!(self, place => {
            let resumed = place.resume(key, upload_id, meta).await?;
            Ok(resumed.map(|(upload, held)| (Upload { work: upload.into() }, held)))
        })
    }

    /// What is known of an object without reading it; `None` when there is none.
    pub async fn head(&self, key: &Key) -> Result<Option<Found>, Fault> {
        each!(self, place => place.head(key).await)
    }

    /// An object's bytes, or those of a range of it; exactly as many as asked for, or a fault. Ranges of one object may come from different
    /// versions of it: where they belong together, [`Place::get_of`] is to be used.
    pub async fn get(&self, key: &Key, range: Option<Range<u64>>) -> Result<Bytes, Fault> {
        if range.as_ref().is_some_and(|r| r.start >= r.end) {
            return Ok(Bytes::new());
        }
        each!(self, place => place.get(key, range, None).await)
    }

    /// The bytes of a range of the very version that was found, or a `Corrupt` fault: pieces of two versions make no object.
    pub async fn get_of(&self, found: &Found, range: Range<u64>) -> Result<Bytes, Fault> {
        if range.start >= range.end {
            return Ok(Bytes::new());
        }
        // One request for a whole object: its answer may bring a checksum.
        let range = (range != (0..found.size)).then_some(range);
        each!(self, place => place.get(&found.key, range, Some(found)).await)
    }

    /// All bytes of the version that was found, with what is kept beside it; in one request where that is possible. For objects that fit
    /// into memory. Bytes that do not match a checksum that the place states are a `Corrupt` fault.
    pub async fn whole(&self, found: Found) -> Result<Whole, Fault> {
        let all = 0..found.size;
        let (bytes, found) = match &self.kind {
            Kind::S3(bucket) if found.size > 0 || found.meta.is_none() => bucket.whole(found).await?,
            Kind::Az(container) if found.size > 0 || found.meta.is_none() => container.whole(found).await?,
            Kind::Folder(_) => (self.get_of(&found, all).await?, found),
            _ => {
                let found = match found.meta {
                    Some(_) => found,
                    // Another version by now shows when it is read.
                    None => {
                        self.head(&found.key).await?.filter(|now| now.etag == found.etag).unwrap_or(found)
                    }
                };
                (self.get_of(&found, all).await?, found)
            }
        };
        let checked = self.location.is_folder() || found.size == 0 || !Sums::stated(&found).is_empty();
        Ok(Whole { bytes, found, checked })
    }

    /// The tags of an object, for [`ObjectMeta::tags`]; none where the place keeps no tags. Reading them is a request of its own, and takes a
    /// right of its own.
    pub async fn tags(&self, key: &Key) -> Result<BTreeMap<String, String>, Fault> {
        match &self.kind {
            Kind::S3(bucket) => bucket.tags(key).await,
            Kind::Az(container) => container.tags(key).await,
            Kind::Folder(_) | Kind::Gs(_) => Ok(BTreeMap::new()),
        }
    }

    /// Whether objects here can have tags.
    pub fn keeps_tags(&self) -> bool {
        matches!(self.kind, Kind::S3(_) | Kind::Az(_))
    }

    /// Everything below the location, in pages of a few thousand at most, in byte order of the relative keys.
    ///
    /// Only what is *below*: `s3://b/name` lists `name/x` as `x`, and neither `name` nor `name_sorted/x`. A place that
    /// does not exist yet lists nothing. The stream ends after its first fault.
    pub fn list(&self) -> impl Stream<Item = Result<Vec<Found>, Fault>> + Send + Unpin + use<> {
        let pages: BoxStream<'static, _> = each!(self, place => place.list().boxed());
        // What was said once is not asked again.
        let mut failed = false;
        pages.take_while(move |page| {
            let go_on = !failed;
            failed |= page.is_err();
            std::future::ready(go_on)
        })
    }

    /// Makes `key` (whose name ends with `.rclonelink`, which is cut off) a link to `target`; false where there are no links: keep the
    /// target's text as an object.
    pub async fn link(&self, key: &Key, target: &Utf8Path) -> Result<bool, Fault> {
        match &self.kind {
            Kind::Folder(folder) if !self.rehearsing => folder.link(key, target).await,
            Kind::Folder(_) => Ok(true),
            _ => Ok(false),
        }
    }

    /// Makes an empty folder: in a bucket an empty object whose name ends with a slash, as consoles do; on Azure an empty blob that is marked
    /// as one.
    pub async fn make_folder(&self, key: &Key) -> Result<(), Fault> {
        if self.rehearsing {
            return Ok(());
        }
        match &self.kind {
            Kind::Folder(folder) => folder.make_folder(key).await,
            Kind::S3(bucket) => bucket.make_folder(key).await,
            Kind::Az(container) => container.make_folder(key).await,
            Kind::Gs(bucket) => bucket.make_folder(key).await,
        }
    }

    /// Removes an object; one that is not there counts as removed.
    pub async fn delete(&self, key: &Key) -> Result<(), Fault> {
        if self.rehearsing {
            return Ok(());
        }
        each!(self, place => place.delete(key).await)
    }

    /// Removes the folders at and below `key` that hold nothing any more; a bucket has none.
    pub async fn prune(&self, key: &Key) -> Result<(), Fault> {
        match &self.kind {
            Kind::Folder(folder) if !self.rehearsing => folder.prune(key).await,
            _ => Ok(()),
        }
    }

    /// Removes the folders above `key` that hold nothing any more; the place itself stays, and a bucket has no folders.
    pub async fn prune_above(&self, key: &Key) -> Result<(), Fault> {
        match &self.kind {
            Kind::Folder(folder) if !self.rehearsing => folder.prune_above(key).await,
            _ => Ok(()),
        }
    }

    /// Writes below the location that were begun and have not ended, by whomever: multipart uploads of a bucket, our
    /// temporary files in a folder. Some may still be under way.
    pub async fn unfinished(&self) -> Result<Vec<Unfinished>, Fault> {
        each!(self, place => place.unfinished().await)
    }

    /// Throws an unfinished write away; one that is not there counts as thrown away.
    pub async fn abort(&self, unfinished: &Unfinished) -> Result<(), Fault> {
        if self.rehearsing {
            return Ok(());
        }
        each!(self, place => place.abort(unfinished).await)
    }
}

/// An endless supply of pages from a function that gives the next page and the state after it.
pub(crate) fn pages<S, F, Fut>(state: S, next: F) -> impl Stream<Item = Result<Vec<Found>, Fault>> + Send
where
    S: Send + 'static,
    F: FnMut(S) -> Fut + Send + 'static,
    Fut: Future<Output = Result<Option<(Vec<Found>, S)>, Fault>> + Send,
{
    stream::try_unfold(state, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever moves many objects spawns tasks; that every future may go to another thread is part of the promise.
    #[expect(dead_code, reason = "it has to compile, not to run")]
    fn futures_can_be_spawned(
        place: &'static Place,
        upload: &'static Upload,
        key: &'static Key,
        block: Block,
        meta: &'static ObjectMeta,
        found: &'static Found,
    ) {
        fn sent(_: impl Send) {}
        sent(place.put(key, block.clone(), meta));
        sent(place.begin(key, meta));
        sent(place.resume(key, "id", meta));
        sent(place.head(key));
        sent(place.get(key, None));
        sent(place.copy(key, place, found, Some(meta)));
        sent(place.get_of(found, 0..1));
        sent(place.delete(key));
        sent(place.unfinished());
        sent(upload.put_part(1, 0, block));
        sent(upload.complete(&[]));
        sent(upload.abort());
    }
}
