//! The numbered faults of the original (§1.8 of the facts), each shown mended.

use adt_intake::{Overrides, SingleJob};
use rstest::rstest;

use crate::lab::{Lab, fine, list, said};

fn folders(row: &adt_intake::Row) -> Vec<&str> {
    fine(row).modalities.iter().map(|m| m.folder.as_str()).collect()
}

#[rstest]
fn b1_a_processing_capsule_is_kept_beside_a_parameter_store(
    #[values("codeocean_process_capsule_id", "process_capsule_id", "codeocean-process-capsule-id")]
    name: &str,
) {
    let lab = Lab::new();
    let row = lab.job(&format!("{name},aws_param_store_name"), "xyz-123,/lab/endpoints");
    let endpoints = &fine(&row).endpoints;
    assert_eq!(endpoints.codeocean_process_capsule_id.as_deref(), Some("xyz-123"));
    assert_eq!(endpoints.aws_param_store_name.as_deref(), Some("/lab/endpoints"));
}

#[test]
fn b2_an_endpoint_column_is_kept_beside_a_parameter_store() {
    let lab = Lab::new();
    let row = lab.job("aws_param_store_name,codeocean_domain", "/lab/endpoints,https://co.example");
    assert_eq!(fine(&row).endpoints.codeocean_domain.as_deref(), Some("https://co.example"));
}

#[rstest]
#[case::numbered(
    "modality0,modality0.source",
    "SPIM,",
    "2 modality0.source: no source folder for `modality0`"
)]
#[case::no_column("modality0", "SPIM", "2 modality0.source: no source folder for `modality0`")]
#[case::blanks("modality,source", "SPIM,  ", "2 modality.source: no source folder for `modality`")]
#[case::all_aliases(
    "modality,modality.source,data_source",
    "SPIM,,",
    "2 modality.source: no source folder for `modality`"
)]
fn b3_blank_source_is_an_error(#[case] columns: &str, #[case] cells: &str, #[case] problem: &str) {
    let row = Lab::new().job(columns, cells);
    assert_eq!(row.spec, None);
    assert_eq!(said(&[row]), [problem]);
}

#[rstest]
fn b3_blank_source_is_an_error_in_json(
    #[values(r#""source": """#, r#""source": " ""#, r#""source": null"#, r#""skip_staging": false"#)] source: &str,
) {
    let text = format!(
        r#"{{"s3_bucket": "b", "platform": "ecephys", "subject_id": "1", "acq_datetime": "2020-10-10 14:10:10",
            "modalities": [{{"modality": "SPIM", {source}}}]}}"#
    );
    let rows = Lab::new().json(&text);
    assert_eq!(said(&rows), ["- modalities[0].source: no source folder for `modalities[0]`"]);
}

#[rstest]
#[case("behavior-videos", "behavior-videos")]
#[case("BEHAVIOR_VIDEOS", "behavior-videos")]
#[case("trained-behavior", "behavior")]
#[case("slap2", "slap")]
#[case("spim", "SPIM")]
fn b4_readme_spellings_of_modalities_are_read(#[case] typed: &str, #[case] folder: &str) {
    let row = Lab::new().job("modality0,modality0.source", &format!("{typed},data"));
    assert_eq!(folders(&row), [folder]);
}

#[test]
fn b5_a_flag_wins_over_every_cell() {
    let over = Overrides {
        dry_run: true,
        compress_raw_data: true,
        skip_staging: true,
        force_cloud_sync: true,
        metadata_dir_force: true,
        ..Overrides::default()
    };
    let row = Lab::new().job_with(
        "modality0,modality0.source,modality0.skip_staging,modality0.compress_raw_data,skip_staging,dry_run,force_cloud_sync,metadata_dir_force",
        "SPIM,data,false,false,no,0,off,f",
        &over,
    );
    let spec = fine(&row);
    assert!(spec.modalities[0].skip_staging && spec.modalities[0].compress_raw_data);
    assert!(spec.dry_run && spec.force_cloud_sync && spec.metadata_dir_force);
}

#[test]
fn b5_a_flag_that_is_not_set_changes_nothing() {
    let row =
        Lab::new().job("modality0,modality0.source,modality0.skip_staging,dry_run", "ecephys,data,true,true");
    let spec = fine(&row);
    assert!(spec.modalities[0].skip_staging && spec.modalities[0].compress_raw_data && spec.dry_run);
    assert!(!spec.force_cloud_sync);
}

const THRICE: [&str; 3] = ["ecephys", "ecephys1", "ecephys2"];

#[test]
fn b6_folders_are_numbered_whatever_the_letter_case_in_csv() {
    let row = Lab::new().job(
        "modality0,modality0.source,modality1,modality1.source,modality2,modality2.source,modality3,modality3.source",
        "ecephys,data,ECEPHYS,more,SPIM,data,Ecephys,data",
    );
    assert_eq!(folders(&row), ["ecephys", "ecephys1", "SPIM", "ecephys2"]);
}

#[test]
fn b6_folders_are_numbered_in_json_and_flags() {
    let lab = Lab::new();
    let modalities = r#"[{"modality": "ecephys", "source": "data"}, {"modality": "ECEPHYS", "source": "more"},
        {"modality": {"name": "Extracellular electrophysiology"}, "source": "data"}]"#;
    let rows = lab.json(&format!(
        r#"{{"s3_bucket": "b", "platform": "ecephys", "subject_id": "1",
            "acq_datetime": "2020-10-10 14:10:10", "modalities": {modalities}}}"#
    ));
    assert_eq!(folders(&rows[0]), THRICE);
    let row = lab.flags(&SingleJob {
        s3_bucket: Some("b".into()),
        platform: Some("ecephys".into()),
        subject_id: Some("1".into()),
        acq_datetime: Some("2020-10-10 14:10:10".into()),
        modalities: Some(modalities.into()),
        ..SingleJob::default()
    });
    assert_eq!(folders(&row), THRICE);
}

#[test]
fn b16_what_had_no_effect_reaches_the_job() {
    let row = Lab::new()
        .job("metadata_dir_force,process_name,codeocean_trigger_capsule_version", "true,Spike sorting,3");
    let spec = fine(&row);
    assert!(spec.metadata_dir_force);
    assert_eq!(spec.process_name.as_str(), "Spike sorting");
    assert_eq!(spec.endpoints.codeocean_trigger_capsule_version.as_deref(), Some("3"));
}

#[test]
fn b21_a_problem_of_a_secret_has_no_value() {
    let rows = Lab::new().csv(list("codeocean_api_token", &["env:"]));
    assert_eq!(said(&rows), ["2 codeocean_api_token: a reference that names nothing"]);
    assert_eq!(rows[0].problems[0].value, None);
}

/// The original took `PLATFORM`, `SOURCE`, `DRY_RUN` and the like for settings. This crate has no way to see them.
#[test]
fn b22_settings_of_the_environment_are_not_read() {
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let mut folders = vec![std::path::PathBuf::from(sources)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(!text.contains("std::env") && !text.contains("env::var"), "{}", path.display());
            }
        }
    }
}
