//! `adt sync --delete`: what it removes, and what it never does.

use std::time::{Duration, UNIX_EPOCH};

use camino::Utf8Path;
use fs_err as fs;
use rstest::rstest;

use crate::moving::{Kind, Site, set_time};

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
    site.moves("home", &["sync", &source, &there, "--delete", "--max-delete", "3"]).ends(0);
    assert_eq!(names(&site, &there), ["a", "b/c"]);
    assert!(!Utf8Path::new(&there).join("gone").exists());
}

#[rstest]
fn more_than_are_allowed_are_not_removed(#[values(Kind::Disk, Kind::S3)] to: Kind) {
    let site = Site::new();
    let (source, there) = ahead(&site, to);
    let few = site.moves("home", &["sync", &source, &there, "--delete", "--max-delete", "1"]);
    assert!(
        few.said.stderr.contains("2 objects would be deleted")
            && few.said.stderr.contains("nothing was deleted"),
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
        adt_testkit::skipped("this disk has no names that are not UTF-8");
        return;
    }
    let failed = site.moves("home", &["sync", &source, &there, "--delete"]).ends(1).deletes(&[]);
    assert!(failed.said.stderr.contains("caf"), "{failed:#?}");
    assert!(failed.said.stderr.contains("nothing was deleted"), "{failed:#?}");
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

/// A folder that is empty may be a disk that is not mounted.
#[rstest]
fn an_empty_source_deletes_nothing_unless_that_is_asked_for(
    #[values(Kind::Disk, Kind::S3)] from: Kind,
    #[values(Kind::Disk, Kind::S3)] to: Kind,
) {
    let site = Site::new();
    let (_, there) = ahead(&site, to);
    let empty = site.place(from, "empty");
    if from == Kind::Disk {
        fs::create_dir_all(&empty).unwrap();
    }
    let said = "the source lists 0 objects, the destination 4: `--delete` needs `--delete-all` for that";
    for more in [&[][..], &["--max-delete", "4"]] {
        let refused = site.moves("home", &[&["sync", &empty, &there, "--delete"], more].concat());
        assert!(refused.said.stderr.contains(said), "{refused:#?}");
        refused.ends(1).deletes(&[]);
        assert_eq!(names(&site, &there), ALL);
    }
    site.moves("home", &["sync", &empty, &there, "--delete", "--delete-all"]).ends(0).deletes(&ALL);
}

/// Without a number, half of the destination may be deleted.
#[rstest]
fn a_source_that_has_shrunk_deletes_nothing_without_a_number(#[values(Kind::Disk, Kind::S3)] to: Kind) {
    let site = Site::new();
    let (source, there) = ahead(&site, to);
    fs::remove_file(Utf8Path::new(&source).join("b/c")).unwrap();
    let gone = ["b/c", "b/old", "old"];
    let refused = site.moves("home", &["sync", &source, &there, "--delete"]).deletes(&[]);
    for said in
        ["3 objects of 4", "more than half", "`--max-delete N`", "help: look at them with `--dry-run`"]
    {
        assert!(refused.said.stderr.contains(said), "{said} {refused:#?}");
    }
    refused.ends(1);
    assert_eq!(names(&site, &there), ALL);
    // The rehearsal names all of them, and says that it would not be done.
    site.moves("home", &["sync", &source, &there, "--delete", "--dry-run"]).ends(1).deletes(&gone);
    let rehearsed = site.adt(&["sync", &source, &there, "--delete", "--dry-run"]).ends(1);
    let said = format!("{}{}", rehearsed.stdout, rehearsed.stderr);
    assert!(!said.contains("nothing was deleted") && !said.contains("look at them"), "{said}");
    for words in ["would delete b/old", "dry run: the real run would stop", "help: `--max-delete 3` allows"] {
        assert!(said.contains(words), "{words} {said}");
    }
    assert_eq!(names(&site, &there), ALL);
    site.moves("home", &["sync", &source, &there, "--delete", "--max-delete", "3"]).ends(0).deletes(&gone);
}

/// The folder on which a disk is mounted stays when the disk is gone.
#[test]
fn an_empty_folder_of_the_source_deletes_nothing_without_a_number() {
    let site = Site::new();
    let (source, there) = (site.desk.root.join("given"), site.place(Kind::S3, "there"));
    for name in ["a", "b", "c", "disk/1", "disk/2"] {
        site.desk.write(&format!("given/{name}"), name);
    }
    site.adt(&["copy", source.as_str(), &there]).ends(0);
    for name in ["1", "2"] {
        fs::remove_file(source.join("disk").join(name)).unwrap();
    }
    let refused = site.moves("home", &["sync", source.as_str(), &there, "--delete"]).deletes(&[]);
    assert!(
        refused.said.stderr.contains("the folder `disk` of the source is empty, and 2 objects"),
        "{refused:#?}"
    );
    refused.ends(1);
    let args = ["sync", source.as_str(), &there, "--delete", "--max-delete", "2"];
    site.moves("home", &args).ends(0).deletes(&["disk/1", "disk/2"]);
    // A folder that is gone is gone.
    fs::remove_dir(source.join("disk")).unwrap();
    fs::remove_file(source.join("c")).unwrap();
    site.moves("home", &["sync", source.as_str(), &there, "--delete"]).ends(0).deletes(&["c"]);
}

/// What happens to the source, the destination or the server when one of two objects is there, or both: before the second listing.
#[rstest]
#[case::comes_to_the_source("new", |store: &Utf8Path, _: &Utf8Path| drop(fs::write(store.join("recordings/from/old"), "old")), 0, &["b"])]
#[case::is_replaced_at_the_destination("new", |_: &Utf8Path, there: &Utf8Path| drop(fs::write(there.join("old"), "another")), 0, &["b"])]
#[case::comes_to_the_destination("new", |_: &Utf8Path, there: &Utf8Path| drop(fs::write(there.join("later"), "x")), 0, &["b", "old"])]
#[case::the_source_is_gone("zz", |store: &Utf8Path, _: &Utf8Path| drop(fs::rename(store.join("recordings"), store.join("else"))), 1, &[])]
#[case::the_source_is_empty("zz", |store: &Utf8Path, _: &Utf8Path| drop(fs::rename(store.join("recordings/from"), store.join("recordings/else"))), 1, &[])]
fn only_what_both_listings_show_is_deleted(
    #[case] after: &'static str,
    #[case] change: fn(&Utf8Path, &Utf8Path),
    #[case] code: i32,
    #[case] deleted: &[&str],
) {
    let desk = crate::desk::Desk::watched(move |store| {
        let there = store.parent().unwrap().join("there");
        let begun = after == "new" && there.join("zy").exists();
        if (begun || there.join(after).exists()) && !store.join("changed").exists() {
            fs::write(store.join("changed"), "").unwrap();
            change(store, &there);
        }
    });
    // The third of those that are sent is asked for when one of the first two is there.
    for name in ["a", "c", "d", "new", "zy", "zz"] {
        desk.write(&format!("store/recordings/from/{name}"), name);
    }
    for name in ["a", "c", "d", "b", "old"] {
        desk.write(&format!("there/{name}"), name);
    }
    let there = desk.root.join("there");
    let args =
        ["sync", "s3://recordings/from", there.as_str(), "--delete", "--checksum", "--lanes", "1", "--json"];
    let said = crate::desk::Said::of(&mut desk.adt(&args)).ends(code);
    let events = said.events("deleted");
    let names: Vec<_> = events.iter().map(|event| event["key"].as_str().unwrap()).collect();
    assert!(desk.root.join("store/changed").exists());
    assert_eq!(names, deleted, "{said:#?}");
    assert_eq!(there.join("later").exists(), deleted.len() == 2);
}
