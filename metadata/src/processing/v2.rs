use serde::Serialize;
use serde_json::{Map, Value};

use super::{Made, ProcessInput, ProcessingInput, Settings, code_url};
use crate::{
    Document,
    terms::{Named, described_by},
    times::zulu,
    versions::v2,
};

/// Processes are in the order in which they began, as the schema wants them; none depends on another.
pub(super) fn document(input: &ProcessingInput<'_>) -> Document {
    let mut processes: Vec<_> = input.processes.iter().collect();
    processes.sort_by_key(|process| process.started);
    let graph = processes.iter().map(|process| (name(process), Value::Array(Vec::new()))).collect();
    Document::of(&Body {
        object_type: "Processing",
        described_by: described_by("processing"),
        schema_version: v2::PROCESSING,
        data_processes: processes.into_iter().map(|process| data_process(input, process)).collect(),
        pipelines: None,
        notes: input.notes.as_deref(),
        dependency_graph: graph,
    })
}

/// A folder appears once in an asset, so the name does too.
fn name(process: &ProcessInput<'_>) -> String {
    format!("Compress {}", process.modality.folder)
}

fn data_process<'a>(input: &'a ProcessingInput<'_>, process: &'a ProcessInput<'_>) -> DataProcess<'a> {
    DataProcess {
        object_type: "Data process",
        process_type: "Compression",
        name: name(process),
        stage: "Processing",
        code: Code {
            object_type: "Code",
            url: code_url(input.job),
            name: None,
            version: input.version,
            commit_hash: None,
            container: None,
            run_script: None,
            language: None,
            language_version: None,
            input_data: None,
            parameters: Parameters {
                modality: Named::in_v2(process.modality.modality).abbreviation,
                source: process.modality.source.as_str(),
                settings: &process.settings,
            },
            core_dependency: None,
        },
        experimenters: [&input.job.processor_name],
        pipeline_name: None,
        start_date_time: zulu(process.started),
        end_date_time: zulu(process.ended),
        output_path: process.made.object.to_string(),
        output_parameters: &process.made,
        notes: process.notes.as_deref(),
        resources: None,
    }
}

/// In the schema's order.
#[derive(Serialize)]
struct Body<'a> {
    object_type: &'static str,
    #[serde(rename = "describedBy")]
    described_by: String,
    schema_version: &'static str,
    data_processes: Vec<DataProcess<'a>>,
    pipelines: Option<()>,
    notes: Option<&'a str>,
    dependency_graph: Map<String, Value>,
}

#[derive(Serialize)]
struct DataProcess<'a> {
    object_type: &'static str,
    process_type: &'static str,
    name: String,
    stage: &'static str,
    code: Code<'a>,
    experimenters: [&'a str; 1],
    pipeline_name: Option<()>,
    start_date_time: String,
    end_date_time: String,
    output_path: String,
    output_parameters: &'a Made,
    notes: Option<&'a str>,
    resources: Option<()>,
}

#[derive(Serialize)]
struct Code<'a> {
    object_type: &'static str,
    url: &'a str,
    name: Option<()>,
    version: &'a str,
    commit_hash: Option<()>,
    container: Option<()>,
    run_script: Option<()>,
    language: Option<()>,
    language_version: Option<()>,
    input_data: Option<()>,
    parameters: Parameters<'a>,
    core_dependency: Option<()>,
}

#[derive(Serialize)]
struct Parameters<'a> {
    modality: &'static str,
    source: &'a str,
    #[serde(flatten)]
    settings: &'a Settings,
}
