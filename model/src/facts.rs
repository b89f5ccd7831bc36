use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::Crc64;

/// What a read-only look at the world found, for one job. Everything `plan` may know beside the job itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// One for each modality, in the job's order.
    pub folders: Vec<FolderFacts>,
    /// The `*.json` files directly inside `metadata_dir`, by name.
    pub documents: Vec<DocumentFacts>,
    /// What stands at the destination.
    pub standing: Standing,
    /// `behavior_dir` as an absolute path without links, when there is one.
    pub behavior_dir: Option<Utf8PathBuf>,
}

/// One source folder, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderFacts {
    /// The folder as an absolute path without links.
    pub path: Utf8PathBuf,
    /// Files that will be sent.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Folders without any file in or below them.
    pub empty_folders: u64,
    /// What will not be sent, and why; the first few in full, for the plan's notes.
    pub left_out: Vec<String>,
    /// How many things will not be sent.
    pub left_out_count: u64,
    /// Checksum of the listing (relative paths, sizes, modification times): a change of the input changes it.
    pub fingerprint: String,
}

/// One file of `metadata_dir`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentFacts {
    /// File name, such as `session.json`.
    pub name: String,
    /// Bytes.
    pub bytes: u64,
    /// Checksum of its content.
    pub crc64: Crc64,
}

/// What stands under the asset's name at the destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Nothing.
    #[default]
    Free,
    /// Something that this ledger began and did not finish.
    Begun,
    /// An asset that this ledger completed from the same input with the same parameters.
    Done,
    /// An asset that this ledger completed, but input or parameters have changed since.
    DoneOtherwise,
    /// Something that this ledger did not begin.
    Foreign,
}
