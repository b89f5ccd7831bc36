//! `kill -9` at random moments, each followed by the same command: the destination ends as after one clean run.
//!
//! `ADT_KILLS` sets how many kills each case takes (4 where it is not set), `ADT_KILL_BYTES` the size of its one large file.

use std::{
    collections::BTreeMap,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use adt_ledger::JobState;
use adt_testkit::{
    Seed,
    kill::KillLoop,
    open_ephys::{self, Gui, StreamSpec},
    tree::TreeSpec,
};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rstest::rstest;

use crate::desk::{ASSET, Desk, Job, RECORD, Tree, differing, digest};

/// A number from the environment.
pub(crate) fn asked(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |text| text.parse().unwrap())
}

/// Where the job's data goes, and how.
struct Work {
    desk: Desk,
    job: Job,
    asset: Utf8PathBuf,
    destination: String,
}

impl Work {
    fn new(way: &str) -> Self {
        let desk = Desk::new();
        let big_file = asked("ADT_KILL_BYTES", 40_000_000);
        let files = big_file / 250_000 + 140;
        let plain = desk.tree("rig/plain", &TreeSpec { files, big_file, ..TreeSpec::default() }, 11);
        let zipped =
            desk.tree("rig/zipped", &TreeSpec { files: 40, big_file: 20_000_000, ..TreeSpec::default() }, 12);
        let mut job = Job::new().copy("behavior-videos", plain).zip("behavior", zipped);
        if way == "recordings" {
            let session = desk.root.join("rig/session");
            let streams = [
                StreamSpec::probe("Neuropix-PXI-100.ProbeA", 32, 400_000).with_sync("SYNC"),
                StreamSpec::ni_daq(8, 100_000),
            ];
            open_ephys::recording(&session, "Record Node 101", (1, 1), Gui::V06, &streams).unwrap();
            job = Job::new().zip("ecephys", session);
        }
        let mut job = job.with("metadata_dir", desk.metadata());
        let (mut asset, mut destination) = (desk.asset(), "s3://recordings".to_owned());
        if way == "temp" {
            fs::create_dir(desk.root.join("temp")).unwrap();
            job = job.with("temp_directory", desk.root.join("temp"));
        }
        if way == "folder" {
            job = job.with("s3_bucket", desk.file_place());
            (asset, destination) = (desk.root.join("disk").join(ASSET), desk.root.join("disk").into_string());
        }
        Self { desk, job, asset, destination }
    }

    fn command(&self) -> Command {
        let list = self.desk.list(&self.job);
        let mut command = self.desk.adt(&["run", list.as_str(), "--quiet"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// As if nothing had ever been run.
    fn forget(&self) {
        fs::remove_dir_all(&self.asset).unwrap();
        fs::remove_dir_all(self.desk.root.join("store/.s3/objects/recordings")).ok();
        fs::remove_dir_all(self.desk.root.join("home")).unwrap();
        fs::create_dir(self.desk.root.join("home")).unwrap();
    }

    /// Nothing of the way there is left.
    fn is_clean(&self, clean: &Tree) {
        assert_eq!(differing(&digest_of(&self.asset), clean), [""; 0], "destination and clean run");
        assert_eq!(self.desk.uploads(), 0, "multipart uploads are left behind");
        let temp = self.desk.root.join("temp");
        assert!(!temp.exists() || digest(&temp).is_empty(), "temporary files are left behind");
        assert!(!temp.exists() || fs::read_dir(&temp).unwrap().count() == 0);
        let row = self.desk.job(&self.destination).unwrap();
        assert_eq!((row.state, row.building), (JobState::Done, None));
    }
}

#[rstest]
#[case::straight("straight", 1)]
#[case::built_in_a_temporary_folder("temp", 2)]
#[case::to_a_folder("folder", 3)]
#[case::recordings("recordings", 4)]
fn a_killed_job_goes_on_and_ends_like_a_clean_one(#[case] way: &str, #[case] seed: u64) {
    let work = Work::new(way);
    let began = Instant::now();
    assert!(work.command().status().unwrap().success());
    let whole = began.elapsed();
    let clean = digest_of(&work.asset);

    let kills = asked("ADT_KILLS", 4) as u32;
    let mut seeds = Seed::new(asked("ADT_SEED", seed));
    let mut done = 0;
    let mut rounds = 0;
    let mut sent = 0;
    while done < kills {
        work.forget();
        let cap = (kills - done).min(8);
        let seed = seeds.bits();
        let plan = KillLoop { earliest: Duration::from_millis(20), latest: whole.mul_f64(0.6), seed, cap };
        let mut confirmed = BTreeMap::new();
        let before = work.desk.tally().bytes;
        let killed = plan
            .run(|| {
                not_sent_again(&mut confirmed, &work.desk);
                work.command()
            })
            .unwrap();
        not_sent_again(&mut confirmed, &work.desk);
        assert!(killed.last.success(), "seed {seed}: {killed:?}");
        work.is_clean(&clean);
        done += killed.kills;
        rounds += 1;
        sent += work.desk.tally().bytes - before;
    }
    let once: u64 = clean.values().map(|(size, _)| size).sum();
    let again = if way == "folder" { 0.0 } else { sent as f64 / (once * rounds) as f64 };
    let times = format!("in {rounds} rounds, each object's bytes were stored {again:.3} times");
    tell(&format!("a_killed_job_goes_on_and_ends_like_a_clean_one, {way}, {times}"), done.into());
}

/// Everything but the two documents that tell times.
fn digest_of(asset: &Utf8Path) -> Tree {
    let mut tree = digest(asset);
    for name in [RECORD, "processing.json"] {
        assert!(tree.remove(name).is_some(), "{name} is missing");
    }
    tree
}

/// What the ledger called confirmed at an earlier kill has not been stored again since.
fn not_sent_again(confirmed: &mut BTreeMap<String, u64>, desk: &Desk) {
    let now = desk.confirmed();
    // What was built in a temporary folder and not sent by then is built again, and `processing.json` tells when.
    let built_again = desk.root.join("temp").exists().then_some("processing.json");
    for (key, times) in &*confirmed {
        // An asset that is changed again loses its record first; the record is then no longer confirmed.
        if key != RECORD && Some(key.as_str()) != built_again {
            assert_eq!(now.get(key), Some(times), "{key} was confirmed and sent again");
        }
    }
    *confirmed = now;
}

/// For a person who runs the drills by hand with `--nocapture`: the lines can be added up.
#[expect(clippy::print_stderr, reason = "numbers of a run by hand")]
pub(crate) fn tell(test: &str, kills: u64) {
    eprintln!("\nkills: {kills} {test}");
}
