//! What stands in a container and comes of no image.

use std::collections::BTreeSet;

use adt_model::{Fault, Key};
use adt_store::Place;
use futures::StreamExt;

/// What was found beside the groups.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Strangers {
    pub problems: Vec<String>,
    pub notes: Vec<String>,
}

/// A group, and the folders of its arrays; none where it was not found.
pub(super) type Group = (Option<Key>, Vec<Key>);

/// Lists the place and looks at its documents.
pub(super) async fn find(place: &Place, groups: &[Group]) -> Result<Strangers, Fault> {
    let mut pages = std::pin::pin!(place.list());
    let mut folders = BTreeSet::new();
    let mut unfinished = false;
    while let Some(page) = pages.next().await {
        for object in page? {
            let key = object.key.as_str();
            unfinished |= key.starts_with(".adt/") || key.contains("/.adt/");
            let (folder, name) = key.rsplit_once('/').unwrap_or(("", key));
            if matches!(name, ".zgroup" | ".zarray" | ".zattrs" | "zarr.json") {
                folders.insert(folder.to_owned());
            }
        }
    }
    let mut found = Strangers { problems: strange(&folders, groups), notes: Vec::new() };
    if unfinished {
        found.notes.push("there are still markers in `.adt`: the work was not ended".to_owned());
    }
    Ok(found)
}

/// The topmost folders that no group explains.
fn strange(folders: &BTreeSet<String>, groups: &[Group]) -> Vec<String> {
    let mut known: BTreeSet<&str> = BTreeSet::from([""]);
    for (group, arrays) in groups {
        let group = group.as_ref().map_or("", Key::as_str);
        // Folders above a group are groups too.
        for (at, _) in group.match_indices('/') {
            known.insert(&group[..at]);
        }
        known.insert(group);
        known.extend(arrays.iter().map(Key::as_str));
    }
    let above =
        |folder: &str, other: &str| folder.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'));
    let mut problems: Vec<String> = Vec::new();
    let mut last: Option<&str> = None;
    for folder in folders.iter().filter(|folder| !known.contains(folder.as_str())) {
        if last.is_some_and(|last| above(folder, last)) {
            continue;
        }
        last = Some(folder);
        problems.push(format!("`{folder}` in the container comes of no image of the source"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_image_explains_is_named_and_once() {
        let key = |text: &str| Key::parse(text).unwrap();
        let groups = [
            (Some(key("a.zarr")), vec![key("a.zarr/0"), key("a.zarr/1")]),
            (Some(key("Ex/b.zarr")), vec![key("Ex/b.zarr/0")]),
        ];
        let folders = [
            "",
            "Ex",
            "Ex/b.zarr",
            "Ex/b.zarr/0",
            "a.zarr",
            "a.zarr/0",
            "a.zarr/1",
            "a.zarr/2",
            "c.zarr",
            "c.zarr/0",
        ];
        let folders = folders.iter().map(ToString::to_string).collect();
        let found = strange(&folders, &groups);
        assert_eq!(
            found,
            [
                "`a.zarr/2` in the container comes of no image of the source",
                "`c.zarr` in the container comes of no image of the source",
            ]
        );
    }
}
