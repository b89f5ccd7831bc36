use serde::Serialize;
use serde_json::Value;

use crate::Parts;

/// What is known about an asset's metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Status {
    /// Every part there is passes every rule below.
    Valid,
    /// At least one part breaks a rule.
    Invalid,
    /// Nothing is known about the animal.
    Missing,
}

/// What a part must have.
#[derive(Clone, Copy)]
enum Need {
    /// A value that is not null.
    Value,
    /// A list of at least one element.
    Elements,
    /// A list, perhaps empty, each element of which has these values.
    Each(&'static [&'static str]),
}

/// The required fields of the models of aind-data-schema 0.26.5: part, path inside it, need. Of the parts whose models are not
/// held against a rule of their own, it is asked that they name their schema's version, as all that the lab's tools write do.
const RULES: [(&str, &str, Need); 21] = [
    ("subject", "subject_id", Need::Value),
    ("subject", "sex", Need::Value),
    ("subject", "date_of_birth", Need::Value),
    ("subject", "species", Need::Value),
    ("subject", "source", Need::Value),
    ("data_description", "platform", Need::Value),
    ("data_description", "subject_id", Need::Value),
    ("data_description", "creation_time", Need::Value),
    ("data_description", "name", Need::Value),
    ("data_description", "institution", Need::Value),
    ("data_description", "funding_source", Need::Elements),
    ("data_description", "data_level", Need::Value),
    ("data_description", "investigators", Need::Elements),
    ("data_description", "modality", Need::Value),
    ("procedures", "subject_id", Need::Value),
    ("processing", "processing_pipeline.processor_full_name", Need::Value),
    ("processing", "processing_pipeline.data_processes", Need::Each(&DATA_PROCESS)),
    ("session", "schema_version", Need::Value),
    ("rig", "schema_version", Need::Value),
    ("acquisition", "schema_version", Need::Value),
    ("instrument", "schema_version", Need::Value),
];

const DATA_PROCESS: [&str; 8] = [
    "name",
    "software_version",
    "start_date_time",
    "end_date_time",
    "input_location",
    "output_location",
    "code_url",
    "parameters",
];

/// Holds the parts against the rules; the reasons are fragments that name part and field, empty for `Valid`.
pub fn status(parts: &Parts) -> (Status, Vec<String>) {
    let mut reasons = Vec::new();
    for (name, part) in parts.present() {
        let rules = RULES.iter().filter(|(of, ..)| *of == name);
        reasons.extend(
            rules.filter_map(|(_, path, need)| {
                Some(format!("{name}: {}", broken(part.value(), path, *need)?))
            }),
        );
    }
    if parts.subject.is_none() {
        reasons.insert(0, "subject: there is no such document".to_owned());
        return (Status::Missing, reasons);
    }
    (if reasons.is_empty() { Status::Valid } else { Status::Invalid }, reasons)
}

fn broken(part: &Value, path: &str, need: Need) -> Option<String> {
    let value = path.split('.').try_fold(part, |value, key| value.get(key)).unwrap_or(&Value::Null);
    match need {
        Need::Value => value.is_null().then(|| format!("`{path}` is missing")),
        Need::Elements => match value.as_array() {
            Some(list) if !list.is_empty() => None,
            Some(_) => Some(format!("`{path}` is empty, it needs at least one entry")),
            None => Some(format!("`{path}` is not a list")),
        },
        Need::Each(keys) => {
            let Some(list) = value.as_array() else { return Some(format!("`{path}` is not a list")) };
            list.iter().enumerate().find_map(|(at, element)| {
                let key = keys.iter().find(|key| element.get(key).is_none_or(Value::is_null))?;
                Some(format!("`{path}[{at}].{key}` is missing"))
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;
    use rstest::rstest;

    fn parts(changes: &[(&str, &str)]) -> Parts {
        let mut parts = Parts::default();
        let complete = [
            ("subject.json", include_str!("../tests/golden/zip.subject.json")),
            ("procedures.json", include_str!("../tests/golden/zip.procedures.json")),
            ("processing.json", include_str!("../tests/golden/zip.processing.json")),
        ];
        for (name, text) in complete.iter().chain(changes) {
            parts.put(name, Document::parse(text).unwrap()).unwrap();
        }
        parts
    }

    #[rstest]
    #[case::all_in_order(&[], Status::Valid, &[])]
    #[case::the_originals_description(
        &[("data_description.json", include_str!("../tests/golden/zip.data_description.json"))],
        Status::Invalid,
        &["data_description: `investigators` is empty, it needs at least one entry"]
    )]
    #[case::an_odd_session(
        &[("session.json", r#"{"note": "not a valid session"}"#)],
        Status::Invalid,
        &["session: `schema_version` is missing"]
    )]
    #[case::a_null(
        &[("procedures.json", r#"{"subject_id": null}"#)],
        Status::Invalid,
        &["procedures: `subject_id` is missing"]
    )]
    #[case::a_half_process(
        &[("processing.json", r#"{"processing_pipeline": {"processor_full_name": "a", "data_processes": [{}]}}"#)],
        Status::Invalid,
        &["processing: `processing_pipeline.data_processes[0].name` is missing"]
    )]
    #[case::no_object_at_all(
        &[("processing.json", "7")],
        Status::Invalid,
        &[
            "processing: `processing_pipeline.processor_full_name` is missing",
            "processing: `processing_pipeline.data_processes` is not a list"
        ]
    )]
    fn follows_from_the_parts(
        #[case] changes: &[(&str, &str)],
        #[case] expected: Status,
        #[case] why: &[&str],
    ) {
        let (found, reasons) = status(&parts(changes));
        assert_eq!(reasons, why);
        assert_eq!(found, expected);
    }

    #[test]
    fn without_a_subject_it_is_missing() {
        let (status, reasons) = status(&Parts { subject: None, ..parts(&[]) });
        assert_eq!((status, reasons.len()), (Status::Missing, 1));
    }
}
