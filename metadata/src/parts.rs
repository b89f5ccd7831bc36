use adt_model::Schema;

use crate::Document;

/// The documents that a record holds, each if there is one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parts {
    /// The animal.
    pub subject: Option<Document>,
    /// The data.
    pub data_description: Option<Document>,
    /// What was done to the animal.
    pub procedures: Option<Document>,
    /// The session at the rig; schema v1.
    pub session: Option<Document>,
    /// The rig; schema v1.
    pub rig: Option<Document>,
    /// What was done to the data.
    pub processing: Option<Document>,
    /// The session: with schema v1 at a microscope, with v2 at any instrument.
    pub acquisition: Option<Document>,
    /// The instrument: with schema v1 a microscope, with v2 any.
    pub instrument: Option<Document>,
    /// What was found about the data's quality; schema v2.
    pub quality_control: Option<Document>,
    /// A machine learning model; schema v2.
    pub model: Option<Document>,
}

impl Parts {
    /// Puts a document in its place by its file's name, such as `session.json`; gives it back where no record has a place for it.
    pub fn put(&mut self, name: &str, document: Document) -> Result<(), Document> {
        match self.place(name) {
            Some(place) => {
                *place = Some(document);
                Ok(())
            }
            None => Err(document),
        }
    }

    /// Whether a record has a place for a file of this name.
    pub fn has_place(name: &str) -> bool {
        Self::default().place(name).is_some()
    }

    /// The document that a file of this name seems to be a piece of, such as `acquisition` for `acquisition_ecephys.json`.
    pub(crate) fn piece_of(name: &str) -> Option<&'static str> {
        let stem = name.strip_suffix(".json")?;
        let all = Self::names(Schema::V1).chain(Self::names(Schema::V2));
        all.filter(|whole| stem.strip_prefix(whole).is_some_and(|rest| rest.starts_with(['_', '-', '.'])))
            .max_by_key(|whole| whole.len())
    }

    /// What a record of the schema does not hold of the files that are brought along, though they look as if it did.
    pub fn beside(schema: Schema, names: &[&str]) -> Vec<String> {
        let here = |whole: &str| Self::names(schema).any(|name| name == whole);
        let brought = |whole: &str| names.iter().any(|name| name.strip_suffix(".json") == Some(whole));
        let remark = |name: &&str| {
            let plain = name.to_ascii_lowercase();
            if plain != **name && Self::has_place(&plain) {
                return Some(format!(
                    "`{name}` is uploaded, but metadata.nd.json does not hold it: rename it `{plain}`"
                ));
            }
            let stem = name.strip_suffix(".json")?;
            if Self::has_place(name) {
                let other = if schema == Schema::V1 { Schema::V2 } else { Schema::V1 };
                return (!here(stem)).then(|| {
                    format!("`{name}` belongs to schema {other}: it is uploaded, but metadata.nd.json of schema {schema} does not hold it")
                });
            }
            let whole = Self::piece_of(name)?;
            let lacks = if here(whole) && !brought(whole) {
                format!(", which has no {whole}; merge the pieces into `{whole}.json` to include them")
            } else {
                String::new()
            };
            Some(format!("`{name}` is uploaded, but is not part of metadata.nd.json{lacks}"))
        };
        names.iter().filter_map(remark).collect()
    }

    fn names(schema: Schema) -> impl Iterator<Item = &'static str> {
        let names: Vec<_> = Self::default().of(schema).map(|(name, _)| name).collect();
        names.into_iter()
    }

    /// The places of a record, with their names and what is in them, in the record's order.
    pub(crate) fn of(&self, schema: Schema) -> impl Iterator<Item = (&'static str, Option<&Document>)> {
        let places = match schema {
            Schema::V1 => [
                ("subject", &self.subject),
                ("data_description", &self.data_description),
                ("procedures", &self.procedures),
                ("session", &self.session),
                ("rig", &self.rig),
                ("processing", &self.processing),
                ("acquisition", &self.acquisition),
                ("instrument", &self.instrument),
            ],
            Schema::V2 => [
                ("subject", &self.subject),
                ("data_description", &self.data_description),
                ("procedures", &self.procedures),
                ("instrument", &self.instrument),
                ("processing", &self.processing),
                ("acquisition", &self.acquisition),
                ("quality_control", &self.quality_control),
                ("model", &self.model),
            ],
        };
        places.into_iter().map(|(name, part)| (name, part.as_ref()))
    }

    fn place(&mut self, name: &str) -> Option<&mut Option<Document>> {
        Some(match name.strip_suffix(".json")? {
            "subject" => &mut self.subject,
            "data_description" => &mut self.data_description,
            "procedures" => &mut self.procedures,
            "session" => &mut self.session,
            "rig" => &mut self.rig,
            "processing" => &mut self.processing,
            "acquisition" => &mut self.acquisition,
            "instrument" => &mut self.instrument,
            "quality_control" => &mut self.quality_control,
            "model" => &mut self.model,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("acquisition_ecephys.json", Some("acquisition"))]
    #[case("session-behavior.json", Some("session"))]
    #[case("data_description_old.json", Some("data_description"))]
    #[case("acquisition.json", None)]
    #[case("acquisitions.json", None)]
    #[case("notes.json", None)]
    #[case("rig_notes.txt", None)]
    fn pieces_are_known_by_their_names(#[case] name: &str, #[case] whole: Option<&str>) {
        assert_eq!(Parts::piece_of(name), whole);
    }

    #[rstest]
    #[case(Schema::V2, &["subject.json", "acquisition_ecephys.json"], &["which has no acquisition"])]
    #[case(Schema::V2, &["acquisition.json", "acquisition_ecephys.json"], &["is not part of metadata.nd.json"])]
    #[case(Schema::V2, &["session.json", "rig.json"], &["`session.json` belongs to schema v1", "`rig.json` belongs to"])]
    #[case(Schema::V1, &["quality_control.json", "session.json"], &["`quality_control.json` belongs to schema v2"])]
    #[case(Schema::V1, &["subject.json", "notes.json", "acquisition.json"], &[])]
    #[case(Schema::V1, &["Subject.JSON", "Notes.JSON"], &["does not hold it: rename it `subject.json`"])]
    fn what_the_record_does_not_hold_is_named(
        #[case] schema: Schema,
        #[case] names: &[&str],
        #[case] says: &[&str],
    ) {
        let remarks = Parts::beside(schema, names);
        assert_eq!(remarks.len(), says.len(), "{remarks:?}");
        assert!(remarks.iter().zip(says).all(|(remark, says)| remark.contains(says)), "{remarks:?}");
    }
}
