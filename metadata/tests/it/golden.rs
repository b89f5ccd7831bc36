//! The eleven recorded runs of the original, as `strict_compat` writes their documents: equal to the byte, given the same times
//! and identity.

use std::{fs, path::PathBuf};

use adt_metadata::{
    Document, Made, Parts, ProcessInput, ProcessingInput, RecordInput, processing, record, service_document,
};
use adt_model::{Class, JobSpec, Key, Manner, Schema};
use jiff::Timestamp;
use rstest::rstest;
use serde_json::Value;

use super::{check_document, described, job, zipped};

/// A file of a recorded run; what the run did not write is missing.
fn file(case: &str, name: &str) -> Option<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    fs::read_to_string(folder.join(case).join(name)).ok()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The job that was run.
fn recorded_job(case: &str) -> JobSpec {
    let told = json(&file(case, "job.json").unwrap());
    let config = &told["config"];
    let modalities = config["modalities"].as_array().unwrap();
    let compressed = |m: &Value| m["compress_raw_data"].as_bool().unwrap_or(m["modality"] == "ecephys");
    let each: Vec<_> = modalities.iter().map(|m| (m["modality"].as_str().unwrap(), compressed(m))).collect();
    let mut spec = job(&each);
    for (ours, theirs) in spec.modalities.iter_mut().zip(modalities) {
        ours.source = theirs["source"].as_str().unwrap().into();
        ours.skip_staging = theirs["skip_staging"].as_bool().unwrap_or(false);
    }
    spec.platform = config["platform"].as_str().unwrap().parse().unwrap();
    spec.manner = Manner { strict_compat: true, ..Manner::default() };
    // What the original does not take over.
    spec.project_name = Some("Not-Asked-For".into());
    spec.people.investigators = vec!["Nobody".into()];
    spec
}

fn at(text: &Value) -> Timestamp {
    let text = text.as_str().unwrap();
    format!("{}Z", text.trim_end_matches('Z')).parse().unwrap()
}

fn processed(job: &JobSpec, golden: &Value) -> Document {
    let first = &golden["processing_pipeline"]["data_processes"][0];
    let times =
        ["start_date_time", "end_date_time"].map(|key| first.get(key).map_or(Timestamp::UNIX_EPOCH, at));
    let process = |modality| ProcessInput {
        modality,
        started: Timestamp::UNIX_EPOCH,
        ended: Timestamp::UNIX_EPOCH,
        settings: zipped(),
        made: Made {
            object: Key::parse("a").unwrap(),
            objects: 1,
            entries: 1,
            bytes_in: 1,
            bytes_out: 1,
            checksum: None,
        },
        notes: Some("not the original's".into()),
    };
    let processes = job.modalities.iter().filter(|m| m.compress_raw_data).map(process).collect();
    processing(&ProcessingInput {
        job,
        version: "1.0.0",
        began: times[0],
        written: times[1],
        processes,
        notes: None,
    })
}

#[rstest]
#[case("01_all_ok_zip")]
#[case("02_all_ok_no_compress")]
#[case("03_two_modalities")]
#[case("06_procedures_404")]
#[case("12_metadata_dir_extra")]
#[case("17_process_capsule")]
#[case("20_behavior_dir_zip")]
#[case("26_exists_forced")]
#[case("34_ecephys")]
fn strict_documents_are_the_originals_to_the_byte(#[case] case: &str) {
    let job = recorded_job(case);
    let golden = |name: &str| file(case, name).unwrap();

    let description = described(&job).unwrap();
    assert_eq!(description.text(), golden("data_description.json"));

    let processing = processed(&job, &json(&golden("processing.json")));
    assert_eq!(processing.text(), golden("processing.json"));

    let mut parts =
        Parts { data_description: Some(description), processing: Some(processing), ..Parts::default() };
    for name in ["subject.json", "procedures.json", "session.json"] {
        // Where the service has no procedures the original invents a skeleton; it is given here as if somebody had brought it.
        let Some(text) = file(case, name) else { continue };
        parts.put(name, check_document(name, text.as_bytes(), &job.subject_id).unwrap()).unwrap();
    }
    let theirs = json(&golden("metadata.nd.json"));
    let ours = record(&RecordInput {
        schema: Schema::V1,
        strict_compat: true,
        id: theirs["id"].as_str().unwrap().parse().unwrap(),
        name: job.asset_name(),
        created: at(&theirs["created"]),
        last_modified: at(&theirs["last_modified"]),
        location: job.asset(),
        parts,
    });
    assert_eq!(ours.text(), golden("metadata.nd.json"));
}

/// A dry run writes nothing; what it would write is what the real run writes.
#[test]
fn a_dry_run_would_write_the_same() {
    assert!(file("16_dry_run", "data_description.json").is_none());
    let ours = described(&recorded_job("16_dry_run")).unwrap();
    assert_eq!(ours.text(), file("01_all_ok_zip", "data_description.json").unwrap());
}

/// With nobody listening the original invents a skeleton and then stumbles over it; it is never taken for an answer here.
#[test]
fn a_skeleton_is_no_answer() {
    let job = json(&file("10_service_down", "job.json").unwrap());
    assert_eq!(job["result"], "error");
    let skeleton = file("10_service_down", "subject.json").unwrap();
    let fault = service_document("subject.json", &skeleton, "987654").unwrap_err();
    assert_eq!(fault.class(), Class::BadInput);
}
