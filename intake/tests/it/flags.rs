//! The flags of a single job.

use adt_intake::SingleJob;
use adt_model::{Secret, SecretRef};
use rstest::rstest;

use crate::lab::{Lab, fine, said};

fn needed() -> SingleJob {
    SingleJob {
        acq_datetime: Some("2020-10-10 14:10:10".into()),
        s3_bucket: Some("b".into()),
        platform: Some("ecephys".into()),
        subject_id: Some("1".into()),
        modalities: Some("[]".into()),
        ..SingleJob::default()
    }
}

#[test]
fn all_flags_reach_the_job() {
    let lab = Lab::new();
    let row = lab.flags(&SingleJob {
        modalities: Some(r#"[{"modality": "SPIM", "source": "data"}]"#.into()),
        log_level: Some("INFO".into()),
        temp_directory: Some("more".into()),
        behavior_dir: Some("data".into()),
        metadata_dir: Some("more".into()),
        codeocean_process_capsule_id: Some("xyz".into()),
        endpoints_parameters: Some("/lab/endpoints".into()),
        ..needed()
    });
    let spec = fine(&row);
    assert_eq!(spec.origin.to_string(), "command line");
    assert_eq!(spec.modalities[0].source_column, "--modalities[0].source");
    assert_eq!(spec.behavior_dir, Some(lab.path("data")));
    assert_eq!(spec.endpoints.codeocean_process_capsule_id.as_deref(), Some("xyz"));
    assert_eq!(spec.endpoints.aws_param_store_name.as_deref(), Some("/lab/endpoints"));
}

#[test]
fn endpoints_come_as_an_object_too() {
    let row = Lab::new().flags(&SingleJob {
        endpoints_parameters: Some(
            r#"{"aws_param_store_name": "/lab/e", "metadata_service_domain": "https://ms", "codeocean_api_token": "t"}"#.into(),
        ),
        ..needed()
    });
    let endpoints = &fine(&row).endpoints;
    assert_eq!(endpoints.metadata_service_domain.as_deref(), Some("https://ms"));
    assert_eq!(endpoints.aws_param_store_name.as_deref(), Some("/lab/e"));
    assert_eq!(endpoints.codeocean_api_token, Some(SecretRef::Inline(Secret::new("t"))));
}

#[rstest]
#[case::cut(
    r#"{"codeocean_domain": "#,
    "- --endpoints-parameters: the text ends too early at line 1, column 21"
)]
#[case::list("[]", "- --endpoints-parameters: a list, not an object")]
#[case::no_endpoint(r#"{"platform": "ecephys"}"#, "- --endpoints-parameters.platform: no key of that name")]
#[case::no_name("domain=https://x", "- --endpoints-parameters: not the name of a parameter")]
fn endpoints_that_cannot_be_meant(#[case] text: &str, #[case] problem: &str) {
    let row = Lab::new().flags(&SingleJob { endpoints_parameters: Some(text.into()), ..needed() });
    assert_eq!(row.spec, None);
    assert_eq!(said(&[row]), [problem]);
}

#[test]
fn one_capsule_named_twice_must_be_the_same() {
    let row = Lab::new().flags(&SingleJob {
        codeocean_process_capsule_id: Some("a".into()),
        endpoints_parameters: Some(r#"{"process_capsule_id": "b"}"#.into()),
        ..needed()
    });
    assert_eq!(
        said(&[row]),
        [
            "- --endpoints-parameters.process_capsule_id: differs from `--codeocean-process-capsule-id`, which means the same"
        ]
    );
}

#[test]
fn what_is_missing_is_named_by_its_flag() {
    assert_eq!(
        said(&[Lab::new().flags(&SingleJob::default())]),
        [
            "- --modalities: a value is needed",
            "- --s3-bucket: a value is needed",
            "- --platform: a value is needed",
            "- --subject-id: a value is needed",
            "- --acq-datetime: a value is needed",
        ]
    );
}

#[test]
fn modalities_that_are_no_json_are_named_by_their_place() {
    let row = Lab::new().flags(&SingleJob { modalities: Some("ecephys".into()), ..needed() });
    assert_eq!(said(&[row]), ["- --modalities: the text is not JSON at line 1, column 1"]);
}
