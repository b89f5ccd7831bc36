//! A list is run, and run again.

use adt_ledger::JobState;
use adt_testkit::tree::TreeSpec;
use fs_err as fs;
use rstest::rstest;

use crate::desk::{ASSET, Desk, Job, RECORD, digest, unzipped, within, writes};

#[rstest]
#[case::s3("s3")]
#[case::folder("file")]
fn what_arrives_is_what_was_there_and_a_second_run_sends_nothing(#[case] kind: &str) {
    let desk = Desk::new();
    // Large enough for several parts.
    let plain =
        desk.tree("rig/plain", &TreeSpec { files: 25, big_file: 18_000_000, ..TreeSpec::default() }, 1);
    let zipped = desk.tree("rig/to zip", &TreeSpec { files: 25, ..TreeSpec::default() }, 2);
    fs::create_dir(zipped.join("empty")).unwrap();
    let job = Job::new().copy("behavior-videos", &plain).zip("behavior", &zipped);
    let mut job = job.with("metadata_dir", desk.metadata());
    let (mut asset, mut destination) = (desk.asset(), "s3://recordings".to_owned());
    if kind == "file" {
        job = job.with("s3_bucket", desk.file_place());
        destination = desk.root.join("disk").into_string();
        asset = desk.root.join("disk").join(ASSET);
    }
    let said = desk.run(&job, &["--json"]).ends(0);
    assert_eq!(said.events("object").last().unwrap()["key"], RECORD, "the record comes last");

    let there = digest(&asset);
    assert_eq!(within("behavior-videos", &there), digest(&plain));
    let unzipped = unzipped(&asset.join("behavior/to zip.zip"), &desk.root.join("unzipped"));
    assert_eq!(within("to zip", &unzipped), digest(&zipped));
    assert!(desk.root.join("unzipped/to zip/empty").is_dir());
    for (name, bytes) in digest(&desk.metadata()) {
        assert_eq!(there[&name], bytes, "{name}");
    }
    for name in ["data_description.json", "processing.json", RECORD] {
        let document: serde_json::Value =
            serde_json::from_slice(&fs::read(asset.join(name)).unwrap()).unwrap();
        assert!(document.is_object(), "{name}");
    }
    let dated = |path: camino::Utf8PathBuf| fs::metadata(path).unwrap().modified().unwrap();
    if kind == "file" {
        assert_eq!(dated(asset.join("behavior-videos/big.bin")), dated(plain.join("big.bin")));
    }
    assert_eq!(desk.job(&destination).map(|row| row.state), Some(JobState::Done));

    let before = writes(&desk.tally());
    desk.run(&job, &[]).ends(0).says("skipped");
    assert_eq!(writes(&desk.tally()), before);
    assert_eq!(digest(&asset), there);
    assert_eq!(desk.uploads(), 0);
}

#[test]
fn a_done_job_is_skipped_when_its_source_is_deleted() {
    let desk = Desk::new();
    let plain = desk.small_tree("rig");
    let job = Job::new().copy("behavior", &plain);
    desk.run(&job, &[]).ends(0);
    fs::remove_dir_all(&plain).unwrap();
    desk.run(&job, &[]).ends(0).says("skipped");
}
