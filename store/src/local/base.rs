//! Where the files of a folder are: the only way from a key to a path, and what a path may lead through.

use std::sync::Arc;

use adt_model::{Class, Fault, Key, Rules};
use camino::{Utf8Path, Utf8PathBuf};

use super::{is_absent, names::Names};
use crate::FolderLinks;

/// A folder, and what every key of it begins with.
#[derive(Clone, Debug)]
pub(super) struct Base {
    /// What a person named. It may be a link itself.
    root: Utf8PathBuf,
    under: Option<Key>,
    links: FolderLinks,
    names: Arc<Names>,
}

impl Base {
    pub(super) fn new(root: &Utf8Path, links: FolderLinks, names: Names) -> Self {
        Self { root: root.to_owned(), under: None, links, names: Arc::new(names) }
    }

    pub(super) fn below(&self, tail: &Key) -> Self {
        let under = self.under.as_ref().map_or_else(|| tail.clone(), |under| under.join(tail));
        Self { under: Some(under), ..self.clone() }
    }

    pub(super) fn links(&self) -> FolderLinks {
        self.links
    }

    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    pub(super) fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// The folder itself.
    pub(super) fn folder(&self) -> Result<Utf8PathBuf, Fault> {
        self.under.as_ref().map_or_else(|| Ok(self.root.clone()), |under| self.named(under))
    }

    /// The path of a key.
    pub(super) fn path(&self, key: &Key) -> Result<Utf8PathBuf, Fault> {
        match &self.under {
            Some(under) => self.named(&under.join(key)),
            None => self.named(key),
        }
    }

    fn named(&self, key: &Key) -> Result<Utf8PathBuf, Fault> {
        Rules::here().below(&self.root, key.as_str()).map_err(|reason| {
            let what = format!("`{key}` cannot be the name of a file here: {reason}");
            Fault::new(Class::BadInput, what).help(
                "rename that object, leave it out with `--exclude`, or copy it to a bucket, which keeps every name",
            )
        })
    }

    /// Fails where a folder between the root and `path` is a link.
    ///
    /// Every folder is looked at. What replaces one of them between this look and the write goes unseen: the standard library opens files by
    /// their whole paths only.
    pub(super) fn through_no_link(&self, path: &Utf8Path) -> Result<(), Fault> {
        if self.links == FolderLinks::Always {
            return Ok(());
        }
        match self.link_above(path)? {
            None => Ok(()),
            Some(link) => {
                let what = format!("`{link}` is a link, and links in a destination are not followed");
                Err(Fault::new(Class::Conflict, what)
                    .help("replace the link with a folder, or pass `--links follow-at-destination` to `adt copy` or `adt sync`"))
            }
        }
    }

    /// Whether reading `path` would lead through a link that must not be followed.
    pub(super) fn is_behind_link(&self, path: &Utf8Path) -> Result<bool, Fault> {
        if self.links != FolderLinks::Never {
            return Ok(false);
        }
        let is_link = path.symlink_metadata().is_ok_and(|data| data.is_symlink());
        Ok(is_link || self.link_above(path)?.is_some())
    }

    fn link_above(&self, path: &Utf8Path) -> Result<Option<Utf8PathBuf>, Fault> {
        let Some(folders) = path.strip_prefix(&self.root).ok().and_then(Utf8Path::parent) else {
            return Ok(None);
        };
        let mut at = self.root.clone();
        for folder in folders {
            at.push(folder);
            match fs_err::symlink_metadata(&at) {
                Ok(data) if data.is_symlink() => return Ok(Some(at)),
                Ok(_) => {}
                Err(error) if is_absent(&error) => return Ok(None),
                Err(error) => return Err(Fault::io(format!("cannot look at `{at}`"), error)),
            }
        }
        Ok(None)
    }

    /// Gives a file the name `path` by `rename`, unless that is another name of a file that is there.
    pub(super) fn publish<T>(&self, path: &Utf8Path, rename: impl FnOnce() -> T) -> Result<T, Fault> {
        self.names.publish(&self.root, path, rename)
    }

    /// Whether `path` is a short name of a file with a longer one.
    pub(super) fn is_alias(&self, path: &Utf8Path) -> bool {
        self.names.is_alias(path)
    }

    /// Fails unless a file may be written at `path`.
    pub(super) fn claim(&self, path: &Utf8Path) -> Result<(), Fault> {
        self.through_no_link(path)?;
        self.names.claim(&self.root, path)
    }
}
