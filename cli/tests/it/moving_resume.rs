//! A large object whose copy is killed: the same command goes on with it, `adt clean` throws it away.

use std::{
    process::{Child, Stdio},
    time::Duration,
};

use adt_testkit::Seed;
use camino::Utf8PathBuf;
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::Said,
    lab::until,
    moving::{Kind, Site},
};

const SIZE: usize = 60 << 20;
const PARTS: u64 = 8;
/// One part at a time, and slowly enough to be killed between two.
const SLOWLY: [&str; 4] = ["--lanes", "1", "--bandwidth", "16MiB"];

fn large(site: &Site) -> Utf8PathBuf {
    let path = site.desk.root.join("source/large.bin");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut bytes = vec![0; SIZE];
    Seed::new(9).fill(&mut bytes);
    fs::write(&path, bytes).unwrap();
    path.parent().unwrap().to_owned()
}

fn start(site: &Site, args: &[&str]) -> Child {
    started(site, &[args, &SLOWLY].concat())
}

fn started(site: &Site, args: &[&str]) -> Child {
    let mut command = site.on("home", args);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A copy into our own server that ended after three parts of eight.
fn killed() -> (Site, Utf8PathBuf) {
    let site = Site::new();
    let source = large(&site);
    let child = start(&site, &["copy", source.as_str(), "s3://recordings/there"]);
    until("three parts", || site.desk.tally().count("UploadPart") >= 3);
    kill(child);
    assert_eq!(site.desk.uploads(), 1);
    assert!(site.desk.tally().count("UploadPart") < PARTS - 1);
    (site, source)
}

#[test]
fn the_same_command_goes_on_with_an_upload() {
    let (site, source) = killed();
    let before = site.desk.tally();
    site.adt(&["copy", source.as_str(), "s3://recordings/there"]).ends(0);
    let after = site.desk.tally();
    // The last one may have been stored without anybody having heard of it.
    assert!(after.count("UploadPart") <= PARTS + 2, "{:?} {:?}", before.operations, after.operations);
    assert!(after.bytes < (SIZE + (20 << 20)) as u64, "{} bytes", after.bytes);
    assert_eq!((after.count("CreateMultipartUpload"), site.desk.uploads()), (1, 0));
    site.adt(&["verify", source.as_str(), "s3://recordings/there"]).ends(0);
}

/// A part is recorded when it is answered, however many lanes there are and however few of them are used.
#[rstest]
#[case::the_usual_lanes(&["--bandwidth", "16MiB"], PARTS)]
#[case::more_lanes_than_parts(&["--bandwidth", "16MiB", "--lanes", "64", "--part-size", "5MiB"], 12)]
fn parts_that_were_answered_are_not_sent_again(#[case] how: &[&str], #[case] parts: u64) {
    let site = Site::new();
    let source = large(&site);
    let copy = ["copy", source.as_str(), "s3://recordings/there"];
    let child = started(&site, &[&copy, how].concat());
    until("four parts", || site.desk.tally().count("UploadPart") >= 4);
    kill(child);
    let before = site.desk.tally().count("UploadPart");
    assert!(before < parts, "it was not killed in the middle");
    site.adt(&[&copy, how].concat()).ends(0);
    // The last ones may have been stored without their answers having been heard.
    let after = site.desk.tally();
    assert!(after.count("UploadPart") <= parts + 2, "{before} before, {:?}", after.operations);
    assert_eq!((after.count("CreateMultipartUpload"), site.desk.uploads()), (1, 0));
    site.adt(&["verify", source.as_str(), "s3://recordings/there"]).ends(0);
}

/// Pieces that a download has written are not asked for again.
#[test]
fn pieces_that_have_come_are_not_asked_for_again() {
    let site = Site::new();
    let source = large(&site);
    site.adt(&["copy", source.as_str(), "s3://recordings/there"]).ends(0);
    let back = site.desk.root.join("back");
    let copy = ["copy", "s3://recordings/there", back.as_str(), "--bandwidth", "16MiB"];
    let asked = site.desk.tally().count("GetObject");
    let child = started(&site, &copy);
    until("four pieces", || site.desk.tally().count("GetObject") >= asked + 4);
    kill(child);
    site.adt(&copy).ends(0);
    let pieces = site.desk.tally().count("GetObject") - asked;
    assert!(pieces <= PARTS + 3, "{pieces} pieces of {PARTS}");
    assert_eq!(crate::desk::digest(&back), crate::desk::digest(&source));
}

/// Another source under the same name has nothing in common with what was begun.
#[test]
fn an_upload_of_what_has_changed_begins_anew() {
    let (site, source) = killed();
    let mut bytes = fs::read(source.join("large.bin")).unwrap();
    bytes[5] ^= 1;
    fs::write(source.join("large.bin"), bytes).unwrap();
    site.adt(&["copy", source.as_str(), "s3://recordings/there"]).ends(0);
    assert_eq!((site.desk.tally().count("CreateMultipartUpload"), site.desk.uploads()), (2, 0));
    site.adt(&["verify", source.as_str(), "s3://recordings/there"]).ends(0);
}

#[test]
fn clean_throws_an_upload_away() {
    let (site, source) = killed();
    site.adt(&["clean", "s3://recordings/elsewhere"]).ends(2).says("no unfinished upload");
    site.adt(&["clean", "s3://recordings/there", "--dry-run"]).ends(0).says("would go  large.bin");
    assert_eq!(site.desk.uploads(), 1);
    site.adt(&["clean", "s3://recordings"]).ends(0).says("thrown away  there/large.bin");
    assert_eq!(site.desk.uploads(), 0);
    site.adt(&["clean", "s3://recordings"]).ends(0).says("0 unfinished uploads");
    site.adt(&["copy", source.as_str(), "s3://recordings/there"]).ends(0);
    site.adt(&["verify", source.as_str(), "s3://recordings/there"]).ends(0);
}

#[test]
fn a_download_leaves_nothing_half_named() {
    let site = Site::new();
    let source = large(&site);
    site.adt(&["copy", source.as_str(), "s3://recordings/there"]).ends(0);
    let back = site.desk.root.join("back");
    let asked = site.desk.tally().count("GetObject");
    let child = start(&site, &["copy", "s3://recordings/there", back.as_str()]);
    until("three pieces", || site.desk.tally().count("GetObject") >= asked + 3);
    kill(child);
    assert!(!back.join("large.bin").exists());
    assert_eq!(fs::read_dir(&back).unwrap().count(), 1);
    site.adt(&["copy", "s3://recordings/there", back.as_str()]).ends(0);
    assert_eq!(fs::read_dir(&back).unwrap().count(), 1);
    assert_eq!(crate::desk::digest(&back), crate::desk::digest(&source));
    // What was thrown away half-way is gone from a disk, too.
    fs::remove_file(back.join("large.bin")).unwrap();
    let asked = site.desk.tally().count("GetObject");
    let child = start(&site, &["copy", "s3://recordings/there", back.as_str()]);
    until("three pieces", || site.desk.tally().count("GetObject") >= asked + 3);
    kill(child);
    site.adt(&["clean", back.as_str()]).ends(0).says("1 unfinished upload thrown away");
    assert_eq!(fs::read_dir(&back).unwrap().count(), 0);
}

/// Whatever the moment of the kill, the same command ends with the whole object.
#[rstest]
fn a_killed_copy_is_whole_after_the_next(#[values(Kind::Rclone, Kind::Gs, Kind::Az)] kind: Kind) {
    let Some(site) = Site::with(&[kind]) else { return };
    let source = large(&site);
    let there = site.place(kind, "there");
    let child = start(&site, &["copy", source.as_str(), &there]);
    std::thread::sleep(Duration::from_millis(1200));
    kill(child);
    site.adt(&["copy", source.as_str(), &there]).ends(0);
    site.adt(&["verify", source.as_str(), &there]).ends(0).says("1 object the same");
    site.adt(&["clean", &there, "--dry-run"]).ends(0).says("0 unfinished uploads");
    let again: Said = site.adt(&["sync", source.as_str(), &there, "--json"]).ends(0);
    assert!(again.events("object").iter().all(|event| event["kept"] == true), "{again:#?}");
}
