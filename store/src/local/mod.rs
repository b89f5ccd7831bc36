//! A folder of this machine. File system calls run on tokio's blocking threads.

mod base;
mod list;
mod names;
mod upload;
mod write;

use std::{
    io::{Read, Seek, SeekFrom},
    ops::Range,
    sync::Arc,
};

use adt_model::{Class, Fault, FileVersion, Folding, Key, temporary, without_change};
use adt_net::Random;
use bytes::Bytes;
use camino::{Utf8Path, Utf8PathBuf};
use futures::Stream;

use self::{base::Base, names::Names};
use crate::{Block, FolderLinks, Found, Held, ObjectMeta, Receipt, StoreOptions, Unfinished, place::pages};
pub(crate) use upload::FolderUpload;

#[derive(Clone, Debug)]
pub(crate) struct Folder {
    base: Base,
    random: Arc<Random>,
    /// Marks temporary files: see [`Folder::owned_by`].
    owner: Option<u32>,
}

impl Folder {
    pub(crate) fn new(root: &Utf8Path, options: &StoreOptions) -> Self {
        let random = Random::from_time((options.clock)());
        let names = Names::new(options.folding, random.next());
        let base = Base::new(root, options.folder_links, names);
        Self { base, random: Arc::new(random), owner: None }
    }

    pub(crate) fn below(&self, tail: &Key) -> Self {
        Self { base: self.base.below(tail), random: Arc::clone(&self.random), owner: self.owner }
    }

    /// Marks the temporary files of one piece of work, so that its next run knows them.
    pub(crate) fn owned_by(self, owner: u32) -> Self {
        Self { owner: Some(owner), ..self }
    }

    /// Makes a temporary file different from every other: the upper half names its owner, where there is one.
    fn number(&self) -> u64 {
        let number = self.random.next();
        self.owner.map_or(number, |owner| u64::from(owner) << 32 | number & u64::from(u32::MAX))
    }

    /// How the file system treats names; a rehearsal writes nothing to find out.
    pub(crate) async fn folding(&self, rehearsing: bool) -> Result<Folding, Fault> {
        let base = self.base.clone();
        let look = move || {
            let names = base.names();
            Ok(if rehearsing { names.folding_as_known() } else { names.folding(base.root()) })
        };
        blocking(look).await
    }

    /// Fails where [`Folder::put`] would because of the name.
    pub(crate) async fn rehearse(&self, key: &Key) -> Result<(), Fault> {
        let (base, path) = (self.base.clone(), self.base.path(key)?);
        blocking(move || base.through_no_link(&path)).await
    }

    pub(crate) async fn put(&self, key: &Key, block: Block, meta: &ObjectMeta) -> Result<Receipt, Fault> {
        let (base, target) = (self.base.clone(), self.base.path(key)?);
        let (number, modified) = (self.number(), meta.modified);
        blocking(move || {
            base.claim(&target)?;
            write::put(&base, &target, number, &block, modified)
        })
        .await
    }

    pub(crate) async fn begin(&self, key: &Key, meta: &ObjectMeta) -> Result<FolderUpload, Fault> {
        let (base, target) = (self.base.clone(), self.base.path(key)?);
        let (number, modified) = (self.number(), meta.modified);
        blocking(move || {
            base.claim(&target)?;
            FolderUpload::begin(base, target, number, modified)
        })
        .await
    }

    /// There is no knowing which bytes of a temporary file have reached the disk, but they can be looked at.
    pub(crate) async fn resume(
        &self,
        key: &Key,
        id: &str,
        meta: &ObjectMeta,
    ) -> Result<Option<(FolderUpload, Held)>, Fault> {
        let (base, target) = (self.base.clone(), self.base.path(key)?);
        let (id, modified) = (id.to_owned(), meta.modified);
        if !temporary::is_temporary(&id) || id.contains(['/', '\\']) {
            return Ok(None);
        }
        blocking(move || {
            base.claim(&target)?;
            let upload = FolderUpload::resume(base, target, &id, modified);
            Ok(upload.map(|upload| (upload, Held::Unknown)))
        })
        .await
    }

    pub(crate) async fn head(&self, key: &Key) -> Result<Option<Found>, Fault> {
        let (base, path, key) = (self.base.clone(), self.base.path(key)?, key.clone());
        blocking(move || match fs_err::metadata(&path) {
            Ok(metadata) if metadata.is_file() && !base.is_behind_link(&path)? && !base.is_alias(&path) => {
                Ok(Some(list::found(key, &path, &metadata)))
            }
            Ok(_) => Ok(None),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(Fault::io(format!("cannot look at `{path}`"), error)),
        })
        .await
    }

    /// With `of` only the very version that was found will do.
    pub(crate) async fn get(
        &self,
        key: &Key,
        range: Option<Range<u64>>,
        of: Option<&Found>,
    ) -> Result<Bytes, Fault> {
        let (base, path) = (self.base.clone(), self.base.path(key)?);
        let version = of.and_then(|found| found.etag.clone());
        blocking(move || {
            if base.links() == FolderLinks::Never {
                base.through_no_link(&path)?;
            }
            read(&path, range, version.as_deref())
        })
        .await
    }

    pub(crate) fn list(&self) -> impl Stream<Item = Result<Vec<Found>, Fault>> + Send + use<> {
        let walk = list::Walk::new(self.base.clone(), list::Wanted::Objects);
        pages(walk, |mut walk| blocking(move || Ok(walk.page()?.map(|entries| (entries, walk)))))
    }

    /// Under a temporary name first, so that what is there is replaced in one instant.
    pub(crate) async fn link(&self, key: &Key, target: &Utf8Path) -> Result<bool, Fault> {
        let (base, path) = (self.base.clone(), self.base.path(key)?);
        let path = path.as_str().strip_suffix(LINK).map_or_else(|| path.clone(), Utf8PathBuf::from);
        let (temporary, target) = (temporary::beside(&path, self.number()), target.to_owned());
        blocking(move || {
            base.claim(&path)?;
            link(&target, &temporary, &path)
        })
        .await
    }

    pub(crate) async fn make_folder(&self, key: &Key) -> Result<(), Fault> {
        let (base, path) = (self.base.clone(), self.base.path(key)?);
        blocking(move || {
            // What is in it would be behind it, too.
            base.claim(&path.join("in"))?;
            fs_err::create_dir_all(&path)
                .map_err(|e| Fault::io(format!("cannot make the folder `{path}`"), e))
        })
        .await
    }

    /// A key that ends with [`LINK`] may stand for a link.
    pub(crate) async fn delete(&self, key: &Key) -> Result<(), Fault> {
        let (base, path) = (self.base.clone(), self.base.path(key)?);
        let link = path.as_str().strip_suffix(LINK).map(Utf8PathBuf::from);
        let is_link = |link: &Utf8PathBuf| link.symlink_metadata().is_ok_and(|data| data.is_symlink());
        let path = match link.filter(|link| !path.exists() && is_link(link)) {
            Some(link) => link,
            None => path,
        };
        blocking(move || {
            base.through_no_link(&path)?;
            remove(&path)
        })
        .await
    }

    pub(crate) async fn prune(&self, key: &Key) -> Result<(), Fault> {
        let (base, path) = (self.base.clone(), self.base.path(key)?);
        blocking(move || {
            base.through_no_link(&path.join("in"))?;
            prune(&path);
            Ok(())
        })
        .await
    }

    pub(crate) async fn prune_above(&self, key: &Key) -> Result<(), Fault> {
        let (base, path, top) = (self.base.clone(), self.base.path(key)?, self.base.folder()?);
        blocking(move || {
            base.through_no_link(&path)?;
            // The first one that holds something ends it.
            let above = path.ancestors().skip(1).take_while(|above| *above != top);
            above.map(std::fs::remove_dir).find(Result::is_err);
            Ok(())
        })
        .await
    }

    pub(crate) async fn unfinished(&self) -> Result<Vec<Unfinished>, Fault> {
        let mut walk = list::Walk::new(self.base.clone(), list::Wanted::Temporaries);
        blocking(move || {
            let mut all = Vec::new();
            while let Some(page) = walk.page()? {
                all.extend(page.into_iter().map(|found| {
                    let upload_id = found.key.file_name().to_owned();
                    let above = found.key.as_str().strip_suffix(&upload_id).unwrap_or_default();
                    let object = temporary::target(&upload_id)
                        .and_then(|name| Key::parse(format!("{above}{name}")).ok());
                    Unfinished { key: object.unwrap_or(found.key), upload_id, since: found.written }
                }));
            }
            Ok(all)
        })
        .await
    }

    /// Removes the temporary files of this folder's owner, but those named in `keep`.
    pub(crate) async fn tidy(&self, keep: &[String]) -> Result<u64, Fault> {
        let Some(owner) = self.owner else { return Ok(0) };
        let mut removed = 0;
        for left in self.unfinished().await? {
            let theirs =
                temporary::number(&left.upload_id).is_some_and(|number| number >> 32 == u64::from(owner));
            if theirs && !keep.contains(&left.upload_id) {
                self.abort(&left).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    pub(crate) async fn abort(&self, unfinished: &Unfinished) -> Result<(), Fault> {
        let id = &unfinished.upload_id;
        if id.contains(['/', '\\']) || !temporary::is_temporary(id) {
            return Err(Fault::new(Class::Bug, format!("`{id}` is not a temporary file of ours")));
        }
        // The key is that of the object, or of the temporary file itself, which no object has. Both are in the same folder.
        let key = unfinished.key.as_str();
        let above = key.strip_suffix(unfinished.key.file_name()).unwrap_or_default();
        let beside = Key::object(format!("{above}x"))
            .map_err(|e| Fault::new(Class::Bug, "a key that is none").because(e))?;
        let (base, path) = (self.base.clone(), self.base.path(&beside)?.with_file_name(id));
        blocking(move || {
            base.through_no_link(&path)?;
            remove(&path)
        })
        .await
    }
}

/// How a link is called where it is an object: as rclone calls it.
const LINK: &str = ".rclonelink";

#[cfg(unix)]
fn link(target: &Utf8Path, temporary: &Utf8Path, path: &Utf8Path) -> Result<bool, Fault> {
    let failed = |error| Fault::io(format!("cannot make the link `{path}`"), error);
    if let Some(parent) = path.parent() {
        fs_err::create_dir_all(parent).map_err(failed)?;
    }
    fs_err::os::unix::fs::symlink(target, temporary).map_err(failed)?;
    let renamed = fs_err::rename(temporary, path).map_err(failed).map(|()| true);
    write::discard_on_fault(renamed, temporary)
}

/// Links need a right there that few people have.
#[cfg(not(unix))]
fn link(_target: &Utf8Path, _temporary: &Utf8Path, _path: &Utf8Path) -> Result<bool, Fault> {
    Ok(false)
}

/// A link is removed itself, whatever it leads to.
fn remove(path: &Utf8Path) -> Result<(), Fault> {
    let removed = match fs_err::symlink_metadata(path) {
        // Windows has links that are removed as folders are.
        #[cfg(windows)]
        Ok(data) if std::os::windows::fs::FileTypeExt::is_symlink_dir(&data.file_type()) => {
            fs_err::remove_dir(path)
        }
        Ok(_) => fs_err::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if !is_absent(&error) => Err(Fault::io(format!("cannot remove `{path}`"), error)),
        _ => Ok(()),
    }
}

fn read(path: &Utf8Path, range: Option<Range<u64>>, version: Option<&str>) -> Result<Bytes, Fault> {
    let failed = |error| Fault::io(format!("cannot read `{path}`"), error);
    let mut file = fs_err::File::open(path).map_err(failed)?;
    let steady = |file: &fs_err::File| match version {
        // A change of permissions alone does no harm to bytes that are being read.
        Some(version)
            if FileVersion::unmarked(&file.metadata().map_err(failed)?).etag() != without_change(version) =>
        {
            Err(Fault::new(Class::Corrupt, format!("`{path}` was changed while it was read"))
                .help("run the same command again when the file is no longer being written"))
        }
        _ => Ok(()),
    };
    steady(&file)?;
    let Some(range) = range else {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        steady(&file)?;
        return Ok(bytes.into());
    };
    file.seek(SeekFrom::Start(range.start)).map_err(failed)?;
    let wanted = range.end - range.start;
    // A range is a caller's wish; only what the file can hold is set aside for it.
    let size = file.metadata().map_err(failed)?.len();
    let mut bytes = Vec::with_capacity(wanted.min(size.saturating_sub(range.start)) as usize);
    file.by_ref().take(wanted).read_to_end(&mut bytes).map_err(failed)?;
    steady(&file)?;
    if bytes.len() as u64 != wanted {
        let (start, end) = (range.start, range.end);
        return Err(Fault::new(Class::Corrupt, format!("`{path}` ends before byte {end} of {start}..{end}")));
    }
    Ok(bytes.into())
}

/// Nothing of that name, or one of its folders is a file.
fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => Err(Fault::new(Class::Bug, "a file task panicked").because(error)),
        Err(error) => Err(Fault::new(Class::Cancelled, "the program is ending").because(error)),
    }
}

/// Removes empty folders, the deepest first. One that is not empty, or that may not be removed, stays: it harms nobody.
fn prune(path: &Utf8Path) {
    for entry in path.read_dir_utf8().into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            prune(entry.path());
        }
    }
    let _ = std::fs::remove_dir(path);
}
