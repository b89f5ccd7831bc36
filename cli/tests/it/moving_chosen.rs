//! What is not meant is not looked at: neighbours of one file, and what `--exclude` leaves out.
#![cfg(unix)]

use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

use camino::Utf8Path;
use fs_err as fs;
use rstest::rstest;

use crate::moving::{Kind, Site};

/// Makes a file whose name is not UTF-8; false where no such name can be.
fn odd(folder: &Utf8Path) -> bool {
    fs::create_dir_all(folder).unwrap();
    let made = std::fs::write(folder.as_std_path().join(OsStr::from_bytes(b"bad\xff")), "x").is_ok();
    if !made {
        adt_testkit::skipped("this disk has no names that are not UTF-8");
    }
    made
}

/// Makes a folder that cannot be read; false for root, who reads everything.
fn closed(folder: &Utf8Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::create_dir_all(folder).unwrap();
    fs::set_permissions(folder, std::fs::Permissions::from_mode(0o000)).unwrap();
    fs::read_dir(folder).is_err()
}

fn open_again(folder: &Utf8Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[rstest]
fn one_file_is_moved_whatever_is_beside_it(#[values(Kind::Disk, Kind::S3)] to: Kind) {
    let site = Site::new();
    let folder = site.desk.root.join("given");
    let file = site.desk.write("given/f.txt", "text");
    if !odd(&folder.join("elsewhere")) || !odd(&folder) {
        return;
    }
    closed(&folder.join("closed"));
    let there = site.place(to, "one.txt");
    site.moves("home", &["copy", file.as_str(), &there]).ends(0).sends(&["one.txt"]);
    site.moves("home", &["sync", file.as_str(), &there]).ends(0).sends(&[]);
    site.adt(&["verify", file.as_str(), &there]).ends(0).says("1 object the same");
    site.adt(&["verify", &there, file.as_str()]).ends(0).says("1 object the same");
    open_again(&folder.join("closed"));
}

#[test]
fn one_file_that_a_glob_leaves_out_is_named() {
    let site = Site::new();
    let file = site.desk.write("given/f.txt", "text");
    site.adt(&["copy", file.as_str(), "s3://recordings/one.txt", "--exclude", "*.txt"])
        .ends(1)
        .says("leave it out");
    assert!(!site.stored("one.txt").exists());
}

#[test]
fn one_link_is_taken_as_links_are() {
    let site = Site::new();
    let file = site.desk.write("given/f.txt", "text");
    let link = site.desk.root.join("given/link");
    fs_err::os::unix::fs::symlink("f.txt", &link).unwrap();
    for (how, key, text) in [("follow", "a", "text"), ("keep-as-object", "b", "f.txt")] {
        site.adt(&["copy", link.as_str(), &format!("s3://recordings/{key}"), "--links", how]).ends(0);
        let key = if how == "follow" { key.to_owned() } else { format!("{key}.rclonelink") };
        assert_eq!(fs::read_to_string(site.stored(&key)).unwrap(), text);
    }
    site.adt(&["copy", link.as_str(), "s3://recordings/c", "--links", "skip"])
        .ends(1)
        .says("skipped as asked");
    assert!(file.exists() && !site.stored("c").exists());
}

/// Names that are not UTF-8, folders that cannot be read, sockets and broken links, at the source and at the destination.
#[rstest]
#[case::by_name(&["--exclude", "lost+found", "--exclude", "old", "--exclude", "bad*"])]
#[case::by_path(&["--exclude", "/lost+found", "--exclude", "/old/", "--exclude", "/bad*"])]
#[case::all_that_is_in_it(&["--exclude", "lost+found/**", "--exclude", "old/*", "--exclude", "bad*"])]
#[case::only_one_path(&["--include", "/ok/*"])]
#[case::only_one_folder(&["--include", "/ok"])]
fn what_is_left_out_is_neither_opened_nor_a_fault(
    #[case] globs: &[&str],
    #[values(Kind::Disk, Kind::S3)] to: Kind,
) {
    let site = Site::new();
    let (source, there) = (site.desk.root.join("given"), site.place(to, "there"));
    for name in ["ok/a", "ok/b"] {
        site.desk.write(&format!("given/{name}"), name);
    }
    let mut folders = vec![source.clone()];
    if to == Kind::Disk {
        folders.push(there.clone().into());
    }
    for folder in &folders {
        if !(odd(&folder.join("old")) && odd(folder)) {
            return;
        }
        fs_err::os::unix::fs::symlink("nowhere", folder.join("old/link")).unwrap();
        closed(&folder.join("lost+found"));
    }
    site.moves("home", &[&["copy", source.as_str(), &there], globs].concat())
        .ends(0)
        .sends(&["ok/a", "ok/b"]);
    fs::remove_file(source.join("ok/b")).unwrap();
    let args = [&["sync", source.as_str(), &there, "--delete"], globs].concat();
    let synced = site.moves("home", &args).ends(0).deletes(&["ok/b"]);
    assert!(synced.notes.is_empty(), "{synced:#?}");
    site.adt(&[&["verify", source.as_str(), &there], globs].concat()).ends(0);
    for folder in &folders {
        open_again(&folder.join("lost+found"));
        assert!(folder.join("old").is_dir());
    }
}
