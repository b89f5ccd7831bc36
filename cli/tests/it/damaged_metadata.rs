//! `metadata_dir` as rigs leave it, and what a lab says of its data.

use fs_err as fs;
use rstest::rstest;
use serde_json::Value;

use crate::{
    desk::{Desk, Job, RECORD, Said},
    lab::json,
};

const SUBJECT: &[u8] = br#"{"subject_id": "714321"}"#;

/// A job with these files in its metadata folder.
fn job(desk: &Desk, files: &[(&str, &[u8])]) -> Job {
    let folder = desk.root.join("metadata");
    fs::create_dir_all(&folder).unwrap();
    for (name, bytes) in [("subject.json", SUBJECT)].iter().chain(files) {
        fs::write(folder.join(name), bytes).unwrap();
    }
    Job::new().copy("behavior", desk.small_tree("plain")).with("metadata_dir", folder)
}

fn second(job: Job) -> Job {
    job.with("schema", "v2")
        .with("project_name", "P")
        .with("investigators", "A Person")
        .with("funding_source", "Allen Institute")
}

#[test]
fn resource_forks_are_left_out_and_said() {
    let desk = Desk::new();
    let fork = b"\0\x05\x16\x07\0\x02\0\0Mac OS X        \0\x02";
    let job = job(&desk, &[("._subject.json", fork), (".DS_Store", b"\0\0\0\x01Bud1")]);
    desk.run(&job, &["--log-level", "info"]).ends(0).says("left out: `._subject.json`");
    assert!(desk.asset().join(RECORD).is_file() && !desk.asset().join("._subject.json").exists());
}

#[test]
fn a_byte_order_mark_does_not_reach_other_readers() {
    let desk = Desk::new();
    let job = job(&desk, &[("session.json", b"\xEF\xBB\xBF{\"subject_id\": \"714321\"}")]);
    desk.run(&job, &["--log-level", "info"]).ends(0).says("byte order mark");
    assert_eq!(fs::read(desk.asset().join("session.json")).unwrap(), br#"{"subject_id": "714321"}"#);
    // What was sent without its mark is not sent again.
    desk.run(&job, &[]).ends(0).says("skipped");
}

#[rstest]
#[case::utf16("session.json", b"\xFF\xFE{\0}\0", "is UTF-16, not UTF-8")]
#[case::nan("session.json", b"{\"a\": NaN}", "holds `NaN` in line 1")]
#[case::infinity("notes.json", b"{\n\"a\": [1, -Infinity]}", "holds `-Infinity` in line 2")]
#[case::comma("notes.json", b"{\"a\": 1,}", "`notes.json` is not valid JSON")]
#[case::another_animal("acquisition_ecephys.json", b"{\"subject_id\": \"999\"}", "about subject `999`")]
fn a_damaged_document_is_named_before_anything_is_sent(
    #[case] name: &str,
    #[case] bytes: &[u8],
    #[case] says: &str,
) {
    let desk = Desk::new();
    let job = job(&desk, &[(name, bytes)]);
    let list = desk.list(&job);
    Said::of(&mut desk.adt(&["check", list.as_str()])).ends(2).says(says);
    desk.run(&job, &[]).ends(1).says(name).says(says);
    assert!(!desk.asset().exists());
}

#[rstest]
#[case::piece(
    "acquisition_ecephys.json",
    "`acquisition_ecephys.json` is uploaded, but is not part of metadata.nd.json, which has no acquisition"
)]
#[case::first_generation("session.json", "`session.json` belongs to schema v1")]
#[case::rig("rig.json", "`rig.json` belongs to schema v1")]
fn a_document_that_the_record_does_not_hold_is_said(#[case] name: &str, #[case] says: &str) {
    let desk = Desk::new();
    let job = second(job(&desk, &[(name, SUBJECT)]));
    let list = desk.list(&job);
    Said::of(&mut desk.adt(&["check", list.as_str()])).ends(0).says(says);
    desk.run(&job, &[]).ends(0).says(says);
    assert!(desk.asset().join(name).is_file());
}

fn description(desk: &Desk) -> Value {
    json(desk.asset().join("data_description.json"))
}

#[test]
fn a_lab_says_what_its_data_is_in_the_list() {
    let desk = Desk::new();
    let job = Job::new()
        .copy("behavior", desk.small_tree("plain"))
        .with("institution", "Columbia University")
        .with("group", "ophys")
        .with("restrictions", "not before publication");
    desk.run(&job, &[]).ends(0);
    let found = description(&desk);
    assert_eq!(found["institution"]["abbreviation"], "Columbia");
    assert_eq!((&found["group"], &found["license"]), (&"ophys".into(), &"CC-BY-4.0".into()));
    assert_eq!(found["restrictions"], "not before publication");
}

#[test]
fn a_lab_says_it_once_in_its_configuration() {
    let desk = Desk::new();
    let config = desk.write(
        "adt.toml",
        "[defaults]\ninstitution = 'Allen Institute for Brain Science'\nlicense = 'MIT'\ntags = ['pilot', 'two words']\n",
    );
    let job = second(Job::new().copy("behavior", desk.small_tree("plain")).with("tags", ""));
    desk.run(&job, &["--config", config.as_str()]).ends(0);
    let found = description(&desk);
    assert_eq!((&found["institution"]["abbreviation"], &found["license"]), (&"AIBS".into(), &"MIT".into()));
    assert_eq!(found["tags"], serde_json::json!(["pilot", "two words"]));
    // The list wins.
    let job = job.with("subject_id", "2").with("license", "CC-BY-4.0").with("tags", "a; b");
    desk.run(&job, &["--config", config.as_str()]).ends(0);
    let other = desk.root.join("store/recordings/behavior_2_2024-05-06_07-08-09/data_description.json");
    assert_eq!(json(&other)["license"], "CC-BY-4.0");
    assert_eq!(json(&other)["tags"], serde_json::json!(["a", "b"]));
}

#[rstest]
#[case("institution", "Our Lab", "the institution `Our Lab` is not known to schema v1")]
#[case("license", "MIT", "the licence `MIT` is not known to schema v1")]
#[case("group", "us", "the group `us` is not known to schema v1")]
#[case("tags", "a", "schema v1 has no `tags`")]
fn what_the_schema_does_not_know_is_refused(#[case] column: &str, #[case] value: &str, #[case] says: &str) {
    let desk = Desk::new();
    let job = Job::new().copy("behavior", desk.small_tree("plain")).with(column, value);
    let list = desk.list(&job);
    for command in ["check", "run"] {
        let said = Said::of(&mut desk.adt(&[command, list.as_str()])).says(says);
        assert_ne!(said.code, Some(0), "{said:?}");
    }
    assert!(!desk.asset().exists());
}

#[rstest]
#[case::built_in("", None, "CC-BY-4.0", None)]
#[case::configuration(
    "[defaults]\nlicense = 'MIT'\n",
    None,
    "MIT",
    Some("license = `MIT` (from `[defaults]` of the configuration)")
)]
#[case::list(
    "[defaults]\nlicense = 'MIT'\n",
    Some("CC-BY-4.0"),
    "CC-BY-4.0",
    Some("license = `CC-BY-4.0` (from the job)")
)]
#[case::list_alone("", Some("MIT"), "MIT", Some("license = `MIT` (from the job)"))]
fn a_plan_shows_where_a_value_comes_from(
    #[case] config: &str,
    #[case] cell: Option<&str>,
    #[case] license: &str,
    #[case] says: Option<&str>,
) {
    let desk = Desk::new();
    let config = desk.write("adt.toml", config);
    let mut job = second(Job::new().copy("behavior", desk.small_tree("plain")));
    if let Some(cell) = cell {
        job = job.with("license", cell);
    }
    let list = desk.list(&job);
    for words in [&["plan"][..], &["check"], &["run", "--log-level", "info"]] {
        let said =
            Said::of(&mut desk.adt(&[words, &[list.as_str(), "--config", config.as_str()]].concat())).ends(0);
        let told = format!("{}{}", said.stdout, said.stderr);
        assert_eq!(told.contains("license = `"), says.is_some(), "{told}");
        assert!(says.is_none_or(|says| told.contains(says)), "{told}");
    }
    assert_eq!(description(&desk)["license"], license);
}

#[test]
fn defaults_without_effect_are_said() {
    let desk = Desk::new();
    let config = desk.write("adt.toml", "[defaults]\ninstitution = 'AIBS'\n");
    let job = job(&desk, &[("data_description.json", br#"{"subject_id": "714321"}"#)]);
    let list = desk.list(&job);
    Said::of(&mut desk.adt(&["plan", list.as_str(), "--config", config.as_str()]))
        .ends(0)
        .says("without effect: `data_description.json` is brought");
}

#[rstest]
#[case::slip("[defaults]\ninstituton = 'AIBS'\n", "did you mean `institution`?")]
#[case::above_the_table("license = 'MIT'\n", "`license` belongs into the table `[defaults]`")]
#[case::setting_in_the_table("[defaults]\nlanes = '4'\n", "`lanes` is a setting")]
fn a_name_that_the_configuration_does_not_have_is_refused(#[case] config: &str, #[case] says: &str) {
    let desk = Desk::new();
    let config = desk.write("adt.toml", config);
    let list = desk.list(Job::new().copy("behavior", desk.small_tree("plain")));
    Said::of(&mut desk.adt(&["run", list.as_str(), "--config", config.as_str()])).ends(2).says(says);
    assert!(!desk.asset().exists());
}

#[test]
fn tags_of_the_configuration_are_for_jobs_of_schema_v2() {
    let desk = Desk::new();
    let config = desk.write("adt.toml", "[defaults]\nlicense = 'CC-BY-4.0'\ntags = ['pilot']\n");
    let source = desk.small_tree("plain");
    let first = Job::new().copy("behavior", &source);
    let list =
        desk.list([first.clone(), second(Job::new().copy("behavior", &source).with("subject_id", "2"))]);
    let words = ["--config", config.as_str(), list.as_str()];
    Said::of(&mut desk.adt(&[&["check"], &words[..]].concat())).ends(0).says("schema v1 has none");
    Said::of(&mut desk.adt(&[&["run"], &words[..]].concat())).ends(0);
    let other = desk.root.join("store/recordings/behavior_2_2024-05-06_07-08-09/data_description.json");
    assert_eq!(json(&other)["tags"], serde_json::json!(["pilot"]));
    let settings = ["settings", "--config", config.as_str()];
    Said::of(&mut desk.adt(&settings))
        .ends(0)
        .says("defaults.license")
        .says("defaults.tags")
        .says("adt.toml");
    // In a job it is a mistake.
    let list = desk.list(first.with("subject_id", "3").with("tags", "pilot"));
    Said::of(&mut desk.adt(&["check", list.as_str()])).ends(2).says("row 2, tags: schema v1 has no `tags`");
}

#[rstest]
#[case("institution", "Our Lab")]
#[case("license", "GPL")]
#[case("group", "us")]
fn a_word_that_the_schema_does_not_know_is_told_under_its_own_name(#[case] name: &str, #[case] value: &str) {
    let desk = Desk::new();
    let job = second(Job::new().copy("behavior", desk.small_tree("plain")));
    let list = desk.list(job.clone().with(name, value));
    let says = format!("row 2, {name}: the ");
    Said::of(&mut desk.adt(&["check", list.as_str()])).ends(2).says(&says);
    // The same from the configuration.
    let config = desk.write("adt.toml", &format!("[defaults]\n{name} = '{value}'\n"));
    let list = desk.list(job);
    Said::of(&mut desk.adt(&["check", list.as_str(), "--config", config.as_str()])).ends(2).says(&says);
}
