//! Endpoints and secrets that AWS keeps: read once, early, and never instead of what a job says itself.

use adt_testkit::{
    open_ephys::{self, Gui, StreamSpec},
    services::MetadataScript,
};
use fs_err as fs;
use rstest::rstest;
use serde_json::json;

use crate::{
    desk::{Desk, RECORD, Said},
    lab::{CAPSULE, ENDPOINTS, Lab, NAME, PASSWORD, TOKEN, and_subject, bare},
    services::{behavior, decrypts},
};

/// What a lab keeps in its parameter; a value `"-"` takes a key away.
fn endpoints(lab: &Lab, changes: &[(&str, &str)]) -> String {
    let mut all = json!({
        "codeocean_domain": lab.ocean.url(),
        "codeocean_trigger_capsule_id": CAPSULE,
        "metadata_service_domain": lab.metadata.url(),
        "aind_data_transfer_repo_location": "https://repo.example",
        "video_encryption_password_path": "/lab/password",
        "codeocean_api_token_path": "/lab/token",
        "something_new": null,
    });
    for (key, value) in changes {
        match *value {
            "-" => drop(all.as_object_mut().unwrap().remove(*key)),
            value => all[*key] = json!(value),
        }
    }
    all.to_string()
}

/// A lab whose endpoints, password and token are AWS's.
fn kept_by_aws(script: MetadataScript) -> Lab {
    let lab = Lab::at(Desk::new(), script);
    lab.aws.keep(ENDPOINTS, endpoints(&lab, &[]));
    lab.aws.keep_encrypted("/lab/password", json!({ "password": PASSWORD }).to_string());
    lab.aws.keep_encrypted("/lab/token", json!({ "CODEOCEAN_READWRITE_TOKEN": TOKEN }).to_string());
    lab
}

#[test]
fn a_parameter_brings_everything_and_is_read_once_for_all_rows() {
    let script = ["1", "2", "3"].iter().fold(MetadataScript::v1(), |script, id| and_subject(script, id));
    let lab = kept_by_aws(script);
    let behavior = behavior(&lab);
    let row = |id: &str| {
        let row = bare().zip("SPIM", lab.source()).with("subject_id", id).with("behavior_dir", &behavior);
        row.with("aws_param_store_name", ENDPOINTS)
    };
    let own =
        row("3").with("codeocean_process_capsule_id", "xyz").with("codeocean_trigger_capsule_id", "own");
    let rows = [row("1"), row("2"), own];
    for (n, command) in ["check", "run"].into_iter().enumerate() {
        let more: &[&str] = if command == "run" { &["--parallel-jobs", "3"] } else { &[] };
        Said::of(&mut lab.command(command, &rows, more)).ends(0);
        let mut asked = lab.aws.asked().split_off(n * 3);
        asked.sort();
        assert_eq!(asked, [ENDPOINTS, "/lab/password decrypted", "/lab/token decrypted"], "{command}");
    }
    let mut started: Vec<_> = lab
        .ocean
        .accepted()
        .into_iter()
        .map(|one| (one.capsule, one.parameters[0].contains("xyz")))
        .collect();
    started.sort();
    // What a row says wins over the parameter (B1).
    assert_eq!(started, [("own".into(), true), (CAPSULE.into(), false), (CAPSULE.into(), false)]);
    for id in ["1", "2", "3"] {
        let asset = lab.asset_of(&format!("SmartSPIM_{id}_2023-10-12_08-32-18"));
        assert!(asset.join("behavior/front.avi.zip").is_file());
        let processing = fs::read_to_string(asset.join("processing.json")).unwrap();
        assert!(processing.contains("https://repo.example"), "{processing}");
    }
}

#[rstest]
#[case::missing("missing", "ParameterNotFound")]
#[case::no_json("no json", "cannot be used")]
#[case::a_list("list", "not an object")]
#[case::encrypted("encrypted", ENDPOINTS)]
#[case::token_missing("token missing", "/lab/token")]
#[case::token_without_its_key("token without key", "CODEOCEAN_READWRITE_TOKEN")]
#[case::password_no_json("password no json", "`password`")]
#[case::token_empty("token empty", "codeocean_api_token")]
#[case::no_domain("no domain", "codeocean_domain")]
fn a_parameter_that_cannot_be_used_is_found_early(#[case] wrong: &str, #[case] told: &str) {
    let lab = kept_by_aws(and_subject(MetadataScript::v1(), "222222"));
    match wrong {
        "missing" => lab.aws.keep("/other", "{}"),
        "no json" => lab.aws.keep(ENDPOINTS, "canary{"),
        "list" => lab.aws.keep(ENDPOINTS, "[]"),
        "encrypted" => lab.aws.keep_encrypted(ENDPOINTS, "{}"),
        "token missing" => {
            lab.aws.keep(ENDPOINTS, endpoints(&lab, &[("codeocean_api_token_path", "/lab/token/gone")]));
        }
        "token without key" => lab.aws.keep_encrypted("/lab/token", json!({ "token": TOKEN }).to_string()),
        "password no json" => lab.aws.keep_encrypted("/lab/password", PASSWORD),
        "token empty" => {
            lab.aws.keep_encrypted("/lab/token", r#"{"CODEOCEAN_READWRITE_TOKEN": ""}"#);
        }
        _ => lab.aws.keep(ENDPOINTS, endpoints(&lab, &[("codeocean_domain", "-")])),
    }
    let name = if wrong == "missing" { "/gone" } else { ENDPOINTS };
    let first = bare().zip("SPIM", lab.source()).with("aws_param_store_name", name);
    let first = first.with("behavior_dir", behavior(&lab));
    let second = lab.piped(lab.described(bare().with("subject_id", "222222").zip("SPIM", lab.source())));
    let jobs = [first, second];
    let checked = lab.check(&jobs).ends(2).says(told);
    assert_eq!(
        checked.stderr.lines().filter(|line| line.contains("jobs.csv row")).count(),
        1,
        "{checked:#?}"
    );
    let ran = lab.run(&jobs, &[]).ends(1).says(told);
    assert_eq!(lab.stored(NAME), 0);
    assert!(lab.asset_of("SmartSPIM_222222_2023-10-12_08-32-18").join(RECORD).is_file());
    for said in [checked, ran] {
        assert!(!said.stderr.contains("canary"), "{said:#?}");
    }
}

#[rstest]
#[case::ssm("ssm:/plain/token", "ssm:/plain/password")]
#[case::ssm_member("ssm:/lab/token#CODEOCEAN_READWRITE_TOKEN", "ssm:/lab/password#password")]
#[case::ssm_usual_member("ssm:/lab/token", "ssm:/lab/password")]
#[case::secrets_manager("secretsmanager:lab/token", "secretsmanager:lab/password#pw")]
fn a_secret_may_be_kept_by_aws(#[case] token: &str, #[case] password: &str) {
    let lab = kept_by_aws(MetadataScript::v1());
    lab.aws.keep_encrypted("/plain/token", TOKEN);
    lab.aws.keep_encrypted("/plain/password", PASSWORD);
    lab.aws.keep_secret("lab/token", TOKEN);
    lab.aws.keep_secret("lab/password", json!({ "pw": PASSWORD }).to_string());
    let behavior = behavior(&lab);
    let job = lab.job().with("codeocean_api_token", token).with("video_encryption_password", password);
    let job = job.with("behavior_dir", &behavior);
    lab.check(&job).ends(0);
    lab.run(&job, &[]).ends(0);
    assert_eq!(lab.ocean.accepted().len(), 1);
    decrypts(&lab, &behavior);
}

/// The list as the original's README prints it.
const README: &str = "\
codeocean_process_capsule_id, data-source, s3-bucket, subject-id, modality, platform, acq-datetime, aws_param_store_name
xyz-123-456, dir/data_set_1, some_bucket, 123454, ecephys, ecephys, 2020-10-10 14:10:10, /aind/data/transfer/endpoints
xyz-123-456, dir/data_set_2, some_bucket2, 123456, ophys, multiplane-ophys, 2020-10-11 13:10:10, /aind/data/transfer/endpoints
";

#[test]
fn the_readmes_custom_processing_capsule_works_as_printed() {
    let script = and_subject(and_subject(MetadataScript::v1(), "123454"), "123456");
    let lab = kept_by_aws(script);
    let recording = lab.desk.root.join("work/dir/data_set_1");
    let streams = [StreamSpec::probe("Neuropix-PXI-100.ProbeA", 8, 100)];
    open_ephys::recording(&recording, "Record Node 101", (1, 1), Gui::V06, &streams).unwrap();
    lab.desk.small_tree("work/dir/data_set_2");
    for bucket in ["some_bucket", "some_bucket2"] {
        fs::create_dir_all(lab.desk.root.join("store").join(bucket)).unwrap();
    }
    let list = lab.desk.write("jobs.csv", README);
    Said::of(&mut lab.adt(&["check", list.as_str()])).ends(0);
    Said::of(&mut lab.adt(&["run", list.as_str()])).ends(0);
    let started = lab.ocean.accepted();
    let told: Vec<serde_json::Value> =
        started.iter().map(|one| serde_json::from_str(&one.parameters[0]).unwrap()).collect();
    let wanted = |bucket: &str, prefix: &str, modality: &str| {
        json!({ "trigger_codeocean_job": {
            "job_type": "run_generic_pipeline", "modalities": [modality], "capsule_id": CAPSULE,
            "process_capsule_id": "xyz-123-456", "bucket": bucket, "prefix": prefix,
            "aind_data_transfer_version": env!("CARGO_PKG_VERSION"),
        }})
    };
    let (first, second) =
        ("ecephys_123454_2020-10-10_14-10-10", "multiplane-ophys_123456_2020-10-11_13-10-10");
    let both = [wanted("some_bucket", first, "ecephys"), wanted("some_bucket2", second, "ophys")];
    assert_eq!(told, both);
    let store = lab.desk.root.join("store");
    assert!(store.join("some_bucket").join(first).join(RECORD).is_file());
    assert!(store.join("some_bucket2").join(second).join(RECORD).is_file());
}
