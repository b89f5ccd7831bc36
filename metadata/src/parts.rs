use serde::Serialize;

use crate::Document;

/// The documents that a record holds, each if there is one; in the record's order.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Parts {
    /// The animal.
    pub subject: Option<Document>,
    /// The data.
    pub data_description: Option<Document>,
    /// What was done to the animal.
    pub procedures: Option<Document>,
    /// The session at the rig.
    pub session: Option<Document>,
    /// The rig.
    pub rig: Option<Document>,
    /// What was done to the data.
    pub processing: Option<Document>,
    /// The session at the microscope.
    pub acquisition: Option<Document>,
    /// The microscope.
    pub instrument: Option<Document>,
}

impl Parts {
    /// Puts a document in its place by its file's name, such as `session.json`; gives it back where the record has no place for it.
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

    /// Those there are, with their names.
    pub(crate) fn present(&self) -> impl Iterator<Item = (&'static str, &Document)> {
        [
            ("subject", &self.subject),
            ("data_description", &self.data_description),
            ("procedures", &self.procedures),
            ("session", &self.session),
            ("rig", &self.rig),
            ("processing", &self.processing),
            ("acquisition", &self.acquisition),
            ("instrument", &self.instrument),
        ]
        .into_iter()
        .filter_map(|(name, part)| Some((name, part.as_ref()?)))
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
            _ => return None,
        })
    }
}
