use camino::Utf8Path;
use serde::{Serialize, Serializer};
use serde_json::Map;

use super::{Made, ProcessInput, ProcessingInput, Settings, code_url};
use crate::{
    Document,
    terms::{Named, described_by},
    times::zulu,
    versions::v1,
};

pub(super) fn document(input: &ProcessingInput<'_>) -> Document {
    Document::of(&Body {
        described_by: described_by("processing"),
        schema_version: v1::PROCESSING,
        processing_pipeline: Chain {
            data_processes: input.processes.iter().map(|process| data_process(input, process)).collect(),
            processor_full_name: &input.job.processor_name,
            pipeline_version: None,
            pipeline_url: None,
            note: None,
        },
        analyses: [],
        notes: input.notes.as_deref(),
    })
}

fn data_process<'a>(input: &'a ProcessingInput<'_>, process: &'a ProcessInput<'_>) -> DataProcess<'a> {
    let job = input.job;
    let strict = job.manner.strict_compat;
    let (began, ended) = if strict { (input.began, input.written) } else { (process.started, process.ended) };
    DataProcess {
        name: "Compression",
        software_version: if strict { v1::ORIGINAL } else { input.version },
        start_date_time: zulu(began),
        end_date_time: zulu(ended),
        input_location: &process.modality.source,
        output_location: job.asset().to_string(),
        code_url: code_url(job),
        code_version: None,
        parameters: Parameters {
            modality: process.modality.modality.into(),
            source: &process.modality.source,
            compress_raw_data: process.modality.compress_raw_data,
            extra_configs: process.modality.extra_configs.as_deref(),
            skip_staging: process.modality.skip_staging,
            settings: (!strict).then_some(&process.settings),
        },
        outputs: Outputs((!strict).then_some(&process.made)),
        notes: process.notes.as_deref().filter(|_| !strict),
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
    notes: Option<&'a str>,
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
    outputs: Outputs<'a>,
    notes: Option<&'a str>,
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
    settings: Option<&'a Settings>,
}

/// An object in any case.
struct Outputs<'a>(Option<&'a Made>);

impl Serialize for Outputs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(made) => made.serialize(serializer),
            None => Map::new().serialize(serializer),
        }
    }
}
