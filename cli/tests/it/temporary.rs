//! With a `temp_directory` the asset is built there first, and removed whatever happens; nothing else in it is touched.

use adt_testkit::tree::TreeSpec;
use camino::Utf8PathBuf;
use fs_err as fs;
use rstest::rstest;

use crate::desk::{Desk, Job, digest, unzipped, within, writes};

/// A temporary folder with somebody's files in it, one of them named much like ours.
fn temp(desk: &Desk) -> Utf8PathBuf {
    desk.write("temp/theirs.txt", "keep me");
    desk.write("temp/adt-theirs/notes.txt", "keep me too");
    desk.root.join("temp")
}

#[rstest]
#[case::s3("s3")]
#[case::folder("file")]
fn it_is_empty_afterwards(#[case] kind: &str) {
    let desk = Desk::new();
    let plain = desk.tree("plain", &TreeSpec { files: 10, big_file: 17_000_000, ..TreeSpec::default() }, 3);
    let zipped = desk.small_tree("zipped");
    let temp = temp(&desk);
    let theirs = digest(&temp);
    let mut job =
        Job::new().copy("behavior-videos", &plain).zip("behavior", &zipped).with("temp_directory", &temp);
    let mut asset = desk.asset();
    if kind == "file" {
        job = job.with("s3_bucket", desk.file_place());
        asset = desk.root.join("disk").join(crate::desk::ASSET);
    }
    desk.run(&job, &[]).ends(0);
    assert_eq!(digest(&temp), theirs);
    assert_eq!(fs::read_dir(&temp).unwrap().count(), 2);
    assert_eq!(within("behavior-videos", &digest(&asset)), digest(&plain));
    let unzipped = unzipped(&asset.join("behavior/zipped.zip"), &desk.root.join("unzipped"));
    assert_eq!(within("zipped", &unzipped), digest(&zipped));
}

#[test]
fn it_is_empty_after_a_failure() {
    let desk = Desk::new();
    let plain = desk.small_tree("plain");
    let temp = temp(&desk);
    let theirs = digest(&temp);
    let job = Job::new().copy("behavior", &plain).with("temp_directory", &temp);
    // Right for a folder, too long for a bucket: it fails when everything is built.
    let deep = plain.join(["x".repeat(250).as_str(); 5].join("/"));
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("file"), "x").unwrap();
    desk.run(&job, &[]).ends(1).says("xxx");
    assert_eq!(digest(&temp), theirs);
    assert_eq!(fs::read_dir(&temp).unwrap().count(), 2);
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next() {
    let desk = Desk::new();
    let plain = desk.tree("plain", &TreeSpec { files: 400, ..TreeSpec::default() }, 3);
    let temp = temp(&desk);
    let theirs = digest(&temp);
    let job = Job::new().copy("behavior", &plain).with("temp_directory", &temp);
    let mut child = desk.start(&job, &[]);
    // As soon as something is being built.
    while fs::read_dir(&temp).unwrap().count() == 2 && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    desk.run(&job, &[]).ends(0);
    assert_eq!(digest(&temp), theirs);
    assert_eq!(fs::read_dir(&temp).unwrap().count(), 2);
    assert_eq!(within("behavior", &digest(&desk.asset())), digest(&plain));
}

#[test]
fn a_dry_run_builds_nothing() {
    let desk = Desk::new();
    let temp = temp(&desk);
    let job = Job::new().copy("behavior", desk.small_tree("plain")).with("temp_directory", &temp);
    desk.run(&job, &["--dry-run"]).ends(0);
    assert_eq!(fs::read_dir(&temp).unwrap().count(), 2);
    assert_eq!(writes(&desk.tally()), 0);
}
