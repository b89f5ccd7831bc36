mod v1;
mod v2;

use adt_model::{Crc64, JobSpec, Key, ModalitySpec, Schema};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{Document, terms::REPOSITORY};

/// What `processing.json` is made from.
#[derive(Clone, Debug)]
pub struct ProcessingInput<'a> {
    /// The job; its `manner` says which schema the document follows.
    pub job: &'a JobSpec,
    /// This program's version.
    pub version: &'a str,
    /// When the job began.
    pub began: Timestamp,
    /// When the document is written.
    pub written: Timestamp,
    /// The folders that were transformed, in the job's order; folders that were copied as they are have no entry. Nor have
    /// behaviour videos: that they are encrypted is nothing that either schema has a name for, and the original says nothing of it.
    pub processes: Vec<ProcessInput<'a>>,
    /// What a reader should know about all of it, such as files that are not in the asset.
    pub notes: Option<String>,
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
    /// What a person should know about it.
    pub notes: Option<String>,
}

/// How a folder was transformed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// What holds the files, such as `zip`.
    pub container: String,
    /// What makes them smaller, such as `deflate`.
    pub codec: String,
    /// How hard it tries, where the codec has levels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<i32>,
    /// The shape or length of the pieces that can be read alone, where the container has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunking: Option<Value>,
    /// What else the codec was told, in this order.
    #[serde(flatten)]
    pub further: Map<String, Value>,
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

/// `processing.json` of a job's asset: schema 0.4.3, or 2.3.3 for schema v2.
pub fn processing(input: &ProcessingInput<'_>) -> Document {
    match input.job.manner.schema {
        Schema::V1 => v1::document(input),
        Schema::V2 => v2::document(input),
    }
}

/// Where the code is that did it.
fn code_url(job: &JobSpec) -> &str {
    job.endpoints.aind_data_transfer_repo_location.as_deref().unwrap_or(REPOSITORY)
}
