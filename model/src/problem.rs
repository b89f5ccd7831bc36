use serde::{Deserialize, Serialize};

use crate::{Origin, redact_places};

/// One thing that is wrong with one cell of a job list. All of them are gathered before anything starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Which file and row, or which other way in.
    pub origin: Origin,
    /// The header as the person wrote it, or the JSON path (`modalities[1].source`), or the flag; empty for a whole row or file.
    pub column: String,
    /// The cell as the person wrote it; `None` where there is none, and always for a secret.
    pub value: Option<String>,
    /// What is wrong, a lower-case fragment.
    pub what: String,
    /// What would be valid: the nearest right spelling, the list, the form. Empty when there is nothing to add.
    pub valid: String,
    /// What kind of problem it is.
    pub kind: ProblemKind,
}

impl Problem {
    /// The same without passwords and signatures of URLs in it, as it may be shown.
    #[must_use]
    pub fn without_secrets(&self) -> Self {
        let clean = |text: &String| redact_places(text).into_owned();
        Self {
            value: self.value.as_ref().map(clean),
            what: clean(&self.what),
            valid: clean(&self.valid),
            ..self.clone()
        }
    }
}

/// Whether the text is wrong, or the world does not fit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The text itself cannot be meant.
    Written,
    /// The text is fine, but the source folder it names is not there. Forgiven when the ledger knows that the asset is complete:
    /// people delete raw data after the upload and run the list again.
    SourceMissing,
    /// The text is fine; a folder, a file or a setting it needs is not right.
    World,
}
