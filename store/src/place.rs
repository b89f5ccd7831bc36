use std::{ops::Range, sync::Arc};

use adt_model::{Class, Fault, Key, Location};
use bytes::Bytes;
use futures::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};

use crate::{
    Block, Found, ListedPart, ObjectMeta, Proof, Receipt, StoreOptions, Unfinished, Upload, local::Folder,
    s3::Bucket, upload::Work,
};

/// A location that has been opened. Cheap to clone; clones share connections and lanes.
#[derive(Clone, Debug)]
pub struct Place {
    location: Location,
    kind: Kind,
    rehearsing: bool,
}

#[derive(Clone, Debug)]
enum Kind {
    Folder(Folder),
    Bucket(Arc<Bucket>),
}

impl Place {
    /// Prepares access; nothing is sent yet, so a missing bucket or a refused key shows with the first request.
    ///
    /// Fails with `Refused` for kinds of places that this version does not speak to, and with `BadInput` for an endpoint
    /// or a proxy that cannot be meant.
    #[expect(clippy::unused_async, reason = "places that come later look around when they are opened")]
    pub async fn open(location: &Location, options: &StoreOptions) -> Result<Self, Fault> {
        let kind = match location {
            Location::Folder(path) => Kind::Folder(Folder::new(path, (options.clock)())),
            Location::S3 { bucket, prefix } => {
                Kind::Bucket(Arc::new(Bucket::open(bucket, prefix.as_ref(), options)?))
            }
            Location::Gs { .. } | Location::Az { .. } => {
                return Err(Fault::new(
                    Class::Refused,
                    format!("`{location}` is a kind of place that is not supported by this version yet"),
                )
                .help("use `s3://bucket/prefix` or a folder"));
            }
        };
        Ok(Self { location: location.clone(), kind, rehearsing: false })
    }

    /// The place `tail` below this one, over the same connections and lanes.
    pub fn below(&self, tail: &Key) -> Self {
        let location = self.location.join(tail);
        let kind = match &self.kind {
            Kind::Folder(folder) => Kind::Folder(folder.below(tail)),
            Kind::Bucket(bucket) => Kind::Bucket(Arc::new(bucket.below(tail))),
        };
        Self { location, kind, rehearsing: self.rehearsing }
    }

    /// Where this is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The same place for a dry run: reads go through, writes and removals are swallowed.
    pub fn rehearsing(self) -> Self {
        Self { rehearsing: true, ..self }
    }

    /// Writes one whole object and proves it. An existing one is replaced in one instant.
    pub async fn put(&self, key: &Key, block: Block, meta: &ObjectMeta) -> Result<Receipt, Fault> {
        if self.rehearsing {
            let size = block.bytes.len() as u64;
            return Ok(Receipt { size, crc64: block.crc64, etag: None, proof: Proof::Rehearsed });
        }
        match &self.kind {
            Kind::Folder(folder) => folder.put(key, block, meta).await,
            Kind::Bucket(bucket) => bucket.put(key, block, meta).await,
        }
    }

    /// Begins an object that is written in parts. Nothing is visible before [`Upload::complete`].
    pub async fn begin(&self, key: &Key, meta: &ObjectMeta) -> Result<Upload, Fault> {
        let work = match &self.kind {
            _ if self.rehearsing => Work::Rehearsed,
            Kind::Folder(folder) => Work::Folder(folder.begin(key, meta).await?),
            Kind::Bucket(bucket) => Work::Bucket(bucket.begin(key, meta).await?),
        };
        Ok(Upload { work })
    }

    /// Takes up an upload that an earlier run began, with the parts that the server holds in the order of their numbers.
    ///
    /// `None` when the server does not know it, or cannot list its parts (then it has been aborted), and always for a
    /// folder: begin anew.
    pub async fn resume(
        &self,
        key: &Key,
        upload_id: &str,
    ) -> Result<Option<(Upload, Vec<ListedPart>)>, Fault> {
        match &self.kind {
            Kind::Bucket(bucket) if !self.rehearsing => {
                let resumed = bucket.resume(key, upload_id).await?;
                Ok(resumed.map(|(upload, parts)| (Upload { work: Work::Bucket(upload) }, parts)))
            }
            _ => Ok(None),
        }
    }

    /// What is known of an object without reading it; `None` when there is none.
    pub async fn head(&self, key: &Key) -> Result<Option<Found>, Fault> {
        match &self.kind {
            Kind::Folder(folder) => folder.head(key).await,
            Kind::Bucket(bucket) => bucket.head(key).await,
        }
    }

    /// An object's bytes, or those of a range of it; exactly as many as asked for, or a fault.
    pub async fn get(&self, key: &Key, range: Option<Range<u64>>) -> Result<Bytes, Fault> {
        if range.as_ref().is_some_and(|r| r.start >= r.end) {
            return Ok(Bytes::new());
        }
        match &self.kind {
            Kind::Folder(folder) => folder.get(key, range).await,
            Kind::Bucket(bucket) => bucket.get(key, range).await,
        }
    }

    /// Everything below the location, in pages of at most a thousand or so, in byte order of the relative keys.
    ///
    /// Only what is *below*: `s3://b/name` lists `name/x` as `x`, and neither `name` nor `name_sorted/x`. A place that
    /// does not exist yet lists nothing. The stream ends after its first fault.
    pub fn list(&self) -> impl Stream<Item = Result<Vec<Found>, Fault>> + Send + Unpin + use<> {
        let pages: BoxStream<'static, _> = match &self.kind {
            Kind::Folder(folder) => folder.list().boxed(),
            Kind::Bucket(bucket) => bucket.list().boxed(),
        };
        // What was said once is not asked again.
        let mut failed = false;
        pages.take_while(move |page| {
            let go_on = !failed;
            failed |= page.is_err();
            std::future::ready(go_on)
        })
    }

    /// Removes an object; one that is not there counts as removed.
    pub async fn delete(&self, key: &Key) -> Result<(), Fault> {
        match &self.kind {
            _ if self.rehearsing => Ok(()),
            Kind::Folder(folder) => folder.delete(key).await,
            Kind::Bucket(bucket) => bucket.delete(key).await,
        }
    }

    /// Removes the folders at and below `key` that hold nothing any more; a bucket has none.
    pub async fn prune(&self, key: &Key) -> Result<(), Fault> {
        match &self.kind {
            Kind::Folder(folder) if !self.rehearsing => folder.prune(key).await,
            _ => Ok(()),
        }
    }

    /// Writes below the location that were begun and have not ended, by whomever: multipart uploads of a bucket, our
    /// temporary files in a folder. Some may still be under way.
    pub async fn unfinished(&self) -> Result<Vec<Unfinished>, Fault> {
        match &self.kind {
            Kind::Folder(folder) => folder.unfinished().await,
            Kind::Bucket(bucket) => bucket.unfinished().await,
        }
    }

    /// Throws an unfinished write away; one that is not there counts as thrown away.
    pub async fn abort(&self, unfinished: &Unfinished) -> Result<(), Fault> {
        match &self.kind {
            _ if self.rehearsing => Ok(()),
            Kind::Folder(folder) => folder.abort(unfinished).await,
            Kind::Bucket(bucket) => bucket.abort(&unfinished.key, &unfinished.upload_id).await,
        }
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
    ) {
        fn sent(_: impl Send) {}
        let meta: &'static ObjectMeta = &ObjectMeta { modified: None, content_type: None };
        sent(place.put(key, block.clone(), meta));
        sent(place.begin(key, meta));
        sent(place.resume(key, "id"));
        sent(place.head(key));
        sent(place.get(key, None));
        sent(place.delete(key));
        sent(place.unfinished());
        sent(upload.put_part(1, 0, block));
        sent(upload.complete(&[]));
        sent(upload.abort());
    }
}
