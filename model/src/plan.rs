use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::{
    ByteSize, DocumentFacts, EphysChoice, EphysConfig, ImagingConfig, Key, LeftOut, Location, Origin,
    Problem, Schema, SourceLinks, VideoEncryption,
};

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
    /// Which generation of aind-data-schema the documents follow.
    #[serde(default)]
    pub schema: Schema,
    /// What the metadata folder brings, used or not.
    #[serde(default)]
    pub brought: Vec<DocumentFacts>,
    /// Where each document comes from, as far as that has been found out.
    #[serde(default)]
    pub documents: Vec<Choice>,
    /// In order; the steps of one stage may overlap.
    pub stages: Vec<Stage>,
    /// What a person should know before it starts.
    pub notes: Vec<String>,
    /// What of the sources will not be in the asset, each with the folder's name before it.
    #[serde(skip_serializing_if = "LeftOut::is_empty", default)]
    pub left_out: LeftOut,
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
    /// The record that marks the asset as complete; the last object.
    Record,
    /// The pipeline is started, once for each record.
    Trigger,
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
    /// Every stream of a session's recordings becomes a Zarr store `<experiment>_<stream>.zarr`.
    CompressEphys {
        /// What is read: all of the session.
        folder: FolderWork,
        /// Where the stores go in the asset.
        under: Key,
        /// How they are stored.
        config: EphysConfig,
        /// How many stores there will be.
        streams: u64,
    },
    /// A copy of a session with the first frames of every recording only.
    ClipEphys {
        /// What is read.
        folder: FolderWork,
        /// Where the copy goes in the asset.
        under: Key,
        /// Frames of each recording, at most.
        frames: u64,
        /// Which recordings have a store.
        #[serde(default, skip_serializing_if = "EphysChoice::is_all")]
        choice: EphysChoice,
    },
    /// Every image of a session becomes a group of OME-Zarr.
    WriteOmeZarr {
        /// What is read: all of the session.
        folder: FolderWork,
        /// Whether the folder is an N5 dataset, which becomes one image.
        #[serde(default)]
        n5: bool,
        /// Where the groups go in the asset; `None`: it is the container itself.
        under: Option<Key>,
        /// How they are stored.
        config: ImagingConfig,
        /// How many groups there will be.
        tiles: u64,
        /// Where a table of what was written goes.
        #[serde(default)]
        metrics: Option<Utf8PathBuf>,
    },
    /// Behaviour data: each video becomes an encrypted zip, every other file an object of the same relative name.
    SendBehavior {
        /// What is read.
        folder: FolderWork,
        /// How many of its files are videos.
        videos: u64,
        /// Where the objects go in the asset.
        under: Key,
        /// How the videos are encrypted.
        encryption: VideoEncryption,
    },
    /// Files of `metadata_dir` go to the asset's root as they are.
    CopyDocuments {
        /// The folder.
        from: Utf8PathBuf,
        /// The files.
        documents: Vec<DocumentFacts>,
    },
    /// What the metadata service answered is written, and what the tool generates itself.
    WriteDocuments {
        /// File names, such as `subject.json`.
        names: Vec<String>,
    },
    /// What stands in the temporary folder is sent to the destination.
    UploadBuilt,
    /// The destination's listing is compared with everything sent.
    Verify,
    /// `metadata.nd.json`, the mark of a complete asset.
    WriteRecord,
    /// A Code Ocean capsule is asked to start the pipeline.
    Trigger(Trigger),
}

impl Action {
    /// The folder that the action reads and counts.
    pub fn folder(&self) -> Option<&FolderWork> {
        match self {
            Self::CopyFolder { folder, .. }
            | Self::ZipFolder { folder, .. }
            | Self::CompressEphys { folder, .. }
            | Self::ClipEphys { folder, .. }
            | Self::WriteOmeZarr { folder, .. }
            | Self::SendBehavior { folder, .. } => Some(folder),
            _ => None,
        }
    }

    /// The same, to change it.
    pub fn folder_mut(&mut self) -> Option<&mut FolderWork> {
        match self {
            Self::CopyFolder { folder, .. }
            | Self::ZipFolder { folder, .. }
            | Self::CompressEphys { folder, .. }
            | Self::ClipEphys { folder, .. }
            | Self::WriteOmeZarr { folder, .. }
            | Self::SendBehavior { folder, .. } => Some(folder),
            _ => None,
        }
    }
}

/// What starts the pipeline. The token is not part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Code Ocean's address.
    pub domain: String,
    /// The capsule that starts the pipeline.
    pub capsule: String,
    /// Which version of it; the newest where none is named.
    pub version: Option<u64>,
    /// The lab's own capsule, which the pipeline runs.
    pub process_capsule: Option<String>,
    /// `run_generic_pipeline` when there is a process capsule, else the platform.
    pub job_type: String,
    /// The modalities' abbreviations, in the job's order.
    pub modalities: Vec<String>,
}

/// Where one document of an asset comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// File name, such as `subject.json`.
    pub name: String,
    /// Where from.
    pub from: DocumentSource,
    /// What else a person should know: an answer that does not validate, a file that was passed over.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub remark: Option<String>,
}

/// Who brings a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentSource {
    /// The metadata service.
    Service,
    /// A file of `metadata_dir`.
    Folder,
    /// This program.
    Generated,
    /// Nobody: the asset does without.
    Missing,
}

/// A folder to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderWork {
    /// Absolute path without links.
    pub source: Utf8PathBuf,
    /// Absolute folders below `source` that are left out with everything in them.
    pub leave_out: Vec<Utf8PathBuf>,
    /// Absolute folders elsewhere that no link may lead into.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub shielded: Vec<Utf8PathBuf>,
    /// What happens to links.
    #[serde(skip_serializing_if = "is_default", default)]
    pub links: SourceLinks,
    /// Files counted by the survey.
    pub files: u64,
    /// Bytes counted by the survey.
    pub bytes: ByteSize,
    /// Checksum of the listing the survey saw.
    pub fingerprint: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_default(links: &SourceLinks) -> bool {
    *links == SourceLinks::default()
}
