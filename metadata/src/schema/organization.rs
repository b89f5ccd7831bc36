use adt_model::Schema;
use serde_json::Value;

use super::book::book;

/// An organisation that may pay, as a document of the schema writes it; by its name or abbreviation, in any letter case.
pub(crate) fn funder(schema: Schema, name: &str) -> Option<Value> {
    let fits = |text: &str| text.eq_ignore_ascii_case(name.trim());
    let mut all = book(schema).funders();
    let known =
        |(known, written): &(&str, &Value)| fits(known) || written["abbreviation"].as_str().is_some_and(fits);
    all.find(known).map(|(_, written)| written.clone())
}

/// An organisation that may record data, in the same way.
pub(crate) fn institution(schema: Schema, name: &str) -> Option<Value> {
    let fits = |text: &str| text.eq_ignore_ascii_case(name.trim());
    book(schema)
        .institutions()
        .into_iter()
        .map(|(_, written)| written)
        .find(|written| ["name", "abbreviation"].iter().any(|key| written[*key].as_str().is_some_and(fits)))
}

/// The names of those that may record data.
pub(crate) fn institutions(schema: Schema) -> Vec<&'static str> {
    book(schema).institutions().into_iter().map(|(name, _)| name).collect()
}

/// The words that a property of `data_description` may be.
pub(crate) fn choices(schema: Schema, property: &str) -> Vec<&'static str> {
    book(schema).choices(property)
}

/// The names of those that may pay.
pub(crate) fn funders(schema: Schema) -> Vec<&'static str> {
    book(schema).funders().map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[test]
    fn each_generation_writes_it_in_its_form() {
        let registry = json!({"name": "Research Organization Registry", "abbreviation": "ROR"});
        assert_eq!(
            funder(Schema::V1, "allen institute"),
            Some(
                json!({"name": "Allen Institute", "abbreviation": "AI", "registry": registry, "registry_identifier": "03cpe7c52"})
            )
        );
        let registry = "Research Organization Registry (ROR)";
        assert_eq!(
            funder(Schema::V2, "NIMH"),
            Some(json!({
                "name": "National Institute of Mental Health", "abbreviation": "NIMH",
                "registry": registry, "registry_identifier": "04xeg9z08"
            }))
        );
        assert_eq!(funder(Schema::V1, "National Institute of Mental Health"), None);
    }

    #[rstest]
    #[case(Schema::V1, 3)]
    #[case(Schema::V2, 100)]
    fn every_funder_can_be_written(#[case] schema: Schema, #[case] least: usize) {
        let names = funders(schema);
        assert!(names.len() >= least, "{}", names.len());
        for name in names {
            let written = funder(schema, name).unwrap();
            assert_eq!(written["name"], name);
            assert_eq!(written.as_object().unwrap().len(), 4);
        }
    }
}
