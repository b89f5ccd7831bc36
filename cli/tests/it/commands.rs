//! What each command prints, and where.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use fs_err as fs;
use rstest::rstest;
use serde_json::Value;

use crate::desk::{ASSET, Desk, Job, Said, digest, writes};

fn three_jobs(desk: &Desk) -> Vec<Job> {
    let rig = desk.small_tree("rig");
    let foreign = desk.write(&format!("store/recordings/{}/theirs.txt", ASSET.replace("714321", "3")), "x");
    assert!(foreign.exists());
    ["1", "2", "3"].map(|subject| Job::new().with("subject_id", subject).copy("behavior", &rig)).to_vec()
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn quiet_prints_only_what_failed() {
    let desk = Desk::new();
    let jobs = three_jobs(&desk);
    let said = desk.run(&jobs, &["--quiet"]).ends(1);
    assert_eq!(said.stderr, "");
    let lines: Vec<_> = said.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{said:#?}");
    assert!(lines[1].starts_with("FAILED: behavior_3_"), "{said:#?}");
    let said = desk.run(&jobs[..2], &["--quiet"]).ends(0);
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("", ""));
    let list = desk.list(&jobs[..2]);
    let said = Said::of(&mut desk.adt(&["check", list.as_str(), "-q"])).ends(0);
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("", ""));
}

#[test]
fn json_puts_nothing_but_events_on_stdout() {
    let desk = Desk::new();
    let said = desk.run(three_jobs(&desk).as_slice(), &["--json"]).ends(1).says("2 done, 1 failed");
    let events = json_lines(&said.stdout);
    assert_eq!(events.first().unwrap()["event"], "run-started");
    assert_eq!(events.last().unwrap()["event"], "run-finished");
    assert_eq!(said.events("job-finished").len(), 3);
}

#[test]
fn a_log_file_gets_few_lines_for_each_job() {
    let desk = Desk::new();
    let said = desk.run(three_jobs(&desk).as_slice(), &[]).ends(1);
    let of = |name: &str| said.stderr.lines().filter(|line| line.starts_with(name)).count();
    assert!(of("behavior_1_") <= 6, "{said:#?}");
    // What holds for both was told with the first.
    assert_eq!(of("behavior_2_"), 2, "{said:#?}");
    assert!(said.stderr.contains("note for 2 jobs: "), "{said:#?}");
    assert!(!said.stderr.contains('\u{1b}') && !said.stdout.contains('\u{1b}'), "{said:#?}");
}

#[rstest]
#[case("debug", true, true)]
#[case("INFO", true, false)]
#[case("warning", false, false)]
fn the_log_level_decides_how_much_is_said(#[case] level: &str, #[case] steps: bool, #[case] objects: bool) {
    let desk = Desk::new();
    let said = desk.run(&three_jobs(&desk)[..1], &["--log-level", level]).ends(0);
    assert_eq!(said.stderr.contains("copy behavior: begins"), steps, "{said:#?}");
    assert_eq!(said.stderr.contains(": processing.json ("), objects, "{said:#?}");
}

#[test]
fn plan_and_check_write_nothing_anywhere() {
    let desk = Desk::new();
    let list = desk.list(three_jobs(&desk).as_slice());
    // Not the server's own folder, where it keeps what it has looked up.
    let here = || ["home", "work", "rig"].map(|name| digest(&desk.root.join(name)));
    let before = here();
    Said::of(&mut desk.adt(&["plan", list.as_str()]))
        .ends(0)
        .says("exists already: refused unless `force_cloud_sync`");
    Said::of(&mut desk.adt(&["check", list.as_str()])).ends(2).says("row 4, s3_bucket = `s3://recordings`");
    assert_eq!(here(), before);
    assert_eq!(writes(&desk.tally()), 0);
}

#[test]
fn a_plan_is_json_too() {
    let desk = Desk::new();
    let list = desk.list(three_jobs(&desk).as_slice());
    let said = Said::of(&mut desk.adt(&["plan", list.as_str(), "--json"])).ends(0);
    let plans = json_lines(&said.stdout);
    assert_eq!(plans.len(), 3);
    assert_eq!(plans[0]["stages"][0]["steps"][0]["id"], "copy behavior");
}

#[test]
fn problems_are_json_too() {
    let desk = Desk::new();
    let list = desk.list(&[Job::new().with("platform", "SmartSPIN")]);
    let said = Said::of(&mut desk.adt(&["check", list.as_str(), "--json"])).ends(2);
    let problems = json_lines(&said.stdout);
    assert_eq!((&problems[0]["column"], &problems[0]["origin"]["row"]), (&"platform".into(), &2.into()));
}

/// A destination that does not answer is asked once for all rows.
#[test]
fn check_asks_a_dead_destination_once() {
    let desk = Desk::new();
    let list = desk.list(three_jobs(&desk).as_slice());
    let mut command = desk.adt(&["check", list.as_str()]);
    let command = command.env("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1").env("ADT_RETRY_TIME", "1s");
    Said::of(command).ends(2).says("rows 2, 3, 4, s3_bucket = `s3://recordings`: cannot list");
}

#[test]
fn a_complete_asset_needs_its_source_for_nothing() {
    let desk = Desk::new();
    let jobs = &three_jobs(&desk)[..1];
    desk.run(jobs, &[]).ends(0);
    fs::remove_dir_all(desk.root.join("rig")).unwrap();
    let list = desk.list(jobs);
    Said::of(&mut desk.adt(&["check", list.as_str()])).ends(0).says("no problems");
    Said::of(&mut desk.adt(&["plan", list.as_str()])).ends(0).says("nothing will be done");
    Said::of(&mut desk.adt(&["run", list.as_str()])).ends(0).says("1 skipped");
}

#[test]
fn history_tells_what_ran_and_what_failed() {
    let desk = Desk::new();
    Said::of(&mut desk.adt(&["history"])).ends(0).says("nothing has run yet");
    desk.run(three_jobs(&desk).as_slice(), &[]).ends(1);
    let all = Said::of(&mut desk.adt(&["history"])).ends(0);
    for told in ["behavior_1_", "behavior_2_", "refused", "was not begun by this ledger", "help: "] {
        assert!(all.stdout.contains(told), "{told}: {all:#?}");
    }
    let one = Said::of(&mut desk.adt(&["history", "behavior_1"])).ends(0).says("copy behavior: ");
    assert!(!one.stdout.contains("behavior_2_"), "{one:#?}");
    let failed = Said::of(&mut desk.adt(&["history", "--failed"])).ends(0);
    assert!(failed.stdout.contains("behavior_3_") && !failed.stdout.contains("behavior_1_"), "{failed:#?}");
    let json = Said::of(&mut desk.adt(&["history", "--json", "--limit", "2"])).ends(0);
    assert_eq!(json_lines(&json.stdout).len(), 2);
    Said::of(&mut desk.adt(&["history", "nosuch"])).ends(0).says("no job named like `nosuch`");
}

#[test]
fn the_originals_variable_is_read_when_no_jobs_are_given() {
    let desk = Desk::new();
    let job = r#"{"s3_bucket": "recordings", "platform": "behavior", "subject_id": "1",
        "acq_datetime": "2024-05-06 07:08:09", "modalities": []}"#;
    let mut command = desk.adt(&["plan"]);
    Said::of(command.env("UPLOAD_JOB_JSON_ARGS", job)).ends(0).says("behavior_1_2024-05-06_07-08-09");
    let list = desk.list(&[Job::new()]);
    let mut command = desk.adt(&["plan", list.as_str()]);
    let said = Said::of(command.env("UPLOAD_JOB_JSON_ARGS", job)).ends(0).says(ASSET);
    assert!(!said.stdout.contains("behavior_1_"), "{said:#?}");
}

#[test]
fn a_run_changes_nothing_at_the_source() {
    let desk = Desk::new();
    let rig = desk.small_tree("rig");
    let metadata = desk.metadata();
    let before = (digest(&rig), digest(&metadata));
    for (subject, zip) in [("1", "true"), ("2", "false")] {
        let job = Job::new().copy("behavior", &rig).with("modality0.compress_raw_data", zip);
        desk.run(&[job.with("subject_id", subject)], &[]).ends(0);
    }
    desk.run(&[Job::new().with("metadata_dir", metadata.as_str())], &[]).ends(0);
    assert_eq!((digest(&rig), digest(&metadata)), before);
}

/// A reader that goes away, as `head` does, is no error.
#[rstest]
fn a_reader_that_goes_away_is_no_error(#[values("plan", "completions")] command: &str) {
    let desk = Desk::new();
    let list = desk.list(three_jobs(&desk).as_slice());
    let what = if command == "plan" { list.as_str() } else { "bash" };
    let mut child = desk.adt(&[command, what]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let said = Said::from(child.wait_with_output().unwrap()).ends(0);
    assert_eq!(said.stderr, "");
}

#[test]
fn settings_say_where_each_value_came_from() {
    let desk = Desk::new();
    let config = desk.write("c.toml", "lanes = 5\nretry_time = \"10m\"\n");
    let mut command = desk.adt(&["settings", "--config", config.as_str(), "--cpus", "3"]);
    let said = Said::of(command.env("ADT_MEMORY", "200MiB")).ends(0);
    let row = |name: &str| {
        let line = said.stdout.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("lanes"), format!("5 file {config}"));
    assert_eq!(row("cpus"), "3 flag --cpus");
    assert_eq!(row("memory"), "200MiB variable ADT_MEMORY");
    assert_eq!(row("parallel_jobs"), "1 default");
}
