use std::{fs, path::PathBuf, vec};

use adt_model::{Class, Fault, Key};
use camino::{Utf8Path, Utf8PathBuf};

use super::{
    Choice, Entry, EntryKind, Links, Walked,
    listing::{Boundary, Child, LINK, Listed, Shape, list},
};
use crate::stamp;

/// Everything below `root`, in byte order of the whole key (a folder counts as its name with a slash), so that it can
/// be merged with the listing of a bucket. Holds the names of one folder for each level of depth, never the whole tree.
///
/// `leave_out` names folders and files of which nothing is taken along, whichever way leads there: compared by path
/// component after links are resolved. One that does not exist is a fault, for it may be a misspelled one.
///
/// | met | becomes |
/// |---|---|
/// | file, hidden or not | entry |
/// | folder in which nothing is taken along | entry of kind `EmptyFolder`; folders above it are implied by its key |
/// | link that stays inside `root` | what it leads to |
/// | link that leads outside, nowhere, or to a folder above itself | left out, with its target |
/// | socket, pipe, device | left out |
/// | name that is not UTF-8 | fault `BadInput` |
/// | folder that cannot be read | fault naming it |
///
/// After a fault the walk may go on with the next name, to find more of them.
pub fn walk(root: &Utf8Path, leave_out: &[Utf8PathBuf]) -> Walk {
    walk_with(root, leave_out, Links::Inside)
}

/// The same, with links as asked.
pub fn walk_with(root: &Utf8Path, leave_out: &[Utf8PathBuf], links: Links) -> Walk {
    match Boundary::new(root, leave_out, links) {
        Ok(boundary) => Walk { first: First::Root(root.to_owned()), boundary, levels: Vec::new() },
        Err(fault) => Walk { first: First::Fault(fault), boundary: Boundary::default(), levels: Vec::new() },
    }
}

/// See [`walk`].
#[derive(Debug)]
pub struct Walk {
    first: First,
    boundary: Boundary,
    levels: Vec<Level>,
}

#[derive(Debug)]
enum First {
    Root(Utf8PathBuf),
    Fault(Fault),
    Done,
}

/// A folder on the way down.
#[derive(Debug)]
struct Level {
    /// Key of the folder with a slash; empty for the root.
    prefix: String,
    path: Utf8PathBuf,
    /// Without links, to resolve what lies in it and to find cycles.
    real: PathBuf,
    children: vec::IntoIter<Child>,
}

impl Iterator for Walk {
    type Item = Result<Walked, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        match std::mem::replace(&mut self.first, First::Done) {
            First::Root(root) => return self.start(root).or_else(|| self.advance()),
            First::Fault(fault) => return Some(Err(fault)),
            First::Done => {}
        }
        self.advance()
    }
}

impl Walk {
    /// Looks only at what is chosen: the rest is neither opened nor entered, nor named for any fault of it.
    #[must_use]
    pub fn choosing(mut self, choice: Choice) -> Self {
        self.boundary.choice = Some(choice);
        self
    }

    fn start(&mut self, root: Utf8PathBuf) -> Option<Result<Walked, Fault>> {
        let real = self.boundary.root().to_owned();
        if let Some(why) = self.boundary.unwanted(&real) {
            return Some(Ok(Walked::LeftOut { path: ".".to_owned(), why }));
        }
        match list(&root, &real, "", &self.boundary, &[]) {
            Ok(Listed { children, .. }) => {
                self.levels.push(Level {
                    prefix: String::new(),
                    path: root,
                    real,
                    children: children.into_iter(),
                });
                None
            }
            Err(fault) => Some(Err(fault)),
        }
    }

    fn advance(&mut self) -> Option<Result<Walked, Fault>> {
        loop {
            let level = self.levels.last_mut()?;
            let Some(child) = level.children.next() else {
                self.levels.pop();
                continue;
            };
            let name = child.name.trim_end_matches('/');
            let (key, path) = (format!("{}{name}", level.prefix), level.path.join(name));
            match child.shape {
                Shape::Link => {
                    let path = level.path.join(name.trim_end_matches(LINK));
                    return Some(entry(key, path, EntryKind::Link).map(Walked::Entry));
                }
                Shape::File => return Some(entry(key, path, EntryKind::File).map(Walked::Entry)),
                Shape::LeftOut(why) => return Some(Ok(Walked::LeftOut { path: key, why })),
                Shape::Fault(fault) => return Some(Err(*fault)),
                Shape::Folder(real) => match self.descend(key, path, real) {
                    Ok(None) => {}
                    Ok(Some(entry)) => return Some(Ok(Walked::Entry(entry))),
                    Err(fault) => return Some(Err(fault)),
                },
            }
        }
    }

    /// Goes down into a folder, or gives its entry when nothing in it is taken along.
    fn descend(&mut self, key: String, path: Utf8PathBuf, real: PathBuf) -> Result<Option<Entry>, Fault> {
        let above: Vec<_> = self.levels.iter().map(|level| level.real.as_path()).collect();
        let prefix = format!("{key}/");
        let Listed { children, more } = list(&path, &real, &prefix, &self.boundary, &above)?;
        let empty = !more && children.iter().all(|child| matches!(child.shape, Shape::LeftOut(_)));
        let own = if empty { Some(entry(key.clone(), path.clone(), EntryKind::EmptyFolder)?) } else { None };
        self.levels.push(Level { prefix, path, real, children: children.into_iter() });
        Ok(own)
    }
}

/// One file below `root`, without a look at its neighbours; `None` for anything that is not a file. A link leads to what it names, but is
/// one itself with [`Links::Keep`].
pub fn file(root: &Utf8Path, key: &Key, links: Links) -> Result<Option<Entry>, Fault> {
    let path = root.join(key.as_str());
    let cannot = |error| Fault::io(format!("`{path}` cannot be looked at"), error);
    let own = fs::symlink_metadata(&path).map_err(cannot)?;
    if own.is_symlink() && links == Links::Keep {
        return entry(format!("{key}{LINK}"), path, EntryKind::Link).map(Some);
    }
    if fs::metadata(&path).map_err(cannot)?.is_file() {
        return entry(key.to_string(), path, EntryKind::File).map(Some);
    }
    Ok(None)
}

fn entry(key: String, path: Utf8PathBuf, kind: EntryKind) -> Result<Entry, Fault> {
    let key = Key::parse(key)
        .map_err(|error| Fault::new(Class::BadInput, format!("`{path}` cannot be named")).because(error))?;
    let looked = if kind == EntryKind::Link { fs::symlink_metadata(&path) } else { fs::metadata(&path) };
    let metadata = looked.map_err(|error| Fault::io(format!("`{path}` cannot be looked at"), error))?;
    let size = if kind == EntryKind::EmptyFolder { 0 } else { metadata.len() };
    Ok(Entry { key, path, kind, size, modified: stamp::modified(&metadata), mode: mode(&metadata) })
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems keep no such bits")]
fn mode(metadata: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    Some(metadata.mode() & 0o7777)
}

#[cfg(not(unix))]
fn mode(_metadata: &fs::Metadata) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    pub(super) fn temp() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::try_from(folder.path().canonicalize().unwrap()).unwrap();
        (folder, root)
    }

    /// Makes files, and folders where the name ends in a slash.
    fn tree(root: &Utf8Path, names: &[&str]) {
        for name in names {
            let path = root.join(name);
            if name.ends_with('/') {
                fs::create_dir_all(path).unwrap();
            } else {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, name).unwrap();
            }
        }
    }

    /// Keys of entries (empty folders with a slash); what is left out with `-` before it.
    fn names(root: &Utf8Path, leave_out: &[Utf8PathBuf]) -> Vec<String> {
        walk(root, leave_out)
            .map(|walked| match walked.unwrap() {
                Walked::Entry(Entry { key, kind: EntryKind::File, .. }) => key.to_string(),
                Walked::Entry(Entry { key, .. }) => format!("{key}/"),
                Walked::LeftOut { path, .. } => format!("-{path}"),
            })
            .collect()
    }

    #[rstest]
    #[case::nothing(&[], &[])]
    #[case::hidden(&[".git/config", ".x"], &[".git/config", ".x"])]
    #[case::slash_sorts_after_dot(&["a/z", "a.b", "a0", "a-"], &["a-", "a.b", "a/z", "a0"])]
    #[case::leafmost_empty(&["e/f/g/", "e/h", "z/"], &["e/f/g/", "e/h", "z/"])]
    #[case::odd_letters(&["ü/#%+ 1", "ü/ä"], &["ü/#%+ 1", "ü/ä"])]
    fn keys_come_in_byte_order(#[case] made: &[&str], #[case] expected: &[&str]) {
        let (_folder, root) = temp();
        tree(&root, made);
        assert_eq!(names(&root, &[]), expected);
    }

    #[test]
    fn an_entry_tells_size_time_and_mode() {
        let (_folder, root) = temp();
        tree(&root, &["sub/file"]);
        let Some(Ok(Walked::Entry(entry))) = walk(&root, &[]).next() else { panic!("no entry") };
        let metadata = fs::metadata(root.join("sub/file")).unwrap();
        assert_eq!((entry.size, entry.path.clone()), (8, root.join("sub/file")));
        assert_eq!(entry.modified, stamp::modified(&metadata));
        assert_eq!(entry.mode.is_some(), cfg!(unix));
    }

    #[rstest]
    #[case::folder(&["Videos"], &["-Videos", "Videos_extra/c", "a"])]
    #[case::file(&["Videos/b"], &["Videos/", "-Videos/b", "Videos_extra/c", "a"])]
    #[case::above_the_root(&["."], &["-."])]
    fn leave_out_goes_by_component(#[case] out: &[&str], #[case] expected: &[&str]) {
        let (_folder, root) = temp();
        tree(&root, &["Videos/b", "Videos_extra/c", "a"]);
        let out: Vec<_> = out.iter().map(|name| root.join(name)).collect();
        assert_eq!(names(&root, &out), expected);
    }

    #[rstest]
    #[case::root("nowhere", "")]
    #[case::leave_out(".", "Vidoes")]
    #[case::file("file", "")]
    fn what_does_not_exist_is_a_fault(#[case] root: &str, #[case] out: &str) {
        let (_folder, base) = temp();
        tree(&base, &["file"]);
        let out = if out.is_empty() { vec![] } else { vec![base.join(out)] };
        let found: Vec<_> = walk(&base.join(root), &out).collect();
        assert!(matches!(found.as_slice(), [Err(_)]), "{found:?}");
    }

    fn choice(takes: fn(&str) -> bool, enters: fn(&str) -> bool) -> Choice {
        Choice { takes: std::sync::Arc::new(takes), enters: std::sync::Arc::new(enters) }
    }

    #[rstest]
    #[case::all(|_: &str| true, |_: &str| true, &["a", "b/x", "b/y", "c/d/"])]
    #[case::a_folder_is_not_entered(|_: &str| true, |name: &str| name != "b", &["a", "c/d/"])]
    #[case::files_by_name(|name: &str| name.ends_with('x'), |_: &str| true, &["b/x", "c/d/"])]
    #[case::nothing(|_: &str| false, |_: &str| false, &[])]
    fn only_what_is_chosen_is_walked(
        #[case] takes: fn(&str) -> bool,
        #[case] enters: fn(&str) -> bool,
        #[case] expected: &[&str],
    ) {
        let (_folder, root) = temp();
        tree(&root, &["a", "b/x", "b/y", "c/d/"]);
        let walked = walk(&root, &[]).choosing(choice(takes, enters));
        let names: Vec<_> = walked
            .map(|walked| match walked.unwrap() {
                Walked::Entry(Entry { key, kind: EntryKind::File, .. }) => key.to_string(),
                Walked::Entry(Entry { key, .. }) => format!("{key}/"),
                Walked::LeftOut { path, .. } => format!("-{path}"),
            })
            .collect();
        assert_eq!(names, expected);
    }

    #[cfg(unix)]
    mod unix {
        use super::*;
        use std::os::unix::{ffi::OsStrExt, fs::symlink};

        /// Neither its shape nor its name is a fault then.
        #[rstest]
        #[case::a_name(b"caf\xe9.bin", "a", true)]
        #[case::in_a_folder(b"old/caf\xe9.bin", "old", false)]
        fn what_is_not_chosen_is_no_fault(
            #[case] odd: &[u8],
            #[case] other: &'static str,
            #[case] by_name: bool,
        ) {
            let (_folder, root) = temp();
            tree(&root, &["a", "old/z"]);
            if fs::write(root.as_std_path().join(std::ffi::OsStr::from_bytes(odd)), b"").is_err() {
                return; // some file systems take no such name
            }
            let all: Vec<_> = walk(&root, &[]).collect();
            assert!(all.iter().any(Result::is_err), "{all:?}");
            let takes = std::sync::Arc::new(move |name: &str| if by_name { name == other } else { true });
            let enters = std::sync::Arc::new(move |name: &str| name != other && !by_name);
            let chosen: Vec<_> = walk(&root, &[]).choosing(Choice { takes, enters }).collect();
            assert!(chosen.len() == 1 && chosen[0].is_ok(), "{chosen:?}");
        }

        #[rstest]
        #[case::a_file("f", Links::Follow, Some(("f", EntryKind::File)))]
        #[case::a_link("l", Links::Follow, Some(("l", EntryKind::File)))]
        #[case::a_link_that_is_kept("l", Links::Keep, Some(("l.rclonelink", EntryKind::Link)))]
        #[case::a_folder("d", Links::Follow, None)]
        fn one_file_is_found_without_its_neighbours(
            #[case] name: &str,
            #[case] links: Links,
            #[case] expected: Option<(&str, EntryKind)>,
        ) {
            let (_folder, root) = temp();
            tree(&root, &["f", "d/x"]);
            symlink("f", root.join("l")).unwrap();
            let found = file(&root, &name.parse().unwrap(), links).unwrap();
            let found = found.as_ref().map(|entry| (entry.key.as_str(), entry.kind));
            assert_eq!(found, expected);
        }

        #[rstest]
        #[case::inside_file("../data/x", &["data/x", "links/l"])]
        #[case::inside_folder("../data", &["data/x", "links/l/x"])]
        #[case::outside("/", &["data/x", "links/", "-links/l"])]
        #[case::broken("../gone", &["data/x", "links/", "-links/l"])]
        #[case::itself("l", &["data/x", "links/", "-links/l"])]
        #[case::cycle("..", &["data/x", "links/", "-links/l"])]
        #[case::private("../../private", &["data/x", "links/", "-links/l"])]
        fn links_are_followed_only_inside(#[case] target: &str, #[case] expected: &[&str]) {
            let (_folder, base) = temp();
            tree(&base, &["private/p", "root/data/x", "root/links/"]);
            symlink(target, base.join("root/links/l")).unwrap();
            assert_eq!(names(&base.join("root"), &[]), expected);
        }

        #[rstest]
        #[case::follow(Links::Follow, &["-broken", "out/p", "root/x"])]
        #[case::skip(Links::Skip, &["-broken", "-out", "root/x"])]
        #[case::keep(Links::Keep, &["@broken.rclonelink", "@out.rclonelink", "root/x"])]
        fn links_as_asked(#[case] links: Links, #[case] expected: &[&str]) {
            let (_folder, base) = temp();
            tree(&base, &["elsewhere/p", "walked/root/x"]);
            let root = base.join("walked");
            symlink("../elsewhere", root.join("out")).unwrap();
            symlink("nowhere", root.join("broken")).unwrap();
            let names: Vec<_> = walk_with(&root, &[], links)
                .map(|walked| match walked.unwrap() {
                    Walked::Entry(Entry { key, kind: EntryKind::Link, .. }) => format!("@{key}"),
                    Walked::Entry(Entry { key, .. }) => key.to_string(),
                    Walked::LeftOut { path, .. } => format!("-{path}"),
                })
                .collect();
            assert_eq!(names, expected);
        }

        #[rstest]
        #[case::the_folder("Videos")]
        #[case::something_in_it("Videos/b")]
        fn a_link_into_what_is_left_out_is_left_out(#[case] target: &str) {
            let (_folder, root) = temp();
            tree(&root, &["Videos/b"]);
            symlink(target, root.join("link")).unwrap();
            assert_eq!(names(&root, &[root.join("Videos")]), ["-Videos", "-link"]);
        }

        #[test]
        fn a_leave_out_given_through_a_link_still_holds() {
            let (_folder, root) = temp();
            tree(&root, &["Videos/b"]);
            symlink("Videos", root.join("link")).unwrap();
            assert_eq!(names(&root, &[root.join("link")]), ["-Videos", "-link"]);
        }

        #[test]
        fn two_folders_that_link_to_each_other_end() {
            let (_folder, root) = temp();
            tree(&root, &["a/x", "b/y"]);
            symlink("../b", root.join("a/to_b")).unwrap();
            symlink("../a", root.join("b/to_a")).unwrap();
            let expected = ["-a/to_b/to_a", "a/to_b/y", "a/x", "-b/to_a/to_b", "b/to_a/x", "b/y"];
            assert_eq!(names(&root, &[]), expected);
        }

        #[test]
        fn sockets_are_left_out() {
            let (_folder, root) = temp();
            let _socket = std::os::unix::net::UnixListener::bind(root.join("s")).unwrap();
            assert_eq!(names(&root, &[]), ["-s"]);
        }

        #[test]
        fn a_name_that_is_not_utf8_is_a_fault() {
            let (_folder, root) = temp();
            tree(&root, &["a", "z"]);
            let name = std::ffi::OsStr::from_bytes(b"caf\xe9.bin");
            if fs::write(root.as_std_path().join(name), b"").is_err() {
                return; // some file systems take no such name
            }
            let found: Vec<_> = walk(&root, &[]).collect();
            assert_eq!(found.iter().filter(|walked| walked.is_ok()).count(), 2);
            let fault = found.into_iter().find_map(Result::err).unwrap();
            assert_eq!(fault.class(), Class::BadInput);
            assert!(fault.line().contains("caf\u{fffd}.bin"), "{fault}");
        }
    }
}
