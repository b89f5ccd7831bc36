//! The JSON text of an AWS parameter, and secrets that are named by references or by paths.

use adt_intake::{SingleJob, endpoints};
use adt_model::{Class, Endpoints, Secret, SecretRef};
use rstest::rstest;

use crate::lab::{Lab, fine, said};

fn read(text: &str) -> (Endpoints, Vec<String>) {
    endpoints(&Secret::new(text), "/lab/e").unwrap()
}

fn ssm(name: &str, key: &str) -> SecretRef {
    SecretRef::Ssm { name: name.into(), key: Some(key.into()) }
}

/// What the facts call the minimal parameter.
#[test]
fn a_parameter_of_the_original_is_read() {
    let (read, notes) = read(
        r#"{"codeocean_domain":"https://co.example","codeocean_trigger_capsule_id":"abc","metadata_service_domain":"http://ms.example",
         "aind_data_transfer_repo_location":"https://repo.example","video_encryption_password_path":"/p/pwd","codeocean_api_token_path":"/p/tok"}"#,
    );
    let expected = Endpoints {
        codeocean_domain: Some("https://co.example".into()),
        codeocean_trigger_capsule_id: Some("abc".into()),
        metadata_service_domain: Some("http://ms.example".into()),
        aind_data_transfer_repo_location: Some("https://repo.example".into()),
        video_encryption_password: Some(ssm("/p/pwd", "password")),
        codeocean_api_token: Some(ssm("/p/tok", "CODEOCEAN_READWRITE_TOKEN")),
        ..Endpoints::default()
    };
    assert_eq!((read, notes), (expected, vec![]));
}

#[rstest]
#[case::text("hunter2", SecretRef::Inline(Secret::new("hunter2")))]
#[case::env("env:PW", SecretRef::Env("PW".into()))]
#[case::file("file:/lab/pw", SecretRef::File("/lab/pw".into()))]
#[case::secret("secretsmanager:lab/pw#p", SecretRef::SecretsManager { id: "lab/pw".into(), key: Some("p".into()) })]
fn a_parameter_may_hold_secrets_and_references(#[case] text: &str, #[case] secret: SecretRef) {
    let (read, _) = read(&format!(r#"{{"video_encryption_password": "{text}"}}"#));
    assert_eq!(read.video_encryption_password, Some(secret));
}

#[rstest]
#[case::nulls_and_blanks(
    r#"{"codeocean_domain": null, "codeocean_api_token": "", "codeocean_api_token_path": " ", "note": null}"#,
    Some("`note`")
)]
#[case::empty("\u{feff}{}", None)]
#[case::others(r#"{"b": 1, "a": {"codeocean_domain": "x"}}"#, Some("`b`, `a`"))]
#[case::columns_of_jobs(r#"{"s3_bucket": "x", "schema": "v2"}"#, Some("`s3_bucket`, `schema`"))]
#[case::no_second_parameter(r#"{"aws_param_store_name": "/other"}"#, Some("`aws_param_store_name`"))]
#[case::odd_names(r#"{"a b": 1, "": 2, "c": 3}"#, Some("`c` and 2 whose names are not shown"))]
#[case::only_odd_names(r#"{"a\nb": 1}"#, Some("1 whose names are not shown"))]
fn what_is_not_used_is_named_once(#[case] text: &str, #[case] names: Option<&str>) {
    let (read, notes) = read(text);
    let note = names.map(|names| format!("the parameter `/lab/e` holds keys that are not used: {names}"));
    assert_eq!((read, notes), (Endpoints::default(), note.into_iter().collect()));
}

#[rstest]
#[case::later_name(r#"{"process_capsule_id": "xyz"}"#)]
#[case::both_alike(r#"{"process_capsule_id": "xyz", "codeocean_process_capsule_id": " xyz "}"#)]
#[case::hyphens(r#"{"Codeocean-Process-Capsule-ID": "xyz"}"#)]
fn names_are_those_of_the_columns(#[case] text: &str) {
    let (read, notes) = read(text);
    assert_eq!((read.codeocean_process_capsule_id.as_deref(), notes.len()), (Some("xyz"), 0));
}

#[test]
fn a_version_may_be_a_number() {
    let (read, _) = read(r#"{"codeocean_trigger_capsule_version": 3}"#);
    assert_eq!(read.codeocean_trigger_capsule_version.as_deref(), Some("3"));
}

#[test]
fn a_path_in_a_parameter_wins_as_in_the_original() {
    let (read, notes) = read(r#"{"codeocean_api_token": "t", "codeocean_api_token_path": "/p/tok"}"#);
    assert_eq!(read.codeocean_api_token, Some(ssm("/p/tok", "CODEOCEAN_READWRITE_TOKEN")));
    let note = "the parameter `/lab/e` holds `codeocean_api_token` beside `codeocean_api_token_path`; the path is used";
    assert_eq!(notes, [note]);
}

#[rstest]
#[case::no_json("https://co.example", "the text is not JSON at line 1, column 1")]
#[case::empty("", "the text ends too early at line 1, column 0")]
#[case::cut("{\"codeocean_domain\": \"x", "the text ends too early at line 1, column 23")]
#[case::list("[]", "a list, not an object")]
#[case::text("\"x\"", "a text, not an object")]
#[case::number(r#"{"codeocean_domain": 7}"#, "`codeocean_domain`: a number cannot stand here")]
#[case::object(r#"{"codeocean_api_token": {"a": 1}}"#, "`codeocean_api_token`: an object cannot stand here")]
#[case::all_of_them(
    r#"{"codeocean_domain": 7, "codeocean_api_token": "ssm:"}"#,
    "`codeocean_domain`: a number cannot stand here; `codeocean_api_token`: a reference that names nothing"
)]
#[case::twice(
    r#"{"codeocean_domain": "a", "codeocean_domain": "b"}"#,
    "`codeocean_domain`: a key that is written twice"
)]
#[case::two_names(
    r#"{"process_capsule_id": "a", "codeocean_process_capsule_id": "b"}"#,
    "`codeocean_process_capsule_id`: differs from `process_capsule_id`, which means the same"
)]
#[case::relative(
    r#"{"codeocean_api_token": "file:pw"}"#,
    "`codeocean_api_token`: the path of a `file:` is not absolute"
)]
#[case::no_path(
    r#"{"codeocean_api_token_path": "a b"}"#,
    "`codeocean_api_token_path`: not the name of a parameter"
)]
fn a_parameter_that_cannot_be_meant_is_a_fault(#[case] text: &str, #[case] what: &str) {
    let fault = endpoints(&Secret::new(text), "/lab/e").unwrap_err();
    assert_eq!(fault.class(), Class::BadInput);
    assert_eq!(fault.line(), format!("the parameter `/lab/e` cannot be used: {what}"));
}

#[rstest]
#[case::reference("video_encryption_password", "ssm:/p/pwd#password")]
#[case::path("video_encryption_password_path", "/p/pwd")]
fn a_job_may_name_the_path_itself(#[case] name: &str, #[case] text: &str) {
    let lab = Lab::new();
    let object = format!(r#"{{"{name}": "{text}"}}"#);
    let needed = r#"{"s3_bucket": "b", "platform": "ecephys", "subject_id": "1", "acq_datetime": "2020-10-10 14:10:10", "modalities": [], "#;
    let flags = SingleJob {
        acq_datetime: Some("2020-10-10 14:10:10".into()),
        s3_bucket: Some("b".into()),
        platform: Some("ecephys".into()),
        subject_id: Some("1".into()),
        modalities: Some("[]".into()),
        endpoints_parameters: Some(object.clone()),
        ..SingleJob::default()
    };
    let rows = [lab.job(name, text), lab.json(&object.replacen('{', needed, 1)).remove(0), lab.flags(&flags)];
    for row in rows {
        assert_eq!(fine(&row).endpoints.video_encryption_password, Some(ssm("/p/pwd", "password")));
    }
}

#[test]
fn a_job_names_a_secret_in_one_way() {
    let row = Lab::new().job("codeocean_api_token,codeocean_api_token_path", "env:T,/p/t");
    assert_eq!(row.spec, None);
    let what = "2 codeocean_api_token_path: stands beside `codeocean_api_token`, which says the same secret";
    assert_eq!(said(&[row]), [what]);
}

#[rstest]
fn a_reference_without_a_name_is_a_problem(
    #[values("env:", "file:", "ssm:", "secretsmanager:", "ssm: ", "secretsmanager:#key")] text: &str,
    #[values("video_encryption_password", "codeocean_api_token")] column: &str,
) {
    let row = Lab::new().job(column, text);
    let valid = &row.problems[0].valid;
    assert!(valid.contains("`ssm:/name#key`") && valid.contains("`secretsmanager:name#key`"), "{valid}");
    assert_eq!(said(&[row]), [format!("2 {column}: a reference that names nothing")]);
}

/// What a job says itself stands beside what its parameter says, and wins when the two are put together (B1, B2).
#[test]
fn a_job_wins_over_its_parameter() {
    let row = Lab::new().job(
        "aws_param_store_name,codeocean_domain,process_capsule_id,codeocean_trigger_capsule_version",
        "/lab/e,https://own,xyz,3",
    );
    let (lab, _) = read(
        r#"{"codeocean_domain": "https://lab", "codeocean_process_capsule_id": "generic", "metadata_service_domain": "http://ms"}"#,
    );
    let both = fine(&row).endpoints.clone().or(&lab);
    let expected = Endpoints {
        aws_param_store_name: Some("/lab/e".into()),
        codeocean_domain: Some("https://own".into()),
        codeocean_process_capsule_id: Some("xyz".into()),
        codeocean_trigger_capsule_version: Some("3".into()),
        metadata_service_domain: Some("http://ms".into()),
        ..Endpoints::default()
    };
    assert_eq!(both, expected);
}
