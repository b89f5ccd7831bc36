//! Investigators and funding, in cells and in JSON.

use adt_model::People;
use rstest::rstest;

use crate::lab::{Lab, fine, said};

fn json(keys: &str) -> Vec<adt_intake::Row> {
    Lab::new().json(&format!(
        r#"{{"s3_bucket": "b", "platform": "ecephys", "subject_id": "1", "acq_datetime": "2020-10-10 14:10:10",
            "modalities": [], {keys}}}"#
    ))
}

/// `name; name / funder | grant | fundee`
fn shown(people: &People) -> String {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let funding = people
        .funding
        .iter()
        .map(|f| format!("{} | {} | {}", f.funder, or_dash(&f.grant_number), or_dash(&f.fundee)));
    format!("{} / {}", people.investigators.join("; "), funding.collect::<Vec<_>>().join("; "))
}

#[rstest]
#[case::nobody("investigators,funding", ",", " / ")]
#[case::one_each("investigators,funding", "Jane Doe,Allen Institute", "Jane Doe / Allen Institute | - | -")]
#[case::several(
    "investigators,funding_source",
    "Jane Doe; John Roe,NIMH | R01 | Jane Doe; Allen Institute",
    "Jane Doe; John Roe / NIMH | R01 | Jane Doe; Allen Institute | - | -"
)]
#[case::quoted(
    "Investigators,Funding-Source",
    "\"Doe, Jane;\",\"NIMH |  | Doe, Jane\"",
    "Doe, Jane / NIMH | - | Doe, Jane"
)]
fn cells_name_people_and_money(#[case] columns: &str, #[case] cells: &str, #[case] people: &str) {
    assert_eq!(shown(&fine(&Lab::new().job(columns, cells)).people), people);
}

#[rstest]
#[case::texts(
    r#""investigators": "Jane Doe; John Roe", "funding": "NIMH | R01""#,
    "Jane Doe; John Roe / NIMH | R01 | -"
)]
#[case::lists_of_texts(
    r#""investigators": ["Jane Doe", " Roe, John "], "funding_source": ["NIMH | R01", "Allen Institute"]"#,
    "Jane Doe; Roe, John / NIMH | R01 | -; Allen Institute | - | -"
)]
#[case::one_last_first(r#""investigators": ["Doe, Jane"]"#, "Doe, Jane / ")]
#[case::objects(
    r#""funding_source": [{"funder": "NIMH", "grant_number": 5, "fundee": null}, {"funder": "AI", "Fundee": "Doe, Jane"}, "X"]"#,
    " / NIMH | 5 | -; AI | - | Doe, Jane; X | - | -"
)]
#[case::nothing(r#""investigators": [], "funding_source": [null, " "]"#, " / ")]
#[case::nulls(r#""investigators": null, "funding_source": null"#, " / ")]
#[case::agreeing(r#""funding_source": ["NIMH"], "funding": ["NIMH"]"#, " / NIMH | - | -")]
fn json_names_people_and_money(#[case] keys: &str, #[case] people: &str) {
    assert_eq!(shown(&fine(&json(keys)[0]).people), people);
}

#[rstest]
#[case::number(r#""investigators": 7"#, "- investigators: a number cannot stand here")]
#[case::number_inside(r#""investigators": ["A", 7]"#, "- investigators[1]: a number cannot stand here")]
#[case::object_for_person(
    r#""investigators": [{"name": "A"}]"#,
    "- investigators[0]: an object cannot stand here"
)]
#[case::comma(
    r#""investigators": "Jane Doe, John Roe""#,
    "- investigators: a comma that could separate two names or stand in one"
)]
#[case::object_alone(r#""funding": {"funder": "A"}"#, "- funding: an object cannot stand here")]
#[case::no_funder(r#""funding": ["A", {"grant_number": "1"}]"#, "- funding[1]: an entry without a funder")]
#[case::no_funder_in_text(r#""funding": ["| 1"]"#, "- funding: an entry without a funder")]
#[case::unknown(r#""funding": [{"funder": "A", "grant": "1"}]"#, "- funding[0].grant: no key of that name")]
#[case::twice(
    r#""funding": [{"funder": "A", "Funder": "B"}]"#,
    "- funding[0].Funder: a key that is written twice"
)]
#[case::fundee_list(
    r#""funding": [{"funder": "A", "fundee": ["B"]}]"#,
    "- funding[0].fundee: a list cannot stand here"
)]
#[case::separator(
    r#""funding": [{"funder": "A; B"}]"#,
    "- funding[0].funder: a `;` or `|`, which separate entries and their parts"
)]
#[case::two_keys(
    r#""funding": ["A"], "funding_source": ["B"]"#,
    "- funding_source: differs from `funding`, which means the same"
)]
fn what_names_nobody_is_refused(#[case] keys: &str, #[case] problem: &str) {
    let rows = json(keys);
    assert_eq!(said(&rows), [problem]);
    assert_eq!(rows[0].spec, None);
}
