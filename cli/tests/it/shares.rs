//! Work that processes share: whoever does it, however often, what comes of it is what one process makes.

use std::process::{Child, Command, Stdio};

use adt_testkit::tree::TreeSpec;
use camino::Utf8Path;
use fs_err as fs;
use rstest::rstest;
use serde_json::Value;

use crate::{
    desk::{ASSET, Desk, Job, RECORD, Said, Tree, a_part_is_stored, differing, digest},
    ephys_session::{Rig, neuropixels},
    lab::until,
};

/// Documents tell when they were written.
const TELLING_TIME: [&str; 2] = [RECORD, "processing.json"];

/// Where the asset of a desk goes.
pub(crate) const DESTINATION: &str = "s3://recordings/behavior_714321_2024-05-06_07-08-09";

/// A desk with folders that become a few thousand objects and a zip.
pub(crate) fn shared() -> (Desk, Job) {
    let desk = Desk::new();
    let many = desk.tree("many", &TreeSpec { files: 2300, ..TreeSpec::default() }, 5);
    let zipped = desk.small_tree("zipped");
    let job = Job::new().copy("behavior", many).zip("fib", zipped);
    (desk, job)
}

impl Desk {
    /// Plans the list without a cluster.
    pub(crate) fn planned(&self, jobs: impl AsRef<[Job]>, flags: &[&str]) -> Said {
        let list = self.list(jobs);
        let words = ["submit", "--engine", "kubernetes", "--print", "--image", "lab/adt"];
        Said::of(&mut self.adt(&[&words, flags, &[list.as_str()]].concat()))
    }

    fn work(&self, flags: &[&str]) -> Command {
        self.adt(&[&["work", DESTINATION], flags].concat())
    }

    fn worked(&self, flags: &[&str]) -> Said {
        Said::of(&mut self.work(flags))
    }

    fn share(&self, share: &str) -> Child {
        self.work(&["--shard", share]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Of the asset, as one process makes it elsewhere.
    pub(crate) fn alone(&self, job: &Job) -> Tree {
        let place = self.file_place();
        let ledger = self.root.join("alone.sqlite");
        let list = self.list(job.clone().with("s3_bucket", &place));
        let flags = ["run", list.as_str(), "--ledger", ledger.as_str()];
        Said::of(&mut self.adt(&flags)).ends(0);
        data(&self.root.join("disk").join(ASSET))
    }
}

/// What stands in an asset, but for the documents that tell the time.
pub(crate) fn data(asset: &Utf8Path) -> Tree {
    let mut tree = digest(asset);
    for document in TELLING_TIME {
        assert!(tree.remove(document).is_some(), "no {document}");
    }
    tree
}

#[test]
fn shares_make_what_one_process_makes_and_send_each_object_once() {
    let (desk, job) = shared();
    desk.planned(&job, &[]).ends(0).says("completionMode: Indexed");
    desk.worked(&["--check"]).ends(75).says("4 of 4 items of stage 0");
    let shares: Vec<_> = (0..3).map(|share| desk.share(&format!("{share}/3"))).collect();
    for share in shares {
        Said::from(share.wait_with_output().unwrap()).ends(0);
    }
    desk.worked(&["--check"]).ends(0);
    desk.worked(&["--finish"]).ends(0);
    let tally = desk.tally();
    let often: Vec<_> =
        tally.stored.iter().filter(|(_, stored)| stored.put + stored.completed != 1).collect();
    let logs = |key: &str| key.contains("/.adt-work/log/");
    assert!(often.iter().all(|(key, _)| logs(key)), "{often:?}");
    assert_eq!(differing(&data(&desk.asset()), &desk.alone(&job)), Vec::<String>::new());
    // Whoever ends it has it in the history, and nothing is left to do.
    assert_eq!(desk.job("s3://recordings").unwrap().state, adt_ledger::JobState::Done);
    desk.run(&job, &[]).ends(0).says("done by an earlier run");
}

#[test]
fn a_share_killed_another_number_of_shares_and_the_same_share_twice_do_no_harm() {
    let (desk, job) = shared();
    desk.planned(&job, &[]).ends(0);
    let mut killed = desk.share("0/2");
    until("an object", || desk.asset().join("behavior").exists());
    killed.kill().unwrap();
    killed.wait().unwrap();
    desk.worked(&["--finish"]).ends(75).says("have no marker");
    let twice: Vec<_> = ["1/3", "1/3", "0/5", "2/3"].map(|share| desk.share(share)).into();
    for share in twice {
        Said::from(share.wait_with_output().unwrap()).ends(0);
    }
    desk.worked(&["--shard", "auto"]).ends(0);
    // Logs are for people: what cannot be read of them holds up nothing.
    fs_err::write(desk.asset().join(".adt-work/log/cut-off.json"), "{\"sta").unwrap();
    desk.worked(&["--finish"]).ends(0);
    assert_eq!(differing(&data(&desk.asset()), &desk.alone(&job)), Vec::<String>::new());
    desk.worked(&["--finish"]).ends(0).says("already complete");
}

#[cfg(unix)]
#[test]
fn a_share_that_is_asked_to_end_says_that_it_may_be_begun_again() {
    let (desk, job) = shared();
    desk.planned(&job, &[]).ends(0);
    let child = desk.work(&["--shard", "0/1", "--lanes", "1"]).stderr(Stdio::piped()).spawn().unwrap();
    until("an object", || desk.asset().join("behavior").exists());
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    Said::from(child.wait_with_output().unwrap()).ends(75);
    desk.worked(&["--shard", "0/1"]).ends(0);
    desk.worked(&["--finish"]).ends(0);
    assert_eq!(differing(&data(&desk.asset()), &desk.alone(&job)), Vec::<String>::new());
}

#[test]
fn a_source_that_changed_since_it_was_planned_is_not_worked_on() {
    let (desk, job) = shared();
    desk.planned(&job, &[]).ends(0);
    fs::write(desk.root.join("many/new.bin"), "new").unwrap();
    let said = desk.worked(&["--shard", "0/1"]).ends(2).says("changed since the work was planned");
    assert_eq!(said.stderr.matches("2300 files then, 2301 now").count(), 1, "{said:?}");
    desk.worked(&["--finish"]).ends(75);
    let log = fs::read_dir(desk.asset().join(".adt-work/log")).unwrap().next().unwrap().unwrap().path();
    assert!(fs::read_to_string(log).unwrap().contains("changed since the work was planned"));
    // What is planned again is the same work, of which what did not change is done.
    desk.worked(&["--check"]).ends(75).says("3 of 4 items");
    desk.planned(&job, &[]).ends(0);
    desk.worked(&["--check"]).ends(75).says("3 of 4 items");
    desk.worked(&["--shard", "0/1"]).ends(0);
    // Sent, and then gone from the source.
    fs::remove_file(desk.root.join("many/new.bin")).unwrap();
    desk.worked(&["--finish"]).ends(2).says("changed since the work was planned");
    desk.planned(&job, &[]).ends(0);
    desk.worked(&["--shard", "0/1"]).ends(0);
    desk.worked(&["--finish"]).ends(0);
    // Nothing that was sent is removed, here as in any other run.
    assert_eq!(differing(&data(&desk.asset()), &desk.alone(&job)), ["behavior/new.bin"]);
}

#[test]
fn what_an_item_fails_for_is_told_and_the_others_go_on() {
    let (desk, job) = shared();
    desk.planned(&job, &[]).ends(0);
    let locked = desk.root.join("zipped");
    let hidden = desk.root.join("hidden");
    fs::rename(&locked, &hidden).unwrap();
    let said = desk.worked(&["--shard", "0/1"]);
    assert!(said.code == Some(1) || said.code == Some(2), "{said:#?}");
    desk.worked(&["--check"]).ends(75).says("1 of 4 items");
    fs::rename(&hidden, &locked).unwrap();
    desk.worked(&["--shard", "0/1"]).ends(0);
    desk.worked(&["--finish"]).ends(0);
    assert_eq!(differing(&data(&desk.asset()), &desk.alone(&job)), Vec::<String>::new());
}

#[rstest]
#[case(&["--shard", "0/0"], "N is at least 1")]
#[case(&["--shard", "3/3"], "smaller than the second")]
#[case(&["--shard", "4/3"], "smaller than the second")]
#[case(&["--shard", "x"], "such as 0/4")]
#[case(&["--shard", "0/1", "--stage", "7"], "there is no stage 7")]
#[case(&[], "--shard")]
fn what_cannot_be_meant_is_one_line(#[case] flags: &[&str], #[case] says: &str) {
    let (desk, job) = shared();
    desk.planned(&job, &[]).ends(0);
    desk.worked(flags).ends(2).says(says);
}

#[test]
fn an_index_without_a_known_number_of_shares_is_an_error() {
    let (desk, job) = shared();
    desk.planned(&job, &[]).ends(0);
    let array = |flags: &[&str]| {
        let mut command = desk.work(&[&["--shard", "auto"], flags].concat());
        Said::of(command.env("SLURM_ARRAY_TASK_ID", "1").env("SLURM_ARRAY_TASK_COUNT", "2"))
    };
    array(&[]).ends(2).says("--shards");
    array(&["--shards", "1"]).ends(2);
    array(&["--shards", "2"]).ends(0);
}

#[test]
fn a_plan_of_another_version_and_a_destination_without_one_are_refused() {
    let (desk, job) = shared();
    desk.worked(&["--shard", "0/1"]).ends(2).says("there is no plan");
    desk.worked(&["--check"]).ends(2).says("there is no plan");
    desk.planned(&job, &[]).ends(0);
    let plan = desk.asset().join(".adt-work/plan.json");
    let text = fs::read_to_string(&plan).unwrap();
    fs::write(&plan, text.replacen("\"version\":1", "\"version\":99", 1)).unwrap();
    desk.worked(&["--shard", "0/1"]).ends(2).says("was made by adt");
    fs::write(&plan, "not json").unwrap();
    desk.worked(&["--shard", "0/1"]).ends(2).says("cannot be read");
    desk.planned(&job, &[]).ends(2);
    desk.planned(&job, &["--force"]).ends(0);
}

#[test]
fn a_job_that_needs_a_temporary_folder_or_standard_input_is_not_shared() {
    let (desk, job) = shared();
    let temp = desk.root.join("temp");
    fs::create_dir(&temp).unwrap();
    desk.planned(job.with("temp_directory", &temp), &[]).ends(2).says("temp_directory");
    let words = ["submit", "--engine", "kubernetes", "--print", "--image", "x", "-"];
    Said::of(&mut desk.adt(&words)).ends(2).says("the jobs are not in a file");
    let words = ["submit", "--engine", "kubernetes", "jobs.csv"];
    Said::of(&mut desk.adt(&words)).ends(2).says("--print");
    assert!(!a_part_is_stored(&desk.root.join("store")));
}

#[test]
fn sbatch_missing_is_one_line_and_nothing_is_submitted() {
    let (desk, job) = shared();
    let list = desk.list(&job);
    let runs = desk.root.join("runs");
    let mut command = desk.adt(&["submit", "--run-dir", runs.as_str(), list.as_str()]);
    Said::of(command.env("PATH", "/nowhere")).ends(2).says("cannot be run");
    assert_eq!(runs.read_dir_utf8().unwrap().count(), 0);
    assert!(!desk.asset().exists());
}

/// How samples are stored; chunks of 1 ms make several ranges of the longer streams.
#[rstest]
#[case::exact("lsb: exact")]
#[case::as_they_are("lsb: none")]
#[case::as_spikeinterface_does("lsb: spikeinterface")]
fn streams_are_read_by_one_process_and_compressed_by_many(#[case] lsb: &str) {
    let rig = Rig::new();
    neuropixels(&rig);
    let desk = &rig.desk;
    let config = desk.write("ephys.yml", &format!("compress_chunk_duration: 1ms\n{lsb}\n"));
    let job = Job::new()
        .with("modality0", "ecephys")
        .with("modality0.source", &rig.session)
        .with("modality0.extra_configs", &config);
    desk.planned(&job, &[]).ends(0);
    desk.worked(&["--shard", "0/2", "--stage", "1"]).ends(75).says("6 of 6 items of stage 0");
    let both = |stage: &str| {
        let shares: Vec<_> = ["0/2", "1/2"]
            .map(|share| {
                desk.work(&["--shard", share, "--stage", stage]).stderr(Stdio::piped()).spawn().unwrap()
            })
            .into();
        for share in shares {
            Said::from(share.wait_with_output().unwrap()).ends(0);
        }
    };
    both("0");
    assert!(
        !desk
            .asset()
            .join("ecephys_compressed")
            .read_dir_utf8()
            .unwrap()
            .any(|store| { store.unwrap().path().join(".zattrs").exists() })
    );
    let read = jiff::Timestamp::now();
    both("1");
    desk.worked(&["--finish"]).ends(0);
    let processing: Value =
        serde_json::from_slice(&fs::read(desk.asset().join("processing.json")).unwrap()).unwrap();
    let began = &processing["processing_pipeline"]["data_processes"][0]["start_date_time"];
    let began: jiff::Timestamp = began.as_str().unwrap().parse().unwrap();
    assert!(began < read, "the first process began before {read}: {processing}");
    let tally = desk.tally();
    let often: Vec<_> = tally
        .stored
        .iter()
        .filter(|(key, sent)| !key.contains("/.adt-work/log/") && sent.put + sent.completed != 1)
        .collect();
    assert!(often.is_empty(), "{often:?}");
    assert_eq!(differing(&data(&desk.asset()), &desk.alone(&job)), Vec::<String>::new());
    desk.run(&job, &[]).ends(0).says("done by an earlier run");
}

#[test]
fn objects_are_moved_in_batches_and_the_end_does_what_concerns_all_of_them() {
    let desk = Desk::new();
    let source = desk.tree("many", &TreeSpec { files: 2300, ..TreeSpec::default() }, 5);
    let to = "s3://recordings/copied";
    let there = desk.root.join("store/recordings/copied");
    // What is no part of the source, and goes in the end.
    fs::create_dir_all(there.join("old")).unwrap();
    fs::write(there.join("old/file"), "old").unwrap();
    let manifest = desk.root.join("manifest.jsonl");
    let words = ["submit", "--engine", "aws-batch", "--print", "--image", "lab/adt"];
    let what = ["sync", source.as_str(), to, "--delete", "--exclude", "*7", "--manifest", manifest.as_str()];
    let submit = || Said::of(&mut desk.adt(&[&words[..], &what].concat()));
    let work = |flags: &[&str]| Said::of(&mut desk.adt(&[&["work", to], flags].concat()));
    submit().ends(0);
    work(&["--finish"]).ends(2).says("--delete");
    let end = ["--finish", "--delete", "--manifest", manifest.as_str()];
    work(&end).ends(75);
    let shares: Vec<_> = ["0/2", "1/2"]
        .map(|share| desk.adt(&["work", to, "--shard", share]).stderr(Stdio::piped()).spawn().unwrap())
        .into();
    for share in shares {
        Said::from(share.wait_with_output().unwrap()).ends(0);
    }
    let sent = |desk: &Desk| desk.tally().stored.values().map(|sent| sent.put + sent.completed).sum::<u64>();
    let before = sent(&desk);
    // The same share again sends nothing but its log.
    work(&["--shard", "1/2"]).ends(0);
    assert!(sent(&desk) - before <= 2, "{} {before}", sent(&desk));
    // What comes, goes and changes meanwhile is as any run would have it.
    fs::write(source.join("new"), "new").unwrap();
    work(&end).ends(0).says("1 object removed");
    let elsewhere = desk.root.join("elsewhere");
    let words = ["copy", source.as_str(), elsewhere.as_str(), "--exclude", "*7", "--ledger", "other.sqlite"];
    Said::of(desk.adt(&words).current_dir(&desk.root)).ends(0);
    assert_eq!(differing(&digest(&there), &digest(&elsewhere)), Vec::<String>::new());
    assert!(fs::read_to_string(&manifest).unwrap().lines().count() > 1000);
    let before = sent(&desk);
    Said::of(&mut desk.adt(&["copy", source.as_str(), to, "--exclude", "*7"])).ends(0);
    assert_eq!(sent(&desk), before);
}

#[rstest]
#[case::bucket(None)]
#[case::folder(Some("disk"))]
fn what_a_killed_share_has_begun_to_write_does_not_stay(#[case] folder: Option<&str>) {
    let desk = Desk::new();
    let large = desk.root.join("large");
    fs::create_dir(&large).unwrap();
    fs::File::create(large.join("movie.bin")).unwrap().set_len(300 << 20).unwrap();
    let job = Job::new().copy("behavior", large);
    let (job, asset, to) = match folder {
        None => (job, desk.asset(), DESTINATION.to_owned()),
        Some(name) => {
            let asset = desk.root.join(name).join(ASSET);
            (job.with("s3_bucket", desk.file_place()), asset.clone(), asset.into_string())
        }
    };
    let work = |flags: &[&str]| desk.adt(&[&["work", &to], flags].concat());
    let begun = || match folder {
        None => desk.uploads(),
        Some(_) => fs::read_dir(asset.join("behavior")).map_or(0, Iterator::count),
    };
    desk.planned(&job, &[]).ends(0);
    let mut killed = work(&["--shard", "0/1"]).spawn().unwrap();
    until("an upload", || begun() > 0);
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(begun(), 1);
    if folder.is_some() {
        // Another that was killed when it wrote its log.
        fs::write(asset.join(".adt-work/log/.adt-000000000000002a-a.json.part"), "{").unwrap();
    }
    Said::of(&mut work(&["--shard", "0/1"])).ends(0);
    Said::of(&mut work(&["--finish"])).ends(0);
    match folder {
        None => assert_eq!(desk.uploads(), 0),
        Some(_) => assert_eq!(fs::read_dir(asset.join("behavior")).unwrap().count(), 1),
    }
    assert!(folder.is_none() || !asset.join(".adt-work").exists());
}

/// Asked from a machine that has never heard of the work.
#[rstest]
#[case::a_bucket("s3://recordings/deep/copied", "store/recordings/deep")]
#[case::a_folder("FOLDER/disk/copied", "disk")]
fn copying_that_is_done_is_done_for_every_ledger(#[case] to: &str, #[case] above: &str) {
    let desk = Desk::new();
    let source = desk.tree("few", &TreeSpec { files: 30, ..TreeSpec::default() }, 5);
    let (to, above) = (to.replace("FOLDER", desk.root.as_str()), desk.root.join(above));
    let words =
        ["submit", "--engine", "aws-batch", "--print", "--image", "lab/adt", "copy", source.as_str(), &to];
    let submit = || Said::of(&mut desk.adt(&words)).ends(0);
    let work = |machine: &str, flags: &[&str]| {
        let ledger = desk.root.join(format!("{machine}.sqlite"));
        Said::of(&mut desk.adt(&[&["work", &to, "--ledger", ledger.as_str()], flags].concat()))
    };
    work("one", &["--finish"]).ends(2).says("there is no plan");
    submit();
    work("one", &["--shard", "0/1"]).ends(0);
    work("one", &["--finish"]).ends(0);
    for flags in [&["--finish"][..], &["--shard", "0/1"], &["--check"]] {
        work("two", flags).ends(0).says("already complete");
    }
    // What says so is beside the destination, and no object of it.
    Said::of(&mut desk.adt(&["verify", source.as_str(), &to]))
        .ends(0)
        .says("30 objects the same")
        .says("nothing else");
    let lost = digest(&above.join("copied")).into_keys().next().unwrap();
    fs::remove_file(above.join("copied").join(lost)).unwrap();
    work("two", &["--finish"]).ends(2).says("30 objects in").says("29 are there now").says("`adt submit`");
    submit();
    work("three", &["--finish"]).ends(75);
    work("three", &["--shard", "0/1"]).ends(0);
    work("three", &["--finish"]).ends(0);
    work("four", &["--finish"]).ends(0).says("already complete");
}
