//! Which part of a source folder is taken along: one answer for the survey and for every step that reads it.

use adt_formats::folder::Rules;
use adt_model::{Fault, FolderWork, JobSpec, Location};
use camino::Utf8PathBuf;

use crate::survey::real;

/// The rules of a folder that is planned.
pub(crate) fn of(folder: &FolderWork) -> Rules {
    Rules {
        leave_out: folder.leave_out.clone(),
        shielded: folder.shielded.clone(),
        links: folder.links.into(),
    }
}

/// Folders that links in the sources of a job must not lead into, absolute and without links: behaviour data is uploaded by its own step
/// only, and what the job writes is not its source.
pub(crate) fn shielded(spec: &JobSpec) -> Result<Vec<Utf8PathBuf>, Fault> {
    let asset = match spec.asset() {
        Location::Folder(folder) => Some(folder),
        _ => None,
    };
    let mut folders = Vec::new();
    for folder in spec.behavior_dir.iter().chain(&spec.private).chain(&asset) {
        let folder = real(folder)?;
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    Ok(folders)
}
