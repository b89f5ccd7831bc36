//! Recordings: a Zarr store of each stream, and beside them a copy of the session with the first frames only.

use adt_model::{Action, EphysFacts, FolderWork, Key, ModalitySpec, Step};

/// The two steps of a session's recordings; for the second, third, … folder of the modality `ecephys_compressed1` and so on.
pub(crate) fn steps(modality: &ModalitySpec, folder: FolderWork, seen: Option<&EphysFacts>) -> Vec<Step> {
    let unseen = EphysFacts::default();
    let seen = seen.unwrap_or(&unseen);
    let compress = Action::CompressEphys {
        folder: folder.clone(),
        under: under("compressed", modality),
        config: seen.config.clone(),
        streams: seen.streams.len() as u64,
    };
    let clip = Action::ClipEphys {
        folder,
        under: under("clipped", modality),
        frames: seen.config.clip_frames,
        choice: seen.config.choice.clone(),
    };
    vec![
        Step { id: format!("compress {}", modality.folder), action: compress },
        Step { id: format!("clip {}", modality.folder), action: clip },
    ]
}

fn under(kind: &str, modality: &ModalitySpec) -> Key {
    let name = modality.modality.abbreviation();
    let number = modality.folder.as_str().strip_prefix(name).unwrap_or_default();
    Key::parse(format!("{name}_{kind}{number}")).expect("words and digits are a key")
}
