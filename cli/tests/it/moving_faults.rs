//! Servers that fail, and bytes that are damaged on their way, while objects are moved.

use adt_testkit::{FaultKind, FaultPlan, FaultyProxy, tree::TreeSpec};
use fs_err as fs;
use rstest::rstest;

use crate::desk::{Desk, Said, differing, digest};

const PATIENT: [&str; 5] = ["--request-timeout", "2s", "--retry-time", "60s", "--json"];

fn tree() -> TreeSpec {
    TreeSpec { files: 120, big_file: 20_000_000, ..TreeSpec::default() }
}

/// Up, by the server, and down again: whatever fails, nothing wrong is ever called done.
#[rstest]
#[case::five_percent(5, 1)]
#[case::five_percent_of_another_draw(5, 2)]
#[case::twenty_percent(20, 3)]
fn objects_come_whole_through_faults_of_every_kind(#[case] percent: u8, #[case] seed: u64) {
    let desk = Desk::new();
    let source = desk.tree("plain", &tree(), 3);
    let back = desk.root.join("back");
    let proxy = FaultyProxy::start(&desk.endpoint(), FaultPlan::every_kind(percent, seed)).unwrap();
    let moves = [
        (source.as_str(), "s3://recordings/there"),
        ("s3://recordings/there", "s3://recordings/beside"),
        ("s3://recordings/beside", back.as_str()),
    ];
    for (from, to) in moves {
        // What is damaged again and again is told, and comes with the next run.
        let ended = (0..5).any(|_| {
            let mut command = desk.adt(&[&["copy", from, to], &PATIENT[..]].concat());
            command.env("AWS_ENDPOINT_URL_S3", proxy.endpoint()).output().unwrap().status.success()
        });
        assert!(ended, "{from} to {to}: {:?}", proxy.tally());
        Said::of(&mut desk.adt(&["verify", from, to, "--download"])).ends(0);
    }
    assert_eq!(differing(&digest(&back), &digest(&source)), [""; 0]);
    assert!(proxy.tally().faults.len() > 3, "{:?}", proxy.tally());
    assert_eq!(desk.uploads(), 0, "multipart uploads are left behind");
}

/// Every object arrives damaged every time.
#[test]
fn what_never_comes_whole_is_never_called_done() {
    let desk = Desk::new();
    let source = desk.tree("plain", &tree(), 4);
    Said::of(&mut desk.adt(&["copy", source.as_str(), "s3://recordings/x"])).ends(0);
    let plan = FaultPlan { kinds: vec![FaultKind::Damaged], ..FaultPlan::every_kind(100, 1) };
    let proxy = FaultyProxy::start(&desk.endpoint(), plan).unwrap();
    let back = desk.root.join("back");
    let mut command = desk.adt(&["copy", "s3://recordings/x", back.as_str(), "--json"]);
    let said = Said::of(command.env("AWS_ENDPOINT_URL_S3", proxy.endpoint())).ends(1);
    let files = digest(&source);
    let damaged = files.keys().filter(|name| fs::metadata(source.join(name)).unwrap().len() > 0).count();
    assert_eq!(said.events("object-failed").len(), damaged);
    let whole: Vec<_> = digest(&back).into_iter().filter(|(name, sum)| files[name] != *sum).collect();
    assert!(whole.is_empty(), "{whole:?}");
}

/// A listing that cannot be had, or an object that cannot be read, is no reason to remove anything.
#[test]
fn nothing_is_removed_when_something_failed() {
    let desk = Desk::new();
    let source = desk.tree("plain", &TreeSpec { files: 20, ..TreeSpec::default() }, 5);
    let there = desk.root.join("there");
    Said::of(&mut desk.adt(&["copy", source.as_str(), "s3://recordings/x"])).ends(0);
    fs::create_dir(&there).unwrap();
    fs::write(there.join("only here"), "kept").unwrap();
    let plan = FaultPlan { kinds: vec![FaultKind::Damaged], ..FaultPlan::every_kind(100, 1) };
    let proxy = FaultyProxy::start(&desk.endpoint(), plan).unwrap();
    let mut command = desk.adt(&["sync", "s3://recordings/x", there.as_str(), "--delete"]);
    Said::of(command.env("AWS_ENDPOINT_URL_S3", proxy.endpoint())).ends(1);
    assert!(there.join("only here").is_file());
    Said::of(&mut desk.adt(&["sync", "s3://recordings/x", there.as_str(), "--delete"])).ends(0);
    assert!(!there.join("only here").exists());
    assert_eq!(differing(&digest(&there), &digest(&source)), [""; 0]);
}
