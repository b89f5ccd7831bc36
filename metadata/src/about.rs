//! What a lab says of its data, in the words of either schema.

use adt_model::{About, Class, Fault, Schema};
use serde_json::Value;

use crate::schema::{choices, institution, institutions, one_of};

/// What AIND's own data has.
const INSTITUTION: &str = "Allen Institute for Neural Dynamics";
const LICENSE: &str = "CC-BY-4.0";

/// The name of a value that the schema does not know, and why.
pub fn unknown_about(schema: Schema, about: &About) -> Option<(&'static str, Fault)> {
    Written::read(schema, about).err()
}

/// As `data_description.json` holds it.
pub(crate) struct Written<'a> {
    pub(crate) institution: Value,
    pub(crate) license: &'static str,
    pub(crate) group: Option<&'static str>,
    pub(crate) tags: Option<&'a [String]>,
    pub(crate) restrictions: Option<&'a str>,
}

impl<'a> Written<'a> {
    /// As the original always writes it.
    pub(crate) fn original() -> Self {
        Self {
            institution: institution(Schema::V1, INSTITUTION).expect("the schema has its own institute"),
            license: LICENSE,
            group: None,
            tags: None,
            restrictions: None,
        }
    }

    /// `BadInput` names a word that the schema does not know, and those that it does.
    pub(crate) fn of(schema: Schema, about: &'a About) -> Result<Self, Fault> {
        Self::read(schema, about).map_err(|(_, fault)| fault)
    }

    /// The same, with the name of the value that is wrong. Tags of the configuration are meant for jobs of schema v2.
    fn read(schema: Schema, about: &'a About) -> Result<Self, (&'static str, Fault)> {
        let named = about.institution.as_deref().unwrap_or(INSTITUTION);
        let unknown = |what: &str, word: &str, known: Vec<&str>| {
            let known = one_of(known.iter().map(|name| format!("`{name}`")).collect());
            Fault::new(Class::BadInput, format!("the {what} `{word}` is not known to schema {schema}"))
                .help(format!("schema {schema} knows {known}"))
        };
        let tags = schema != Schema::V1 && !about.tags.is_empty();
        if !tags && !about.tags.is_empty() && !about.inherits("tags") {
            let what = "schema v1 has no `tags`";
            let fault = Fault::new(Class::BadInput, what);
            return Err(("tags", fault.help("leave `tags` empty, or set `schema` to `v2`")));
        }
        let word = |what: &str, property: &'static str, word: &str| {
            let known = choices(schema, property);
            let found = known.iter().find(|known| known.eq_ignore_ascii_case(word)).copied();
            found.ok_or_else(|| (property, unknown(what, word, known)))
        };
        let unknown_institution = || ("institution", unknown("institution", named, institutions(schema)));
        Ok(Self {
            institution: institution(schema, named).ok_or_else(unknown_institution)?,
            license: word("licence", "license", about.license.as_deref().unwrap_or(LICENSE))?,
            group: about.group.as_deref().map(|group| word("group", "group", group)).transpose()?,
            tags: tags.then_some(about.tags.as_slice()),
            restrictions: about.restrictions.as_deref(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[expect(clippy::unnecessary_wraps, reason = "the fields are optional")]
    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[rstest]
    fn what_is_not_said_is_as_aind_has_it(#[values(Schema::V1, Schema::V2)] schema: Schema) {
        let written = About::default();
        let written = Written::of(schema, &written).unwrap();
        assert_eq!((written.license, written.group, written.tags), ("CC-BY-4.0", None, None));
        assert_eq!(written.institution["abbreviation"], "AIND");
    }

    #[rstest]
    #[case(Schema::V1, About { institution: text("columbia university"), ..About::default() }, "Columbia University")]
    #[case(Schema::V1, About { institution: text("AIBS"), group: text("OPHYS"), ..About::default() }, "Allen Institute for Brain Science")]
    #[case(Schema::V1, About { institution: text("Other"), restrictions: text("not yet public"), ..About::default() }, "Other")]
    #[case(Schema::V2, About { institution: text("Allen Institute"), license: text("mit"), tags: vec!["a".into()], ..About::default() }, "Allen Institute")]
    fn what_the_schema_knows_is_written(#[case] schema: Schema, #[case] about: About, #[case] name: &str) {
        let written = Written::of(schema, &about).unwrap();
        assert_eq!(written.institution["name"], name);
        assert_eq!(written.license, if about.license.is_some() { "MIT" } else { "CC-BY-4.0" });
        assert_eq!(written.group, about.group.as_ref().map(|_| "ophys"));
        assert_eq!(written.restrictions, about.restrictions.as_deref());
        assert_eq!(written.tags.unwrap_or_default(), about.tags);
    }

    #[rstest]
    #[case(Schema::V1, About { institution: text("Our Lab"), ..About::default() }, "the institution `Our Lab`", "`Columbia University`")]
    #[case(Schema::V1, About { license: text("MIT"), ..About::default() }, "the licence `MIT`", "knows `CC-BY-4.0`")]
    #[case(Schema::V2, About { license: text("GPL"), ..About::default() }, "the licence `GPL`", "`MIT`")]
    #[case(Schema::V2, About { group: text("us"), ..About::default() }, "the group `us`", "`NBA`")]
    #[case(Schema::V1, About { tags: vec!["a".into()], ..About::default() }, "schema v1 has no `tags`", "`v2`")]
    fn what_it_does_not_know_is_named(
        #[case] schema: Schema,
        #[case] about: About,
        #[case] what: &str,
        #[case] help: &str,
    ) {
        let fault = Written::of(schema, &about).err().unwrap();
        assert!(fault.line().starts_with(what), "{}", fault.line());
        assert!(fault.advice().unwrap().contains(help), "{:?}", fault.advice());
    }
}
