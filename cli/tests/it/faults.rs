//! Servers that fail, and sources that do not hold still.

use std::sync::atomic::{AtomicBool, Ordering};

use adt_testkit::{FaultKind, FaultPlan, FaultyProxy, tree::TreeSpec};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rstest::rstest;

use crate::desk::{ASSET, Desk, Job, RECORD, Said, a_part_is_stored, differing, digest, unzipped, within};

/// A share far above what real servers do makes it likely that each kind of request fails, before and after the server did it.
#[rstest]
#[case::five_percent(5, 1)]
#[case::thirty_percent(30, 2)]
fn a_server_that_fails_now_and_then_costs_only_time(#[case] percent: u8, #[case] seed: u64) {
    let desk = Desk::new();
    let plain = desk.tree("plain", &TreeSpec { files: 120, big_file: 17_000_000, ..TreeSpec::default() }, 3);
    let zipped = desk.tree("zipped", &TreeSpec { files: 10, big_file: 20_000_000, ..TreeSpec::default() }, 4);
    let job = Job::new().copy("behavior-videos", &plain).zip("behavior", &zipped);
    let list = desk.list(&job);
    let proxy = FaultyProxy::start(&desk.endpoint(), FaultPlan::every_kind(percent, seed)).unwrap();
    let mut command =
        desk.adt(&["run", list.as_str(), "--request-timeout", "2s", "--retry-time", "60s", "--json"]);
    Said::of(command.env("AWS_ENDPOINT_URL_S3", proxy.endpoint())).ends(0);
    assert!(proxy.tally().faults.len() > 1, "{:?}", proxy.tally());
    let there = digest(&desk.asset());
    assert_eq!(differing(&within("behavior-videos", &there), &digest(&plain)), [""; 0]);
    let unzipped = unzipped(&desk.asset().join("behavior/zipped.zip"), &desk.root.join("unzipped"));
    assert_eq!(differing(&within("zipped", &unzipped), &digest(&zipped)), [""; 0]);
    assert_eq!(desk.uploads(), 0, "multipart uploads are left behind");
}

/// The server begins an upload, and its answer is lost: nobody knows the upload's id.
#[rstest]
fn an_upload_whose_id_was_lost_is_not_left_behind(#[values(1, 2)] seed: u64) {
    let desk = Desk::new();
    for i in 0..3 {
        desk.tree(
            &format!("plain/{i}"),
            &TreeSpec { files: 0, big_file: 17_000_000, ..TreeSpec::default() },
            i,
        );
    }
    let list = desk.list([Job::new().copy("behavior", desk.root.join("plain"))]);
    let plan = FaultPlan { kinds: vec![FaultKind::Fault500], ..FaultPlan::every_kind(40, seed) };
    let proxy = FaultyProxy::start(&desk.endpoint(), plan).unwrap();
    Said::of(desk.adt(&["run", list.as_str()]).env("AWS_ENDPOINT_URL_S3", proxy.endpoint())).ends(0);
    let begun = desk.tally().count("CreateMultipartUpload");
    assert_eq!(desk.uploads(), 0, "of {begun} uploads that were begun");
}

#[test]
fn a_server_that_always_fails_ends_its_job_in_time_and_others_go_on() {
    let desk = Desk::new();
    let plain = desk.small_tree("plain");
    let job = Job::new().copy("behavior", &plain);
    let healthy = job.clone().with("s3_bucket", desk.file_place());
    let list = desk.list([job, healthy]);
    let proxy = FaultyProxy::start(&desk.endpoint(), FaultPlan::every_kind(100, 1)).unwrap();
    let mut command =
        desk.adt(&["run", list.as_str(), "--request-timeout", "1s", "--retry-time", "2s", "--json"]);
    let said = Said::of(command.env("AWS_ENDPOINT_URL_S3", proxy.endpoint())).ends(1);
    let ended = said.events("job-finished");
    assert_eq!((&ended[0]["end"], &ended[1]["end"]), (&"failed".into(), &"done".into()));
    let fault = ended[0]["fault"].as_str().unwrap();
    assert!(fault.contains("s3://recordings") && !fault.contains('\n'), "{fault}");
    assert!(ended[0]["help"].as_str().unwrap().contains("run the same command again"), "{said:#?}");
    // Its budget, the last attempt, and as much again for a slow machine.
    assert!(ended[0]["seconds"].as_f64().unwrap() < 30.0, "{said:#?}");
    assert!(desk.root.join("disk").join(ASSET).join(RECORD).is_file());
}

fn grow(path: &Utf8Path) {
    use std::io::Write;
    fs::OpenOptions::new().append(true).open(path).unwrap().write_all(b"more").unwrap();
}

fn rewrite(path: &Utf8Path) {
    let size = fs::metadata(path).unwrap().len();
    fs::write(path, vec![7; size as usize]).unwrap();
}

fn shrink(path: &Utf8Path) {
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len(20_000_000).unwrap();
}

fn remove(path: &Utf8Path) {
    fs::remove_file(path).unwrap();
}

#[rstest]
#[case::grows(grow, "changed while it was read")]
#[case::is_rewritten(rewrite, "changed while it was read")]
#[case::shrinks(shrink, "changed while it was read")]
#[case::vanishes(remove, "vanished while it was read")]
fn a_file_that_changes_while_it_is_read_fails_its_job(
    #[case] change: fn(&Utf8Path),
    #[case] why: &str,
    #[values("copy", "zip")] way: &str,
) {
    let changed = AtomicBool::new(false);
    // Part 1 stands, part 2 is on its way, and the file's end has not been read.
    let desk = Desk::watched(move |store| {
        if a_part_is_stored(store) && !changed.swap(true, Ordering::SeqCst) {
            change(&store.with_file_name("plain").join("big.bin"));
        }
    });
    // A zip's file is read further ahead, and not looked at again once it is compressed.
    let big_file = if way == "zip" { 80_000_000 } else { 30_000_000 };
    let plain = desk.tree("plain", &TreeSpec { files: 5, big_file, ..TreeSpec::default() }, 3);
    let job =
        if way == "zip" { Job::new().zip("behavior", &plain) } else { Job::new().copy("behavior", &plain) };
    let said = desk.run(&job, &[&["--json"], &Desk::SLOWLY[..]].concat()).ends(1);
    let ended = said.events("job-finished");
    let fault = ended[0]["fault"].as_str().unwrap();
    assert!(fault.contains(why) && fault.contains("big.bin"), "{fault}");
    assert_eq!(ended[0]["class"], "corrupt");
    let left: Vec<String> =
        if desk.asset().exists() { digest(&desk.asset()).into_keys().collect() } else { vec![] };
    assert!(
        !left.iter().any(|key| key.contains("big.bin") || key.contains("zip") || key == RECORD),
        "{left:?}"
    );
    assert_eq!(desk.uploads(), 0);
    // The rig has finished writing: now it goes.
    desk.run(&job, &[]).ends(0);
    assert!(desk.asset().join(RECORD).is_file());
}

/// A hook that does something to the source once the first small object is stored.
fn after_the_first_object(change: impl Fn(Utf8PathBuf) + Send + Sync + 'static) -> Desk {
    let changed = AtomicBool::new(false);
    Desk::watched(move |store| {
        let bucket = store.join("recordings").join(ASSET).join("behavior");
        if bucket.exists() && !changed.swap(true, Ordering::SeqCst) {
            change(store.with_file_name("plain"));
        }
    })
}

#[rstest]
#[case::a_new_file(|rig: Utf8PathBuf| fs::write(rig.join("zzz new.bin"), "late").unwrap())]
#[case::a_changed_file(|rig: Utf8PathBuf| grow(&rig.join("aaa.bin")))]
#[case::a_file_less(|rig: Utf8PathBuf| fs::remove_file(rig.join("aaa.bin")).unwrap())]
fn a_folder_that_changes_while_its_job_runs_gets_no_record(#[case] change: fn(Utf8PathBuf)) {
    let desk = after_the_first_object(change);
    let plain = desk.small_tree("plain");
    fs::write(plain.join("aaa.bin"), "early").unwrap();
    let job = Job::new().copy("behavior", &plain);
    let said = desk.run(&job, &["--json", "--lanes", "1"]).ends(1);
    let fault = said.events("job-finished")[0]["fault"].as_str().unwrap().to_owned();
    assert!(fault.contains("changed while") || fault.contains("vanished while"), "{fault}");
    assert!(!desk.asset().join(RECORD).exists());
    desk.run(&job, &[]).ends(0);
    // What was deleted may have been sent before; everything that is there must be.
    let mut there = within("behavior", &digest(&desk.asset()));
    there.retain(|key, _| plain.join(key).exists());
    assert_eq!(differing(&there, &digest(&plain)), [""; 0]);
}
