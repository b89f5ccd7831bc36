use std::{fs::Metadata, vec};

use adt_model::{Change, Class, Fault, FileVersion, Key, temporary::is_temporary};
use camino::{Utf8Path, Utf8PathBuf};

use super::base::Base;
use crate::{FolderLinks, Found};

const PAGE: usize = 1000;

/// Which files a walk gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Those that are whole.
    Objects,
    /// Those that are being written, or were left behind.
    Temporaries,
}

/// A walk through a folder in byte order of the keys, holding one listing for each level.
///
/// Links are followed, to files and to folders, unless the folder is a destination: there they are left out. One that leads to a folder above
/// itself, or nowhere, is a fault. What is neither file nor folder (sockets, devices) is left out.
#[derive(Debug)]
pub(super) struct Walk {
    base: Base,
    root: Utf8PathBuf,
    wanted: Wanted,
    follow: bool,
    levels: Vec<Level>,
    begun: bool,
}

#[derive(Debug)]
struct Level {
    /// Where this folder really is, to recognise a link that leads back.
    real: std::path::PathBuf,
    entries: vec::IntoIter<Entry>,
}

#[derive(Debug)]
struct Entry {
    /// Relative to the root; a folder's ends with `/`, which is what puts `a/x` behind `a-b`.
    name: String,
    metadata: Metadata,
    /// Only a link can lead to a folder above itself.
    is_link: bool,
}

impl Walk {
    pub(super) fn new(base: Base, wanted: Wanted) -> Self {
        // What is to be removed is never looked for behind a link.
        let follow = base.links() != FolderLinks::Never && wanted == Wanted::Objects;
        Self { root: base.root().to_owned(), base, wanted, follow, levels: Vec::new(), begun: false }
    }

    /// The next files; `None` after the last.
    pub(super) fn page(&mut self) -> Result<Option<Vec<Found>>, Fault> {
        if !self.begun {
            self.begun = true;
            self.root = self.base.folder()?;
            if !self.root.is_dir() || self.base.is_behind_link(&self.root.join("in"))? {
                return Ok(None);
            }
            self.enter("", true)?;
        }
        let mut page = Vec::new();
        while page.len() < PAGE {
            let Some(level) = self.levels.last_mut() else { break };
            match level.entries.next() {
                None => drop(self.levels.pop()),
                Some(entry) if entry.metadata.is_dir() => self.enter(&entry.name, entry.is_link)?,
                Some(entry) => page.push(self.found(entry)?),
            }
        }
        Ok(if page.is_empty() { None } else { Some(page) })
    }

    fn found(&self, entry: Entry) -> Result<Found, Fault> {
        let path = self.root.join(&entry.name);
        let key = Key::parse(entry.name).map_err(|error| {
            Fault::new(Class::BadInput, format!("a file of `{}` has a name that no key can have", self.root))
                .because(error)
        })?;
        Ok(found(key, &path, &entry.metadata))
    }

    fn enter(&mut self, name: &str, is_link: bool) -> Result<(), Fault> {
        let path = self.root.join(name);
        let failed = |error| Fault::io(format!("cannot list `{path}`"), error);
        // A path of many folders is long: it is looked through and compared only where that may find something.
        let own = name.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let real = match self.levels.last().filter(|_| !is_link) {
            Some(above) => above.real.join(own),
            None => fs_err::canonicalize(&path).map_err(failed)?,
        };
        if is_link && self.levels.iter().any(|level| level.real.as_os_str() == real.as_os_str()) {
            return Err(Fault::new(Class::BadInput, format!("`{path}` is a link to a folder above itself"))
                .help("remove the link, or leave it out"));
        }
        let mut entries = Vec::new();
        for entry in fs_err::read_dir(&path).map_err(failed)? {
            entries.extend(self.entry(name, &path, &entry.map_err(failed)?)?);
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        self.levels.push(Level { real, entries: entries.into_iter() });
        Ok(())
    }

    fn entry(
        &self,
        above: &str,
        folder: &Utf8Path,
        entry: &fs_err::DirEntry,
    ) -> Result<Option<Entry>, Fault> {
        let raw = entry.file_name();
        let Some(own) = raw.to_str() else {
            let shown = raw.to_string_lossy();
            let what = format!("`{folder}/{shown}` has a name that is not UTF-8");
            return Err(Fault::new(Class::BadInput, what)
                .help("rename or exclude it: names are copied only if they are UTF-8"));
        };
        let path = folder.join(own);
        let looked = if self.follow { fs_err::metadata(&path) } else { fs_err::symlink_metadata(&path) };
        let metadata = match looked {
            Ok(metadata) => metadata,
            // Gone since the listing was read: a temporary file, most likely our own.
            Err(error) if super::is_absent(&error) && fs_err::symlink_metadata(&path).is_err() => {
                return Ok(None);
            }
            Err(error) => return Err(Fault::io(format!("cannot look at `{path}`"), error)),
        };
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        let wanted = is_temporary(own) == (self.wanted == Wanted::Temporaries);
        Ok(if metadata.is_dir() {
            Some(Entry { name: format!("{above}{own}/"), metadata, is_link })
        } else if metadata.is_file() && wanted {
            Some(Entry { name: format!("{above}{own}"), metadata, is_link })
        } else {
            None
        })
    }
}

pub(super) fn found(key: Key, path: &Utf8Path, metadata: &Metadata) -> Found {
    let version = FileVersion::at(path.as_std_path(), metadata);
    // A temporary file has the time of its source just before it gets its name. When it was last changed, or made, cannot be set.
    let changed = match version.changed {
        Some(Change::At(time)) => Some(time),
        _ => metadata.created().ok().and_then(|time| time.try_into().ok()),
    };
    let written = changed.or(version.modified);
    Found {
        etag: Some(version.etag()),
        modified: version.modified,
        written,
        ..Found::new(key, metadata.len())
    }
}

/// A file's mark of its version.
pub(super) fn etag(path: &Utf8Path, metadata: &Metadata) -> String {
    FileVersion::at(path.as_std_path(), metadata).etag()
}
