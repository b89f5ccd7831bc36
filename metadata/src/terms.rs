//! Terms that several documents share.

use adt_model::{Modality, Platform};
use serde::Serialize;

/// The address under which a document names its own schema.
pub(crate) fn described_by(document: &str) -> String {
    format!(
        "https://raw.githubusercontent.com/AllenNeuralDynamics/aind-data-schema/main/src/aind_data_schema/core/{document}.py"
    )
}

/// Where this program is published.
pub(crate) const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// A thing with a long and a short name.
#[derive(Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Named {
    pub(crate) name: &'static str,
    pub(crate) abbreviation: &'static str,
}

impl Named {
    /// A modality as schema v2 calls it: two have new short names.
    pub(crate) fn in_v2(modality: Modality) -> Self {
        match modality.abbreviation() {
            "ophys" => Self { abbreviation: "pophys", ..modality.into() },
            "slap" => Self { name: "Random access projection microscopy", abbreviation: "slap2" },
            _ => modality.into(),
        }
    }
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
