//! Objects of another place: copied by the server where it can, else read and sent.

use adt_codec::Sha256;
use adt_formats::folder::Entry;
use adt_model::{Class, Fault, Key};
use adt_store::{Found, Place, Proof, Whole};
use camino::Utf8PathBuf;

use super::{
    Delivery, Source,
    reader::Reader,
    small::{block, off_the_reactor},
};
use crate::pieces;

/// Linux' limit of a path; other systems have less.
const LONGEST_TARGET: u64 = 4096;

impl Delivery {
    /// Makes `key` a copy of what was found at `from`, whatever stands there.
    pub(crate) async fn send_object(&self, from: &Place, found: &Found, key: &Key) -> Result<(), Fault> {
        let mut found = found.clone();
        // The copy of an object in parts has another `ETag`, and may be sent in parts itself: its time is what will tell that it is the same.
        let has_parts = found.etag.as_deref().is_none_or(|etag| etag.contains('-'));
        let tagged = self.ctx.store.tags;
        if self.place.copies_from(from) {
            if has_parts || tagged {
                found = self.described(from, found).await?;
            }
            let source = source(&found);
            let meta = source.meta.as_deref().filter(|_| has_parts || tagged);
            if let Some(copied) = self.place.copy(key, from, &found, meta).await? {
                self.counters.read(found.size);
                if copied.proof == Proof::ServerCopy && copied.size > 0 {
                    self.counters.unchecked();
                }
                self.keep(key, copied.size, copied.crc64, copied.etag, &source)?;
                self.counters.sent(copied.size);
                self.tell_object(key, copied.size, false);
                return Ok(());
            }
        }
        self.carry(from, found, key).await
    }

    /// The same for an object whose SHA-256 is known: one with another content is not sent, and `Corrupt`.
    pub(crate) async fn send_proven(
        &self,
        from: &Place,
        found: &Found,
        key: &Key,
        sha256: &str,
    ) -> Result<(), Fault> {
        if found.size > self.whole() {
            proven(&pieces::sha256(from, found).await?, sha256)?;
            return self.send_object(from, found, key).await;
        }
        let _permit = self.ctx.budget.take(found.size).await;
        self.ctx.paced(found.size).await?;
        let found = self.described(from, found.clone()).await?;
        let Whole { bytes, found, .. } = from.whole(found).await?;
        let mut sum = Sha256::new();
        sum.update(&bytes);
        proven(&sum.finish(), sha256)?;
        self.counters.read(found.size);
        self.send_block(key, block(bytes), &source(&found)).await.map(drop)
    }

    /// The destination holds what was found there, and it is the same as the source: so it is known the next time.
    pub(crate) fn remember(&self, key: &Key, from: &Found, there: &Found) -> Result<(), Fault> {
        let etag = there.etag.clone();
        let source = Source {
            size: Some(from.size),
            modified: from.modified,
            etag: from.etag.clone(),
            ..Source::default()
        };
        // Only what the destination itself keeps: two objects of one time need not have one content.
        self.keep(key, there.size, there.crc64, etag, &source)
    }

    /// A link stays a link on a disk; in a bucket it is an object that holds the text of its target.
    pub(crate) async fn send_link(&self, entry: &Entry, key: &Key) -> Result<(), Fault> {
        let path = entry.path.clone();
        let target = off_the_reactor(move || {
            let target =
                fs_err::read_link(&path).map_err(|e| Fault::io(format!("cannot read `{path}`"), e))?;
            Utf8PathBuf::from_path_buf(target).map_err(|target| {
                let what =
                    format!("the link `{path}` leads to a name that is not UTF-8: `{}`", target.display());
                Fault::new(Class::BadInput, what)
            })
        })
        .await?;
        self.counters.read(entry.size);
        self.link_to(target, key, &Source::file(entry)).await
    }

    /// An object that holds the text of a link's target becomes that link.
    pub(crate) async fn restore_link(&self, from: &Place, found: &Found, key: &Key) -> Result<(), Fault> {
        if found.size > LONGEST_TARGET {
            let what = format!("`{key}` stands for a link, but {} bytes are no path", found.size);
            return Err(Fault::new(Class::BadInput, what)
                .help("leave `--links keep-as-object` away to have it as a file"));
        }
        let Whole { bytes, found, .. } = from.whole(found.clone()).await?;
        let target = String::from_utf8(bytes.into()).map_err(|error| {
            Fault::new(Class::BadInput, format!("`{key}` stands for a link, but holds no text"))
                .because(error)
        })?;
        self.counters.read(found.size);
        self.link_to(target.into(), key, &source(&found)).await
    }

    async fn link_to(&self, target: Utf8PathBuf, key: &Key, source: &Source) -> Result<(), Fault> {
        if self.place.link(key, &target).await? {
            self.counters.sent(0);
            self.tell_object(key, 0, false);
            return Ok(());
        }
        self.send_block(key, block(target.into_string().into()), source).await.map(drop)
    }

    /// An empty folder: on a disk one of the same name, in a bucket an empty object whose name ends with a slash.
    pub(crate) async fn folder(&self, key: &Key, stands: bool) -> Result<(), Fault> {
        if stands {
            self.counters.kept();
        } else {
            self.place.make_folder(key).await?;
            self.counters.sent(0);
        }
        self.tell_object(key, 0, stands);
        Ok(())
    }

    /// Over this machine, in memory.
    async fn carry(&self, from: &Place, found: Found, key: &Key) -> Result<(), Fault> {
        if found.size > self.whole() {
            let found = self.described(from, found).await?;
            let source = source(&found);
            return self.large(Reader::object(from.clone(), found), source, key).await;
        }
        let _permit = self.ctx.budget.take(found.size).await;
        self.ctx.paced(found.size).await?;
        let Whole { bytes, found, checked } = from.whole(found).await?;
        let found = self.with_tags(from, found).await?;
        self.counters.read(found.size);
        self.send_block(key, block(bytes), &source(&found)).await?;
        if !checked {
            self.counters.unchecked();
        }
        Ok(())
    }

    /// With what stands beside it: a listing of a bucket does not tell.
    async fn described(&self, from: &Place, found: Found) -> Result<Found, Fault> {
        let found = match found.meta {
            Some(_) => found,
            // Another version by now shows when it is read.
            None => from.head(&found.key).await?.filter(|now| now.etag == found.etag).unwrap_or(found),
        };
        self.with_tags(from, found).await
    }

    /// With its tags, where they are asked for.
    async fn with_tags(&self, from: &Place, mut found: Found) -> Result<Found, Fault> {
        let has = found.meta.as_ref().is_some_and(|meta| meta.tags.is_some());
        if self.ctx.store.tags && !has {
            let tags = from.tags(&found.key).await?;
            if !tags.is_empty() && !self.place.keeps_tags() {
                let there = self.place.location();
                self.note(format!("`{there}` keeps no tags; those of the source are not copied"));
            }
            found.meta.get_or_insert_default().tags = Some(tags);
        }
        Ok(found)
    }
}

/// Whether a content is what was recorded.
pub(crate) fn proven(found: &str, wanted: &str) -> Result<(), Fault> {
    if found == wanted {
        return Ok(());
    }
    Err(Fault::new(Class::Corrupt, "its content differs from what was recorded (SHA-256)"))
}

/// What the copy is made from, and what is kept beside it. An object that says nothing of its source's time is as old as it has been there:
/// that tells one version from another, and is not written beside the copy.
fn source(found: &Found) -> Source {
    let mut meta = found.meta.as_deref().cloned().unwrap_or_default();
    meta.modified = meta.modified.or(found.modified);
    Source {
        size: Some(found.size),
        modified: meta.modified.or(found.written),
        etag: found.etag.clone(),
        meta: Some(Box::new(meta)),
    }
}
