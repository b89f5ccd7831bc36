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
