//! A real SLURM does the work: tasks are killed, nodes go down, and what comes of it is what one process makes.

#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};

use adt_testkit::slurm::Slurm;
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rstest::rstest;
use serde_json::Value;

use crate::{
    desk::{ASSET, Desk, Job, Said, differing, digest},
    imaging_session::Microscope,
    lab::until,
    shares::{data, shared},
};

/// `None`, and a word about it, where SLURM cannot be installed.
fn slurm(nodes: u32) -> Option<Slurm> {
    let slurm = Slurm::start(nodes, false).unwrap();
    if slurm.is_none() {
        adt_testkit::skipped("SLURM is not installed (scripts/install-test-tools)");
    }
    slurm
}

/// The program as a person on a login node runs it.
fn on(slurm: &Slurm, desk: &Desk, arguments: &[&str]) -> Command {
    let mut command = desk.adt(arguments);
    command.envs(slurm.env());
    command
}

fn submit(slurm: &Slurm, desk: &Desk, flags: &[&str], what: &[&str]) -> Said {
    let runs = desk.root.join("runs");
    let size = if flags.contains(&"--nodes") { &[][..] } else { &["--nodes", "2", "--ntasks-per-node", "2"] };
    let words = [&["submit", "--run-dir", runs.as_str()], size, flags, what].concat();
    Said::of(&mut on(slurm, desk, &words))
}

fn run_of(said: &Said) -> Utf8PathBuf {
    said.stdout.trim().lines().last().unwrap().into()
}

/// What one process makes of a job, in a folder.
fn alone(desk: &Desk, job: &Job) -> crate::desk::Tree {
    let ledger = desk.root.join("alone.sqlite");
    let place = format!("file://{}/alone", desk.root);
    fs::create_dir_all(desk.root.join("alone")).unwrap();
    let list = desk.list(job.clone().with("s3_bucket", &place));
    Said::of(&mut desk.adt(&["run", list.as_str(), "--ledger", ledger.as_str()])).ends(0);
    data(&desk.root.join("alone").join(ASSET))
}

#[rstest]
#[case::step("step")]
#[case::array("array")]
fn a_list_is_done_by_tasks_and_each_object_is_sent_once(#[case] layout: &str) {
    let Some(slurm) = slurm(4) else { return };
    let (desk, job) = shared();
    let second = job.clone().with("subject_id", "714322");
    let list = desk.list([job.clone(), second]);
    let said = submit(&slurm, &desk, &["--layout", layout, "--wait"], &[list.as_str()]).ends(0);
    let tally = desk.tally();
    let logs = |key: &str| key.contains("/.adt-work/log/");
    let often: Vec<_> =
        tally.stored.iter().filter(|(key, sent)| !logs(key) && sent.put + sent.completed != 1).collect();
    assert!(often.is_empty(), "{often:?}");
    let run = run_of(&said);
    let status = Said::of(&mut on(&slurm, &desk, &["status", run.as_str(), "--json"])).ends(0);
    let status: Value = serde_json::from_str(status.stdout.trim()).unwrap();
    assert_eq!(status["assets"].as_array().unwrap().len(), 2, "{status}");
    // What the tasks have sent is told as what the run has sent.
    let moved = &status["assets"][0]["end"]["ended"]["moved"];
    assert!(moved["objects_kept"] == 0 && moved["bytes_sent"].as_u64() > Some(10_000), "{moved}");
    assert_eq!(desk.job("s3://recordings").unwrap().state, adt_ledger::JobState::Done);
    assert_eq!(differing(&data(&desk.asset()), &alone(&desk, &job)), Vec::<String>::new());
    // Nothing is left to do, for a cluster or for one machine.
    let list = desk.list(&job);
    submit(&slurm, &desk, &[], &[list.as_str()]).ends(0).says("complete already");
    desk.run(&job, &[]).ends(0).says("done by an earlier run");
}

#[rstest]
#[case::step("step")]
#[case::array("array")]
fn images_are_the_same_as_by_one_process(#[case] layout: &str) {
    let Some(slurm) = slurm(2) else { return };
    let microscope = Microscope::new("two_good");
    let desk = &microscope.desk;
    let flags = ["--chunk-shape", "16,32,32", "--n-levels", "4", "--item-size", "1KiB"];
    let one = desk.root.join("one");
    let ledger = desk.root.join("one.sqlite");
    let words = ["imaging", "zarr", microscope.session.as_str(), one.as_str(), "--ledger", ledger.as_str()];
    Said::of(&mut desk.adt(&[&words[..], &flags].concat())).ends(0);
    let many = desk.root.join("many");
    let words = ["imaging", "zarr", microscope.session.as_str(), many.as_str()];
    submit(&slurm, desk, &["--layout", layout, "--wait"], &[&words[..], &flags].concat()).ends(0);
    assert_eq!(differing(&digest(&many), &digest(&one)), Vec::<String>::new());
}

/// Tasks of the run that are at work on this machine.
fn tasks(desk: &Desk) -> Vec<String> {
    let said = Command::new("pgrep").args(["-f", &format!("adt work .*{ASSET}.* --shard")]).output().unwrap();
    let pids = String::from_utf8_lossy(&said.stdout).into_owned();
    let ours = |pid: &&str| {
        // srun has the same words.
        std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe.ends_with("adt"))
            && std::fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environ| {
                environ
                    .windows(desk.root.as_str().len())
                    .any(|window| window == desk.root.as_str().as_bytes())
            })
    };
    pids.lines().map(str::trim).filter(ours).map(str::to_owned).collect()
}

#[rstest]
#[case::step("step")]
#[case::array("array")]
fn a_task_that_is_killed_is_made_good(#[case] layout: &str) {
    let Some(slurm) = slurm(2) else { return };
    let (desk, job) = shared();
    let job = job.with("s3_bucket", desk.file_place());
    let list = desk.list(&job);
    let said = submit(&slurm, &desk, &["--layout", layout], &[list.as_str()]).ends(0);
    until("a task", || {
        tasks(&desk).first().is_some_and(|pid| {
            Command::new("kill").args(["-KILL", pid]).status().is_ok_and(|status| status.success())
        })
    });
    slurm.until_empty().unwrap();
    let run = run_of(&said);
    Said::of(&mut on(&slurm, &desk, &["status", run.as_str()])).ends(0).says("done");
    let asset = desk.root.join("disk").join(ASSET);
    assert_eq!(differing(&data(&asset), &alone(&desk, &job)), Vec::<String>::new());
}

#[test]
fn a_node_that_goes_down_gives_its_work_to_others() {
    let Some(slurm) = slurm(3) else { return };
    let (desk, job) = shared();
    let list = desk.list(&job);
    let flags = ["--layout", "array", "--prologue", "sleep 1"];
    let said = submit(&slurm, &desk, &flags, &[list.as_str()]).ends(0);
    until("a running element", || slurm.queue().unwrap().iter().any(|line| line.contains("RUNNING")));
    slurm.node_down("n1").unwrap();
    slurm.until_empty().unwrap();
    let run = run_of(&said);
    Said::of(&mut on(&slurm, &desk, &["status", run.as_str()])).ends(0).says("done");
    assert_eq!(differing(&data(&desk.asset()), &alone(&desk, &job)), Vec::<String>::new());
}

/// A file that stands where a folder is wanted: no retry helps.
fn obstructed(desk: &Desk) -> Utf8PathBuf {
    let in_the_way = desk.root.join("disk").join(ASSET).join("behavior");
    fs::create_dir_all(in_the_way.parent().unwrap()).unwrap();
    in_the_way
}

#[rstest]
#[case::step("step")]
#[case::array("array")]
fn what_fails_for_good_is_told_and_submitted_again_does_the_rest(#[case] layout: &str) {
    let Some(slurm) = slurm(2) else { return };
    let (desk, job) = shared();
    let job = job.with("s3_bucket", desk.file_place());
    let in_the_way = obstructed(&desk);
    let list = desk.list(&job);
    let flags = ["--layout", layout, "--rounds", "1"];
    // Submitted, planned, and only then in the way.
    let said = submit(&slurm, &desk, &[&flags[..], &["--generate-run"]].concat(), &[list.as_str()]).ends(0);
    let run = run_of(&said);
    Said::of(&mut on(&slurm, &desk, &["status", run.as_str()])).ends(0).says("under way");
    Said::of(&mut on(&slurm, &desk, &["cancel", run.as_str()])).ends(2).says("only generated");
    fs::remove_dir_all(run).unwrap();
    fs::write(&in_the_way, "a file").unwrap();
    let said = submit(&slurm, &desk, &[&flags[..], &["--wait"]].concat(), &[list.as_str()]).ends(1);
    let run = run_of(&said);
    let status = Said::of(&mut on(&slurm, &desk, &["status", run.as_str()]));
    assert!(status.stdout.contains("FAILED `copy behavior`"), "{status:#?}");
    fs::remove_file(&in_the_way).unwrap();
    submit(&slurm, &desk, &[&flags[..], &["--wait"]].concat(), &[list.as_str()]).ends(0);
    let asset = desk.root.join("disk").join(ASSET);
    assert_eq!(differing(&data(&asset), &alone(&desk, &job)), Vec::<String>::new());
}

#[test]
fn what_slurm_would_not_take_is_not_submitted_and_a_run_can_be_cancelled() {
    let Some(slurm) = slurm(1) else { return };
    let (desk, job) = shared();
    let list = desk.list(&job);
    submit(&slurm, &desk, &["--queue", "nowhere"], &[list.as_str()]).ends(2).says("partition");
    submit(&slurm, &desk, &["--nodes", "9"], &[list.as_str()]).ends(2);
    assert!(!desk.asset().exists());
    assert!(slurm.queue().unwrap().is_empty());
    let runs = desk.root.join("runs");
    let words = ["submit", "--run-dir", runs.as_str(), "--wait", "--prologue", "sleep 60", list.as_str()];
    let mut waiting =
        on(&slurm, &desk, &words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("a job", || slurm.queue().unwrap().len() == 1);
    // Who waits may go away; what was submitted goes on.
    until("the run is written down", || {
        fs::read_dir(&runs).unwrap().any(|run| run.unwrap().path().join("run.json").exists())
    });
    let pid = waiting.id().to_string();
    until("an end", || {
        Command::new("kill").args(["-INT", &pid]).status().unwrap();
        waiting.try_wait().unwrap().is_some()
    });
    let said = Said::from(waiting.wait_with_output().unwrap()).ends(130).says("the jobs go on");
    assert_eq!(slurm.queue().unwrap().len(), 1);
    let run = run_of(&said);
    Said::of(&mut on(&slurm, &desk, &["cancel", run.as_str()])).ends(0).says("cancelled: 1 job");
    slurm.until_empty().unwrap();
    let status = Said::of(&mut on(&slurm, &desk, &["status", run.as_str()])).ends(1);
    assert!(status.stdout.contains("0 of 4 items") && !status.stdout.contains("at work"), "{status:#?}");
    Said::of(&mut on(&slurm, &desk, &["status", "/nowhere"]))
        .ends(2)
        .says("not the folder of a submitted run");
}

#[test]
fn any_command_runs_in_as_many_tasks_as_asked_for() {
    let Some(slurm) = slurm(2) else { return };
    let desk = Desk::new();
    let said = submit(&slurm, &desk, &["--wait", "--job-cmd", "hostname"], &[]).ends(0);
    let log = read_all(&run_of(&said).join("logs"));
    assert_eq!(log.lines().count(), 4, "{log}");
    submit(&slurm, &desk, &["--wait", "--job-cmd", "exit 3"], &[]).ends(1);
}

fn read_all(folder: &Utf8Path) -> String {
    fs::read_dir(folder).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

#[rstest]
#[case::step("step")]
#[case::array("array")]
fn a_list_goes_through_slurmrestd(#[case] layout: &str) {
    let Some(slurm) = Slurm::start(2, true).unwrap() else {
        return adt_testkit::skipped("slurmrestd is not installed (scripts/install-test-tools)");
    };
    let (desk, job) = shared();
    let list = desk.list(&job);
    let runs = desk.root.join("runs");
    let rest = |token: &str, words: &[&str]| {
        // Its programs are out of reach: all of it goes over the wire.
        let mut command = desk.adt(words);
        command.env("SLURM_REST_URL", slurm.rest_url().unwrap()).env("SLURM_JWT", token);
        command.env("SLURM_USER_NAME", slurm.user().unwrap()).env("SLURM_CONF", "/nowhere");
        Said::of(&mut command)
    };
    let token = slurm.token().unwrap();
    let conf = slurm.env().into_iter().find(|(name, _)| name == "SLURM_CONF").unwrap().1;
    let conf = format!("export SLURM_CONF={conf}");
    let words = ["submit", "--via", "rest", "--layout", layout, "--nodes", "2", "--prologue", &conf];
    let words = [&words[..], &["--run-dir", runs.as_str()]].concat();
    let said = rest("canary", &[&words[..], &[list.as_str()]].concat()).ends(2).says("the token");
    assert!(!said.stderr.contains("canary"), "{said:?}");
    rest(&token, &[&words[..], &["--queue", "nowhere", list.as_str()]].concat()).ends(2).says("partition");
    assert!(slurm.queue().unwrap().is_empty());
    let waits = ["--prologue", "sleep 60"];
    let said = rest(&token, &[&words[..], &waits, &[list.as_str()]].concat()).ends(0);
    rest(&token, &["cancel", run_of(&said).as_str()]).ends(0).says("cancelled");
    slurm.until_empty().unwrap();
    let said = rest(&token, &[&words[..], &["--wait", list.as_str()]].concat()).ends(0);
    rest(&token, &["status", run_of(&said).as_str()]).ends(0).says("done");
    let log = read_all(&run_of(&said).join("logs"));
    assert!(!log.contains(&token) && log.contains("done"), "{log}");
    assert_eq!(differing(&data(&desk.asset()), &alone(&desk, &job)), Vec::<String>::new());
    rest(&token, &[&words[..], &["--wait", "--job-cmd", "true"]].concat()).ends(0);
    rest(&token, &[&words[..], &["--wait", "--job-cmd", "exit 3"]].concat()).ends(1);
}
