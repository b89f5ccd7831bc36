//! A dry run reads and counts everything and writes nothing.

use std::collections::BTreeMap;

use adt_testkit::tree::TreeSpec;
use fs_err as fs;
use rstest::rstest;

use crate::desk::{ASSET, Desk, Job, RECORD, digest, under, writes};

#[rstest]
#[case::s3("s3")]
#[case::folder("file")]
fn it_lists_the_objects_and_writes_nothing(#[case] kind: &str) {
    let desk = Desk::new();
    let plain = desk.tree("plain", &TreeSpec { files: 10, big_file: 17_000_000, ..TreeSpec::default() }, 3);
    let zipped = desk.small_tree("zipped");
    let job = Job::new().copy("behavior-videos", &plain).zip("behavior", &zipped);
    let mut job = job.with("metadata_dir", desk.metadata());
    let mut asset = desk.asset();
    if kind == "file" {
        job = job.with("s3_bucket", desk.file_place());
        asset = desk.root.join("disk").join(ASSET);
    }
    let said = desk.run(&job, &["--dry-run", "--json"]).ends(0);
    assert!(!asset.exists());
    assert_eq!(writes(&desk.tally()), 0);
    let asked: Vec<_> = desk.tally().operations.into_keys().collect();
    assert!(
        asked.iter().all(|o| o.starts_with("List") || o.starts_with("Head") || o.starts_with("Get")),
        "{asked:?}"
    );

    let objects: BTreeMap<String, u64> = said
        .events("object")
        .iter()
        .map(|event| (event["key"].as_str().unwrap().to_owned(), event["bytes"].as_u64().unwrap()))
        .collect();
    for (key, (size, _)) in under("behavior-videos", &digest(&plain)) {
        assert_eq!(objects.get(&key), Some(&size), "{key}");
    }
    // It told the truth: the real run makes the same objects of the same sizes, but for times in generated documents.
    let real = desk.run(&job, &["--json"]).ends(0);
    let there = digest(&asset);
    assert_eq!(objects.keys().collect::<Vec<_>>(), there.keys().collect::<Vec<_>>());
    for (key, (size, _)) in &there {
        if ![RECORD, "processing.json"].contains(&key.as_str()) {
            assert_eq!(objects[key], *size, "{key}");
        }
    }
    assert_eq!(real.events("object").len(), said.events("object").len());
    assert_eq!(desk.uploads(), 0);
}

#[test]
fn it_needs_a_destination_that_can_be_read_but_not_one_that_can_be_written() {
    let desk = Desk::new();
    let job = Job::new().copy("behavior", desk.small_tree("plain"));
    let place = desk.file_place();
    let job = job.with("s3_bucket", format!("{place}/not/yet/made"));
    desk.run(&job, &["--dry-run"]).ends(0);
    assert_eq!(fs::read_dir(desk.root.join("disk")).unwrap().count(), 0);
}
