//! Documents held against the models of the public package aind-data-schema.
//!
//! `metadata/schemas/*.json` say what a document must look like; `scripts/schemas` writes them from the package. What the package
//! checks in Python only is followed in [`rules`] and [`rules_v2`]. A document passes here when Python's `Model.model_validate`
//! passes it; where that is not so, the table says it:
//!
//! | schema | document | Python | here | why |
//! |---|---|---|---|---|
//! | v1 | a whole number beyond 64 bits | taken | refused | such numbers are doubles here; JSON readers disagree about them |
//! | v1 | decimals that differ from a limit after the 17th digit | refused | taken | limits are compared as doubles |
//! | v2 | old forms that its models mend, but for a metric's tags as a list | taken | refused | they are gone with 3.0 |
//! | v2 | the rules that [`rules_v2`] lists as not followed | refused | taken | nothing of the lab's is built from them here |
//! | v2 | a time before 1600 written as seconds since 1970 | taken | refused | nobody writes times so |

mod book;
mod finding;
mod organization;
mod pattern;
mod rules;
mod rules_v2;
mod scalar;
mod time;
mod walk;

use adt_model::Schema;
use serde_json::Value;

use finding::Place;
pub(crate) use finding::{Finding, one_of};
pub(crate) use organization::{choices, funder, funders, institution, institutions};

/// No more findings than these are gathered: a document with more is of another kind.
const MOST: usize = 100;

/// Everything that keeps a document from passing as `model` of the schema, such as `subject`; empty when it passes. A model the
/// schema does not have passes nothing.
pub(crate) fn findings(schema: Schema, model: &str, document: &Value) -> Vec<Finding> {
    let book = book::book(schema);
    let mut found = Vec::new();
    match book.model(model) {
        Some(root) => {
            walk::Walk { book, schema }.check(root, document, &Place::Root, None, &mut found);
            found.truncate(MOST);
        }
        None => found.push(Finding::new(&Place::Root, format!("schema {schema} has no document `{model}`"))),
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn found(schema: Schema, model: &str, document: &Value) -> Vec<String> {
        findings(schema, model, document).iter().map(ToString::to_string).collect()
    }

    fn subject(change: impl FnOnce(&mut Value)) -> Value {
        let mut subject =
            serde_json::from_str(include_str!("../../tests/golden/01_all_ok_zip/subject.json")).unwrap();
        change(&mut subject);
        subject
    }

    #[rstest]
    #[case::nothing(subject(|_| ()), &[])]
    #[case::missing(subject(|s| { s.as_object_mut().unwrap().remove("sex"); }), &["`sex` is missing"])]
    #[case::null(subject(|s| s["sex"] = json!(null)), &["`sex` is null, it must be \"Female\" or \"Male\""])]
    #[case::another_word(subject(|s| s["sex"] = json!("male")), &["`sex` is \"male\", it must be \"Female\" or \"Male\""])]
    #[case::no_date(
        subject(|s| s["date_of_birth"] = json!("2/1/2023")),
        &["`date_of_birth` is \"2/1/2023\", it must be a date such as 2023-10-12"]
    )]
    #[case::an_unknown_key(subject(|s| s["wheight"] = json!(3)), &["`wheight` is not known to the schema"])]
    #[case::no_such_branch(
        subject(|s| s["species"]["name"] = json!("Mus")),
        &["`species.name` is \"Mus\", it must be \"Callithrix jacchus\", \"Homo sapiens\", \"Macaca mulatta\", \"Mus musculus\" \
           or \"Rattus norvegicus\""]
    )]
    #[case::inside_the_branch(
        subject(|s| s["species"]["registry_identifier"] = json!("1")),
        &["`species.registry_identifier` is \"1\", it must be \"10090\""]
    )]
    #[case::the_nearest_branch(
        subject(|s| s["breeding_info"] = json!({"breeding_group": "a"})),
        &["`breeding_info.maternal_genotype` is missing", "`breeding_info.maternal_id` is missing",
          "`breeding_info.paternal_genotype` is missing", "`breeding_info.paternal_id` is missing"]
    )]
    #[case::no_branch_at_all(
        subject(|s| s["notes"] = json!([1])),
        &["`notes` is a list, it must be text"]
    )]
    #[case::in_a_list(
        subject(|s| s["alleles"] = json!([{"name": "a"}, {"name": 7}])),
        &["`alleles[1].name` is 7, it must be text"]
    )]
    #[case::no_object(json!([]), &["the document is a list, it must be an object"])]
    fn says_where_and_why(#[case] document: Value, #[case] expected: &[&str]) {
        let mut findings = found(Schema::V1, "subject", &document);
        findings.sort();
        assert_eq!(findings, expected);
    }

    #[test]
    fn a_document_of_another_generation_is_not_taken() {
        assert_eq!(
            found(Schema::V2, "session", &json!({})),
            ["the document schema v2 has no document `session`"]
        );
    }

    #[test]
    fn only_so_many_findings_are_gathered() {
        let many: Vec<_> = (0..1000).map(|n| json!({ "n": n })).collect();
        assert_eq!(findings(Schema::V1, "subject", &subject(|s| s["alleles"] = json!(many))).len(), MOST);
    }

    #[test]
    fn what_is_long_is_shown_cut() {
        let document = subject(|s| s["sex"] = json!("µ".repeat(1000)));
        assert!(found(Schema::V1, "subject", &document)[0].len() < 200);
    }
}
