//! Documents of schema v2 beside the golden ones, and before the package.

use adt_metadata::{
    Answered, DescriptionInput, Document, Made, Parts, ProcessInput, ProcessingInput, RecordInput, Settings,
    Status, check_document, data_description, processing, record, status,
};
use adt_model::{Class, Crc64, Endpoints, Funding, JobSpec, Key, Manner, People, Schema};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value, json};

use super::{job, oracle::theirs, zipped};

const DESCRIPTION: &str = include_str!("../golden/v2/data_description.json");
const PROCESSING: &str = include_str!("../golden/v2/processing.json");
const RECORD: &str = include_str!("../golden/v2/metadata.nd.json");

fn second(modalities: &[(&str, bool)]) -> JobSpec {
    JobSpec {
        project_name: Some("Test Project".into()),
        people: People {
            investigators: vec!["A Person".into()],
            funding: vec![Funding { funder: "Allen Institute".into(), ..Funding::default() }],
        },
        manner: Manner { schema: Schema::V2, ..Manner::default() },
        endpoints: Endpoints {
            aind_data_transfer_repo_location: Some("https://repo.example/tool".into()),
            ..Endpoints::default()
        },
        ..job(modalities)
    }
}

fn described(job: &JobSpec) -> Document {
    data_description(&DescriptionInput { job, answered: &Answered::default(), zone: &TimeZone::UTC }).unwrap()
}

fn made(object: &str) -> Made {
    Made {
        object: Key::parse(object).unwrap(),
        objects: 1,
        entries: 3,
        bytes_in: 300,
        bytes_out: 200,
        checksum: Some(Crc64(0xab)),
    }
}

fn process<'a>(job: &'a JobSpec, at: usize, started: &str, settings: Settings) -> ProcessInput<'a> {
    let modality = &job.modalities[at];
    let ended = "2024-01-02T03:09:05.006Z".parse().unwrap();
    let made = made(modality.folder.as_ref());
    ProcessInput { modality, started: started.parse().unwrap(), ended, settings, made, notes: None }
}

fn processed(job: &JobSpec, processes: Vec<ProcessInput<'_>>) -> Document {
    let (began, written) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
    processing(&ProcessingInput { job, version: "1.0.0", began, written, processes, notes: None })
}

#[test]
fn a_description_is_the_golden_one() {
    let ours = described(&second(&[("SPIM", true), ("behavior-videos", false)]));
    let name = "\"name\": \"987654_2023-10-12_08-32-18\"";
    assert_eq!(ours.text(), DESCRIPTION.replace(name, "\"name\": \"SmartSPIM_987654_2023-10-12_08-32-18\""));
}

#[test]
fn a_description_has_the_rigs_offset_and_the_new_names() {
    let zone = TimeZone::posix("PST8PDT,M3.2.0,M11.1.0").unwrap();
    let job = second(&[("ophys", true), ("slap", true), ("ophys", true)]);
    let ours = data_description(&DescriptionInput { job: &job, answered: &Answered::default(), zone: &zone })
        .unwrap();
    assert_eq!(ours.value()["creation_time"], "2023-10-12T08:32:18-07:00");
    assert_eq!(
        ours.value()["modalities"],
        json!([
            {"name": "Planar optical physiology", "abbreviation": "pophys"},
            {"name": "Random access projection microscopy", "abbreviation": "slap2"}
        ])
    );
    assert_eq!(theirs(Schema::V2, &[("data_description", ours.value().clone())]), [None]);
}

#[test]
fn what_a_description_needs_is_named() {
    let job = JobSpec { project_name: None, people: People::default(), ..second(&[]) };
    let input = DescriptionInput { job: &job, answered: &Answered::default(), zone: &TimeZone::UTC };
    let fault = data_description(&input).unwrap_err();
    assert_eq!(fault.class(), Class::BadInput);
    assert!(
        fault.line().contains("needs `project_name` and `investigators` and `funding_source`"),
        "{fault:?}"
    );
}

#[test]
fn processing_is_the_golden_one_and_says_what_was_done() {
    let job = second(&[("SPIM", true)]);
    let mut ours =
        processed(&job, vec![process(&job, 0, "2024-01-02T03:04:05.006Z", zipped())]).value().clone();
    let entry = &mut ours["data_processes"][0];
    assert_eq!(
        entry["code"]["parameters"],
        json!({"modality": "SPIM", "source": "raw_spim", "container": "zip", "codec": "deflate", "level": 4})
    );
    assert_eq!(entry["output_parameters"]["crc64nvme"], "00000000000000ab");
    entry["code"]["parameters"] = json!({"modality": "SPIM", "codec": "zstd", "clevel": 1});
    entry["output_parameters"] = Value::Null;
    assert_eq!(serde_json::to_string(&ours).unwrap(), serde_json::to_string(&golden(PROCESSING)).unwrap());
}

#[test]
fn processes_are_told_in_the_order_they_began_and_each_by_its_own_name() {
    let job = second(&[("ecephys", true), ("SPIM", true)]);
    let further: Map<String, Value> = [("shuffle".to_owned(), json!(true))].into_iter().collect();
    let chunked = Settings {
        container: "zarr".into(),
        codec: "wavpack".into(),
        chunking: Some(json!([30000, 384])),
        further,
        ..Settings::default()
    };
    let ours = processed(
        &job,
        vec![
            process(&job, 0, "2024-01-02T03:05:00Z", chunked),
            process(&job, 1, "2024-01-02T03:04:00Z", zipped()),
        ],
    );
    let value = ours.value();
    assert_eq!(value["dependency_graph"], json!({"Compress SPIM": [], "Compress ecephys": []}));
    assert_eq!(value["data_processes"][0]["name"], "Compress SPIM");
    let told = &value["data_processes"][1]["code"]["parameters"];
    assert_eq!(
        (&told["chunking"], &told["shuffle"], told.get("level")),
        (&json!([30000, 384]), &json!(true), None)
    );
    assert_eq!(theirs(Schema::V2, &[("processing", value.clone())]), [None]);
    assert_eq!(theirs(Schema::V2, &[("processing", processed(&job, vec![]).value().clone())]), [None]);
}

fn golden(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_record_is_the_golden_one_and_passes() {
    let job = second(&[("SPIM", true)]);
    let brought = [
        ("subject.json", include_str!("../golden/v2/subject.json")),
        ("procedures.json", include_str!("../golden/v2/procedures.json")),
        ("acquisition.json", include_str!("../golden/v2/acquisition.json")),
    ];
    let mut parts = Parts {
        data_description: Some(described(&job)),
        processing: Some(processed(&job, vec![process(&job, 0, "2024-01-02T03:04:05.006Z", zipped())])),
        ..Parts::default()
    };
    for (name, text) in brought {
        parts.put(name, check_document(name, text.as_bytes(), "987654").unwrap()).unwrap();
    }
    assert_eq!(status(Schema::V2, &parts), (Status::Valid, Vec::new()));
    let ours = record(&RecordInput {
        schema: Schema::V2,
        strict_compat: false,
        id: "0125c6a8-36cc-40aa-9db8-dc790aca4b60".parse().unwrap(),
        name: job.asset_name(),
        created: Timestamp::UNIX_EPOCH,
        last_modified: Timestamp::UNIX_EPOCH,
        location: job.asset(),
        parts,
    });
    let mut like = golden(RECORD);
    like["name"] = json!(job.asset_name());
    like["location"] = json!("s3://some-bucket/SmartSPIM_987654_2023-10-12_08-32-18");
    like["data_description"] = ours.value()["data_description"].clone();
    like["processing"] = ours.value()["processing"].clone();
    assert_eq!(serde_json::to_string(ours.value()).unwrap(), serde_json::to_string(&like).unwrap());
    assert_eq!(theirs(Schema::V2, &[("metadata", ours.value().clone())]), [None]);
}
