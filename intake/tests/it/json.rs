//! Jobs as JSON.

use adt_intake::{Overrides, from_bytes, from_file};
use adt_model::{Class, Secret, SecretRef};
use rstest::rstest;

use crate::lab::{Lab, fine, said};

/// One job with further keys beside the needed ones.
fn job(more: &str) -> String {
    let more = if more.is_empty() { String::new() } else { format!(", {more}") };
    format!(
        r#"{{"s3_bucket": "b", "platform": "ecephys", "subject_id": "1", "acq_datetime": "2020-10-10 14:10:10",
            "modalities": []{more}}}"#
    )
}

fn with_modalities(list: &str) -> String {
    job("").replace("[]", list)
}

#[rstest]
#[case::plain("")]
#[case::nulls(
    r#""temp_directory": null, "processor_name": null, "dry_run": null, "codeocean_api_token": null"#
)]
#[case::blanks(r#""temp_directory": "", "dry_run": "", "codeocean_api_token": "", "log_level": " ""#)]
#[case::defaults(r#""process-name": "Other", "LOG_LEVEL": "WARNING", "force_cloud_sync": false"#)]
fn a_whole_job_is_read(#[case] more: &str) {
    let rows = Lab::new().json(&job(more));
    let spec = fine(&rows[0]);
    assert_eq!(spec.asset().to_string(), "s3://b/ecephys_1_2020-10-10_14-10-10");
    assert_eq!((spec.origin.source.as_str(), spec.origin.row), ("jobs.json", None));
    assert!(!spec.dry_run && spec.temp_directory.is_none() && spec.endpoints.codeocean_api_token.is_none());
}

#[rstest]
fn switches_are_read(#[values("true", "1", "\"yes\"", "\" TRUE \"")] value: &str) {
    assert!(fine(&Lab::new().json(&job(&format!("\"dry_run\": {value}")))[0]).dry_run);
}

#[rstest]
fn what_is_no_switch_is_refused(#[values("2", "1.0", "\"2\"", "[]", "{}")] value: &str) {
    let rows = Lab::new().json(&job(&format!("\"dry_run\": {value}")));
    assert_eq!(rows[0].problems.len(), 1);
    assert_eq!(rows[0].problems[0].column, "dry_run");
}

#[rstest]
#[case::text(r#""SmartSPIM""#)]
#[case::abbreviation(r#"{"abbreviation": "SmartSPIM"}"#)]
#[case::name(r#"{"name": "SmartSPIM platform", "abbreviation": null}"#)]
#[case::both(r#"{"name": "SmartSPIM platform", "abbreviation": "SmartSPIM", "registry": {"a": 1}}"#)]
fn a_platform_is_a_text_or_an_object(#[case] platform: &str) {
    let rows = Lab::new().json(&job("").replace(r#""ecephys""#, platform));
    assert_eq!(fine(&rows[0]).platform.abbreviation(), "SmartSPIM");
}

#[test]
fn a_modality_says_all_it_can_say() {
    let lab = Lab::new();
    let rows = lab.json(&with_modalities(
        r#"[{"modality": {"name": "Behavior videos"}, "source": "data", "compress_raw_data": true,
             "extra_configs": "config.json", "skip_staging": "on"},
            {"modality": "ecephys", "data-source": "more", "compress_raw_data": null, "extra_configs": null}]"#,
    ));
    let [videos, ecephys] = &fine(&rows[0]).modalities[..] else { panic!() };
    assert_eq!(
        (videos.folder.as_str(), videos.source_column.as_str()),
        ("behavior-videos", "modalities[0].source")
    );
    assert!(videos.compress_raw_data && videos.skip_staging);
    assert_eq!(videos.extra_configs, Some(lab.path("config.json")));
    assert_eq!((ecephys.source.clone(), ecephys.compress_raw_data), (lab.path("more"), true));
}

#[rstest]
#[case::digits("123456", true)]
#[case::fraction("1.5", false)]
#[case::negative("-1", false)]
#[case::too_long("123456789012345678901234567890", false)]
#[case::boolean("true", false)]
#[case::blank_before("\" 123456\"", false)]
fn a_subject_may_be_a_whole_number(#[case] subject: &str, #[case] fits: bool) {
    let rows = Lab::new().json(&job("").replace(r#""1""#, subject));
    assert_eq!(rows[0].problems.is_empty(), fits, "{rows:?}");
    if fits {
        assert_eq!(fine(&rows[0]).subject_id, "123456");
    }
}

#[rstest]
#[case::unknown(job(r#""platfrom": "x""#), "- platfrom: no key of that name")]
#[case::unknown_below(
    with_modalities(r#"[{"modality": "SPIM", "source": "data"}, {"modality": "SPIM", "sorce": "data"}]"#),
    "- modalities[1].sorce: no key of that name"
)]
#[case::twice(job(r#""dry_run": true, "dry-run": false"#), "- dry-run: a key that is written twice")]
#[case::twice_below(
    with_modalities(r#"[{"modality": "SPIM", "source": "data", "source": "more"}]"#),
    "- modalities[0].source: a key that is written twice"
)]
#[case::list_for_text(job(r#""behavior_dir": ["a"]"#), "- behavior_dir: a list cannot stand here")]
#[case::number_for_date(job("").replace(r#""2020-10-10 14:10:10""#, "5"), "- acq_datetime: a number cannot stand here")]
#[case::object_without_name(job("").replace(r#""ecephys""#, "{}"), "- platform: an object that names nothing")]
#[case::no_list(with_modalities(r#""SPIM""#), "- modalities: a text, not a list")]
#[case::null_list(with_modalities("null"), "- modalities: a value is needed")]
#[case::no_object(with_modalities("[7]"), "- modalities[0]: a number, not a modality")]
#[case::no_modality(
    with_modalities(r#"[{"source": "data"}]"#),
    "- modalities[0].modality: a value is needed"
)]
#[case::wrong_modality(
    with_modalities(r#"[{"modality": "SPIN", "source": "data"}]"#),
    "- modalities[0].modality: no modality of that name"
)]
#[case::no_job("7".to_owned(), "- : a number, not a job")]
#[case::garbage_behind(job("") + " x", "- : the text is not JSON at line 2, column 31")]
#[case::cut(job("")[..20].to_owned(), "- : the text ends too early at line 1, column 20")]
fn what_is_wrong_is_named_by_its_path(#[case] text: String, #[case] problem: &str) {
    let rows = Lab::new().json(&text);
    assert_eq!(said(&rows), [problem]);
    assert_eq!(rows[0].spec, None);
}

#[test]
fn a_mistyped_key_is_said_once_and_with_the_right_one() {
    let rows =
        Lab::new().json(&job("").replace("subject_id", "subjectid").replace("modalities", "modalitys"));
    assert_eq!(said(&rows), ["- subjectid: no key of that name", "- modalitys: no key of that name"]);
    assert_eq!(rows[0].problems[1].valid, "did you mean `modalities`?");
}

#[test]
fn all_that_is_missing_is_said() {
    assert_eq!(
        said(&Lab::new().json("{}")),
        [
            "- modalities: a value is needed",
            "- s3_bucket: a value is needed",
            "- platform: a value is needed",
            "- subject_id: a value is needed",
            "- acq_datetime: a value is needed",
        ]
    );
}

#[test]
fn a_list_has_rows_counted_from_one() {
    let rows = Lab::new().json(&format!("[{}, 7, {}]", job(""), job("")));
    assert_eq!(rows[0].origin.row, Some(1));
    let asset = "s3://b/ecephys_1_2020-10-10_14-10-10";
    assert_eq!(
        said(&rows),
        ["2 : a number, not a job".to_owned(), format!("3 : the same asset as jobs.json row 1: `{asset}`")]
    );
}

#[rstest]
fn a_text_without_jobs_is_no_error(#[values("", " \n", "[]", "\u{feff}[]")] text: &str) {
    assert_eq!(Lab::new().json(text), []);
}

#[test]
fn explicit_endpoints_stand_beside_the_parameter_store() {
    let rows = Lab::new().json(&job(
        r#""aws_param_store_name": "/lab/e", "codeocean_domain": "https://co.example", "codeocean_api_token": "tok",
           "video_encryption_password": "file:pw.txt", "codeocean_trigger_capsule_version": 3"#,
    ));
    let endpoints = &fine(&rows[0]).endpoints;
    assert_eq!(endpoints.aws_param_store_name.as_deref(), Some("/lab/e"));
    assert_eq!(endpoints.codeocean_domain.as_deref(), Some("https://co.example"));
    assert_eq!(endpoints.codeocean_api_token, Some(SecretRef::Inline(Secret::new("tok"))));
    assert!(
        matches!(&endpoints.video_encryption_password, Some(SecretRef::File(path)) if path.is_absolute())
    );
    assert_eq!(endpoints.codeocean_trigger_capsule_version.as_deref(), Some("3"));
}

#[rstest]
#[case::by_extension("job.json", true)]
#[case::csv_by_extension("jobs.CSV", false)]
#[case::by_first_byte("job.txt", true)]
#[case::csv_by_first_byte("jobs", false)]
fn a_file_is_read_in_its_own_form(#[case] name: &str, #[case] json: bool) {
    let lab = Lab::new();
    let csv = "s3_bucket,platform,subject_id,acq_datetime\nb,ecephys,1,2020-10-10 14:10:10\n";
    let text = if json { format!("\u{feff} {}", job("")) } else { csv.to_owned() };
    std::fs::write(lab.path(name), &text).unwrap();
    let rows = from_file(name.into(), lab.cwd(), &Overrides::default()).unwrap();
    assert_eq!((fine(&rows[0]).subject_id.as_str(), rows[0].origin.source.as_str()), ("1", name));
    let rows = from_bytes(text.as_bytes(), "standard input", lab.cwd(), &Overrides::default());
    assert_eq!(fine(&rows[0]).origin.source, "standard input");
}

#[test]
fn a_file_that_cannot_be_read_is_a_fault() {
    let lab = Lab::new();
    let fault = from_file("gone.csv".into(), lab.cwd(), &Overrides::default()).unwrap_err();
    assert_eq!(
        (fault.class(), fault.to_string().as_str()),
        (Class::Missing, "cannot read the job file `gone.csv`")
    );
}

#[test]
fn json_of_another_encoding_is_named_by_its_line() {
    let lab = Lab::new();
    let rows = from_bytes(b"{\n\"platform\": \"\xFC\"}", "job", lab.cwd(), &Overrides::default());
    assert_eq!(said(&rows), ["- : line 2 is not UTF-8 text"]);
}
