use std::{
    collections::BTreeSet,
    fs,
    ops::Bound,
    path::{Path, PathBuf},
    vec,
};

use adt_model::{Class, Fault, FileVersion, Key};
use camino::{Utf8Path, Utf8PathBuf};

use super::{
    Choice, Entry, EntryKind, Links, Rules, Walked,
    listing::{Boundary, Child, LINK, Listed, Shape, list},
};
use crate::stamp;

/// Everything below `root`, in byte order of the whole key (a folder counts as its name with a slash), so that it can
/// be merged with the listing of a bucket. Holds the names of one folder for each level of depth, never the whole tree.
///
/// | met | becomes |
/// |---|---|
/// | file, hidden or not | entry |
/// | folder in which nothing is taken along | entry of kind `EmptyFolder`; folders above it are implied by its key |
/// | link, as [`Rules::links`] says | what it leads to, left out, a fault, or an entry of kind `Link` |
/// | link that is followed to a folder that is met on another way too | `Repeated`, then the folder |
/// | link that is followed, and is dangling or leads to a folder that contains it | left out, with its target |
/// | folder or file that [`Rules`] name | left out |
/// | socket, pipe, device | left out |
/// | temporary file of this program | left out |
/// | name that is not UTF-8 | fault `BadInput` |
/// | folder that cannot be read | fault naming it |
///
/// After a fault the walk may go on with the next name, to find more of them.
pub fn walk(root: &Utf8Path, rules: &Rules) -> Walk {
    let (first, boundary) = match Boundary::new(root, rules) {
        Ok(boundary) => (First::Root(root.to_owned()), boundary),
        Err(fault) => (First::Fault(fault), Boundary::default()),
    };
    Walk { first, boundary, levels: Vec::new(), reached: BTreeSet::new(), repeats: 0 }
}

/// How often links may lead to folders that were already met. Folders that link to each other multiply: 10 of them have millions of
/// paths, so such a walk must end.
const REPEATS: u64 = 10_000;

/// See [`walk`].
#[derive(Debug)]
pub struct Walk {
    first: First,
    boundary: Boundary,
    levels: Vec<Level>,
    /// Folders outside the root that links led to, without links.
    reached: BTreeSet<PathBuf>,
    repeats: u64,
}

#[derive(Debug)]
enum First {
    Root(Utf8PathBuf),
    /// A folder whose link has been reported.
    Folder(Folder),
    Fault(Fault),
    Done,
}

/// A folder that comes next.
#[derive(Debug)]
struct Folder {
    key: String,
    path: Utf8PathBuf,
    real: PathBuf,
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
            First::Folder(folder) => {
                if let Some(entry) = self.descend(folder).transpose() {
                    return Some(entry.map(Walked::Entry));
                }
            }
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
            return Some(Ok(Walked::LeftOut { path: ".".to_owned(), why, asked: true }));
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
                    let own = match self.boundary.links() {
                        Links::Keep => name.strip_suffix(LINK).unwrap_or(name),
                        _ => name,
                    };
                    let path = level.path.join(own);
                    return Some(entry(key, path, EntryKind::Link).map(Walked::Entry));
                }
                Shape::File => return Some(entry(key, path, EntryKind::File).map(Walked::Entry)),
                Shape::LeftOut { why, asked } => {
                    return Some(Ok(Walked::LeftOut { path: key, why, asked }));
                }
                Shape::Fault(fault) => return Some(Err(*fault)),
                Shape::Folder { real, linked } => {
                    if linked && self.is_repeated(&real) {
                        return Some(self.repeated(Folder { key, path, real }));
                    }
                    if let Some(entry) = self.descend(Folder { key, path, real }).transpose() {
                        return Some(entry.map(Walked::Entry));
                    }
                }
            }
        }
    }

    /// Whether a folder that a link leads to is met on another way too, or overlaps with one.
    fn is_repeated(&mut self, real: &Path) -> bool {
        let inside = self.boundary.is_inside(real);
        let below = |after: &PathBuf| after.starts_with(real);
        let from = (Bound::Included(real), Bound::Unbounded);
        let known = inside
            || real.ancestors().any(|above| self.reached.contains(above))
            || self.reached.range::<Path, _>(from).next().is_some_and(below);
        if !inside {
            self.reached.insert(real.to_owned());
        }
        known
    }

    /// Reports a folder that is met again; it comes next.
    fn repeated(&mut self, folder: Folder) -> Result<Walked, Fault> {
        self.repeats += 1;
        if self.repeats > REPEATS {
            self.levels.clear();
            let what = format!(
                "links lead to the same folders more than {REPEATS} times, at last `{}`",
                folder.path
            );
            return Err(Fault::new(Class::BadInput, what)
                .help("remove links between folders that link to each other, or set `links` to `skip`"));
        }
        let (path, target) = (folder.key.clone(), folder.real.display().to_string());
        self.first = First::Folder(folder);
        Ok(Walked::Repeated { path, target })
    }

    /// Goes down into a folder, or gives its entry when nothing in it is taken along.
    fn descend(&mut self, folder: Folder) -> Result<Option<Entry>, Fault> {
        let Folder { key, path, real } = folder;
        let above: Vec<_> = self.levels.iter().map(|level| level.real.as_path()).collect();
        let prefix = format!("{key}/");
        let Listed { children, more } = list(&path, &real, &prefix, &self.boundary, &above)?;
        let empty = !more && children.iter().all(|child| matches!(child.shape, Shape::LeftOut { .. }));
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
    let (modified, changed) =
        (stamp::modified(&metadata), FileVersion::at(path.as_std_path(), &metadata).changed);
    Ok(Entry { key, path, kind, size, modified, changed, mode: mode(&metadata) })
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
        met(root, &Rules::without(leave_out.to_vec()))
    }

    /// The same; links with `@`, repeated folders with `=` before them.
    fn met(root: &Utf8Path, rules: &Rules) -> Vec<String> {
        named(walk(root, rules))
    }

    fn named(walk: Walk) -> Vec<String> {
        walk.map(|walked| match walked.unwrap() {
            Walked::Entry(Entry { key, kind: EntryKind::File, .. }) => key.to_string(),
            Walked::Entry(Entry { key, kind: EntryKind::Link, .. }) => format!("@{key}"),
            Walked::Entry(Entry { key, .. }) => format!("{key}/"),
            Walked::LeftOut { path, .. } => format!("-{path}"),
            Walked::Repeated { path, .. } => format!("={path}"),
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
        let Some(Ok(Walked::Entry(entry))) = walk(&root, &Rules::default()).next() else {
            panic!("no entry")
        };
        let metadata = fs::metadata(root.join("sub/file")).unwrap();
        assert_eq!((entry.size, entry.path.clone()), (8, root.join("sub/file")));
        assert_eq!(entry.modified, stamp::modified(&metadata));
        assert_eq!(entry.mode.is_some(), cfg!(unix));
    }

    #[test]
    fn temporary_files_are_left_out_and_what_only_looks_like_one_is_not() {
        let (_folder, root) = temp();
        let ours = ".adt-00000000000000ff-x.part";
        let theirs =
            [".adt-00000000000000FF-x.part", ".adt-ff-x.part", "adt-00000000000000ff-x.part", "x.part"];
        tree(&root, &[&[ours, "sub/.adt-0123456789abcdef-y.part"], &theirs[..]].concat());
        let mut expected: Vec<_> = theirs.map(str::to_owned).to_vec();
        expected.extend([format!("-{ours}"), "sub/".into(), "-sub/.adt-0123456789abcdef-y.part".into()]);
        let mut found = names(&root, &[]);
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
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
        let found: Vec<_> = walk(&base.join(root), &Rules::without(out)).collect();
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
        let walked = walk(&root, &Rules::default()).choosing(choice(takes, enters));
        assert_eq!(named(walked), expected);
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
            let all: Vec<_> = walk(&root, &Rules::default()).collect();
            assert!(all.iter().any(Result::is_err), "{all:?}");
            let takes = std::sync::Arc::new(move |name: &str| if by_name { name == other } else { true });
            let enters = std::sync::Arc::new(move |name: &str| name != other && !by_name);
            let chosen: Vec<_> = walk(&root, &Rules::default()).choosing(Choice { takes, enters }).collect();
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
        #[case::inside_folder("../data", &["data/x", "=links/l", "links/l/x"])]
        #[case::outside("../../outside", &["data/x", "links/l/p"])]
        #[case::outside_file("../../outside/p", &["data/x", "links/l"])]
        #[case::the_whole_disk("/", &["data/x", "links/", "-links/l"])]
        #[case::above_the_root("../..", &["data/x", "links/", "-links/l"])]
        #[case::broken("../gone", &["data/x", "links/", "-links/l"])]
        #[case::itself("l", &["data/x", "links/", "-links/l"])]
        #[case::cycle("..", &["data/x", "links/", "-links/l"])]
        fn links_are_followed_except_loops_and_dangling_ones(
            #[case] target: &str,
            #[case] expected: &[&str],
        ) {
            let (_folder, base) = temp();
            tree(&base, &["outside/p", "root/data/x", "root/links/"]);
            symlink(target, base.join("root/links/l")).unwrap();
            assert_eq!(names(&base.join("root"), &[]), expected);
        }

        #[rstest]
        #[case::follow(Links::Follow, &["-broken", "out/p", "root/x"])]
        #[case::skip(Links::Skip, &["-broken", "-out", "root/x"])]
        #[case::keep(Links::Keep, &["@broken.rclonelink", "@out.rclonelink", "root/x"])]
        #[case::listed(Links::Listed, &["@broken", "@out", "root/x"])]
        fn links_as_asked(#[case] links: Links, #[case] expected: &[&str]) {
            let (_folder, base) = temp();
            tree(&base, &["elsewhere/p", "walked/root/x"]);
            let root = base.join("walked");
            symlink("../elsewhere", root.join("out")).unwrap();
            symlink("nowhere", root.join("broken")).unwrap();
            assert_eq!(met(&root, &Rules { links, ..Rules::default() }), expected);
        }

        #[test]
        fn each_link_is_a_fault_where_links_fail() {
            let (_folder, root) = temp();
            tree(&root, &["a", "z"]);
            symlink("a", root.join("inside")).unwrap();
            symlink("/nowhere", root.join("out")).unwrap();
            let rules = Rules { links: Links::Fail, ..Rules::default() };
            let (fine, faults): (Vec<_>, Vec<_>) = walk(&root, &rules).partition(Result::is_ok);
            assert_eq!((fine.len(), faults.len()), (2, 2));
            assert!(faults.into_iter().all(|fault| fault.unwrap_err().class() == Class::BadInput));
        }

        #[test]
        fn two_names_of_a_folder_are_both_taken_and_reported() {
            let (_folder, base) = temp();
            tree(&base, &["disk/raw/x", "root/a/own"]);
            let root = base.join("root");
            for (link, target) in [("b", "../disk/raw"), ("c", "../disk/raw"), ("d", "../disk"), ("e", "a")] {
                symlink(target, root.join(link)).unwrap();
            }
            let expected = ["a/own", "b/x", "=c", "c/x", "=d", "d/raw/x", "=e", "e/own"];
            assert_eq!(met(&root, &Rules::default()), expected);
        }

        #[test]
        fn folders_that_all_link_to_each_other_end() {
            let (_folder, root) = temp();
            for from in 0..12 {
                tree(&root, &[&format!("{from}/file")]);
                for to in (0..12).filter(|to| *to != from) {
                    symlink(format!("../{to}"), root.join(format!("{from}/to{to}"))).unwrap();
                }
            }
            let last = walk(&root, &Rules::default()).last().unwrap();
            assert_eq!(last.unwrap_err().class(), Class::BadInput);
        }

        #[rstest]
        #[case::the_folder("../session/Videos", &["-link", "own"])]
        #[case::a_file("../session/Videos/b", &["-link", "own"])]
        #[case::by_way_of_what_contains_it("../session", &["-link/Videos", "link/a", "own"])]
        fn no_link_leads_into_what_is_shielded(#[case] target: &str, #[case] expected: &[&str]) {
            let (_folder, base) = temp();
            tree(&base, &["session/Videos/b", "session/a", "root/own"]);
            let root = base.join("root");
            symlink(target, root.join("link")).unwrap();
            let shielded = vec![base.join("session/Videos"), base.join("not/there/yet")];
            assert_eq!(met(&root, &Rules { shielded, ..Rules::default() }), expected);
        }

        #[test]
        fn what_is_shielded_has_no_effect_inside_the_walked_folder() {
            let (_folder, root) = temp();
            tree(&root, &["Videos/b"]);
            let shielded = vec![root.join("Videos"), root.clone()];
            assert_eq!(met(&root, &Rules { shielded, ..Rules::default() }), ["Videos/b"]);
        }

        #[test]
        fn only_what_was_named_counts_as_asked() {
            let (_folder, root) = temp();
            tree(&root, &["Videos/b"]);
            symlink("Videos", root.join("link")).unwrap();
            let rules = Rules::without(vec![root.join("Videos")]);
            let asked = walk(&root, &rules).map(|walked| match walked.unwrap() {
                Walked::LeftOut { path, asked, .. } => (path, asked),
                other => panic!("{other:?}"),
            });
            assert_eq!(asked.collect::<Vec<_>>(), [("Videos".to_owned(), true), ("link".to_owned(), false)]);
        }

        #[rstest]
        #[case::kept(Links::Keep, "a.rclonelink.rclonelink")]
        #[case::listed(Links::Listed, "a.rclonelink")]
        fn a_link_that_ends_like_one_is_found(#[case] links: Links, #[case] key: &str) {
            let (_folder, root) = temp();
            symlink("nowhere", root.join("a.rclonelink")).unwrap();
            let Some(Ok(Walked::Entry(entry))) = walk(&root, &Rules { links, ..Rules::default() }).next()
            else {
                panic!("no entry")
            };
            assert_eq!((entry.key.as_str(), entry.path), (key, root.join("a.rclonelink")));
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
            let expected =
                ["=a/to_b", "-a/to_b/to_a", "a/to_b/y", "a/x", "=b/to_a", "-b/to_a/to_b", "b/to_a/x", "b/y"];
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
            let found: Vec<_> = walk(&root, &Rules::default()).collect();
            assert_eq!(found.iter().filter(|walked| walked.is_ok()).count(), 2);
            let fault = found.into_iter().find_map(Result::err).unwrap();
            assert_eq!(fault.class(), Class::BadInput);
            assert!(fault.line().contains("caf\u{fffd}.bin"), "{fault}");
        }
    }
}
