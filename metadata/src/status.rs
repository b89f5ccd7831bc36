use adt_model::Schema;
use serde::Serialize;

use crate::{Parts, schema::findings};

/// What is known about an asset's metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Status {
    /// Every part there is passes its model of aind-data-schema.
    Valid,
    /// At least one part does not.
    Invalid,
    /// Nothing is known about the animal.
    Missing,
}

/// Holds every part against its model, as the package's own record does: without a subject the status is `Missing`, with a part
/// that does not pass `Invalid`, else `Valid`. The reasons are fragments that name part, place and fault; empty for `Valid`.
///
/// The package's record drops a part's unknown keys before it looks at them. Here they are kept, so here they count.
pub fn status(schema: Schema, parts: &Parts) -> (Status, Vec<String>) {
    let mut reasons: Vec<String> = parts
        .of(schema)
        .filter_map(|(name, part)| Some((name, part?)))
        .flat_map(|(name, part)| {
            findings(schema, name, part.value()).into_iter().map(move |finding| format!("{name}: {finding}"))
        })
        .collect();
    if parts.subject.is_none() {
        reasons.insert(0, "subject: there is no such document".to_owned());
        return (Status::Missing, reasons);
    }
    (if reasons.is_empty() { Status::Valid } else { Status::Invalid }, reasons)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;
    use rstest::rstest;

    fn parts(changes: &[(&str, &str)]) -> Parts {
        let mut parts = Parts::default();
        let complete = [
            ("subject.json", include_str!("../tests/golden/01_all_ok_zip/subject.json")),
            ("procedures.json", include_str!("../tests/golden/01_all_ok_zip/procedures.json")),
            ("processing.json", include_str!("../tests/golden/01_all_ok_zip/processing.json")),
        ];
        for (name, text) in complete.iter().chain(changes) {
            parts.put(name, Document::parse(text).unwrap()).unwrap();
        }
        parts
    }

    #[rstest]
    #[case::all_in_order(&[], Status::Valid, &[])]
    #[case::the_originals_description(
        &[("data_description.json", include_str!("../tests/golden/01_all_ok_zip/data_description.json"))],
        Status::Invalid,
        &["data_description: `investigators` is empty, it needs at least one entry"]
    )]
    #[case::an_odd_session(
        &[("session.json", r#"{"note": "not a valid session"}"#)],
        Status::Invalid,
        &[
            "session: `data_streams` is missing",
            "session: `experimenter_full_name` is missing",
            "session: `note` is not known to the schema",
            "session: `rig_id` is missing",
            "session: `session_start_time` is missing",
            "session: `session_type` is missing",
            "session: `subject_id` is missing"
        ]
    )]
    #[case::a_null(
        &[("procedures.json", r#"{"subject_id": null}"#)],
        Status::Invalid,
        &["procedures: `subject_id` is null, it must be text"]
    )]
    #[case::no_object_at_all(
        &[("processing.json", "7")],
        Status::Invalid,
        &["processing: the document is 7, it must be an object"]
    )]
    fn follows_from_the_parts(
        #[case] changes: &[(&str, &str)],
        #[case] expected: Status,
        #[case] why: &[&str],
    ) {
        let (found, mut reasons) = status(Schema::V1, &parts(changes));
        reasons.sort();
        assert_eq!(reasons, why);
        assert_eq!(found, expected);
    }

    #[test]
    fn without_a_subject_it_is_missing() {
        let (status, reasons) = status(Schema::V1, &Parts { subject: None, ..parts(&[]) });
        assert_eq!((status, reasons.len()), (Status::Missing, 1));
    }

    #[test]
    fn documents_of_the_other_generation_do_not_pass() {
        let (status, reasons) = status(Schema::V2, &parts(&[]));
        assert_eq!(status, Status::Invalid);
        assert!(reasons.iter().any(|reason| reason.contains("`subject_details` is missing")), "{reasons:?}");
    }
}
