//! What of a session does not come from stores: which objects of the clipped copy are whole files, and what else is wrong with the copy.

use std::collections::{BTreeMap, BTreeSet};

use adt_formats::{
    ephys,
    session_files::{self, SessionFile, SessionFiles, Sum},
};
use adt_model::{ByteSize, Class, Fault, Key};
use adt_store::{Found, Place};

use super::{copy::Copy, store::inside};

/// The clipped copy of a session, as the list of its files describes it.
#[derive(Default)]
pub(super) struct Others {
    /// Files that the copy holds as a whole; `to` is below the session's folder.
    pub copies: Vec<Copy>,
    /// Recordings among them, which could not be read when the asset was made.
    pub unread: Vec<String>,
    /// Objects that are not restored, and must be what was recorded all the same.
    pub checks: Vec<(Found, Sum)>,
    /// Folders without a file.
    pub empty_folders: Vec<Key>,
    /// Files that were not chosen, and why.
    pub left_out: Vec<String>,
    /// What is wrong, by the name of what it is about.
    pub faults: Vec<(String, Fault)>,
}

/// The list of a session's files; `Corrupt` where it cannot be used.
pub(super) async fn read_list(from: &Place, found: &Found) -> Result<SessionFiles, Fault> {
    let unusable = |why: &str| {
        Fault::new(Class::Corrupt, format!("`{}` cannot be used: {why}", found.key))
            .help("take it from another copy of the asset")
    };
    if found.size > session_files::LONGEST {
        return Err(unusable("it is too large for a list of files"));
    }
    let text = from.get(&found.key, None).await?;
    SessionFiles::read(&text).map_err(|why| unusable(&why))
}

/// Compares a clipped copy with the list of the session's files. `restored` are the files that stores hold.
pub(super) fn sort(
    list: SessionFiles,
    mut clipped: BTreeMap<Key, Found>,
    restored: &BTreeMap<Key, u64>,
    number: &str,
) -> Others {
    let mut others = Others::default();
    let mut objects = BTreeMap::new();
    for (key, sum) in list.copy {
        let name = format!("ecephys_clipped{number}/{key}");
        let found = Key::parse(key.as_str()).ok().and_then(|key| clipped.remove(&key));
        let fault = match found {
            Some(found) if found.size == sum.bytes => {
                objects.insert(key, (found, sum));
                continue;
            }
            Some(found) => {
                let what = format!("`{name}` is damaged: it has {} bytes, not {}", found.size, sum.bytes);
                Fault::new(Class::Corrupt, what)
            }
            None => Fault::new(Class::Missing, format!("`{name}` is missing")),
        };
        others.faults.push((name, fault.help("take it from another copy of the asset")));
    }
    for file in list.files {
        if let Err(fault) = others.file(&file, &mut objects, restored, number) {
            others.faults.push((file.path, fault));
        }
    }
    others.checks = objects.into_values().collect();
    others.empty_folders =
        list.empty_folders.iter().filter_map(|folder| inside(session_files::NAME, folder).ok()).collect();
    for found in clipped.into_values() {
        let what =
            format!("`{}` is not part of the session that was compressed; it is not restored", found.key);
        let fault = Fault::new(Class::Conflict, what).help("remove it from the asset, or copy it yourself");
        others.faults.push((found.key.to_string(), fault));
    }
    others
}

impl Others {
    fn file(
        &mut self,
        file: &SessionFile,
        objects: &mut BTreeMap<String, (Found, Sum)>,
        restored: &BTreeMap<Key, u64>,
        number: &str,
    ) -> Result<(), Fault> {
        let list = format!("ecephys_clipped{number}/{}", session_files::NAME);
        let to = inside(&list, &file.path)?;
        let size = ByteSize(file.bytes);
        if let Some(copy) = &file.copy {
            // What is missing or damaged is reported by its name in the copy.
            if let Some((found, sum)) = objects.remove(copy) {
                if file.unread {
                    self.unread.push(file.path.clone());
                }
                self.copies.push(Copy { found, to, sum: Some(sum) });
            }
            return Ok(());
        }
        match (&file.store, &file.left_out) {
            // What its store says of it is reported.
            (Some(_), _) if restored.contains_key(&to) => Ok(()),
            (Some(store), None) => {
                let what = format!(
                    "`{to}` ({size}) is not restored: `{store}` is missing or cannot be used, and the clipped copy may hold its first frames only"
                );
                Err(Fault::new(Class::Missing, what).help("take the store from another copy of the asset"))
            }
            (_, Some(why)) => {
                self.left_out.push(format!("`{to}` ({size}): {why}"));
                Ok(())
            }
            (None, None) => {
                let what = format!(
                    "`{to}` ({size}) is not in the asset: it could not be read when the asset was made"
                );
                Err(Fault::new(Class::Missing, what).help("run the command that made the asset again"))
            }
        }
    }
}

/// The clipped copy of an asset without a list: all files are whole, but for files of samples, which may be cut off.
pub(super) fn unlisted(
    clipped: BTreeMap<Key, Found>,
    restored: &BTreeMap<Key, u64>,
    number: &str,
    complete: bool,
) -> Others {
    let mut others = Others::default();
    let stem = |key: &Key| key.as_str().strip_suffix(".meta").map(str::to_owned);
    let described: BTreeSet<String> = clipped.keys().filter_map(stem).collect();
    for (inside, found) in clipped {
        if restored.contains_key(&inside) {
            continue;
        }
        if holds_samples(&inside, &described) {
            let name = format!("ecephys_clipped{number}/{inside}");
            let fault = doubtful(&name, complete);
            others.faults.push((name, fault));
            continue;
        }
        others.copies.push(Copy { found, to: inside, sum: None });
    }
    others
}

/// Whether the clipped copy may hold the first frames of a file only. A `.bin` file with a `.meta` may be one of SpikeGLX, whatever its name.
fn holds_samples(inside: &Key, described: &BTreeSet<String>) -> bool {
    let described = inside.as_str().strip_suffix(".bin").is_some_and(|stem| described.contains(stem));
    described || ephys::holds_samples(inside.file_name())
}

/// The first frames must never pass for the whole file.
fn doubtful(name: &str, complete: bool) -> Fault {
    let why = if complete { "no store holds it" } else { "its store cannot be used" };
    let what =
        format!("`{name}` is not restored: {why}, and the clipped copy may hold its first frames only");
    Fault::new(Class::Missing, what).help(
        "it is whole only if the job that wrote it said that it could not be read; then copy it yourself",
    )
}
