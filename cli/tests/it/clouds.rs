//! Jobs whose assets go to other clouds than S3.

use adt_testkit::stores::Store;
use camino::Utf8Path;
use rstest::rstest;

use crate::desk::{ASSET, Desk, Job, RECORD, Said, differing, digest, within};

#[rstest]
#[case::google(Store::Gcs)]
#[case::azure(Store::Azurite)]
fn a_job_goes_to_the_cloud_that_its_list_names(#[case] store: Store) {
    let desk = Desk::new();
    let programs = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let cloud = store.start(&programs, &desk.root.join("cloud")).unwrap();
    let plain = desk.small_tree("plain");
    let place = format!("{}/jobs", cloud.root);
    let list = desk.list([Job::new().copy("behavior", &plain).with("s3_bucket", &place)]);
    let adt = |args: &[&str]| {
        let mut command = desk.adt(args);
        command.envs(&cloud.environment).env("ADT_LANES", "4").env("ADT_REQUEST_TIMEOUT", "5s");
        Said::of(&mut command)
    };
    adt(&["run", list.as_str()]).ends(0);
    let asset = format!("{place}/{ASSET}");
    let back = desk.root.join("back");
    adt(&["copy", &asset, back.as_str()]).ends(0);
    let there = digest(&back);
    assert!(there.contains_key(RECORD), "{there:?}");
    assert_eq!(differing(&within("behavior", &there), &digest(&plain)), [""; 0]);
    let again = adt(&["run", list.as_str(), "--json"]).ends(0);
    assert_eq!(again.events("job-finished")[0]["end"], "skipped");
}
