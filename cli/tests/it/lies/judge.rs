//! What is true after a command, and what it must not have done.

use std::collections::BTreeMap;

use adt_testkit::lies::Object;
use bytes::Bytes;
use camino::Utf8Path;
use fs_err as fs;

/// Files or objects with their bytes, by name.
pub(crate) type Files = BTreeMap<String, Bytes>;

/// Every file below a folder. Names that the program uses for unfinished files do not count.
pub(crate) fn files(folder: &Utf8Path) -> Files {
    let mut found = Files::new();
    collect(folder, folder, &mut found);
    found
}

fn collect(root: &Utf8Path, folder: &Utf8Path, found: &mut Files) {
    let Ok(entries) = folder.read_dir_utf8() else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(root, path, found);
        } else if let (Ok(name), Ok(bytes)) = (path.strip_prefix(root), fs::read(path)) {
            found.insert(name.as_str().replace('\\', "/"), bytes.into());
        }
    }
}

/// What is below a prefix, by the rest of the key.
pub(crate) fn below(objects: &BTreeMap<String, Object>, prefix: &str) -> Files {
    let inside = |(key, object): (&String, &Object)| {
        Some((key.strip_prefix(prefix)?.to_owned(), object.bytes.clone()))
    };
    objects.iter().filter_map(inside).collect()
}

/// Collects what is wrong.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    pub(crate) faults: Vec<String>,
}

impl Judge {
    /// All of `wanted` is in `found`, with the same bytes.
    pub(crate) fn holds(&mut self, what: &str, wanted: &Files, found: &Files) {
        let missing: Vec<_> = wanted.keys().filter(|name| !found.contains_key(*name)).collect();
        if !missing.is_empty() {
            self.faults.push(format!("{what}: {} missing, such as {}", missing.len(), missing[0]));
        }
        let other: Vec<_> =
            wanted.iter().filter(|(name, bytes)| found.get(*name).is_some_and(|got| got != *bytes)).collect();
        if !other.is_empty() {
            self.faults.push(format!("{what}: {} with other bytes, such as {}", other.len(), other[0].0));
        }
    }

    /// Nothing of `before` is gone, whatever bytes it has now.
    pub(crate) fn keeps(&mut self, what: &str, before: &Files, now: &Files) {
        let gone: Vec<_> = before.keys().filter(|name| !now.contains_key(*name)).collect();
        if !gone.is_empty() {
            self.faults.push(format!("{what}: {} removed, such as {}", gone.len(), gone[0]));
        }
    }

    /// Nothing has changed.
    pub(crate) fn untouched(&mut self, what: &str, before: &Files, now: &Files) {
        self.holds(what, before, now);
        if let Some(new) = now.keys().find(|name| !before.contains_key(*name)) {
            self.faults.push(format!("{what}: {new} has appeared"));
        }
    }

    pub(crate) fn must(&mut self, is: bool, otherwise: impl Into<String>) {
        if !is {
            self.faults.push(otherwise.into());
        }
    }
}
