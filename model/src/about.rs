use serde::{Deserialize, Serialize};

/// What a lab says of its data in `data_description.json`. What is not set is written as AIND's own data has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Who records the data: an organisation's name or abbreviation, as aind-data-schema knows it.
    pub institution: Option<String>,
    /// The licence, such as `CC-BY-4.0`.
    pub license: Option<String>,
    /// The group within the institution.
    pub group: Option<String>,
    /// Words to find the asset by; schema v2 only.
    pub tags: Vec<String>,
    /// What must not be done with the data.
    pub restrictions: Option<String>,
}

impl About {
    /// What is not set here is taken from `others`.
    #[must_use]
    pub fn or(self, others: &Self) -> Self {
        let first = |own: Option<String>, other: &Option<String>| own.or_else(|| other.clone());
        Self {
            institution: first(self.institution, &others.institution),
            license: first(self.license, &others.license),
            group: first(self.group, &others.group),
            tags: if self.tags.is_empty() { others.tags.clone() } else { self.tags },
            restrictions: first(self.restrictions, &others.restrictions),
        }
    }
}
