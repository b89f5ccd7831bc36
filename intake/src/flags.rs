//! The flags of a single job.

use adt_model::Origin;
use camino::Utf8Path;

use crate::{
    Overrides, Row,
    draft::{Draft, Form, Wrong},
    field::Field,
    json::{self, Node},
    spec,
};

/// What the command line says about a single job, as it was typed. Its switches are [`Overrides`].
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SingleJob {
    /// `-a`, `--acq-datetime`
    pub acq_datetime: Option<String>,
    /// `-b`, `--s3-bucket`
    pub s3_bucket: Option<String>,
    /// `-e`, `--platform`
    pub platform: Option<String>,
    /// `-m`, `--modalities`: the text of a JSON list.
    pub modalities: Option<String>,
    /// `-p`, `--endpoints-parameters`: the text of a JSON object, or a parameter's name. May hold secrets.
    pub endpoints_parameters: Option<String>,
    /// `-s`, `--subject-id`
    pub subject_id: Option<String>,
    /// `-l`, `--log-level`
    pub log_level: Option<String>,
    /// `-n`, `--temp-directory`
    pub temp_directory: Option<String>,
    /// `-v`, `--behavior-dir`
    pub behavior_dir: Option<String>,
    /// `-x`, `--metadata-dir`
    pub metadata_dir: Option<String>,
    /// `-i`, `--codeocean-process-capsule-id`
    pub codeocean_process_capsule_id: Option<String>,
}

/// Reads the flags of a single job: always one row, without a number, from `command line`.
pub fn from_flags(flags: &SingleJob, cwd: &Utf8Path, over: &Overrides) -> Vec<Row> {
    let origin = Origin { source: "command line".to_owned(), row: None };
    let mut draft = Draft::new(origin, Form::Flags);
    for (field, text) in [
        (Field::AcqDatetime, &flags.acq_datetime),
        (Field::S3Bucket, &flags.s3_bucket),
        (Field::Platform, &flags.platform),
        (Field::SubjectId, &flags.subject_id),
        (Field::LogLevel, &flags.log_level),
        (Field::TempDirectory, &flags.temp_directory),
        (Field::BehaviorDir, &flags.behavior_dir),
        (Field::MetadataDir, &flags.metadata_dir),
        (Field::ProcessCapsuleId, &flags.codeocean_process_capsule_id),
    ] {
        if let Some(text) = text {
            draft.put(field, Form::Flags.shown(field), text.as_str());
        }
    }
    modalities(&mut draft, flags.modalities.as_deref());
    if let Some(text) = &flags.endpoints_parameters {
        endpoints(&mut draft, text);
    }
    vec![spec::row(draft, cwd, over)]
}

fn modalities(draft: &mut Draft, text: Option<&str>) {
    let flag = "--modalities";
    match text.filter(|text| !text.trim().is_empty()).map_or(Ok(Node::Null), Node::parse) {
        Ok(node) => json::modalities(draft, flag, node),
        Err(wrong) => {
            let valid = "a JSON list such as `[{\"modality\": \"ecephys\", \"source\": \"/data/session\"}]`";
            draft.complain(flag, Wrong::new(wrong.what, valid));
        }
    }
}

/// A text that begins like JSON is never taken for a parameter's name: it may hold secrets.
fn endpoints(draft: &mut Draft, text: &str) {
    let flag = "--endpoints-parameters";
    if !text.trim_start().starts_with(['{', '[', '"']) {
        return draft.put(Field::AwsParamStoreName, flag, text);
    }
    let valid = "a JSON object such as `{\"metadata_service_domain\": \"https://…\"}`, or a parameter's name";
    match Node::parse(text) {
        Ok(Node::Object(pairs)) => json::endpoints(draft, flag, pairs),
        Ok(other) => draft.complain(flag, Wrong::new(format!("{}, not an object", other.noun()), valid)),
        Err(wrong) => draft.complain(flag, Wrong::new(wrong.what, valid)),
    }
}
