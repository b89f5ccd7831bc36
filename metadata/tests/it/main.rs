//! Our documents beside those that the Python original wrote for the same jobs (aind-data-transfer 0.32.12 with
//! aind-data-schema 0.26.5), but for the differences that are meant.
#![expect(clippy::unwrap_used, reason = "what these tests share is outside of their functions")]

mod golden;
mod oracle;
mod people;
mod sample;
mod scalars;
mod second;

use adt_metadata::{
    Answered, DescriptionInput, Document, Made, Parts, ProcessInput, ProcessingInput, RecordInput, Settings,
    check_document, data_description, processing, record,
};
use adt_model::{Crc64, Endpoints, Fault, JobSpec, Key, LogLevel, ModalitySpec, Origin, Schema};
use jiff::tz::TimeZone;
use rstest::rstest;
use serde_json::Value;

const SUBJECT: &str = include_str!("../golden/01_all_ok_zip/subject.json");
const PROCEDURES: &str = include_str!("../golden/01_all_ok_zip/procedures.json");
const DESCRIPTION: &str = include_str!("../golden/01_all_ok_zip/data_description.json");
const PROCESSING: &str = include_str!("../golden/01_all_ok_zip/processing.json");
const RECORD: &str = include_str!("../golden/01_all_ok_zip/metadata.nd.json");

/// The job of the golden cases, with these modalities.
fn job(modalities: &[(&str, bool)]) -> JobSpec {
    let modality = |&(name, compress_raw_data): &(&str, bool)| ModalitySpec {
        modality: name.parse().unwrap(),
        folder: Key::parse(name).unwrap(),
        source: "raw_spim".into(),
        source_column: "modality0.source".into(),
        compress_raw_data,
        skip_staging: false,
        extra_configs: None,
    };
    JobSpec {
        origin: Origin::default(),
        destination: "s3://some-bucket".parse().unwrap(),
        platform: "SmartSPIM".parse().unwrap(),
        subject_id: "987654".into(),
        acq_datetime: "2023-10-12 08:32:18".parse().unwrap(),
        modalities: modalities.iter().map(modality).collect(),
        temp_directory: None,
        behavior_dir: None,
        private: Vec::new(),
        metadata_dir: None,
        metadata_dir_force: false,
        dry_run: false,
        force_cloud_sync: false,
        log_level: LogLevel::Info,
        processor_name: "service".into(),
        process_name: adt_model::ProcessName::default(),
        project_name: None,
        people: adt_model::People::default(),
        about: adt_model::About::default(),
        manner: adt_model::Manner::default(),
        endpoints: Endpoints {
            aind_data_transfer_repo_location: Some(
                "https://github.com/AllenNeuralDynamics/aind-data-transfer".into(),
            ),
            ..Endpoints::default()
        },
    }
}

/// What the program does with a folder that is compressed.
fn zipped() -> Settings {
    Settings { container: "zip".into(), codec: "deflate".into(), level: Some(4), ..Settings::default() }
}

/// `data_description.json` of a job of which nobody has told anything, recorded in UTC.
fn described(job: &JobSpec) -> Result<Document, Fault> {
    data_description(&DescriptionInput { job, answered: &Answered::default(), zone: &TimeZone::UTC })
}

/// `processing.json` of a job each compressed folder of which took as long as in the golden file.
fn processed(job: &JobSpec) -> Document {
    let process = |modality| ProcessInput {
        modality,
        started: "2026-11-22T15:33:30.406887Z".parse().unwrap(),
        ended: "2026-11-22T15:33:30.821142Z".parse().unwrap(),
        settings: zipped(),
        notes: None,
        made: Made {
            object: Key::parse("SPIM/raw_spim.zip").unwrap(),
            objects: 1,
            entries: 3,
            bytes_in: 300,
            bytes_out: 200,
            checksum: Some(Crc64(0xab)),
        },
    };
    let processes = job.modalities.iter().filter(|m| m.compress_raw_data).map(process).collect();
    let (began, written) = ("2026-11-22T15:33:30Z".parse().unwrap(), "2026-11-22T15:34:00Z".parse().unwrap());
    processing(&ProcessingInput { job, version: "0.32.12", began, written, processes, notes: None })
}

/// The text without a block that is meant to differ; the block must be there.
fn without(text: &str, block: &str) -> String {
    assert_eq!(text.matches(block).count(), 1, "{block}");
    text.replacen(block, "", 1)
}

#[rstest]
#[case::one(&[("SPIM", true)], DESCRIPTION)]
#[case::two(&[("SPIM", true), ("behavior-videos", false)], include_str!("../golden/03_two_modalities/data_description.json"))]
fn data_description_is_the_originals(#[case] modalities: &[(&str, bool)], #[case] golden: &str) {
    assert_eq!(described(&job(modalities)).unwrap().text(), golden);
}

#[test]
fn a_project_is_named() {
    let job = JobSpec { project_name: Some("Ephys Platform".into()), ..job(&[]) };
    assert_eq!(described(&job).unwrap().value()["project_name"], "Ephys Platform");
}

#[test]
fn processing_is_the_originals_and_says_what_was_done() {
    let ours = processed(&job(&[("SPIM", true), ("behavior-videos", false)])).text();
    let settings = r#",
               "container": "zip",
               "codec": "deflate",
               "level": 4"#;
    let made = r#"
               "object": "SPIM/raw_spim.zip",
               "objects": 1,
               "entries": 3,
               "bytes_in": 300,
               "bytes_out": 200,
               "crc64nvme": "00000000000000ab"
            "#;
    assert_eq!(without(&without(&ours, settings), made), PROCESSING);
}

#[test]
fn processing_without_compression_is_the_originals() {
    let ours = processed(&job(&[("SPIM", false)])).text();
    assert_eq!(ours, include_str!("../golden/02_all_ok_no_compress/processing.json"));
}

#[test]
fn without_a_repository_the_code_is_ours() {
    let job = JobSpec { endpoints: Endpoints::default(), ..job(&[("SPIM", true)]) };
    let url = processed(&job).value()["processing_pipeline"]["data_processes"][0]["code_url"].clone();
    assert!(url.as_str().unwrap().starts_with("https://"), "{url}");
}

/// Our record from the golden parts, with the golden record's identity and times.
fn recorded(golden: &str, changes: &[(&str, &str)]) -> (Document, Value) {
    let golden: Value = serde_json::from_str(golden).unwrap();
    let text = |key: &str| golden[key].as_str().unwrap();
    let mut parts = Parts::default();
    let all = [
        ("subject.json", SUBJECT),
        ("procedures.json", PROCEDURES),
        ("data_description.json", DESCRIPTION),
        ("processing.json", PROCESSING),
    ];
    for (name, text) in all.iter().chain(changes) {
        parts.put(name, check_document(name, text.as_bytes(), "987654").unwrap()).unwrap();
    }
    let at = |key| format!("{}Z", text(key)).parse().unwrap();
    let ours = record(&RecordInput {
        schema: Schema::V1,
        strict_compat: false,
        id: text("id").parse().unwrap(),
        name: text("name").into(),
        created: at("created"),
        last_modified: at("last_modified"),
        location: job(&[]).asset(),
        parts,
    });
    (ours, golden)
}

/// What is meant to differ in every record.
fn meant(golden: &str) -> String {
    let place = "s3://some-bucket/SmartSPIM_987654_2023-10-12_08-32-18";
    golden.replacen("\"id\": ", "\"_id\": ", 1).replacen(
        "\"location\": \"some-bucket\"",
        &format!("\"location\": \"{place}\""),
        1,
    )
}

#[test]
fn a_record_is_the_originals() {
    assert_eq!(recorded(RECORD, &[]).0.text(), meant(RECORD));
}

#[test]
fn a_record_holds_what_a_metadata_folder_brings() {
    let golden = include_str!("../golden/12_metadata_dir_extra/metadata.nd.json");
    let session = include_str!("../golden/12_metadata_dir_extra/session.json");
    let processing = {
        let golden: Value = serde_json::from_str(golden).unwrap();
        golden["processing"].to_string()
    };
    let (ours, _) = recorded(golden, &[("session.json", session), ("processing.json", &processing)]);
    assert_eq!(ours.text(), meant(golden));
}

#[test]
fn a_record_of_whole_parts_is_valid_and_keeps_their_digits() {
    let described = DESCRIPTION.replace("\"investigators\": []", "\"investigators\": [\"A\"]");
    let weighed = PROCEDURES.replace("\"20.5\"", "20.50");
    let (ours, _) = recorded(RECORD, &[("data_description.json", &described), ("procedures.json", &weighed)]);
    assert_eq!(ours.value()["metadata_status"], "Valid");
    assert!(ours.text().contains("\"animal_weight_prior\": 20.50"));
    assert_eq!(ours.value()["rig"], Value::Null);
}

#[test]
fn a_file_the_record_has_no_place_for_is_given_back() {
    let notes = check_document("notes.json", b"{}", "1").unwrap();
    assert_eq!(Parts::default().put("notes.json", notes.clone()), Err(notes));
}
