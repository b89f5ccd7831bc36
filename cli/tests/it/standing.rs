//! What stands at the destination already.

use adt_testkit::tree::TreeSpec;
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rstest::rstest;

use crate::desk::{ASSET, Desk, Job, RECORD, Said, differing, digest, within, writes};

#[rstest]
#[case::s3("s3")]
#[case::folder("file")]
fn somebody_elses_asset_is_refused_and_other_rows_go_on(#[case] kind: &str) {
    let desk = Desk::new();
    let rig = desk.small_tree("rig");
    let mut job = Job::new().copy("behavior", &rig);
    let mut parent: Utf8PathBuf = desk.asset().parent().unwrap().to_owned();
    if kind == "file" {
        job = job.with("s3_bucket", desk.file_place());
        parent = desk.root.join("disk");
    }
    fs::create_dir_all(parent.join(ASSET)).unwrap();
    fs::write(parent.join(ASSET).join("notes.txt"), "mine").unwrap();
    let other = job.clone().with("subject_id", "700000");
    desk.run([job, other], &[]).ends(1).says(ASSET).says("exists already").says("force_cloud_sync");
    assert_eq!(digest(&parent.join(ASSET)).len(), 1, "nothing was added to it");
    assert!(parent.join(ASSET.replace("714321", "700000")).join(RECORD).is_file());
}

#[rstest]
fn a_longer_name_is_no_obstacle(#[values("_sorted_2024-05-07_00-00-00", "0")] tail: &str) {
    let desk = Desk::new();
    let rig = desk.small_tree("rig");
    let longer = desk.asset().with_file_name(format!("{ASSET}{tail}"));
    fs::create_dir_all(&longer).unwrap();
    fs::write(longer.join("notes.txt"), "mine").unwrap();
    desk.run([Job::new().copy("behavior", rig)], &[]).ends(0);
    assert!(desk.asset().join(RECORD).is_file());
    assert_eq!(digest(&longer).len(), 1);
}

/// The same ledger, and one that has never heard of the asset.
#[rstest]
fn force_sends_what_differs_and_deletes_nothing(#[values("same", "other")] ledger: &str) {
    let desk = Desk::new();
    let rig = desk.tree("rig", &TreeSpec { files: 20, big_file: 17_000_000, ..TreeSpec::default() }, 5);
    let job = Job::new().copy("behavior", &rig).with("metadata_dir", desk.metadata());
    desk.run(&job, &[]).ends(0);
    let asset = desk.asset();

    fs::write(rig.join("new.txt"), "new").unwrap();
    let changed = digest(&rig).into_keys().find(|key| key.contains("0003")).unwrap();
    fs::write(rig.join(&changed), "changed").unwrap();
    let gone = digest(&rig).into_keys().find(|key| key.contains("0004")).unwrap();
    fs::remove_file(rig.join(&gone)).unwrap();
    fs::write(asset.join("behavior/theirs.txt"), "somebody else's").unwrap();

    let before = desk.tally();
    desk.run(&job, &[]).ends(1).says("force_cloud_sync");
    assert_eq!(writes(&desk.tally()), writes(&before), "refused without force");

    let fresh = desk.root.join("fresh.sqlite");
    let more: &[&str] = if ledger == "same" { &[] } else { &["--ledger", fresh.as_str()] };
    desk.run(&job, &[&["--force-cloud-sync"], more].concat()).ends(0);
    let sent: Vec<String> = desk
        .tally()
        .stored
        .into_iter()
        .filter(|(key, stored)| before.stored.get(key) != Some(stored))
        .map(|(key, _)| key.split_once(&format!("{ASSET}/")).unwrap().1.to_owned())
        .collect();
    let mut wanted = vec![format!("behavior/{changed}"), "behavior/new.txt".to_owned(), RECORD.to_owned()];
    wanted.sort();
    assert_eq!(sent, wanted);
    let mut there = within("behavior", &digest(&asset));
    assert!(there.remove("theirs.txt").is_some() && there.remove(&gone).is_some(), "nothing is deleted");
    assert_eq!(there, digest(&rig));
}

#[test]
fn force_on_an_unchanged_asset_sends_nothing() {
    let desk = Desk::new();
    let (plain, zipped) = (desk.small_tree("plain"), desk.small_tree("zipped"));
    let job = Job::new().copy("behavior-videos", plain).zip("behavior", zipped);
    desk.run(&job, &[]).ends(0);
    let before = writes(&desk.tally());
    desk.run(&job, &["--force-cloud-sync"]).ends(0);
    assert_eq!(writes(&desk.tally()), before);
}

#[test]
fn two_processes_never_work_on_one_asset() {
    let desk = Desk::new();
    let rig = desk.small_tree("rig");
    let job = Job::new().copy("behavior", rig);
    desk.run(&job, &["--dry-run"]).ends(0);
    // Another process that holds the asset, as a second `adt run` would.
    let ledger = adt_ledger::Ledger::open(&desk.ledger_path()).unwrap();
    let claim = ledger.claim(&format!("s3://recordings/{ASSET}").parse().unwrap()).unwrap();
    let before = writes(&desk.tally());
    let said = desk.run(&job, &["--json"]).ends(1).says("has been working on");
    assert_eq!(said.events("job-finished")[0]["class"], "conflict");
    assert_eq!(writes(&desk.tally()), before);
    drop(claim);
    desk.run(&job, &[]).ends(0);
}

/// A job that is done is skipped only while the destination still holds what was sent.
#[rstest]
#[case::all_gone(|asset: &Utf8Path| fs::remove_dir_all(asset).unwrap())]
#[case::the_record_gone(|asset: &Utf8Path| fs::remove_file(asset.join(RECORD)).unwrap())]
fn what_is_gone_from_a_done_asset_is_sent_again(
    #[case] lose: fn(&Utf8Path),
    #[values("s3", "folder")] kind: &str,
) {
    let desk = Desk::new();
    let mut job =
        Job::new().copy("behavior", desk.small_tree("plain")).zip("confocal", desk.small_tree("tiles"));
    if kind == "folder" {
        job = job.with("s3_bucket", desk.file_place());
    }
    let asset = if kind == "s3" { desk.asset() } else { desk.root.join("disk").join(ASSET) };
    desk.run(&job, &[]).ends(0);
    let mut whole = digest(&asset);
    desk.run(&job, &[]).ends(0).says("1 skipped");
    lose(&asset);
    desk.run(&job, &[]).ends(0).says("gone from the destination");
    let mut again = digest(&asset);
    // Written anew: they hold times.
    for name in [RECORD, "processing.json"] {
        assert_eq!((whole.remove(name).is_some(), again.remove(name).is_some()), (true, true), "{name}");
    }
    assert_eq!(differing(&again, &whole), [""; 0]);
    desk.run(&job, &[]).ends(0).says("1 skipped");
}

#[test]
fn a_done_asset_that_somebody_changed_is_refused() {
    let desk = Desk::new();
    let job = Job::new().copy("behavior", desk.small_tree("plain"));
    desk.run(&job, &[]).ends(0);
    fs::write(desk.asset().join("data_description.json"), "{}").unwrap();
    desk.run(&job, &[]).ends(1).says("was replaced since an earlier run completed it");
    desk.run(&job, &["--force-cloud-sync"]).ends(0);
    desk.run(&job, &[]).ends(0).says("1 skipped");
}

#[test]
fn without_its_source_a_done_asset_is_skipped_only_while_it_is_whole() {
    let desk = Desk::new();
    let source = desk.small_tree("plain");
    let job = Job::new().copy("behavior", &source);
    desk.run(&job, &[]).ends(0);
    fs::remove_dir_all(&source).unwrap();
    desk.run(&job, &[]).ends(0).says("1 skipped");
    fs::remove_file(desk.asset().join(RECORD)).unwrap();
    desk.run(&job, &[]).ends(1).says("its source is gone");
}

/// `check` says ok exactly when a run would go well.
#[test]
fn check_looks_at_the_destination_of_a_done_job() {
    let desk = Desk::new();
    let job = Job::new().copy("behavior", desk.write("rig/a.txt", "x").parent().unwrap());
    desk.run(&job, &[]).ends(0);
    let list = desk.list(&job);
    Said::of(&mut desk.adt(&["check", list.as_str()])).ends(0);
    let mut away = desk.adt(&["check", list.as_str()]);
    Said::of(away.env("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1").env("ADT_RETRY_TIME", "1s"))
        .ends(2)
        .says("s3_bucket");
}
