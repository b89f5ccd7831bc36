use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::{Choice, Crc64, EphysConfig, ImagingConfig};

/// What a read-only look at the world found, for one job. Everything `plan` may know beside the job itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// One for each modality, in the job's order.
    pub folders: Vec<FolderFacts>,
    /// The `*.json` files directly inside `metadata_dir`, by name.
    pub documents: Vec<DocumentFacts>,
    /// What a person should know about that folder.
    #[serde(default)]
    pub remarks: Vec<String>,
    /// What stands at the destination.
    pub standing: Standing,
    /// What `behavior_dir` holds, when there is one.
    pub behavior: Option<BehaviorFacts>,
    /// What the services answered; `None` while nobody has asked them.
    pub gathered: Option<Gathered>,
    /// Folders that links in the sources must not lead into: behaviour folders of this job and of others in the list, and the folders this
    /// job writes into. Absolute and without links.
    #[serde(default)]
    pub shielded: Vec<Utf8PathBuf>,
    /// What of `metadata_dir` is not uploaded.
    #[serde(default)]
    pub passed_over: LeftOut,
}

/// What is not taken along.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The first few, each as `path: reason`.
    pub named: Vec<String>,
    /// All of them.
    pub count: u64,
}

impl LeftOut {
    /// How many are named; the rest is counted.
    const NAMED: usize = 20;

    /// Counts one, and names it if it is among the first.
    pub fn add(&mut self, text: impl FnOnce() -> String) {
        if self.named.len() < Self::NAMED {
            self.named.push(text());
        }
        self.count += 1;
    }

    /// Counts all of `other`, with `label` before each name.
    pub fn add_all(&mut self, label: &str, other: &Self) {
        let room = Self::NAMED.saturating_sub(self.named.len());
        self.named.extend(other.named.iter().take(room).map(|text| format!("{label}: {text}")));
        self.count += other.count;
    }

    /// Whether everything is taken along.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The names and, where there are more than are named, how many more.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = self.named.clone();
        let more = self.count.saturating_sub(self.named.len() as u64);
        if more > 0 {
            lines.push(format!("{more} more"));
        }
        lines
    }
}

/// The behaviour folder, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BehaviorFacts {
    /// All of its files, videos among them.
    pub folder: FolderFacts,
    /// How many of the files are videos, which are encrypted.
    pub videos: u64,
    /// Files that look like videos and are not encrypted: how many, and the first few.
    pub unsealed: (u64, Vec<String>),
}

/// What the services answered, as far as a plan shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gathered {
    /// Where each document of the asset comes from.
    pub choices: Vec<Choice>,
    /// What a person should know about the answers.
    pub notes: Vec<String>,
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
    /// What will not be in the asset, and why.
    pub left_out: LeftOut,
    /// What another step of the same job sends: the job's own behaviour folder.
    #[serde(default)]
    pub set_aside: Vec<String>,
    /// Links to folders that are also taken along under another name.
    #[serde(default)]
    pub repeated: LeftOut,
    /// Checksum of the listing (relative paths, sizes, modification times): a change of the input changes it.
    pub fingerprint: String,
    /// The recordings in it, when they are to be compressed.
    #[serde(default)]
    pub ephys: Option<EphysFacts>,
    /// The images in it, when they are to become OME-Zarr.
    #[serde(default)]
    pub imaging: Option<ImagingFacts>,
}

/// The recordings of a session, looked at and not read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EphysFacts {
    /// How they will be stored.
    pub config: EphysConfig,
    /// Each becomes a store.
    pub streams: Vec<StreamFacts>,
    /// What is not stored because it was not chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// Samples that will be missing, and why.
    pub unread: Vec<String>,
    /// What is odd and hinders nothing; what the configuration says that has no effect.
    pub odd: Vec<String>,
}

/// A stream of one experiment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamFacts {
    /// Its store's name without `.zarr`.
    pub store: String,
    /// Columns of its samples, synchronisation and all.
    pub channels: u64,
    /// Frames of all its recordings.
    pub frames: u64,
    /// Bytes of its samples.
    pub bytes: u64,
}

/// The images of a session: their headers are read, nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImagingFacts {
    /// How they will be stored.
    pub config: ImagingConfig,
    /// Files and folders that become groups, and are not sent otherwise.
    pub taken: Vec<Utf8PathBuf>,
    /// What of the session is sent beside the groups: files, bytes, checksum of the listing.
    pub rest: (u64, u64, String),
    /// Each becomes a group.
    pub tiles: Vec<TileFacts>,
    /// Images that cannot be read, and why.
    pub unread: Vec<String>,
    /// What is odd and hinders nothing; what the configuration says that has no effect.
    pub odd: Vec<String>,
}

/// An image that becomes a group of OME-Zarr.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TileFacts {
    /// Its group, such as `tile_X_0000_Y_0000_Z_0000_ch_488.zarr`.
    pub group: String,
    /// Voxels along t, c, z, y, x.
    pub shape: [u64; 5],
    /// As `NumPy` names it, such as `uint16`.
    pub dtype: String,
    /// Of its voxels.
    pub bytes: u64,
    /// How many sizes it will have.
    pub levels: u32,
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
