//! Behaviour data inside a modality's folder is left out of that modality.
//!
//! A rule of privacy: raw videos show people and must not reach a bucket unencrypted. The comparison is by path component on
//! absolute paths without links, never by text, so `Videos` does not take `Videos_extra` with it and a relative spelling makes no difference.

use camino::{Utf8Path, Utf8PathBuf};

/// The folders to leave out of `source`; both paths absolute and without links.
pub(crate) fn leave_out(source: &Utf8Path, behavior_dir: Option<&Utf8Path>) -> Vec<Utf8PathBuf> {
    behavior_dir.filter(|dir| dir.starts_with(source)).map(Utf8Path::to_owned).into_iter().collect()
}
