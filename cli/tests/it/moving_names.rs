//! Which names are taken: globs, hidden files, links, special files, empty folders, names that are not text.
#![cfg(unix)]

use std::{
    ffi::OsStr,
    io::Write,
    os::unix::{ffi::OsStrExt, fs::symlink},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use camino::Utf8PathBuf;
use fs_err as fs;
use rstest::rstest;

use crate::moving::{Kind, Site};

fn site(names: &[&str]) -> (Site, Utf8PathBuf) {
    let site = Site::new();
    for name in names {
        site.desk.write(&format!("source/{name}"), name);
    }
    let source = site.desk.root.join("source");
    fs::create_dir_all(&source).unwrap();
    (site, source)
}

#[rstest]
#[case::all(&[], &[".hidden", ".zarr/.zattrs", "a.bin", "a.tmp", "b/a.bin", "b/a.tmp", "b/keep.tmp"])]
#[case::exclude(&["--exclude", "*.tmp"], &[".hidden", ".zarr/.zattrs", "a.bin", "b/a.bin"])]
#[case::the_last_decides(
    &["--exclude", "*.tmp", "--include", "keep.tmp"],
    &[".hidden", ".zarr/.zattrs", "a.bin", "b/a.bin", "b/keep.tmp"]
)]
#[case::the_other_order(
    &["--include", "keep.tmp", "--exclude", "*.tmp"],
    &[]
)]
#[case::include_alone(&["--include", "*.bin"], &["a.bin", "b/a.bin"])]
#[case::a_folder(&["--exclude", "b"], &[".hidden", ".zarr/.zattrs", "a.bin", "a.tmp"])]
#[case::at_the_top_only(&["--include", "/*.bin"], &["a.bin"])]
#[case::hidden(&["--exclude", ".*"], &["a.bin", "a.tmp", "b/a.bin", "b/a.tmp", "b/keep.tmp"])]
fn globs_choose_in_order(#[case] globs: &[&str], #[case] taken: &[&str]) {
    let names = [".hidden", ".zarr/.zattrs", "a.bin", "a.tmp", "b/a.bin", "b/a.tmp", "b/keep.tmp"];
    let (site, source) = site(&names);
    let there = site.place(Kind::S3, "there");
    let code = 0;
    site.moves("home", &[&["copy", source.as_str(), &there], globs].concat()).ends(code).sends(taken);
    // The same choice of a bucket's objects.
    site.adt(&["copy", source.as_str(), "s3://recordings/all"]).ends(0);
    let back = site.desk.root.join("back");
    site.moves("home", &[&["copy", "s3://recordings/all", back.as_str()], globs].concat())
        .ends(code)
        .sends(taken);
}

/// A file, a folder, and links to both, to nothing and in a circle.
fn linked() -> (Site, Utf8PathBuf) {
    let (site, source) = site(&["a", "folder/b"]);
    for (name, target) in
        [("to-a", "a"), ("to-folder", "folder"), ("to-nothing", "gone"), ("folder/up", "..")]
    {
        symlink(target, source.join(name)).unwrap();
    }
    (site, source)
}

#[test]
fn links_are_followed() {
    let (site, source) = linked();
    let moves = site.moves("home", &["copy", source.as_str(), "s3://recordings/there"]).ends(0);
    for note in ["to-nothing", "folder/up"] {
        assert!(
            moves.notes.iter().any(|text| text.starts_with("left out") && text.contains(note)),
            "{moves:#?}"
        );
    }
    moves.sends(&["a", "folder/b", "to-a", "to-folder/b"]);
    assert_eq!(fs::read_to_string(site.stored("there/to-a")).unwrap(), "a");
}

#[test]
fn links_are_left_out() {
    let (site, source) = linked();
    let moves =
        site.moves("home", &["copy", source.as_str(), "s3://recordings/there", "--links", "skip"]).ends(0);
    assert_eq!(moves.notes.len(), 4, "{moves:#?}");
    moves.sends(&["a", "folder/b"]);
}

const KEEP: [&str; 2] = ["--links", "keep-as-object"];

#[rstest]
fn links_that_are_kept_come_back_as_links(#[values(Kind::S3, Kind::Disk)] through: Kind) {
    let (site, source) = linked();
    let there = site.place(through, "there");
    site.adt(&[&["copy", source.as_str(), &there], &KEEP[..]].concat()).ends(0);
    if through == Kind::S3 {
        assert_eq!(fs::read_to_string(site.stored("there/to-folder.rclonelink")).unwrap(), "folder");
    }
    let again = site.moves("home", &[&["sync", source.as_str(), &there], &KEEP[..]].concat()).ends(0);
    assert_eq!((again.sent.len(), again.kept.len()), (0, 6), "{again:#?}");
    let elsewhere = site.moves("another", &[&["sync", source.as_str(), &there], &KEEP[..]].concat()).ends(0);
    assert_eq!((elsewhere.sent.len(), elsewhere.kept.len()), (0, 6), "{elsewhere:#?}");
    site.adt(&[&["verify", source.as_str(), &there], &KEEP[..]].concat()).ends(0).says("6 objects the same");
    let back = site.desk.root.join("back");
    site.adt(&[&["copy", &there, back.as_str()], &KEEP[..]].concat()).ends(0);
    for name in ["to-a", "to-folder", "to-nothing", "folder/up"] {
        let link = |root: &Utf8PathBuf| fs::read_link(root.join(name)).unwrap();
        assert_eq!(link(&back), link(&source));
    }
    let again = site.moves("home", &[&["sync", &there, back.as_str()], &KEEP[..]].concat()).ends(0);
    assert_eq!((again.sent.len(), again.kept.len()), (0, 6), "{again:#?}");
    fs::remove_file(source.join("to-a")).unwrap();
    symlink("folder/b", source.join("to-a")).unwrap();
    let changed = site.moves("home", &[&["sync", source.as_str(), &there], &KEEP[..]].concat()).ends(0);
    assert_eq!(changed.sent.len(), 1, "{changed:#?}");
    let changed = site.moves("home", &[&["sync", &there, back.as_str()], &KEEP[..]].concat()).ends(0);
    assert_eq!(changed.sent.len(), 1, "{changed:#?}");
    assert_eq!(fs::read_link(back.join("to-a")).unwrap(), std::path::Path::new("folder/b"));
}

/// Without being asked, an object is an object.
#[test]
fn an_object_that_stands_for_a_link_is_no_link_by_itself() {
    let (site, source) = linked();
    site.adt(&[&["copy", source.as_str(), "s3://recordings/there"], &KEEP[..]].concat()).ends(0);
    let back = site.desk.root.join("back");
    site.adt(&["copy", "s3://recordings/there", back.as_str()]).ends(0);
    assert_eq!(fs::read_to_string(back.join("to-a.rclonelink")).unwrap(), "a");
}

/// What is removed is the link, not what it leads to.
#[rstest]
fn a_link_that_is_kept_is_removed_as_one(#[values(Kind::S3, Kind::Disk)] to: Kind) {
    let (site, source) = linked();
    let there = site.place(to, "there");
    site.adt(&[&["copy", source.as_str(), &there], &KEEP[..]].concat()).ends(0);
    fs::remove_file(source.join("to-folder")).unwrap();
    let args = [&["sync", source.as_str(), &there, "--delete"], &KEEP[..]].concat();
    site.moves("home", &args).ends(0).sends(&[]).deletes(&["to-folder.rclonelink"]);
    site.moves("home", &args).ends(0).sends(&[]).deletes(&[]);
    site.adt(&["verify", &format!("{source}/folder"), &format!("{there}/folder"), "--links", "skip"]).ends(0);
}

/// A link that leads out of the destination must not carry what is written through it elsewhere.
#[test]
fn nothing_is_written_through_a_link_of_the_source() {
    let (site, source) = site(&["zz/inside"]);
    fs::write(source.join("zz.rclonelink"), "../outside").unwrap();
    fs::create_dir_all(site.desk.root.join("outside")).unwrap();
    site.adt(&["copy", source.as_str(), "s3://recordings/there"]).ends(0);
    let back = site.desk.root.join("back");
    for _ in 0..2 {
        site.adt(&[&["copy", "s3://recordings/there", back.as_str()], &KEEP[..]].concat()).ends(1);
    }
    fs::remove_dir_all(back.join("zz")).unwrap();
    symlink("../outside", back.join("zz")).unwrap();
    site.adt(&[&["copy", "s3://recordings/there", back.as_str()], &KEEP[..]].concat())
        .ends(1)
        .says("is a link");
    assert!(!site.desk.root.join("outside/inside").exists());
}

#[test]
fn special_files_are_left_out_with_a_line() {
    let (site, source) = site(&["a"]);
    let _socket = std::os::unix::net::UnixListener::bind(source.join("socket")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(source.join("fifo")).status().unwrap().success());
    let moves = site.moves("home", &["copy", source.as_str(), "s3://recordings/there"]).ends(0);
    for note in ["fifo", "socket"] {
        assert!(
            moves.notes.iter().any(|text| text.starts_with("left out") && text.contains(note)),
            "{moves:#?}"
        );
    }
    moves.sends(&["a"]);
}

#[test]
fn empty_folders_come_along_when_they_are_asked_for() {
    let (site, source) = site(&["a"]);
    fs::create_dir_all(source.join("none/nothing")).unwrap();
    let (without, with) = (site.place(Kind::Disk, "without"), site.place(Kind::Disk, "with"));
    site.adt(&["copy", source.as_str(), &without]).ends(0);
    assert!(!site.desk.root.join("without/none").exists());
    site.adt(&["copy", source.as_str(), &with, "--empty-dirs"]).ends(0);
    assert!(site.desk.root.join("with/none/nothing").is_dir());
    let args = ["sync", source.as_str(), &with, "--empty-dirs", "--delete"];
    site.moves("another", &args).ends(0).sends(&[]).deletes(&[]);
    fs::remove_dir(source.join("none/nothing")).unwrap();
    site.moves("home", &args).ends(0).deletes(&["none/nothing"]);
    assert!(site.desk.root.join("with/none").is_dir());
}

#[rstest]
fn a_name_that_is_not_text_is_named_and_the_others_go_on(#[values(Kind::Disk, Kind::S3)] to: Kind) {
    let (site, source) = site(&["a", "z"]);
    let bad = source.as_std_path().join(OsStr::from_bytes(b"caf\xe9"));
    if std::fs::write(bad, "x").is_err() {
        adt_testkit::skipped("this disk has no names that are not UTF-8");
        return;
    }
    let moves =
        site.moves("home", &["copy", source.as_str(), &site.place(to, "there")]).ends(1).sends(&["a", "z"]);
    assert!(moves.said.stderr.contains("caf"), "{moves:#?}");
}

/// What is written to all the time is never called done.
#[rstest]
fn a_file_that_grows_while_it_is_read_is_not_done(#[values(Kind::Disk, Kind::S3)] to: Kind) {
    let (site, source) = site(&["a"]);
    let growing = source.join("growing");
    fs::write(&growing, vec![1; 40 << 20]).unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    let (stop, path) = (Arc::clone(&ended), growing.clone());
    let writer = std::thread::spawn(move || {
        let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
        while !stop.load(Ordering::Relaxed) {
            file.write_all(b"more").unwrap();
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    });
    let moves = site.moves("home", &["copy", source.as_str(), &site.place(to, "there")]);
    ended.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    let moves = moves.ends(1).sends(&["a"]);
    assert!(moves.failed.contains("growing"), "{moves:#?}");
    let there =
        site.moves("home", &["copy", source.as_str(), &site.place(to, "there")]).ends(0).sends(&["growing"]);
    assert_eq!(there.kept.len(), 1);
    site.adt(&["verify", source.as_str(), &site.place(to, "there")]).ends(0);
}

/// In a bucket a folder is an empty object whose name ends with a slash.
#[test]
fn empty_folders_go_through_a_bucket_and_come_back() {
    for kind in [Kind::Gs, Kind::Az] {
        let Some(site) = Site::with(&[kind]) else { continue };
        let (source, back) = (site.desk.root.join("given"), site.desk.root.join("back"));
        fs::create_dir_all(source.join("a/empty")).unwrap();
        fs::create_dir_all(source.join("a-b")).unwrap();
        fs::write(source.join("a/file"), "text").unwrap();
        let there = site.place(kind, "there");
        for (from, to) in [(source.as_str(), there.as_str()), (there.as_str(), back.as_str())] {
            site.adt(&["copy", from, to, "--empty-dirs"]).ends(0);
            let again = site.adt(&["sync", from, to, "--empty-dirs", "--json"]).ends(0);
            let moved = &again.events("job-finished")[0]["moved"];
            assert_eq!((&moved["objects_sent"], &moved["objects_kept"]), (&0.into(), &3.into()));
        }
        assert!(back.join("a/empty").is_dir() && back.join("a-b").is_dir());
    }
}

/// What is left out at the source may have been sent before: it is not superfluous.
#[cfg(unix)]
#[test]
fn what_is_left_out_is_not_removed() {
    let site = Site::new();
    let (source, there) = (site.desk.root.join("given"), site.desk.root.join("there"));
    fs::create_dir_all(&source).unwrap();
    fs::create_dir_all(there.join("link")).unwrap();
    fs_err::os::unix::fs::symlink("nowhere", source.join("link")).unwrap();
    for name in ["link/kept", "gone"] {
        fs::write(there.join(name), "text").unwrap();
    }
    fs::write(source.join("file"), "text").unwrap();
    site.adt(&["sync", source.as_str(), there.as_str(), "--delete"]).ends(0);
    assert!(there.join("link/kept").is_file() && !there.join("gone").exists());
}
