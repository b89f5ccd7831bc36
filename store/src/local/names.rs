//! Two names that are one file: file systems that do not tell letter cases or forms of Unicode apart, and short names of Windows.
//!
//! Windows may give a file with a long name a second, short one (`PROGRA~1` for `Program Files`), and opens the file by either. What is written
//! to the short name would replace the other file. Listings show long names only: a name that exists and is not listed is such a second name.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::{Mutex, OnceLock, PoisonError, RwLock},
};

use adt_model::{Class, Fault, Folding, temporary};
use camino::{Utf8Path, Utf8PathBuf};

use crate::checksum;

/// Names of a folder that are looked at to find out how it treats names.
const LOOKED_AT: usize = 100;

/// The names that were written into a folder, as far as two of them could be one file.
#[derive(Debug, Default)]
pub(super) struct Names {
    folding: OnceLock<Folding>,
    number: u64,
    /// By the checksum of the folded name, that of the name itself.
    taken: Mutex<HashMap<u64, u64>>,
    /// The names in the folder that was looked at last.
    listed: Mutex<Option<(Utf8PathBuf, HashSet<String>)>>,
    /// Held alone while a file gets a name that could be a short name, so that no other file gets its names meanwhile.
    naming: RwLock<()>,
}

impl Names {
    /// With `folding` as it is known, else as it is found out; `number` makes the file that finds it out different from every other.
    pub(super) fn new(folding: Option<Folding>, number: u64) -> Self {
        let known = OnceLock::new();
        if let Some(folding) = folding {
            let _ = known.set(folding);
        }
        Self { folding: known, number, ..Self::default() }
    }

    /// How the file system of `root` treats names. Found out once, by writing a file there.
    pub(super) fn folding(&self, root: &Utf8Path) -> Folding {
        *self.folding.get_or_init(|| probe(root, self.number).unwrap_or(Folding::usual()))
    }

    /// The same without writing.
    pub(super) fn folding_as_known(&self) -> Folding {
        self.folding.get().copied().unwrap_or(Folding::usual())
    }

    /// Fails where another name that is the same file was written by this run, or is there.
    pub(super) fn claim(&self, root: &Utf8Path, path: &Utf8Path) -> Result<(), Fault> {
        let folding = self.folding(root);
        if !folding.any() {
            return Ok(());
        }
        let Ok(relative) = path.strip_prefix(root) else { return Ok(()) };
        // A folder that is spelled otherwise would lose its name too.
        let mut at = root.to_owned();
        for part in relative {
            at.push(part);
            let name = at.strip_prefix(root).unwrap_or(&at).as_str();
            let (folded, exact) =
                (checksum::crc64(folding.fold(name).as_bytes()).0, checksum::crc64(name.as_bytes()).0);
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            match taken.entry(folded) {
                Entry::Occupied(other) if *other.get() != exact => {
                    return Err(clash(&at, self.spelling(folding, &at)));
                }
                Entry::Occupied(_) => {}
                Entry::Vacant(free) => {
                    if let Some(other) = self.spelling(folding, &at) {
                        return Err(clash(&at, Some(other)));
                    }
                    free.insert(exact);
                }
            }
        }
        Ok(())
    }

    /// Renames a file to `path`. Where that may be a short name, it is looked at once more: the file it would replace may have come since
    /// [`Names::claim`].
    pub(super) fn publish<T>(
        &self,
        root: &Utf8Path,
        path: &Utf8Path,
        rename: impl FnOnce() -> T,
    ) -> Result<T, Fault> {
        let folding = self.folding(root);
        let Some(relative) = path.strip_prefix(root).ok().filter(|_| folding.any()) else {
            return Ok(rename());
        };
        if !relative.components().any(|part| may_be_short(part.as_str())) {
            let _others = self.naming.read().unwrap_or_else(PoisonError::into_inner);
            return Ok(rename());
        }
        let _alone = self.naming.write().unwrap_or_else(PoisonError::into_inner);
        let mut at = root.to_owned();
        for part in relative {
            at.push(part);
            if let Some(other) = self.spelling(folding, &at) {
                return Err(clash(&at, Some(other)));
            }
        }
        Ok(rename())
    }

    /// Whether `path` is a short name of a file with a longer one.
    pub(super) fn is_alias(&self, path: &Utf8Path) -> bool {
        let may_be = cfg!(windows) && path.file_name().is_some_and(may_be_short);
        may_be && self.spelling(self.folding_as_known(), path).is_some()
    }

    /// How the file at `path` is spelled, if it is there and spelled otherwise.
    fn spelling(&self, folding: Folding, path: &Utf8Path) -> Option<String> {
        let (folder, name) = (path.parent()?, path.file_name()?);
        path.symlink_metadata().ok()?;
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        let known = listed.as_ref().is_some_and(|(of, names)| of == folder && names.contains(name));
        if !known {
            *listed = Some((folder.to_owned(), names(folder)));
        }
        let (_, names) = listed.as_ref()?;
        if names.contains(name) {
            return None;
        }
        let same = folding.fold(name);
        let other = names.iter().find(|other| folding.fold(other) == same).cloned();
        // It may be gone by now; then it is no other file's name.
        other.or_else(|| path.symlink_metadata().ok().map(|_| long_name(path)))
    }
}

/// Windows writes a tilde and a number into a short name.
fn may_be_short(name: &str) -> bool {
    name.contains('~')
}

/// The name that listings show for what `path` leads to.
fn long_name(path: &Utf8Path) -> String {
    let real = path.canonicalize_utf8().ok();
    let name = real.as_deref().and_then(Utf8Path::file_name).filter(|name| Some(*name) != path.file_name());
    name.unwrap_or("a file with a longer name").to_owned()
}

fn names(folder: &Utf8Path) -> HashSet<String> {
    let entries = folder.read_dir_utf8().into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_owned()).collect()
}

fn clash(path: &Utf8Path, other: Option<String>) -> Fault {
    let what = match other {
        Some(other) => format!("`{path}` and `{other}` in the same folder would become the same file"),
        None => format!("`{path}` and another object would become the same file"),
    };
    Fault::new(Class::Conflict, format!("{what}: this file system does not tell their names apart"))
        .help("rename one of them, or leave one out with `--exclude`")
}

/// Looks for something that is there by another name, or writes a file and looks for that.
fn probe(root: &Utf8Path, number: u64) -> Option<Folding> {
    let folder = root.ancestors().find(|folder| folder.is_dir())?;
    let case = folds_case(folder);
    if case == Some(false) {
        return Some(Folding { case: false, form: Folding::usual().form });
    }
    let path = temporary::beside(&folder.join("adt-\u{e9}"), number);
    let name = path.file_name()?.to_owned();
    match fs_err::File::create_new(&path) {
        Ok(file) => drop(file),
        // Where letter cases are not told apart, forms may not be either.
        Err(_) => return case.map(|case| Folding { case, form: case }),
    }
    let seen = |name: String| folder.join(name).symlink_metadata().is_ok();
    let folding =
        Folding { case: seen(name.to_ascii_uppercase()), form: seen(name.replace('\u{e9}', "e\u{301}")) };
    let _ = fs_err::remove_file(&path);
    Some(folding)
}

/// By what a folder holds, as far as it has a name with letters.
fn folds_case(folder: &Utf8Path) -> Option<bool> {
    let entries = folder.read_dir_utf8().ok()?.flatten().take(LOOKED_AT);
    let names: HashSet<String> = entries.map(|entry| entry.file_name().to_owned()).collect();
    let swapped = |name: &str| -> String {
        let swap =
            |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
        name.chars().map(swap).collect()
    };
    let name = names.iter().find(|name| {
        let other = swapped(name);
        other != **name && !names.contains(&other)
    })?;
    Some(is_one_file(&folder.join(name), &folder.join(swapped(name))))
}

#[cfg(unix)]
fn is_one_file(a: &Utf8Path, b: &Utf8Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |path: &Utf8Path| path.symlink_metadata().ok().map(|data| (data.dev(), data.ino()));
    identity(a).is_some() && identity(a) == identity(b)
}

#[cfg(not(unix))]
fn is_one_file(a: &Utf8Path, b: &Utf8Path) -> bool {
    a.symlink_metadata().is_ok() && b.symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn temp() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::try_from(folder.path().to_owned()).unwrap();
        (folder, root)
    }

    const BOTH: Folding = Folding { case: true, form: true };

    #[rstest]
    #[case::case("A.txt", "a.txt", false)]
    #[case::form("\u{e9}", "e\u{301}", false)]
    #[case::folder("Dir/x", "dir/y", false)]
    #[case::file_in_a_folder("d/A", "d/a", false)]
    #[case::same_again("a", "a", true)]
    #[case::others("a/x", "a/y", true)]
    fn the_second_name_of_one_file_is_refused(#[case] first: &str, #[case] second: &str, #[case] fits: bool) {
        let (_folder, root) = temp();
        let names = Names::new(Some(BOTH), 1);
        names.claim(&root, &root.join(first)).unwrap();
        let second = names.claim(&root, &root.join(second));
        assert_eq!(second.is_ok(), fits, "{second:?}");
        if let Err(fault) = second {
            assert!(fault.line().contains("same file"), "{fault}");
        }
    }

    #[test]
    fn where_names_are_told_apart_all_fit() {
        let (_folder, root) = temp();
        let names = Names::new(Some(Folding { case: false, form: false }), 1);
        for name in ["A.txt", "a.txt", "\u{e9}", "e\u{301}"] {
            names.claim(&root, &root.join(name)).unwrap();
        }
    }

    #[test]
    fn it_is_found_out_once_and_leaves_nothing() {
        let (_folder, root) = temp();
        for there in ["", "File.txt", "12"] {
            if !there.is_empty() {
                fs_err::write(root.join(there), "x").unwrap();
            }
            let names = Names::new(None, 7);
            let found = names.folding(&root.join("new"));
            assert_eq!(names.folding(&root.join("new")), found);
            if cfg!(target_os = "linux") {
                assert!(!found.any(), "temporary folders of Linux tell names apart");
            }
            fs_err::remove_file(root.join(there)).unwrap_or_default();
            assert_eq!(root.read_dir_utf8().unwrap().count(), 0);
        }
    }
}
