//! `adt sync --delete`: what it removes, and what it never does.

use std::time::{Duration, UNIX_EPOCH};

use camino::Utf8Path;
use fs_err as fs;
use rstest::rstest;

use crate::moving::{Kind, Site, left_out, set_time};

/// A source of two files, and a destination that holds two more.
fn ahead(site: &Site, to: Kind) -> (String, String) {
    let source = site.desk.root.join("source");
    let earlier = site.desk.root.join("earlier");
    for (folder, names) in [(&source, &["a", "b/c"][..]), (&earlier, &["a", "b/c", "b/old", "old"])] {
        for name in names {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, *name).unwrap();
            set_time(&path, UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        }
    }
    let destination = site.place(to, "there");
    site.adt(&["copy", earlier.as_str(), &destination]).ends(0);
    (source.into_string(), destination)
}

fn names(site: &Site, place: &str) -> Vec<String> {
    let said = site.adt(&["ls", "--recursive", "--json", place]).ends(0);
    let line = |text: &str| {
        let line: serde_json::Value = serde_json::from_str(text).unwrap();
        line["path"].as_str().unwrap().to_owned()
    };
    said.stdout.lines().map(line).collect()
}

const ALL: [&str; 4] = ["a", "b/c", "b/old", "old"];

#[rstest]
fn what_the_source_lacks_is_removed_when_all_went_well(#[values(Kind::Disk, Kind::S3)] to: Kind) {
    let site = Site::new();
    let (source, there) = ahead(&site, to);
    let plain = site.moves("home", &["sync", &source, &there]).ends(0).deletes(&[]);
    assert_eq!(plain.kept.len(), 2, "{plain:#?}");
    assert_eq!(names(&site, &there), ALL);
    let rehearsed = site.moves("home", &["sync", &source, &there, "--delete", "--dry-run"]).ends(0);
    rehearsed.deletes(&["b/old", "old"]);
    assert_eq!(names(&site, &there), ALL);
    site.moves("home", &["sync", &source, &there, "--delete"]).ends(0).deletes(&["b/old", "old"]);
    assert_eq!(names(&site, &there), ["a", "b/c"]);
}

#[rstest]
fn a_folder_that_becomes_empty_goes_too() {
    let site = Site::new();
    let (source, there) = ahead(&site, Kind::Disk);
    fs::create_dir_all(Utf8Path::new(&there).join("gone/deep")).unwrap();
    fs::write(Utf8Path::new(&there).join("gone/deep/x"), "x").unwrap();
    site.moves("home", &["sync", &source, &there, "--delete"]).ends(0);
    assert_eq!(names(&site, &there), ["a", "b/c"]);
    assert!(!Utf8Path::new(&there).join("gone").exists());
}

#[rstest]
fn more_than_are_allowed_are_not_removed(#[values(Kind::Disk, Kind::S3)] to: Kind) {
    let site = Site::new();
    let (source, there) = ahead(&site, to);
    let few = site.moves("home", &["sync", &source, &there, "--delete", "--max-delete", "1"]);
    assert!(
        few.said.stderr.contains("2 objects of") && few.said.stderr.contains("nothing was removed"),
        "{few:#?}"
    );
    few.ends(1).deletes(&[]);
    assert_eq!(names(&site, &there), ALL);
    site.moves("home", &["sync", &source, &there, "--delete", "--max-delete", "2"]).ends(0);
    assert_eq!(names(&site, &there), ["a", "b/c"]);
}

#[rstest]
fn what_is_left_out_stays(#[values(Kind::Disk, Kind::S3)] to: Kind) {
    let site = Site::new();
    let (source, there) = ahead(&site, to);
    let args = ["sync", &source, &there, "--delete", "--exclude", "/old"];
    site.moves("home", &args).ends(0).deletes(&["b/old"]);
    assert_eq!(names(&site, &there), ["a", "b/c", "old"]);
}

/// A name that cannot be a key: that object fails, and nobody knows what of the destination is superfluous.
#[cfg(unix)]
#[rstest]
fn nothing_is_removed_after_a_failure(#[values(Kind::Disk, Kind::S3)] to: Kind) {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let site = Site::new();
    let (source, there) = ahead(&site, to);
    let bad = Utf8Path::new(&source).as_std_path().join(OsStr::from_bytes(b"caf\xe9"));
    if std::fs::write(bad, "x").is_err() {
        left_out("this disk has no names that are not UTF-8");
        return;
    }
    let failed = site.moves("home", &["sync", &source, &there, "--delete"]).ends(1).deletes(&[]);
    assert!(failed.said.stderr.contains("caf"), "{failed:#?}");
    assert!(failed.said.stderr.contains("nothing was removed"), "{failed:#?}");
    assert_eq!(names(&site, &there), ALL);
}

/// The listing of the source fails: its bucket does not exist.
#[rstest]
fn nothing_is_removed_when_the_source_is_not_there() {
    let site = Site::new();
    let (_, there) = ahead(&site, Kind::S3);
    for source in ["s3://nobucket", "s3://recordings/nothing", site.desk.root.join("nothing").as_str()] {
        let failed = site.moves("home", &["sync", source, &there, "--delete"]).deletes(&[]);
        assert_ne!(failed.said.code, Some(0), "{failed:#?}");
        assert_eq!(names(&site, &there), ALL, "{source}");
    }
}

#[rstest]
fn a_rehearsal_writes_nothing(#[values(Kind::Disk, Kind::S3)] to: Kind) {
    let site = Site::new();
    let (source, _) = ahead(&site, to);
    let fresh = site.place(to, "fresh");
    let before = crate::desk::writes(&site.desk.tally());
    let rehearsed = site.moves("home", &["copy", &source, &fresh, "--dry-run"]).ends(0).sends(&["a", "b/c"]);
    assert!(rehearsed.failed.is_empty());
    assert_eq!(crate::desk::writes(&site.desk.tally()), before);
    assert!(!site.desk.root.join("fresh").exists() && !site.stored("fresh").exists());
}

#[rstest]
#[case::the_same("source", "source", &["--delete"])]
#[case::the_same_by_another_name("source", "source/b/..", &[])]
#[case::destination_inside("source", "source/b/inside", &[])]
#[case::source_inside("source/b", "source", &["--delete"])]
fn places_that_hold_one_another_are_refused(#[case] from: &str, #[case] to: &str, #[case] more: &[&str]) {
    let site = Site::new();
    let (source, _) = ahead(&site, Kind::S3);
    let root = &site.desk.root;
    let (from, to) = (root.join(from), root.join(to));
    site.adt(&[&["sync", from.as_str(), to.as_str()], more].concat()).ends(2).says("error: ");
    let bucket = |path: &Utf8Path| path.as_str().replace(root.as_str(), "s3://recordings");
    if !to.as_str().ends_with("..") {
        site.adt(&["copy", &source, "s3://recordings/source"]).ends(0);
        site.adt(&[&["sync", &bucket(&from), &bucket(&to)], more].concat()).ends(2).says("error: ");
    }
    assert_eq!(names(&site, &source), ["a", "b/c"]);
}

/// What lies deeper may be brought up; nothing is removed then.
#[test]
fn a_folder_is_copied_into_the_one_above() {
    let site = Site::new();
    let (source, _) = ahead(&site, Kind::S3);
    site.moves("home", &["sync", &format!("{source}/b"), &source]).ends(0).sends(&["c"]);
    assert_eq!(names(&site, &source), ["a", "b/c", "c"]);
}
