//! A folder of this machine. File system calls run on tokio's blocking threads.

mod list;
mod temporary;
mod upload;
mod write;

use std::{
    io::{Read, Seek, SeekFrom},
    ops::Range,
    sync::Arc,
};

use adt_model::{Class, Fault, Key};
use adt_net::Random;
use bytes::Bytes;
use camino::{Utf8Path, Utf8PathBuf};
use futures::Stream;
use jiff::Timestamp;

use crate::{Block, Found, Held, ObjectMeta, Receipt, Unfinished, place::pages};
pub use list::file_etag;
pub use temporary::is_temporary;
pub(crate) use upload::FolderUpload;

#[derive(Clone, Debug)]
pub(crate) struct Folder {
    root: Utf8PathBuf,
    random: Arc<Random>,
}

impl Folder {
    pub(crate) fn new(root: &Utf8Path, now: Timestamp) -> Self {
        Self { root: root.to_owned(), random: Arc::new(Random::from_time(now)) }
    }

    pub(crate) fn below(&self, tail: &Key) -> Self {
        Self { root: self.path(tail), random: Arc::clone(&self.random) }
    }

    fn path(&self, key: &Key) -> Utf8PathBuf {
        self.root.join(key.as_str())
    }

    pub(crate) async fn put(&self, key: &Key, block: Block, meta: &ObjectMeta) -> Result<Receipt, Fault> {
        let (target, number, modified) = (self.path(key), self.random.next(), meta.modified);
        blocking(move || write::put(&target, number, &block, modified)).await
    }

    pub(crate) async fn begin(&self, key: &Key, meta: &ObjectMeta) -> Result<FolderUpload, Fault> {
        let (target, number, modified) = (self.path(key), self.random.next(), meta.modified);
        blocking(move || FolderUpload::begin(target, number, modified)).await
    }

    /// There is no knowing which bytes of a temporary file have reached the disk, but they can be looked at.
    pub(crate) async fn resume(
        &self,
        key: &Key,
        id: &str,
        meta: &ObjectMeta,
    ) -> Result<Option<(FolderUpload, Held)>, Fault> {
        let (target, id, modified) = (self.path(key), id.to_owned(), meta.modified);
        if !is_temporary(&id) || id.contains(['/', '\\']) {
            return Ok(None);
        }
        blocking(
            move || Ok(FolderUpload::resume(target, &id, modified).map(|upload| (upload, Held::Unknown))),
        )
        .await
    }

    pub(crate) async fn head(&self, key: &Key) -> Result<Option<Found>, Fault> {
        let (path, key) = (self.path(key), key.clone());
        blocking(move || match fs_err::metadata(&path) {
            Ok(metadata) if metadata.is_file() => Ok(Some(list::found(key, &metadata))),
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
        let (path, version) = (self.path(key), of.and_then(|found| found.etag.clone()));
        blocking(move || read(&path, range, version.as_deref())).await
    }

    pub(crate) fn list(&self) -> impl Stream<Item = Result<Vec<Found>, Fault>> + Send + use<> {
        let walk = list::Walk::new(self.root.clone(), list::Wanted::Objects);
        pages(walk, |mut walk| blocking(move || Ok(walk.page()?.map(|entries| (entries, walk)))))
    }

    /// Under a temporary name first, so that what stands there is replaced in one instant.
    pub(crate) async fn link(&self, key: &Key, target: &Utf8Path) -> Result<bool, Fault> {
        let path = self.path(key);
        let path = path.as_str().strip_suffix(LINK).map_or_else(|| path.clone(), Utf8PathBuf::from);
        let (temporary, target) = (temporary::beside(&path, self.random.next()), target.to_owned());
        blocking(move || link(&target, &temporary, &path)).await
    }

    pub(crate) async fn make_folder(&self, key: &Key) -> Result<(), Fault> {
        let path = self.path(key);
        blocking(move || {
            fs_err::create_dir_all(&path)
                .map_err(|e| Fault::io(format!("cannot make the folder `{path}`"), e))
        })
        .await
    }

    /// A key that ends with [`LINK`] may stand for a link.
    pub(crate) async fn delete(&self, key: &Key) -> Result<(), Fault> {
        let path = self.path(key);
        let link = path.as_str().strip_suffix(LINK).map(Utf8PathBuf::from);
        let is_link = |link: &Utf8PathBuf| link.symlink_metadata().is_ok_and(|data| data.is_symlink());
        match link.filter(|link| !path.exists() && is_link(link)) {
            Some(link) => remove(link).await,
            None => remove(path).await,
        }
    }

    pub(crate) async fn prune(&self, key: &Key) -> Result<(), Fault> {
        let path = self.path(key);
        blocking(move || {
            prune(&path);
            Ok(())
        })
        .await
    }

    pub(crate) async fn prune_above(&self, key: &Key) -> Result<(), Fault> {
        let (root, path) = (self.root.clone(), self.path(key));
        blocking(move || {
            // The first one that holds something ends it.
            let above = path.ancestors().skip(1).take_while(|above| *above != root);
            above.map(std::fs::remove_dir).find(Result::is_err);
            Ok(())
        })
        .await
    }

    pub(crate) async fn unfinished(&self) -> Result<Vec<Unfinished>, Fault> {
        let mut walk = list::Walk::new(self.root.clone(), list::Wanted::Temporaries);
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

    pub(crate) async fn abort(&self, unfinished: &Unfinished) -> Result<(), Fault> {
        // Whether the key is that of the object or of the temporary file: both stand in the same folder.
        let path = self.path(&unfinished.key).with_file_name(&unfinished.upload_id);
        let is_name = !unfinished.upload_id.contains(['/', '\\']);
        if !(is_name && is_temporary(&unfinished.upload_id)) {
            return Err(Fault::new(Class::Bug, format!("`{path}` is not a temporary file of ours")));
        }
        remove(path).await
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

async fn remove(path: Utf8PathBuf) -> Result<(), Fault> {
    blocking(move || match fs_err::remove_file(&path) {
        Err(error) if !is_absent(&error) => Err(Fault::io(format!("cannot remove `{path}`"), error)),
        _ => Ok(()),
    })
    .await
}

fn read(path: &Utf8Path, range: Option<Range<u64>>, version: Option<&str>) -> Result<Bytes, Fault> {
    let failed = |error| Fault::io(format!("cannot read `{path}`"), error);
    let mut file = fs_err::File::open(path).map_err(failed)?;
    let steady = |file: &fs_err::File| match version {
        Some(version) if list::etag(&file.metadata().map_err(failed)?) != version => {
            Err(Fault::new(Class::Corrupt, format!("`{path}` was changed while it was read"))
                .help("run the same command again when nobody writes it any more"))
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
