//! `adt move`: when everything has been copied, what the destination is proven to hold is deleted at the source.

use std::sync::Arc;

use adt_formats::folder::{Entry, EntryKind};
use adt_model::{Class, Fault, FileIdentity, FileVersion, Key, Location, What, hard_links};
use adt_store::{Found, Place};
use camino::Utf8Path;
use tokio::task::JoinSet;

use super::{
    copy::Asked,
    item::Item,
    pairs::{Next, Pairs, Remark},
    prove::same_bytes,
    side::{End, Met},
};
use crate::{Ctx, alone::name, ctx::interrupted, delivery::off_the_reactor};

/// How often bytes are compared where something of a file changes meanwhile, such as the number of its hard links.
const PROOFS: u32 = 3;

/// What became of the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Departed {
    /// Objects deleted (or, in a dry run, that would be).
    pub deleted: u64,
    /// Objects that could not be proven or deleted.
    pub kept: u64,
}

/// Both sides are listed once more. Each object of the source whose bytes the destination has, by checksum, is deleted, unless it has
/// changed since. Whatever is in doubt stays.
pub async fn clear_source(asked: &Asked, ctx: &Arc<Ctx>) -> Result<Departed, Fault> {
    let job = name(asked.destination.place.location());
    let mut pairs = pairs(asked).await?;
    let (mut departed, mut flying) = (Departed::default(), JoinSet::new());
    while let Some(next) = pairs.next().await? {
        ctx.stop.check()?;
        match next {
            Next::Remark(Remark::Fault(fault)) => departed.keep("", Kept { fault, copied: false }, &job, ctx),
            Next::Remark(_) => {}
            Next::Pair(pair) => {
                let Some(source) = pair.source else { continue };
                if !asked.selection.bounds.hold(&source.found()) {
                    continue;
                }
                let (clearing, there) = (Clearing::new(asked, ctx), pair.there);
                flying.spawn(async move { (source.key().clone(), clearing.one(&source, there).await) });
            }
        }
        while flying.len() >= ctx.settings.lanes {
            departed.land(&mut flying, asked.dry_run, &job, ctx).await?;
        }
    }
    while !flying.is_empty() {
        departed.land(&mut flying, asked.dry_run, &job, ctx).await?;
    }
    Ok(departed)
}

/// A single object may have another name at the destination.
async fn pairs(asked: &Asked) -> Result<Pairs, Fault> {
    let source = asked.source.items(&asked.selection);
    let Some(called) = &asked.called else {
        return Ok(Pairs::new(source, asked.destination.items(&asked.selection), None));
    };
    let there = asked.destination.place.head(called).await?;
    let (sender, there_listing) = tokio::sync::mpsc::channel(1);
    let met = there.into_iter().map(|found| Met::Item(Item::Object(found))).collect();
    let _ = sender.send(Ok(met)).await;
    Ok(Pairs::new(source, there_listing, None).alike())
}

type Cleared = (Key, Result<bool, Kept>);

/// Why an object stays at the source.
struct Kept {
    fault: Fault,
    /// The destination was proven to have a copy.
    copied: bool,
}

impl Kept {
    fn uncopied(fault: Fault) -> Self {
        Self { fault, copied: false }
    }

    fn copied(fault: Fault) -> Self {
        Self { fault, copied: true }
    }
}

impl Departed {
    fn keep(&mut self, key: &str, Kept { fault, copied }: Kept, job: &str, ctx: &Ctx) {
        self.kept += 1;
        let help = fault.advice().map(str::to_owned);
        ctx.tell(job, None, What::SourceKept { key: key.to_owned(), copied, fault: fault.line(), help });
    }

    async fn land(
        &mut self,
        flying: &mut JoinSet<Cleared>,
        dry_run: bool,
        job: &str,
        ctx: &Ctx,
    ) -> Result<(), Fault> {
        let landed = tokio::select! {
            landed = flying.join_next() => landed,
            () = ctx.stop.now.cancelled() => return Err(interrupted()),
        };
        match landed {
            Some(Ok((key, Ok(true)))) => {
                self.deleted += 1;
                ctx.tell(job, None, What::Deleted { key: key.to_string(), dry_run });
            }
            Some(Ok((key, Ok(false)))) => {
                let text = format!("{key} is reached through a link: it was copied, and stays at the source");
                ctx.tell(job, None, What::Note { text });
            }
            Some(Ok((_, Err(kept)))) if matches!(kept.fault.class(), Class::Cancelled | Class::Bug) => {
                return Err(kept.fault);
            }
            Some(Ok((key, Err(kept)))) => self.keep(key.as_str(), kept, job, ctx),
            Some(Err(panic)) => {
                return Err(Fault::new(Class::Bug, "deleting an object ended in a panic").because(panic));
            }
            None => {}
        }
        Ok(())
    }
}

/// What the deletion of one object needs.
struct Clearing {
    from: End,
    to: Place,
    dry_run: bool,
    ctx: Arc<Ctx>,
}

impl Clearing {
    fn new(asked: &Asked, ctx: &Arc<Ctx>) -> Self {
        let to = asked.destination.place.clone();
        Self { from: asked.source.clone(), to, dry_run: asked.dry_run, ctx: Arc::clone(ctx) }
    }

    /// Whether it was deleted; what is reached through a link is not.
    async fn one(&self, source: &Item, there: Option<Item>) -> Result<bool, Kept> {
        self.ctx.stop.check().map_err(Kept::uncopied)?;
        // Looked at first: what a link leads to may be an object of the source itself, and gone by now.
        let root = self.from.folder().map(camino::Utf8PathBuf::as_path);
        if matches!(source, Item::File(entry) if through_a_link(entry, root)) {
            return Ok(false);
        }
        if self.dry_run {
            return Ok(true);
        }
        let mut left = PROOFS;
        loop {
            left -= 1;
            let source = as_it_is_now(source).await.map_err(Kept::uncopied)?;
            let copy = self.copy_of(&source, there.clone()).await.map_err(Kept::uncopied)?;
            match self.delete(&source, &copy).await {
                Ok(Gone::Touched) if left > 0 => {}
                Ok(Gone::Touched) => return Err(Kept::copied(changed())),
                Ok(gone) => return Ok(gone == Gone::Deleted),
                // The two are one file.
                Err(fault) if fault.class() == Class::Conflict => return Err(Kept::uncopied(fault)),
                Err(fault) => return Err(Kept::copied(fault)),
            }
        }
    }

    /// The copy at the destination, if its bytes are those of the source.
    async fn copy_of(&self, source: &Item, there: Option<Item>) -> Result<Item, Fault> {
        let differs = |what: String| Err(Fault::new(Class::Corrupt, what));
        let Some(there) = there else { return differs("the destination does not have it".into()) };
        let copy = self.to.location().join(there.key());
        if copy == self.from.place.location().join(source.key()) {
            return Err(Fault::new(
                Class::Conflict,
                format!("`{copy}` is the same object, not a copy of it"),
            ));
        }
        match same_bytes((source, &self.from.place), (&there, &self.to), &self.ctx.budget).await? {
            (Some(true), _) => Ok(there),
            (Some(false), why) => differs(format!("the destination has other bytes ({why})")),
            (None, why) => differs(format!("it could not be compared ({why})")),
        }
    }

    async fn delete(&self, source: &Item, there: &Item) -> Result<Gone, Fault> {
        match source {
            Item::File(entry) => {
                let (entry, root) = (entry.clone(), self.from.folder().cloned());
                let copy = match self.to.location() {
                    Location::Folder(folder) => Some(folder.join(there.key().as_str())),
                    _ => None,
                };
                let gone =
                    off_the_reactor(move || delete_file(&entry, root.as_deref(), copy.as_deref())).await?;
                // Nothing was deleted below a link, so nothing below it is empty now.
                if gone == Gone::Deleted {
                    self.from.place.prune_above(source.key()).await?;
                }
                Ok(gone)
            }
            Item::Object(found) => self.delete_object(found).await.map(|()| Gone::Deleted),
            Item::Noted(_) => Err(Fault::new(Class::Bug, "a list has no objects to delete")),
        }
    }

    async fn delete_object(&self, found: &Found) -> Result<(), Fault> {
        let now = self.from.place.head(&found.key).await?;
        if now.is_none_or(|now| now.size != found.size || now.etag != found.etag) {
            return Err(changed());
        }
        self.from.place.delete(&found.key).await
    }
}

fn changed() -> Fault {
    Fault::new(Class::Corrupt, "it has changed since it was copied").help("run the same command again")
}

/// Whether a file is reached through a link, below `root` or as the file itself; a link that is moved as a link is not.
fn through_a_link(entry: &Entry, root: Option<&Utf8Path>) -> bool {
    if entry.kind == EntryKind::Link {
        return false;
    }
    let above = entry.path.parent().filter(|above| root.is_none_or(|root| above.starts_with(root)));
    let folders = above.into_iter().flat_map(Utf8Path::ancestors);
    let mut folders = folders.take_while(|folder| root.is_some_and(|root| *folder != root));
    entry.path.is_symlink() || folders.any(Utf8Path::is_symlink)
}

/// Whether two paths lead to one file, by a link or by a second mount of its disk. Another hard link is a second name: the bytes stay.
fn is_one_file(one: &Utf8Path, other: &Utf8Path) -> bool {
    if std::fs::canonicalize(one).ok().is_some_and(|one| std::fs::canonicalize(other).ok() == Some(one)) {
        return true;
    }
    let identity = |path: &Utf8Path| FileIdentity::at(path.as_std_path(), &path.metadata().ok()?);
    let same = identity(one).is_some_and(|one| identity(other) == Some(one));
    same && hard_links(one.as_std_path()) == Some(1)
}

/// What became of one source object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gone {
    Deleted,
    /// A link leads to it, so it stays.
    Linked,
    /// Something of the file has changed since the comparison, under the same size and time. That may be other bytes, and it may be its
    /// permissions or the number of its hard links.
    Touched,
}

/// The file with the time of its last change as it is now, before its bytes are compared.
async fn as_it_is_now(source: &Item) -> Result<Item, Fault> {
    let Item::File(entry) = source else { return Ok(source.clone()) };
    if entry.kind == EntryKind::Link {
        return Ok(source.clone());
    }
    let entry = entry.clone();
    off_the_reactor(move || {
        let now = version(&entry.path)?;
        if now.size != entry.size || now.modified != Some(entry.modified) {
            return Err(changed());
        }
        Ok(Item::File(Entry { changed: now.changed, ..entry }))
    })
    .await
}

fn version(path: &Utf8Path) -> Result<FileVersion, Fault> {
    let failed = |error| Fault::io(format!("cannot read the metadata of `{path}`"), error);
    let data = fs_err::symlink_metadata(path).map_err(failed)?;
    Ok(FileVersion::at(path.as_std_path(), &data))
}

/// Deletes a file that is still the one that was compared, and not its own copy.
fn delete_file(entry: &Entry, root: Option<&Utf8Path>, copy: Option<&Utf8Path>) -> Result<Gone, Fault> {
    let path = &entry.path;
    if through_a_link(entry, root) {
        return Ok(Gone::Linked);
    }
    let failed = |error| Fault::io(format!("cannot delete `{path}`"), error);
    if entry.kind != EntryKind::Link {
        if let Some(copy) = copy.filter(|copy| is_one_file(path, copy)) {
            let what = format!("`{copy}` is the same file, not a copy of it");
            return Err(Fault::new(Class::Conflict, what).help("remove the link at the destination"));
        }
        let now = version(path)?;
        if now.size != entry.size || now.modified != Some(entry.modified) {
            return Err(changed());
        }
        if now.changed != entry.changed {
            return Ok(Gone::Touched);
        }
    }
    fs_err::remove_file(path).map_err(failed)?;
    Ok(Gone::Deleted)
}
