//! Terms that several documents share.

use adt_model::{Modality, Platform};
use serde::Serialize;

/// The address under which a document names its own schema.
pub(crate) fn described_by(document: &str) -> String {
    format!(
        "https://raw.githubusercontent.com/AllenNeuralDynamics/aind-data-schema/main/src/aind_data_schema/core/{document}.py"
    )
}

/// A thing with a long and a short name.
#[derive(Serialize)]
pub(crate) struct Named {
    name: &'static str,
    abbreviation: &'static str,
}

impl From<Modality> for Named {
    fn from(modality: Modality) -> Self {
        Self { name: modality.name(), abbreviation: modality.abbreviation() }
    }
}

impl From<Platform> for Named {
    fn from(platform: Platform) -> Self {
        Self { name: platform.name(), abbreviation: platform.abbreviation() }
    }
}

/// An organisation with its entry in the Research Organization Registry.
#[derive(Serialize)]
pub(crate) struct Organization {
    name: &'static str,
    abbreviation: &'static str,
    registry: Named,
    registry_identifier: &'static str,
}

impl Organization {
    /// Who records the data.
    pub(crate) const AIND: Self = Self::of("Allen Institute for Neural Dynamics", "AIND", "04szwah67");
    /// Who pays for it.
    pub(crate) const ALLEN: Self = Self::of("Allen Institute", "AI", "03cpe7c52");

    const fn of(name: &'static str, abbreviation: &'static str, identifier: &'static str) -> Self {
        let registry = Named { name: "Research Organization Registry", abbreviation: "ROR" };
        Self { name, abbreviation, registry, registry_identifier: identifier }
    }
}
