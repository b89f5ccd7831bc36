//! A person, or the machine, stops the program; and a second one that begins while the first is at work.

#![cfg(unix)]

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

use adt_ledger::JobState;
use adt_testkit::tree::TreeSpec;
use camino::Utf8Path;
use fs_err as fs;
use rstest::rstest;

use crate::desk::{ASSET, Desk, Job, RECORD, Said, a_part_is_stored, differing, digest, within};

/// Holds one request up, once a part is stored, until it is let go.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Default, PartialEq, Clone, Copy, PartialOrd)]
enum State {
    #[default]
    Waiting,
    Held,
    Open,
}

impl Gate {
    fn hold(&self, store: &Utf8Path) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        if *state == State::Waiting && a_part_is_stored(store) {
            *state = State::Held;
            changed.notify_all();
            drop(changed.wait_while(state, |state| *state == State::Held).unwrap());
        }
    }

    fn wait_until_held(&self) {
        let (state, changed) = &*self.0;
        drop(changed.wait_while(state.lock().unwrap(), |state| *state == State::Waiting).unwrap());
    }

    fn open(&self) {
        let (state, changed) = &*self.0;
        *state.lock().unwrap() = State::Open;
        changed.notify_all();
    }
}

/// A desk whose job is in the middle of its large file.
fn at_work() -> (Desk, Job, Gate, Child) {
    let gate = Gate::default();
    let held = gate.clone();
    let desk = Desk::watched(move |store| held.hold(store));
    let plain = desk.tree("plain", &TreeSpec { files: 20, big_file: 50_000_000, ..TreeSpec::default() }, 3);
    let job = Job::new().copy("behavior", plain);
    let child = desk.start(&job, &Desk::SLOWLY);
    gate.wait_until_held();
    (desk, job, gate, child)
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Reads until the program says that it heard; what is printed meanwhile on stdout is taken in by a thread of its own.
fn heard(child: &mut Child, words: &str) -> BufReader<std::process::ChildStderr> {
    if let Some(mut stdout) = child.stdout.take() {
        thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
    }
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(words) {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it never said {words:?}");
    }
    stderr
}

#[rstest]
#[case::ctrl_c("-INT")]
#[case::terminate("-TERM")]
fn once_finishes_what_is_in_flight_and_a_rerun_sends_only_the_rest(#[case] name: &str) {
    let (desk, job, gate, mut child) = at_work();
    signal(&child, name);
    let stderr = heard(&mut child, "interrupted");
    gate.open();
    let _ = stderr.lines().count();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(desk.job("s3://recordings").unwrap().state, JobState::Interrupted);
    assert_eq!(desk.uploads(), 1, "the upload is kept for the next run");
    let stored = desk.tally().bytes;

    desk.run(&job, &[]).ends(0);
    let there = digest(&desk.asset());
    assert_eq!(within("behavior", &there), digest(&desk.root.join("plain")));
    let all: u64 = there.values().map(|(size, _)| size).sum();
    assert_eq!(desk.tally().bytes, all, "{stored} of {all} bytes were stored when it was stopped");
    assert_eq!(desk.uploads(), 0);
}

#[test]
fn twice_ends_at_once() {
    let (desk, job, gate, mut child) = at_work();
    signal(&child, "-INT");
    let stderr = heard(&mut child, "interrupted");
    signal(&child, "-INT");
    // The request still hangs; nobody waits for it.
    let _ = stderr.lines().count();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    gate.open();
    assert_eq!(desk.job("s3://recordings").unwrap().state, JobState::Interrupted);
    desk.run(&job, &[]).ends(0);
    assert_eq!(within("behavior", &digest(&desk.asset())), digest(&desk.root.join("plain")));
    assert_eq!(desk.uploads(), 0);
}

/// Between a kill and the next run the large file of which half was sent is edited, or deleted.
#[rstest]
#[case::edited(|file: &Utf8Path| fs::write(file, vec![1; 20_000_000]).unwrap())]
#[case::now_small(|file: &Utf8Path| fs::write(file, "small").unwrap())]
#[case::deleted(|file: &Utf8Path| fs::remove_file(file).unwrap())]
fn a_half_sent_file_that_is_another_one_by_now(
    #[case] change: fn(&Utf8Path),
    #[values("s3", "folder")] kind: &str,
) {
    let (desk, job) = if kind == "s3" {
        let (desk, job, gate, mut child) = at_work();
        child.kill().unwrap();
        child.wait().unwrap();
        gate.open();
        (desk, job)
    } else {
        let desk = Desk::new();
        let plain =
            desk.tree("plain", &TreeSpec { files: 20, big_file: 60_000_000, ..TreeSpec::default() }, 3);
        let job = Job::new().copy("behavior", plain).with("s3_bucket", desk.file_place());
        let mut child = desk.start(&job, &Desk::SLOWLY);
        let half = desk.root.join("disk").join(ASSET).join("behavior");
        while child.try_wait().unwrap().is_none() && !names(&half).any(|name| name.contains("big.bin")) {
            thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        (desk, job)
    };
    let plain = desk.root.join("plain");
    change(&plain.join("big.bin"));
    let asset = if kind == "s3" { desk.asset() } else { desk.root.join("disk").join(ASSET) };
    desk.run(&job, &[]).ends(0);
    assert_eq!(differing(&within("behavior", &digest(&asset)), &digest(&plain)), [""; 0]);
    assert_eq!(desk.uploads(), 0);
}

fn names(folder: &Utf8Path) -> impl Iterator<Item = String> {
    let entries = folder.read_dir_utf8().into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_owned())
}

#[test]
fn a_second_process_on_the_same_asset_is_refused_and_disturbs_nothing() {
    let (desk, job, gate, mut child) = at_work();
    let said = desk.run(&job, &["--json"]).ends(1).says("has been working on").says(&child.id().to_string());
    assert_eq!(said.events("job-finished")[0]["class"], "conflict");
    gate.open();
    heard(&mut child, "done");
    assert!(child.wait().unwrap().success());
    assert_eq!(desk.job("s3://recordings").unwrap().state, JobState::Done);
}

#[test]
fn stopped_before_the_first_request_is_answered() {
    let gate = Gate::default();
    let held = gate.clone();
    let desk = Desk::watched(move |_| {
        let (state, changed) = &*held.0;
        let mut state = state.lock().unwrap();
        if *state == State::Waiting {
            *state = State::Held;
            changed.notify_all();
            drop(changed.wait_while(state, |state| *state == State::Held).unwrap());
        }
    });
    let job = Job::new().copy("behavior", desk.small_tree("plain"));
    let child = desk.start(&job, &[]);
    gate.wait_until_held();
    signal(&child, "-INT");
    // The second counts only after the first was heard; two that come as one are one.
    thread::sleep(Duration::from_millis(300));
    signal(&child, "-INT");
    let said = Said::from(child.wait_with_output().unwrap());
    gate.open();
    assert_eq!(said.code, Some(130), "{said:#?}");
    desk.run(&job, &[]).ends(0);
}

/// `adt run jobs.csv 2>&1 | head -1`: whoever read the words has gone.
#[test]
fn a_reader_that_goes_away_ends_no_job() {
    let desk = Desk::new();
    let list = desk.list(Job::new().copy("behavior", desk.small_tree("rig")));
    for command in ["check", "run"] {
        let mut child = desk
            .adt(&[command, list.as_str(), "--log-level", "debug"])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().unwrap().code(), Some(0), "{command}");
    }
    assert!(desk.asset().join(RECORD).is_file());
}
