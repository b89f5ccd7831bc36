use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::{ByteSize, DocumentFacts, Key, Location, Origin, Problem};

/// What will be done for one job: a value that can be printed, stored and compared. Holds no secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Where the job was written down.
    pub origin: Origin,
    /// The asset's name.
    pub name: String,
    /// The asset's folder at the destination.
    pub asset: Location,
    /// Write nothing, trigger nothing.
    pub dry_run: bool,
    /// Complete what exists: only what differs is sent.
    pub force: bool,
    /// The folder the asset is built in first, if it is.
    pub temp_directory: Option<Utf8PathBuf>,
    /// Files that will be read from modality folders, and their bytes.
    pub files: u64,
    /// Bytes that will be read from modality folders.
    pub bytes: ByteSize,
    /// In order; the steps of one stage may overlap.
    pub stages: Vec<Stage>,
    /// What a person should know before it starts.
    pub notes: Vec<String>,
    /// What this version cannot do for this job; a job with obstacles is never started.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub obstacles: Vec<Problem>,
}

/// Steps that may overlap. The next stage begins when all of them are done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// What the stage is for.
    pub name: StageName,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// Every job has the same short shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageName {
    /// The sessions' folders.
    Data,
    /// The documents that describe them.
    Documents,
    /// What was built in `temp_directory` goes to the destination.
    Upload,
    /// Everything sent is looked for at the destination.
    Verify,
    /// The record that marks the asset as complete; always last.
    Record,
}

/// One deed. It may be run twice: the second time finds its own work done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Unique within the job and the same for the same job list, such as `copy SPIM`.
    pub id: String,
    /// What it does.
    pub action: Action,
}

/// The verbs. Each has one file in `engine/src/steps`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Action {
    /// Every file of a folder becomes an object of the same relative name below `under`.
    CopyFolder {
        /// What is read.
        folder: FolderWork,
        /// Where the objects go in the asset.
        under: Key,
    },
    /// A folder becomes one zip object.
    ZipFolder {
        /// What is read.
        folder: FolderWork,
        /// The zip's name in the asset.
        key: Key,
        /// First part of every entry's name: the folder's own name.
        entry_root: String,
    },
    /// Files of `metadata_dir` go to the asset's root as they are.
    CopyDocuments {
        /// The folder.
        from: Utf8PathBuf,
        /// The files.
        documents: Vec<DocumentFacts>,
    },
    /// `data_description.json` and `processing.json` are generated.
    WriteDocuments {
        /// Which of them; one that `metadata_dir` brings is not generated.
        names: Vec<String>,
    },
    /// What stands in the temporary folder is sent to the destination.
    UploadBuilt,
    /// The destination's listing is compared with everything sent.
    Verify,
    /// `metadata.nd.json`, the mark of a complete asset.
    WriteRecord,
}

/// A folder to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderWork {
    /// Absolute path without links.
    pub source: Utf8PathBuf,
    /// Absolute folders below `source` that are left out with everything in them.
    pub leave_out: Vec<Utf8PathBuf>,
    /// Files counted by the survey.
    pub files: u64,
    /// Bytes counted by the survey.
    pub bytes: ByteSize,
    /// Checksum of the listing the survey saw.
    pub fingerprint: String,
}
