//! Behaviour data: left out of every modality it lies in, and sent by a step of its own that encrypts the videos.
//!
//! A rule of privacy: raw videos show people and must not reach a bucket unencrypted. The comparison is by path component on
//! absolute paths without links, never by text, so `Videos` does not take `Videos_extra` with it and a relative spelling makes no difference.

use adt_model::{Action, ByteSize, Facts, FolderWork, JobSpec, Key, Step};
use camino::{Utf8Path, Utf8PathBuf};

/// The asset's folder for it.
const FOLDER: &str = "behavior";

/// The folders to leave out of `source`; both paths absolute and without links.
pub(crate) fn leave_out(source: &Utf8Path, behavior_dir: Option<&Utf8Path>) -> Vec<Utf8PathBuf> {
    behavior_dir.filter(|dir| dir.starts_with(source)).map(Utf8Path::to_owned).into_iter().collect()
}

/// The step that sends the behaviour folder, when there is one.
pub(crate) fn step(spec: &JobSpec, facts: &Facts) -> Option<Step> {
    let dir = spec.behavior_dir.as_ref()?;
    let seen = facts.behavior.clone().unwrap_or_default();
    let source = if seen.folder.path.as_str().is_empty() { dir.clone() } else { seen.folder.path };
    let folder = FolderWork {
        source,
        leave_out: Vec::new(),
        files: seen.folder.files,
        bytes: ByteSize(seen.folder.bytes),
        fingerprint: seen.folder.fingerprint,
        shielded: facts.shielded.clone(),
        links: spec.manner.links,
    };
    let under = Key::parse(FOLDER).expect("one word is a key");
    let action =
        Action::SendBehavior { folder, videos: seen.videos, under, encryption: spec.manner.video_encryption };
    Some(Step { id: "behavior".into(), action })
}
