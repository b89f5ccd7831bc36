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
    /// Names of the values that are those of the configuration, not of the job.
    #[serde(default)]
    pub inherited: Vec<String>,
}

impl About {
    /// Whether a value is that of the configuration.
    pub fn inherits(&self, name: &str) -> bool {
        self.inherited.iter().any(|other| other == name)
    }

    /// Every value that is set, by its name.
    pub fn set(&self) -> impl Iterator<Item = (&'static str, String)> {
        let tags = (!self.tags.is_empty()).then(|| self.tags.join("; "));
        [
            ("institution", self.institution.clone()),
            ("license", self.license.clone()),
            ("group", self.group.clone()),
            ("tags", tags),
            ("restrictions", self.restrictions.clone()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }

    /// What is not set here is taken from `others`, the configuration.
    #[must_use]
    pub fn or(self, others: &Self) -> Self {
        let first = |own: Option<String>, other: &Option<String>| own.or_else(|| other.clone());
        let own: Vec<_> = self.set().map(|(name, _)| name).collect();
        let inherited = others.set().filter(|(name, _)| !own.contains(name));
        Self {
            inherited: inherited.map(|(name, _)| name.to_owned()).collect(),
            institution: first(self.institution, &others.institution),
            license: first(self.license, &others.license),
            group: first(self.group, &others.group),
            tags: if self.tags.is_empty() { others.tags.clone() } else { self.tags },
            restrictions: first(self.restrictions, &others.restrictions),
        }
    }
}
