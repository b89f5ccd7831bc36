use std::collections::{BTreeMap, BTreeSet};

use adt_model::{Class, Fault};

use super::{EventFolder, Experiment, Problem, Recording, place::Place, tree::Tree};

/// A recording and its event folders: those that hold arrays, in key order.
pub(super) fn recording(tree: &Tree, place: &Place, gui_version: &str) -> Recording {
    let prefix = if place.key.is_empty() { "events".to_owned() } else { format!("{}/events", place.key) };
    let mut folders = BTreeSet::new();
    for entry in tree.below(&prefix) {
        if let Some((folder, _)) = entry.key.as_str().rsplit_once('/') {
            folders.insert(folder.to_owned());
        }
    }
    let event = |folder: String| {
        let name = format!("{}#{}", place.node, folder.rsplit('/').next().unwrap_or_default());
        EventFolder { name, folder }
    };
    Recording {
        name: place.recording.clone(),
        number: place.recording_number,
        node: place.node.clone(),
        folder: place.key.clone(),
        program: "Open Ephys",
        gui_version: gui_version.to_owned(),
        events: folders.into_iter().map(event).collect(),
    }
}

/// Notes recordings that lack a stream which others of their node have.
pub(super) fn gaps(experiment: &Experiment, tree: &Tree, problems: &mut Vec<Problem>) {
    let mut nodes: BTreeMap<&str, Vec<&Recording>> = BTreeMap::new();
    for recording in &experiment.recordings {
        nodes.entry(&recording.node).or_default().push(recording);
    }
    for stream in &experiment.streams {
        for recording in nodes.get(stream.node.as_str()).into_iter().flatten() {
            if stream.segments.iter().all(|segment| segment.number != recording.number) {
                let folder = tree.root.join(&recording.folder);
                let what = format!("nothing of the stream `{}` is read from `{folder}`", stream.name);
                problems.push(Problem::noted(&folder, Fault::new(Class::Missing, what)));
            }
        }
    }
}
