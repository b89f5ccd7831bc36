//! Images of a session: groups of OME-Zarr, and beside them the session's other files.

use adt_model::{Action, ByteSize, FolderWork, ImagingFacts, Key, ModalitySpec, Step, Transform};

/// The steps of a modality with images; `None` where there is no image to read, or something else was asked for.
pub(crate) fn steps(
    modality: &ModalitySpec,
    folder: &FolderWork,
    seen: Option<&ImagingFacts>,
) -> Option<Vec<Step>> {
    let seen = seen.filter(|seen| seen.config.transform == Transform::Zarr)?;
    // What is excluded is not sent in a zip either.
    let excluded = seen.unread.is_empty() && !seen.taken.is_empty();
    if seen.tiles.is_empty() && !excluded {
        return None;
    }
    let (files, bytes, fingerprint) = seen.rest.clone();
    let mut leave_out = folder.leave_out.clone();
    leave_out.extend(seen.taken.iter().cloned());
    let rest = FolderWork { leave_out, files, bytes: ByteSize(bytes), fingerprint, ..folder.clone() };
    let images = FolderWork {
        files: folder.files.saturating_sub(files),
        bytes: ByteSize(folder.bytes.0.saturating_sub(bytes)),
        ..folder.clone()
    };
    let write = Action::WriteOmeZarr {
        folder: images,
        n5: false,
        under: Some(container(modality)),
        config: seen.config.clone(),
        tiles: seen.tiles.len() as u64,
        metrics: None,
    };
    let mut steps = Vec::new();
    if !seen.tiles.is_empty() {
        steps.push(Step { id: format!("write {}", modality.folder), action: write });
    }
    if files > 0 {
        let copy = Action::CopyFolder { folder: rest, under: modality.folder.clone() };
        steps.push(Step { id: format!("copy {}", modality.folder), action: copy });
    }
    Some(steps)
}

/// `SPIM.ome.zarr`; of the second, third, … folder of the modality `SPIM1.ome.zarr` and so on.
fn container(modality: &ModalitySpec) -> Key {
    Key::parse(format!("{}.ome.zarr", modality.folder)).expect("a folder's name with a suffix is a key")
}
