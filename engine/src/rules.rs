//! Which part of a source folder is taken along: one answer for the survey and for every step that reads it.

use adt_formats::folder::{Links, Rules, Walked, walk};
use adt_model::{Fault, FolderWork, JobSpec, LeftOut, Location, SourceLinks};
use camino::{Utf8Path, Utf8PathBuf};

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

/// The rules of a source that a command names by itself. What the command writes is not its source, whichever link leads there.
pub(crate) fn of_command(links: SourceLinks, destination: Option<&Location>) -> Result<Rules, Fault> {
    let shielded = match destination {
        Some(Location::Folder(folder)) => vec![real(folder)?],
        _ => Vec::new(),
    };
    Ok(Rules { leave_out: Vec::new(), shielded, links: links.into() })
}

/// What `links` means in rules of a source.
pub(crate) fn links_of(rules: &Rules) -> SourceLinks {
    match rules.links {
        Links::Skip => SourceLinks::Skip,
        Links::Fail => SourceLinks::Fail,
        Links::Follow | Links::Keep | Links::Listed => SourceLinks::Follow,
    }
}

/// What of a source is not read, for commands that read only a part of it. A link is a fault where the rules say so; what else cannot be
/// read matters only where it is needed.
pub(crate) fn left_out(source: &Utf8Path, rules: &Rules) -> Result<LeftOut, Fault> {
    let mut found = LeftOut::default();
    let walked = (!source.is_file()).then(|| walk(source, rules));
    for met in walked.into_iter().flatten() {
        match met {
            Ok(Walked::LeftOut { path, why, .. }) => found.add(|| format!("`{path}`: {why}")),
            Err(fault) if rules.links == Links::Fail => return Err(fault),
            _ => {}
        }
    }
    Ok(found)
}

/// What a person is told of a source before it is read.
pub(crate) fn notes<'a>(
    left_out: &'a LeftOut,
    repeated: &'a LeftOut,
) -> impl Iterator<Item = String> + use<'a> {
    let left_out = left_out.lines().into_iter().map(|line| format!("left out: {line}"));
    left_out.chain(repeated.lines().into_iter().map(|line| format!("read under two names: {line}")))
}
