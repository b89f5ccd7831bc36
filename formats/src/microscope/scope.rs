//! Which files and folders of a session belong to it, by the same rules as in a walk.

use camino::{Utf8Path, Utf8PathBuf};

use crate::folder::{Links, Rules};

/// A session's folder and the rules of what is taken along.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) source: &'a Utf8Path,
    rules: &'a Rules,
}

impl<'a> Scope<'a> {
    pub(super) fn new(source: &'a Utf8Path, rules: &'a Rules) -> Self {
        Self { source, rules }
    }

    /// Whether a file or folder is taken along. One that cannot be resolved is left to the walk, which reports it.
    pub(super) fn takes(&self, path: &Utf8Path) -> bool {
        self.takes_of(&path.parent().map(real).unwrap_or_default(), path)
    }

    /// The same for what is in a folder whose path without links is `folder`.
    pub(super) fn takes_of(&self, folder: &Utf8Path, path: &Utf8Path) -> bool {
        let linked = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
        if linked && self.rules.links == Links::Skip {
            return false;
        }
        let resolved = if linked { real(path) } else { folder.join(path.file_name().unwrap_or_default()) };
        let within = |list: &[Utf8PathBuf]| list.iter().any(|out| resolved.starts_with(out));
        let outside = || !resolved.starts_with(real(self.source));
        !(within(&self.rules.leave_out) || (within(&self.rules.shielded) && outside()))
    }
}

/// The path without links, where it can be resolved.
pub(super) fn real(path: &Utf8Path) -> Utf8PathBuf {
    path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned())
}
