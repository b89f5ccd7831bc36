//! Who stands behind the data, told by the job or by a service in either of its languages.

use adt_metadata::{Answered, DescriptionInput, data_description};
use adt_model::{Class, Funding, JobSpec, Manner, People, Schema};
use jiff::tz::TimeZone;
use rstest::rstest;
use serde_json::{Value, json};

use super::job;

fn of(schema: Schema, people: People) -> JobSpec {
    JobSpec {
        project_name: Some("Ephys-Platform".into()),
        people,
        manner: Manner { schema, ..Manner::default() },
        ..job(&[("SPIM", true)])
    }
}

fn described(job: &JobSpec, answered: &Answered) -> Value {
    data_description(&DescriptionInput { job, answered, zone: &TimeZone::UTC }).unwrap().value().clone()
}

fn person(name: &str) -> Value {
    json!({
        "object_type": "Person", "name": name, "registry": "Open Researcher and Contributor ID (ORCID)", "registry_identifier": null
    })
}

/// As the service tells of money in its first language: a registry object, and people as text.
fn told_v1() -> Value {
    json!({
        "funder": {
            "name": "Simons Foundation", "abbreviation": null,
            "registry": {"name": "Research Organization Registry", "abbreviation": "ROR"}, "registry_identifier": "01cmst727"
        },
        "grant_number": "R01", "fundee": "A Person, B Person", "investigators": "C Person"
    })
}

/// In its second language.
fn told_v2() -> Value {
    json!({
        "object_type": "Funding",
        "funder": {
            "name": "Simons Foundation", "abbreviation": null, "registry": "Research Organization Registry (ROR)",
            "registry_identifier": "01cmst727"
        },
        "grant_number": "R01", "fundee": [person("A Person"), person("B Person")]
    })
}

#[rstest]
#[case::first_language(Schema::V1, told_v1())]
#[case::second_language(Schema::V1, told_v2())]
#[case::first_language_for_the_second_schema(Schema::V2, told_v1())]
#[case::second_language_for_the_second_schema(Schema::V2, told_v2())]
fn money_that_a_service_tells_of_is_restated(#[case] schema: Schema, #[case] told: Value) {
    let answered = Answered { funding: vec![told], investigators: vec![json!("D Person")] };
    let ours = described(&of(schema, People::default()), &answered);
    let expected = match schema {
        Schema::V1 => {
            let mut told = told_v1();
            told.as_object_mut().unwrap().shift_remove("investigators");
            told
        }
        Schema::V2 => told_v2(),
    };
    assert_eq!(ours["funding_source"], json!([expected]));
    let investigators = match schema {
        Schema::V1 => json!(["D Person"]),
        Schema::V2 => json!([person("D Person")]),
    };
    assert_eq!(ours["investigators"], investigators);
}

#[rstest]
#[case::named_beside_the_money(vec![told_v1()], vec![], json!(["C Person"]))]
#[case::given_the_money(vec![told_v2(), told_v2()], vec![], json!(["A Person", "B Person"]))]
#[case::persons(vec![told_v1()], vec![person("E Person"), json!("F Person")], json!(["E Person", "F Person"]))]
fn investigators_are_those_a_service_names(
    #[case] funding: Vec<Value>,
    #[case] investigators: Vec<Value>,
    #[case] expected: Value,
) {
    let ours = described(&of(Schema::V1, People::default()), &Answered { funding, investigators });
    assert_eq!(ours["investigators"], expected);
}

#[test]
fn what_the_job_says_wins() {
    let people = People {
        investigators: vec!["Own Person".into(), "Own Person".into()],
        funding: vec![Funding {
            funder: "allen institute".into(),
            grant_number: Some("7".into()),
            fundee: None,
        }],
    };
    let answered = Answered { funding: vec![told_v1()], investigators: vec![person("D Person")] };
    let ours = described(&of(Schema::V1, people), &answered);
    assert_eq!(ours["investigators"], json!(["Own Person"]));
    assert_eq!(ours["funding_source"][0]["funder"]["registry_identifier"], "03cpe7c52");
    assert_eq!(ours["funding_source"][0]["grant_number"], "7");
    assert_eq!(ours["funding_source"].as_array().unwrap().len(), 1);
}

#[rstest]
#[case(Schema::V1, "National Institute of Mental Health", "National Institute of Neurological Disorders")]
#[case(Schema::V1, "Bank", "`Allen Institute`")]
#[case(Schema::V2, "Simon Foundation", "`Simons Foundation`")]
fn a_funder_that_the_schema_does_not_know_is_refused(
    #[case] schema: Schema,
    #[case] funder: &str,
    #[case] says: &str,
) {
    let funding = vec![Funding { funder: funder.into(), ..Funding::default() }];
    let job = of(schema, People { funding, investigators: vec!["A".into()] });
    let input = DescriptionInput { job: &job, answered: &Answered::default(), zone: &TimeZone::UTC };
    let fault = data_description(&input).unwrap_err();
    assert_eq!(fault.class(), Class::BadInput);
    assert!(fault.line().contains(funder), "{fault:?}");
    assert!(fault.advice().unwrap().contains(says), "{:?}", fault.advice());
}
