//! A job among the lab's services: what they are asked, what is made of their answers, and what is found before any work.

use std::{process::Stdio, time::Duration};

use adt_testkit::{
    Seed,
    kill::KillLoop,
    services::{MetadataScript, PROCEDURES_V1, Reply, Run, SUBJECT_V1, envelope},
};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rstest::rstest;
use serde_json::json;

use crate::{
    desk::{Desk, Job, RECORD, Said, digest, unzipped, within, writes},
    lab::{CAPSULE, Lab, NAME, PASSWORD, and_subject, bare, holding, json, until},
};

/// Stands in every video, in the clear.
const CLEAR: &[u8] = b"canary-77aa-a-face";

/// Bytes that do not get smaller, so that a compressed copy would still show what they are.
fn video(seed: u64) -> Vec<u8> {
    let mut seeds = Seed::new(seed);
    let mut bytes = Vec::new();
    while bytes.len() < 300_000 {
        bytes.extend_from_slice(CLEAR);
        bytes.extend((0..6_000).flat_map(|_| seeds.bits().to_le_bytes()));
    }
    bytes
}

/// Behaviour data inside the rig's folder.
pub(crate) fn behavior(lab: &Lab) -> Utf8PathBuf {
    let folder = lab.source().join("Videos");
    fs::create_dir_all(folder.join("deep/left")).unwrap();
    for (n, name) in ["front.avi", "TOP.MP4", "deep/side.mov", "deep/left/eye.Wmv"].iter().enumerate() {
        fs::write(folder.join(name), video(n as u64)).unwrap();
    }
    fs::write(folder.join("ref.csv"), "1,2\n").unwrap();
    fs::write(folder.join("deep/notes.avi.txt"), "calm\n").unwrap();
    folder
}

#[rstest]
fn a_session_with_everything_around_it(
    #[values("straight", "temp")] way: &str,
    #[values("aes256", "zipcrypto")] cipher: &str,
) {
    // Looked at while the program works: what is clear for a moment is clear.
    let temp = tempfile::tempdir().unwrap();
    let temp = Utf8Path::from_path(temp.path()).unwrap().canonicalize_utf8().unwrap();
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let (noted, looked_at) = (std::sync::Arc::clone(&seen), temp.clone());
    let desk = Desk::watched(move |store| {
        let found = [holding(store, CLEAR), holding(&looked_at, CLEAR)].concat();
        noted.lock().unwrap().extend(found);
    });
    let subject =
        SUBJECT_V1.trim_end().trim_end_matches('}').to_owned() + r#", "x_own": {"b": 1, "a": 0.10}}"#;
    let script =
        MetadataScript::v1().on("/subject/987654", [Reply::json(200, envelope("Valid Model.", &subject))]);
    let lab = Lab::at(desk, script);
    lab.ocean.always(Run::accept().before(Duration::from_millis(300)));
    let behavior = behavior(&lab);
    let job = lab
        .job()
        .with("behavior_dir", &behavior)
        .with("video_encryption_password", PASSWORD)
        .with("video_encryption", cipher);
    let job = if way == "temp" { job.with("temp_directory", &temp) } else { job };
    let mut command = lab.command("run", &job, &[]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("the pipeline is ordered", || lab.orders() == 1);
    assert!(lab.asset().join(RECORD).is_file(), "the pipeline was ordered before the asset was complete");
    let before = lab.stored(NAME);
    Said::from(child.wait_with_output().unwrap()).ends(0).says("computation-1");
    assert_eq!(lab.stored(NAME), before, "something was sent after the pipeline was ordered");

    let mut asked = lab.metadata.lines();
    asked.sort();
    assert_eq!(asked, ["GET /procedures/987654?pickle=False", "GET /subject/987654?pickle=False"]);
    assert_eq!(lab.ocean.accepted().len(), 1);

    // The service's documents, whole.
    let record = json(lab.asset().join(RECORD));
    for (name, text) in [("subject", subject.as_str()), ("procedures", PROCEDURES_V1)] {
        let written = fs::read_to_string(lab.asset().join(format!("{name}.json"))).unwrap();
        let wanted: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap(), wanted, "{name}");
        assert_eq!(record[name], wanted, "{name} in the record");
    }
    let written = fs::read_to_string(lab.asset().join("subject.json")).unwrap();
    assert!(written.contains("0.10"), "digits are kept: {written}");
    assert!(written.find("\"b\"").unwrap() < written.find("\"a\"").unwrap(), "order is kept: {written}");

    let there = digest(&lab.asset());
    let of_behavior: Vec<_> = within("behavior", &there).into_keys().collect();
    let wanted = [
        "TOP.MP4.zip",
        "deep/left/eye.Wmv.zip",
        "deep/notes.avi.txt",
        "deep/side.mov.zip",
        "front.avi.zip",
        "ref.csv",
    ];
    assert_eq!(of_behavior, wanted);
    for name in ["ref.csv", "deep/notes.avi.txt"] {
        assert_eq!(within("behavior", &there)[name], digest(&behavior)[name], "{name}");
    }
    let zip = unzipped(&lab.asset().join("SPIM/raw_spim.zip"), &lab.desk.root.join("unzipped"));
    assert!(zip.keys().all(|key| !key.contains("Videos")), "videos are in the zip: {zip:?}");
    assert_eq!(*seen.lock().unwrap(), Vec::<Utf8PathBuf>::new(), "clear copies on the way");
    assert_eq!(holding(&lab.desk.root.join("store"), CLEAR), Vec::<Utf8PathBuf>::new());
    decrypts(&lab, &behavior);
}

/// What was encrypted comes out the same, and only with the password.
pub(crate) fn decrypts(lab: &Lab, behavior: &Utf8Path) {
    let out = lab.desk.root.join("opened");
    for (video, name) in [("TOP.MP4", "TOP.MP4"), ("deep/left/eye.Wmv", "eye.Wmv")] {
        let zip = lab.asset().join(format!("behavior/{video}.zip"));
        let args = ["decrypt", zip.as_str(), "-o", out.as_str(), "--password", "env:THE_PASSWORD"];
        let with = |password: &str| Said::of(lab.adt(&args).env("THE_PASSWORD", password));
        with("canary-0000-wrong").ends(1).says("password");
        assert!(!out.exists() || digest(&out).is_empty(), "a wrong password left something");
        with(PASSWORD).ends(0);
        assert_eq!(digest(&out)[name], digest(behavior)[video], "{name}");
        fs::remove_dir_all(&out).unwrap();
    }
}

/// Killed while videos are encrypted and sent: what arrives opens, all of it with the one password.
#[test]
fn videos_of_a_killed_job_open_all_the_same() {
    let lab = Lab::new();
    let behavior = lab.desk.root.join("rig/Videos");
    fs::create_dir_all(&behavior).unwrap();
    for n in 0..3 {
        let bytes: Vec<u8> = (0..60).flat_map(|k| video(n * 60 + k)).collect();
        fs::write(behavior.join(format!("cam{n}.mp4")), bytes).unwrap();
    }
    let job = bare().with("metadata_missing", "allow").with("behavior_dir", &behavior);
    let job = job.with("video_encryption_password", PASSWORD);
    let plan = KillLoop {
        earliest: Duration::from_millis(100),
        latest: Duration::from_millis(2_500),
        seed: 5,
        cap: 3,
    };
    let killed = plan.run(|| lab.quiet(&job)).unwrap();
    assert!(killed.last.success(), "{killed:?}");
    assert_eq!(lab.desk.uploads(), 0);
    opens(&lab, &behavior, PASSWORD);

    // One asset, one password: with another one, all of it is encrypted anew.
    let job = job.with("video_encryption_password", "canary-1111-other");
    fs::write(behavior.join("cam0.mp4"), video(9)).unwrap();
    lab.run(&job, &["--force-cloud-sync"]).ends(0);
    opens(&lab, &behavior, "canary-1111-other");
}

fn opens(lab: &Lab, behavior: &Utf8Path, password: &str) {
    let out = lab.desk.root.join("opened");
    let zips: Vec<_> =
        digest(behavior).into_keys().map(|name| lab.asset().join(format!("behavior/{name}.zip"))).collect();
    let mut command = lab.adt(&["decrypt", "-o", out.as_str(), "--password", "env:THE_PASSWORD"]);
    Said::of(command.args(&zips).env("THE_PASSWORD", password)).ends(0);
    assert_eq!(digest(&out), digest(behavior));
    fs::remove_dir_all(&out).unwrap();
}

#[test]
fn a_subject_is_asked_for_as_it_is_written() {
    let script = MetadataScript::v1()
        .on(
            "/subject/7%25a%23%C3%A9",
            [Reply::json(200, envelope("Valid Model.", r#"{"subject_id": "7%a#é"}"#))],
        )
        .on("/procedures/7%25a%23%C3%A9", [Reply::json(200, envelope("Valid Model.", "{}"))]);
    let lab = Lab::at(Desk::new(), script);
    lab.run(lab.job().with("subject_id", "7%a#é"), &[]).ends(0);
    assert_eq!(
        json(lab.asset_of("SmartSPIM_7%a#é_2023-10-12_08-32-18").join("subject.json"))["subject_id"],
        "7%a#é"
    );
}

/// What a service says of subject 987654 that is not simply right.
fn answer(which: &str) -> Vec<Reply> {
    let other = SUBJECT_V1.replace("987654", "111111");
    let reply = match which {
        "404" => Reply::json(404, envelope("No Data Found.", "null")),
        "406" => Reply::json(406, envelope("Validation Errors: age", SUBJECT_V1)),
        "300" => Reply::json(300, envelope("Multiple Items Found.", &format!("[{other}, {SUBJECT_V1}]"))),
        "207" => Reply::json(207, envelope("There was an error", SUBJECT_V1)),
        "500" => Reply::json(500, envelope("Internal Server Error.", "null")),
        "502" => Reply::html(502),
        "page" => Reply::html(200),
        "empty" => Reply::empty(200),
        "list" => Reply::json(200, envelope("Valid Model.", &format!("[{SUBJECT_V1}]"))),
        "other" => Reply::json(200, envelope("Valid Model.", &other)),
        "slow" => Reply::hang(),
        _ => Reply::json(200, envelope("Valid Model.", SUBJECT_V1)),
    };
    vec![reply]
}

#[rstest]
#[case::nothing_known("404", "No Data Found")]
#[case::broken("500", "500")]
#[case::a_page_of_a_gateway("502", "502")]
#[case::a_login_page("page", "no answer of a metadata service")]
#[case::an_empty_body("empty", "no answer of a metadata service")]
#[case::a_list("list", "a list of 1 where one document is expected")]
#[case::another_subject("other", "111111")]
#[case::nobody_listening("nobody", "cannot be reached")]
#[case::slow("slow", "within 1 s")]
fn a_subject_that_does_not_come_ends_its_job_before_any_work(
    #[case] which: &str,
    #[case] why: &str,
    #[values("require", "allow")] missing: &str,
) {
    let script = and_subject(MetadataScript::v1(), "222222").on("/subject/987654", answer(which));
    let lab = Lab::at(Desk::new(), script);
    let second = lab.job().with("subject_id", "222222").with("acq_datetime", "2023-10-13 08:32:18");
    let jobs = [lab.job(), second].map(|job| job.with("metadata_missing", missing));
    let jobs = if which == "nobody" {
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let [first, second] = jobs;
        [first.with("metadata_service_domain", format!("http://127.0.0.1:{port}")), second]
    } else {
        jobs
    };
    // Someone else's subject is never taken, whatever may be missing.
    let refused = missing == "require" || which == "other";
    let said = lab.run(&jobs, &["--request-timeout", "1s"]).ends(i32::from(refused)).says(why);
    let second = lab.asset_of("SmartSPIM_222222_2023-10-13_08-32-18");
    assert_eq!(json(second.join("subject.json"))["kind"], "subject", "the other row");
    if refused {
        assert_eq!(lab.stored(NAME), 0, "something was sent");
        assert!(!lab.asset().exists());
        assert_eq!(lab.desk.tally().count("AbortMultipartUpload"), 0, "something was begun");
        let lines = said.stderr.lines().filter(|line| line.contains("failed") && line.contains(NAME));
        assert_eq!(lines.count(), 1, "{said:#?}");
        return;
    }
    assert!(!lab.asset().join("subject.json").exists());
    assert_eq!(lab.asset().join("procedures.json").exists(), which != "nobody");
    let record = json(lab.asset().join(RECORD));
    assert_eq!((&record["subject"], &record["metadata_status"]), (&json!(null), &json!("Missing")));
}

#[rstest]
#[case::not_valid("406", "does not validate")]
#[case::several("300", "2 documents came: the one of `987654` is used")]
#[case::partial("207", "partial")]
fn a_subject_that_comes_with_a_warning_is_kept_and_the_warning_told(#[case] which: &str, #[case] why: &str) {
    let lab = Lab::at(Desk::new(), MetadataScript::v1().on("/subject/987654", answer(which)));
    lab.run(lab.job(), &[]).ends(0).says(why);
    let wanted: serde_json::Value = serde_json::from_str(SUBJECT_V1).unwrap();
    assert_eq!(json(lab.asset().join("subject.json")), wanted);
    assert_eq!(json(lab.asset().join(RECORD))["subject"], wanted);
}

#[rstest]
#[case::once_broken(500)]
#[case::once_busy(429)]
fn a_service_that_stumbles_is_asked_again(#[case] status: u16) {
    let well = Reply::json(200, envelope("Valid Model.", SUBJECT_V1));
    let stumbling = [Reply::html(status), well];
    let lab = Lab::at(Desk::new(), MetadataScript::v1().on("/subject/987654", stumbling));
    lab.run(lab.job(), &["--retry-time", "20s"]).ends(0);
    assert_eq!(json(lab.asset().join("subject.json"))["subject_id"], "987654");
}

#[rstest]
#[case::of_today(MetadataScript::both(), "v1", "auto", &["/subject/987654?pickle=False"])]
#[case::without_the_first(MetadataScript::v2(), "v1", "auto", &["/subject/987654?pickle=False", "/api/v2/subject/987654"])]
#[case::told_so(MetadataScript::both(), "v1", "v2", &["/api/v2/subject/987654"])]
#[case::documents_of_the_second(MetadataScript::both(), "v2", "auto", &["/api/v2/subject/987654"])]
#[case::without_the_second(MetadataScript::v1(), "v2", "auto", &["/api/v2/subject/987654", "/subject/987654?pickle=False"])]
fn the_services_language_is_found(
    #[case] script: MetadataScript,
    #[case] schema: &str,
    #[case] api: &str,
    #[case] asked: &[&str],
) {
    let lab = Lab::at(Desk::new(), script);
    let job = lab.job().with("schema", schema).with("metadata_api", api);
    // A description of the second schema needs more than this job says.
    let job = if schema == "v2" { job.with("metadata_missing", "allow") } else { job };
    let job = job.with("project_name", "Test Project");
    lab.run(&job, &[]).ends(0);
    let lines: Vec<_> = lab.metadata.lines().into_iter().filter(|line| line.contains("/subject/")).collect();
    assert_eq!(lines, asked.iter().map(|path| format!("GET {path}")).collect::<Vec<_>>());
    assert_eq!(json(lab.asset().join("subject.json"))["subject_id"], "987654");
}

#[test]
fn documents_of_the_second_schema_name_who_leads_and_who_pays() {
    let lab = Lab::at(Desk::new(), MetadataScript::v2());
    let job = lab.job().with("schema", "v2").with("project_name", "Test Project");
    lab.run(&job, &[]).ends(0);
    let description = json(lab.asset().join("data_description.json"));
    assert_eq!(description["object_type"], "Data description");
    assert_eq!(description["project_name"], "Test Project");
    assert_eq!(description["investigators"][0]["name"], "A Person");
    assert_eq!(description["funding_source"][0]["funder"]["abbreviation"], "AI");
    assert_eq!(json(lab.asset().join(RECORD))["data_description"], description);

    // Nobody knows this project: said before any work, and by `check` too.
    let job = job.with("project_name", "Nobodys").with("acq_datetime", "2023-10-14 08:32:18");
    lab.check(&job).ends(2).says("Nobodys");
    let before = writes(&lab.desk.tally());
    lab.run(&job, &[]).ends(1).says("funding");
    assert_eq!(writes(&lab.desk.tally()), before);
}

#[rstest]
#[case::service_first(false, "service", "is passed over")]
#[case::folder_by_force(true, "folder", "`subject.json`")]
fn the_folder_or_the_service_and_the_choice_is_told(
    #[case] force: bool,
    #[case] wins: &str,
    #[case] told: &str,
) {
    let lab = Lab::new();
    let folder = lab.desk.root.join("metadata");
    lab.desk.write("metadata/subject.json", r#"{"subject_id": "987654", "from": "folder"}"#);
    lab.desk.write("metadata/data_description.json", r#"{"subject_id": "987654", "from": "folder"}"#);
    lab.desk.write("metadata/processing.json", r#"{"from": "folder"}"#);
    lab.desk.write("metadata/rig.json", r#"{"rig_id": "r1"}"#);
    lab.desk.write("metadata/METADATA.ND.JSON", r#"{"from": "folder"}"#);
    let job = lab.job().with("metadata_dir", &folder).with("metadata_dir_force", force.to_string());
    let said = lab.run(&job, &[]).ends(0).says(told).says(folder.as_str());
    assert!(said.stderr.contains(&lab.metadata.url()), "{said:#?}");
    let asked = lab.metadata.lines();
    assert_eq!(asked.iter().any(|line| line.contains("/subject/")), !force, "{asked:?}");
    assert!(asked.iter().any(|line| line.contains("/procedures/")));
    let subject = json(lab.asset().join("subject.json"));
    assert_eq!(subject.get("from").is_some(), wins == "folder", "{subject}");
    // The folder alone describes, and only by force does it say what was done.
    let description = json(lab.asset().join("data_description.json"));
    assert_eq!(description["from"], "folder");
    let processing = json(lab.asset().join("processing.json"));
    assert_eq!(processing.get("from").is_some(), force, "{processing}");
    let record = json(lab.asset().join(RECORD));
    assert_eq!((&record["subject"], &record["rig"]["rig_id"]), (&subject, &json!("r1")));
}

#[test]
fn the_folder_stands_in_for_a_service_that_has_nothing() {
    let lab = Lab::at(Desk::new(), MetadataScript::v1().on("/subject/987654", answer("404")));
    lab.desk.write("metadata/subject.json", r#"{"subject_id": "987654", "from": "folder"}"#);
    let job = lab.job().with("metadata_dir", lab.desk.root.join("metadata"));
    lab.run(&job, &[]).ends(0).says("No Data Found");
    assert_eq!(json(lab.asset().join("subject.json"))["from"], "folder");
}

/// One thing is wrong; `check` finds it, in one line, and leaves nothing.
#[rstest]
#[case::service_down("service down", "cannot reach the metadata service")]
#[case::service_broken("service broken", "500")]
#[case::subject_unknown("subject unknown", "No Data Found")]
#[case::token_missing("token missing", "codeocean_api_token")]
#[case::token_refused("token refused", "the Code Ocean token is refused")]
#[case::capsule_unknown("capsule unknown", "there is no capsule `gone`")]
#[case::capsule_missing("capsule missing", "codeocean_trigger_capsule_id")]
#[case::password_missing("password missing", "video_encryption_password")]
#[case::password_empty("password empty", "video_encryption_password")]
#[case::keys_unknown("keys unknown", "s3_bucket")]
#[case::bucket_missing("bucket missing", "s3_bucket")]
#[case::folder_read_only("folder read-only", "s3_bucket")]
#[case::parameter_missing("parameter missing", "ParameterNotFound")]
#[case::nothing("nothing", "no problems")]
fn check_finds_it(#[case] wrong: &str, #[case] told: &str) {
    let script = match wrong {
        "subject unknown" => MetadataScript::v1().on("/subject/987654", answer("404")),
        "service broken" => MetadataScript::v1().on("/subject/987654", answer("500")),
        _ => MetadataScript::v1(),
    };
    let lab = Lab::at(Desk::new(), script);
    lab.ocean.know(&[CAPSULE]);
    let job = lab.job().with("behavior_dir", behavior(&lab)).with("video_encryption_password", PASSWORD);
    let job = match wrong {
        "service down" => job.with("metadata_service_domain", "http://127.0.0.1:1"),
        "token missing" => job.with("codeocean_api_token", ""),
        "token refused" => job.with("codeocean_api_token", "canary-expired"),
        "capsule unknown" => job.with("codeocean_trigger_capsule_id", "gone"),
        "capsule missing" => job.with("codeocean_trigger_capsule_id", ""),
        "password missing" => job.with("video_encryption_password", ""),
        "password empty" => {
            job.with("video_encryption_password", format!("file:{}", lab.desk.write("empty.txt", "\n")))
        }
        "bucket missing" => job.with("s3_bucket", "nowhere"),
        "folder read-only" => match read_only(&lab) {
            Some(place) => job.with("s3_bucket", place),
            None => return,
        },
        "parameter missing" => job.with("aws_param_store_name", "/gone"),
        _ => job,
    };
    let mut command = lab.command("check", &job, &[]);
    if wrong == "keys unknown" {
        command.env("AWS_ACCESS_KEY_ID", "somebody");
    }
    let code = if wrong == "nothing" { 0 } else { 2 };
    let said = Said::of(&mut command).ends(code).says(told);
    if code == 2 {
        let problems = said.stderr.lines().filter(|line| line.contains("jobs.csv row 2"));
        assert_eq!(problems.count(), 1, "one line: {said:#?}");
    }
    assert!(!said.stderr.contains("canary-expired"), "{said:#?}");
    nothing_lasts(&lab);
    assert_eq!(lab.orders(), 0);
    if code == 0 {
        assert_eq!(
            lab.desk.tally().count("CreateMultipartUpload"),
            1,
            "nobody asked whether the bucket may be written to"
        );
    }
}

/// Where this person may not write; `None` where that is not known.
fn read_only(lab: &Lab) -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let place = lab.desk.file_place();
        let folder = lab.desk.root.join("disk");
        fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).unwrap();
        if fs::write(folder.join("try"), "").is_err() {
            return Some(place);
        }
    }
    // The superuser may write everywhere but here.
    cfg!(target_os = "linux").then(|| "file:///proc".to_owned())
}

/// `check` asked the bucket for the right to write, and nothing became of it.
fn nothing_lasts(lab: &Lab) {
    let tally = lab.desk.tally();
    assert!(tally.stored.is_empty(), "{tally:?}");
    if tally.refusals.is_empty() {
        assert_eq!(tally.count("CreateMultipartUpload"), tally.count("AbortMultipartUpload"), "{tally:?}");
    }
    assert_eq!(lab.desk.uploads(), 0);
    assert!(!lab.asset().exists() && !lab.desk.ledger_path().exists());
}

/// Each of these is wrong in the list's text or on this machine, so nobody is asked for it.
#[rstest]
#[case::variable_not_set("env:NOT_SET", "NOT_SET")]
#[case::file_not_there("file:/nowhere/secret", "/nowhere/secret")]
#[case::names_nothing("ssm:", "a reference that names nothing")]
fn a_reference_that_leads_nowhere_stops_the_list(#[case] reference: &str, #[case] told: &str) {
    let lab = Lab::new();
    let job: Job = lab.job().with("codeocean_api_token", reference);
    lab.run(&job, &[]).ends(2).says(told);
    assert_eq!((lab.metadata.lines().len(), lab.orders(), writes(&lab.desk.tally())), (0, 0, 0));
}
