use adt_model::{Crc64, JobSpec, Key, ModalitySpec};
use camino::Utf8Path;
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    Document,
    terms::{Named, described_by},
    times::zulu,
};

/// What `processing.json` is made from.
#[derive(Clone, Debug)]
pub struct ProcessingInput<'a> {
    /// The job.
    pub job: &'a JobSpec,
    /// This program's version.
    pub version: &'a str,
    /// The folders that were transformed, in the job's order; folders that were copied as they are have no entry.
    pub processes: Vec<ProcessInput<'a>>,
}

/// One folder that was transformed.
#[derive(Clone, Debug)]
pub struct ProcessInput<'a> {
    /// The folder, as it was asked for.
    pub modality: &'a ModalitySpec,
    /// When it began.
    pub started: Timestamp,
    /// When the destination had confirmed it.
    pub ended: Timestamp,
    /// How it was done.
    pub settings: Settings,
    /// What came of it.
    pub made: Made,
}

/// How a folder was transformed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// What holds the files, such as `zip`.
    pub container: String,
    /// What makes them smaller, such as `deflate`.
    pub codec: String,
    /// How hard it tries.
    pub level: u8,
}

/// What a transformation has made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Made {
    /// The object in the asset, or the folder the objects are in.
    pub object: Key,
    /// How many objects there are.
    pub objects: u64,
    /// Files (and empty folders) that went in.
    pub entries: u64,
    /// Their bytes.
    pub bytes_in: u64,
    /// Bytes at the destination.
    pub bytes_out: u64,
    /// CRC-64/NVME of the object, or of its manifest where there are several.
    #[serde(rename = "crc64nvme")]
    pub checksum: Option<Crc64>,
}

/// `processing.json` of a job's asset, schema 0.4.3.
pub fn processing(input: &ProcessingInput<'_>) -> Document {
    Document::of(&Body {
        described_by: described_by("processing"),
        schema_version: "0.4.3",
        processing_pipeline: Chain {
            data_processes: input.processes.iter().map(|process| data_process(input, process)).collect(),
            processor_full_name: &input.job.processor_name,
            pipeline_version: None,
            pipeline_url: None,
            note: None,
        },
        analyses: [],
        notes: None,
    })
}

fn data_process<'a>(input: &'a ProcessingInput<'_>, process: &'a ProcessInput<'_>) -> DataProcess<'a> {
    let job = input.job;
    let repository = job.endpoints.aind_data_transfer_repo_location.as_deref();
    DataProcess {
        name: "Compression",
        software_version: input.version,
        start_date_time: zulu(process.started),
        end_date_time: zulu(process.ended),
        input_location: &process.modality.source,
        output_location: job.asset().to_string(),
        code_url: repository.unwrap_or(env!("CARGO_PKG_REPOSITORY")),
        code_version: None,
        parameters: Parameters {
            modality: process.modality.modality.into(),
            source: &process.modality.source,
            compress_raw_data: process.modality.compress_raw_data,
            extra_configs: process.modality.extra_configs.as_deref(),
            skip_staging: process.modality.skip_staging,
            settings: &process.settings,
        },
        outputs: &process.made,
        notes: None,
    }
}

/// In the schema's order.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "describedBy")]
    described_by: String,
    schema_version: &'static str,
    processing_pipeline: Chain<'a>,
    analyses: [(); 0],
    notes: Option<()>,
}

#[derive(Serialize)]
struct Chain<'a> {
    data_processes: Vec<DataProcess<'a>>,
    processor_full_name: &'a str,
    pipeline_version: Option<()>,
    pipeline_url: Option<()>,
    note: Option<()>,
}

#[derive(Serialize)]
struct DataProcess<'a> {
    name: &'static str,
    software_version: &'a str,
    start_date_time: String,
    end_date_time: String,
    input_location: &'a Utf8Path,
    output_location: String,
    code_url: &'a str,
    code_version: Option<()>,
    parameters: Parameters<'a>,
    outputs: &'a Made,
    notes: Option<()>,
}

/// The original's keys, then what was really done.
#[derive(Serialize)]
struct Parameters<'a> {
    modality: Named,
    source: &'a Utf8Path,
    compress_raw_data: bool,
    extra_configs: Option<&'a Utf8Path>,
    skip_staging: bool,
    #[serde(flatten)]
    settings: &'a Settings,
}
