//! Commands of the Windows build from beginning to end.

use adt_testkit::{Seed, tree::TreeSpec};
use camino::Utf8PathBuf;
use fs_err as fs;

use super::wine::Rig;
use crate::{
    desk::{ASSET, Job, RECORD, Said, digest, under},
    lab::until,
};

#[test]
fn the_program_starts() {
    let Some(rig) = Rig::new() else { return };
    let said = rig.adt(&["--version"]).ends(0);
    assert!(said.stdout.starts_with("adt "), "{said:?}");
    rig.adt(&["copy", "--help"]).ends(0).says("--exclude");
}

#[test]
fn a_folder_goes_to_a_bucket_and_comes_back() {
    let Some(rig) = Rig::new() else { return };
    let spec = TreeSpec { files: 30, max_size: 200_000, depth: 3, big_file: 20 << 20 };
    let source = rig.desk.tree("source", &spec, 5);
    let there = "s3://recordings/there";
    let first = rig.moves(&["copy", &rig.path("source"), there]).ends(0);
    assert_eq!(digest(&rig.desk.root.join("store/recordings/there")), digest(&source));
    assert!(first.sent.iter().all(|key| !key.contains('\\')), "{first:?}");
    rig.moves(&["sync", &rig.path("source"), there]).ends(0).sends(&[]);
    rig.adt(&["verify", &rig.path("source"), there]).ends(0).says("the same");
    rig.moves(&["sync", there, &rig.path("back")]).ends(0);
    assert_eq!(digest(&rig.desk.root.join("back")), digest(&source));
    rig.moves(&["sync", there, &rig.path("back")]).ends(0).sends(&[]);
    rig.adt(&["verify", there, &rig.path("back")]).ends(0);
    // The address of a drive, and slashes.
    let address = format!("file:///{}", rig.path("back").replace('\\', "/"));
    rig.moves(&["sync", there, &address]).ends(0).sends(&[]);
    fs::remove_file(rig.desk.root.join("store/recordings/there").join(first.sent.first().unwrap())).unwrap();
    rig.moves(&["sync", "--delete", there, &rig.path("back")])
        .ends(0)
        .deletes(&[first.sent.first().unwrap()]);
}

#[test]
fn a_list_with_paths_of_windows_is_checked_and_run_once() {
    let Some(rig) = Rig::new() else { return };
    let source = rig.desk.small_tree("source");
    rig.desk.metadata();
    let job = Job::new().copy("behavior", rig.path("source")).with("metadata_dir", rig.path("metadata"));
    let list = super::wine::windows(&rig.desk.list(&job));
    rig.adt(&["check", &list]).ends(0);
    let said = rig.adt(&["run", &list]).ends(0);
    let mut there = digest(&rig.desk.asset());
    assert!(there.remove(RECORD).is_some(), "{said:?}");
    let sent = under("behavior", &digest(&source));
    assert!(sent.iter().all(|(key, stat)| there.get(key) == Some(stat)), "{there:#?}");
    rig.adt(&["run", &list]).ends(0).says("skipped");
    // To a folder of a drive.
    let place = format!("file:///{}", rig.path("disk").replace('\\', "/"));
    let job = job.with("s3_bucket", &place).zip("behavior-videos", rig.path("source"));
    let list = super::wine::windows(&rig.desk.list(&job));
    fs::create_dir_all(rig.desk.root.join("disk")).unwrap();
    rig.adt(&["run", &list]).ends(0);
    let asset = digest(&rig.desk.root.join("disk").join(ASSET));
    assert!(sent.iter().all(|(key, stat)| asset.get(key) == Some(stat)), "{asset:#?}");
}

const SIZE: usize = 60 << 20;
const SLOWLY: [&str; 4] = ["--lanes", "1", "--bandwidth", "16MiB"];

fn large(rig: &Rig) -> Utf8PathBuf {
    let mut bytes = vec![0; SIZE];
    Seed::new(9).fill(&mut bytes);
    let path = rig.desk.write("source/large.bin", "");
    fs::write(&path, bytes).unwrap();
    rig.desk.root.join("source")
}

#[test]
fn a_killed_upload_resumes() {
    let Some(rig) = Rig::new() else { return };
    let source = large(&rig);
    let args = ["copy", &rig.path("source"), "s3://recordings/there"];
    let mut child = rig.start(&[&args[..], &SLOWLY].concat());
    until("three parts", || rig.desk.tally().count("UploadPart") >= 3);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(rig.desk.uploads(), 1);
    rig.adt(&args).ends(0);
    let tally = rig.desk.tally();
    assert_eq!((tally.count("CreateMultipartUpload"), rig.desk.uploads()), (1, 0));
    assert!(tally.bytes < (SIZE + (20 << 20)) as u64, "{} bytes", tally.bytes);
    assert_eq!(digest(&rig.desk.root.join("store/recordings/there")), digest(&source));
}

#[test]
fn a_killed_download_resumes_and_leaves_no_temporary_file() {
    let Some(rig) = Rig::new() else { return };
    let source = large(&rig);
    rig.adt(&["copy", &rig.path("source"), "s3://recordings/there"]).ends(0);
    let back = rig.desk.root.join("back");
    let args = ["copy", "s3://recordings/there", &rig.path("back")];
    let asked = rig.desk.tally().count("GetObject");
    let mut child = rig.start(&[&args[..], &SLOWLY].concat());
    until("three pieces", || rig.desk.tally().count("GetObject") >= asked + 3);
    // Meanwhile the same work belongs to that process.
    rig.adt(&args).says("has been working on");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!back.join("large.bin").exists());
    assert_eq!(fs::read_dir(&back).unwrap().count(), 1);
    rig.adt(&args).ends(0);
    assert_eq!(fs::read_dir(&back).unwrap().count(), 1);
    assert_eq!(digest(&back), digest(&source));
}

/// Ctrl-C.
#[test]
fn a_stop_ends_it_in_order() {
    let Some(rig) = Rig::new() else { return };
    large(&rig);
    let args = ["copy", &rig.path("source"), "s3://recordings/there"];
    let child = rig.start(&[&args[..], &SLOWLY].concat());
    until("two parts", || rig.desk.tally().count("UploadPart") >= 2);
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let said = Said::from(child.wait_with_output().unwrap());
    assert_ne!(said.code, Some(0), "{said:?}");
    rig.adt(&args).ends(0);
}
