use std::collections::BTreeMap;

use adt_model::{Fault, Pulse};
use camino::{Utf8Path, Utf8PathBuf};

use super::aligned::ADJUSTED;
use crate::folder::{Entry, EntryKind, Rules, Walked, walk};

/// What of a session folder matters to its recordings, by key.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) root: Utf8PathBuf,
    files: BTreeMap<String, Entry>,
    left_out: Vec<(String, String)>,
    /// Folders that cannot be read, names that cannot be kept.
    pub(super) faults: Vec<Fault>,
    /// The first file of the older format (`*.continuous`), if any.
    pub(super) older: Option<Utf8PathBuf>,
}

impl Tree {
    /// Walks through the whole folder once; beats once for each thing met. Fails only when told to stop.
    pub(super) fn survey(root: &Utf8Path, rules: &Rules, pulse: &dyn Pulse) -> Result<Self, Fault> {
        let mut tree = Self { root: root.to_owned(), ..Self::default() };
        for walked in walk(root, rules) {
            pulse.beat(0)?;
            match walked {
                Ok(Walked::Entry(entry)) if entry.kind == EntryKind::File => tree.add(entry),
                Ok(Walked::Entry(_) | Walked::Repeated { .. }) => {}
                Ok(Walked::LeftOut { path, why, .. }) => tree.left_out.push((path, why)),
                Err(fault) => tree.faults.push(fault),
            }
        }
        Ok(tree)
    }

    fn add(&mut self, entry: Entry) {
        let (key, name) = (entry.key.as_str(), entry.key.file_name());
        let samples = key.contains("continuous/") || key.contains("events/");
        let array = matches!(entry.path.extension(), Some("npy" | "dat"));
        if name == "structure.oebin" || name == ADJUSTED || (samples && array) {
            self.files.insert(key.to_owned(), entry);
        } else if entry.path.extension() == Some("continuous") && self.older.is_none() {
            self.older = Some(entry.path);
        }
    }

    pub(super) fn file(&self, key: &str) -> Option<&Entry> {
        self.files.get(key)
    }

    /// All files with this name, in key order.
    pub(super) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.files.values().filter(move |entry| entry.key.file_name() == name)
    }

    /// All files below a folder, in key order. `folder` is empty for the root.
    pub(super) fn below<'a>(&'a self, folder: &str) -> impl Iterator<Item = &'a Entry> + use<'a> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let files = self.files.range(prefix.clone()..);
        files.take_while(move |(key, _)| key.starts_with(&prefix)).map(|(_, entry)| entry)
    }

    /// Why a file that was looked for is not in the tree.
    pub(super) fn why_absent(&self, key: &str) -> String {
        let above =
            |path: &str| key == path || key.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        match self.left_out.iter().find(|(path, _)| above(path)) {
            Some((path, why)) => format!("`{path}` is {why}"),
            None => "there is no such file".to_owned(),
        }
    }
}
