//! The lists that the original's users started from mean what they meant there.

use adt_model::{JobSpec, ModalitySpec};

use crate::lab::{Lab, NEUROPIXELS, SMARTSPIM, fine, said};

const STORE: &str = "/some/aws/param/store/name";

/// `folder source compress`, the source relative to the lab.
fn folders(lab: &Lab, spec: &JobSpec) -> Vec<String> {
    let line = |m: &ModalitySpec| {
        let source = m.source.strip_prefix(lab.cwd()).unwrap();
        format!("{} {source} {}", m.folder, if m.compress_raw_data { "compressed" } else { "as it is" })
    };
    spec.modalities.iter().map(line).collect()
}

#[test]
fn the_first_list_has_two_ecephys_sessions() {
    let lab = Lab::new();
    let rows = lab.csv(format!(
        "data-source, s3-bucket, subject-id, platform, modality, acq-datetime, aws_param_store_name\n\
         {NEUROPIXELS}, some_bucket, 123454, ecephys, ecephys, 2020-10-10 14:10:10, {STORE}\n\
         {NEUROPIXELS}, some_bucket, 123456, ecephys, ecephys, 2020-10-11 13:10:10, {STORE}\n"
    ));
    let specs: Vec<_> = rows.iter().map(fine).collect();
    assert_eq!(
        specs.iter().map(|s| s.asset().to_string()).collect::<Vec<_>>(),
        [
            "s3://some_bucket/ecephys_123454_2020-10-10_14-10-10",
            "s3://some_bucket/ecephys_123456_2020-10-11_13-10-10"
        ]
    );
    for spec in specs {
        assert_eq!(folders(&lab, spec), [format!("ecephys {NEUROPIXELS} compressed")]);
        assert_eq!(spec.endpoints.aws_param_store_name.as_deref(), Some(STORE));
        assert_eq!(spec.modalities[0].source_column, "data-source");
        assert!(!spec.dry_run && !spec.force_cloud_sync && !spec.modalities[0].skip_staging);
        assert_eq!((spec.processor_name.as_str(), spec.process_name.as_str()), ("service", "Other"));
    }
}

#[test]
fn the_second_list_has_short_rows_behaviour_and_a_dry_run() {
    let lab = Lab::new();
    let rows = lab.csv(format!(
        "data-source, s3-bucket, subject-id, platform, modality, acq-datetime, aws_param_store_name, behavior-dir, metadata-dir, dry-run\n\
         {SMARTSPIM}, some_ophys_bucket,1234, SmartSPIM, SPIM, 2023-03-16 00:00:00, {STORE}\n\
         {NEUROPIXELS}, some_bucket, 123454, ecephys, ecephys, 2020-10-10 14:10:10, {STORE}\n\
         {NEUROPIXELS}, some_bucket, 123456, ecephys, ECEPHYS, 2020-10-11 13:10:10, {STORE}, {NEUROPIXELS}/Videos,,true\n\
         {NEUROPIXELS}, some_bucket, 123456, ecephys, ecephys, 2020-10-11 13:10:10, {STORE}, {NEUROPIXELS}/Videos, tests/resources/test_metadata\n"
    ));
    let specs: Vec<_> = rows.iter().map(|row| row.spec.as_ref().unwrap()).collect();
    assert_eq!(specs[0].asset_name(), "SmartSPIM_1234_2023-03-16_00-00-00");
    assert_eq!(folders(&lab, specs[0]), [format!("SPIM {SMARTSPIM} as it is")]);
    for spec in &specs[1..] {
        assert_eq!(folders(&lab, spec), [format!("ecephys {NEUROPIXELS} compressed")]);
    }
    let videos = Some(lab.path(&format!("{NEUROPIXELS}/Videos")));
    let behaviour: Vec<_> = specs.iter().map(|s| s.behavior_dir.clone()).collect();
    assert_eq!(behaviour, [None, None, videos.clone(), videos]);
    let metadata: Vec<_> = specs.iter().map(|s| s.metadata_dir.clone()).collect();
    assert_eq!(metadata, [None, None, None, Some(lab.path("tests/resources/test_metadata"))]);
    assert_eq!(specs.iter().map(|s| s.dry_run).collect::<Vec<_>>(), [false, false, true, false]);
    // The list's last two rows are one session: a dry run may stand beside the real one.
    assert_eq!(specs[2].asset(), specs[3].asset());
    assert_eq!(said(&rows), [""; 0]);
}

#[test]
fn the_third_list_has_numbered_modalities_and_blank_ones() {
    let lab = Lab::new();
    let rows = lab.csv(format!(
        "modality0, modality0.source, modality1, modality1.source, modality1.compress_raw_data, s3-bucket, subject-id, platform, acq-datetime, aws_param_store_name\n\
         ecephys, {NEUROPIXELS}, confocal, {NEUROPIXELS}, true, some_bucket, 123454, ecephys, 2020-10-10 14:10:10, {STORE}\n\
         mri, {NEUROPIXELS}, , , , some_bucket, 123454, confocal, 2020-10-10 14:10:10, {STORE}\n"
    ));
    assert_eq!(
        folders(&lab, fine(&rows[0])),
        [format!("ecephys {NEUROPIXELS} compressed"), format!("confocal {NEUROPIXELS} compressed")]
    );
    assert_eq!(folders(&lab, fine(&rows[1])), [format!("MRI {NEUROPIXELS} as it is")]);
    assert_eq!(fine(&rows[1]).asset_name(), "confocal_123454_2020-10-10_14-10-10");
}

#[test]
fn the_fourth_list_has_a_processing_capsule() {
    let lab = Lab::new();
    let rows = lab.csv(format!(
        "codeocean_process_capsule_id, modality0, modality0.source, modality1, modality1.source, modality1.compress_raw_data, s3-bucket, subject-id, platform, acq-datetime, aws_param_store_name\n\
         xyz-123, ecephys, {NEUROPIXELS}, confocal, {NEUROPIXELS}, true, some_bucket, 123454, ecephys, 2020-10-10 14:10:10, {STORE}\n\
         zyx-456, mri, {NEUROPIXELS}, , , , some_bucket, 123454, confocal, 2020-10-10 14:10:10, {STORE}\n"
    ));
    let capsules: Vec<_> =
        rows.iter().map(|row| fine(row).endpoints.codeocean_process_capsule_id.as_deref()).collect();
    assert_eq!(capsules, [Some("xyz-123"), Some("zyx-456")]);
    assert_eq!(rows.iter().map(|row| fine(row).modalities.len()).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn the_readme_example_is_read() {
    let lab = Lab::new();
    let rows = lab.csv(
        "data-source, s3-bucket, subject-id, modality, platform, acq-datetime, aws_param_store_name\n\
         data, some_bucket, 123454, ecephys, ecephys, 2020-10-10 14:10:10, /aind/data/transfer/endpoints\n\
         more, some_bucket2, 123456, ophys, multiplane-ophys, 2020-10-11 13:10:10, /aind/data/transfer/endpoints\n",
    );
    assert_eq!(fine(&rows[0]).modalities[0].source, lab.path("data"));
    assert_eq!(fine(&rows[1]).asset_name(), "multiplane-ophys_123456_2020-10-11_13-10-10");
}
