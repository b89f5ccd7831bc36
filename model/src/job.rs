use std::fmt;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::{About, AcqDatetime, Key, Location, Manner, Modality, People, Platform, ProcessName, SecretRef};

/// Where a job was written down, so that every message can point there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// A file's path as typed, `--json-args`, `UPLOAD_JOB_JSON_ARGS`, `command line` or `standard input`.
    pub source: String,
    /// The line in a CSV file, counted from 1 with the header; the place in a JSON list, counted from 1.
    pub row: Option<u64>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row {
            Some(row) => write!(f, "{} row {row}", self.source),
            None => f.write_str(&self.source),
        }
    }
}

/// What a person asked for, parsed: one session, its folders, its destination. Holds secrets, so it is never serialised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSpec {
    /// Where it was written down.
    pub origin: Origin,
    /// The bucket or folder that the asset's own folder goes into.
    pub destination: Location,
    /// The rig's kind.
    pub platform: Platform,
    /// The animal, as text; never empty, never with a slash.
    pub subject_id: String,
    /// When the session was acquired.
    pub acq_datetime: AcqDatetime,
    /// In the order they were written; may be empty (then only metadata is uploaded).
    pub modalities: Vec<ModalitySpec>,
    /// Where to build the asset first; `None` means that data goes straight to the destination.
    pub temp_directory: Option<Utf8PathBuf>,
    /// Behaviour data: left out of every modality, and sent below `behavior/` with its videos encrypted.
    pub behavior_dir: Option<Utf8PathBuf>,
    /// Behaviour folders of the other jobs in the list: links in the sources must not lead into them.
    pub private: Vec<Utf8PathBuf>,
    /// A folder whose `*.json` files belong to the asset.
    pub metadata_dir: Option<Utf8PathBuf>,
    /// Whether `metadata_dir` wins over the metadata service.
    pub metadata_dir_force: bool,
    /// Do all but write and trigger.
    pub dry_run: bool,
    /// Complete an asset that already exists at the destination: only what differs is sent.
    pub force_cloud_sync: bool,
    /// How much this job says.
    pub log_level: LogLevel,
    /// Goes to `processing.json` as `processor_full_name`.
    pub processor_name: String,
    /// What the process is called.
    pub process_name: ProcessName,
    /// The project the session belongs to.
    pub project_name: Option<String>,
    /// Who stands behind the data.
    pub people: People,
    /// What the lab says of its data.
    pub about: About,
    /// How it is done.
    pub manner: Manner,
    /// The services around the job.
    pub endpoints: Endpoints,
}

impl JobSpec {
    /// `<platform>_<subject>_<date>_<time>`, the name of the asset and of its folder.
    pub fn asset_name(&self) -> String {
        format!("{}_{}_{}", self.platform.abbreviation(), self.subject_id, self.acq_datetime.for_name())
    }

    /// The asset's folder.
    pub fn asset(&self) -> Location {
        let name =
            Key::parse(self.asset_name()).expect("platforms and subject ids hold no slash and are not empty");
        self.destination.join(&name)
    }
}

/// One folder of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModalitySpec {
    /// What was measured.
    pub modality: Modality,
    /// The folder in the asset: the abbreviation, with 1, 2, … for the second, third, … of the same modality.
    pub folder: Key,
    /// The folder on the rig.
    pub source: Utf8PathBuf,
    /// The header, path or flag that gave `source`, for messages.
    pub source_column: String,
    /// Whether the folder is transformed (zip, or the modality's own transform) rather than sent as it is.
    pub compress_raw_data: bool,
    /// Accepted for old files; data goes straight to the destination unless `temp_directory` is set.
    pub skip_staging: bool,
    /// Settings of the modality's own transform.
    pub extra_configs: Option<Utf8PathBuf>,
}

/// The services around a job. All are optional: what is not set is not called, and the plan says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// A parameter that holds the other fields as JSON.
    pub aws_param_store_name: Option<String>,
    /// Where the pipeline is triggered.
    pub codeocean_domain: Option<String>,
    /// The capsule that starts the pipeline.
    pub codeocean_trigger_capsule_id: Option<String>,
    /// Its version.
    pub codeocean_trigger_capsule_version: Option<String>,
    /// The lab's own processing capsule.
    pub codeocean_process_capsule_id: Option<String>,
    /// Where subject and procedures are asked for.
    pub metadata_service_domain: Option<String>,
    /// Goes to `processing.json` as `code_url`.
    pub aind_data_transfer_repo_location: Option<String>,
    /// Encrypts behaviour videos.
    pub video_encryption_password: Option<SecretRef>,
    /// Allows triggering.
    pub codeocean_api_token: Option<SecretRef>,
}

impl Endpoints {
    /// What is not set here is taken from `others`: what a job list says wins over what a parameter says.
    #[must_use]
    pub fn or(self, others: &Self) -> Self {
        fn first<T: Clone>(own: Option<T>, other: Option<&T>) -> Option<T> {
            own.or_else(|| other.cloned())
        }
        Self {
            aws_param_store_name: first(self.aws_param_store_name, others.aws_param_store_name.as_ref()),
            codeocean_domain: first(self.codeocean_domain, others.codeocean_domain.as_ref()),
            codeocean_trigger_capsule_id: first(
                self.codeocean_trigger_capsule_id,
                others.codeocean_trigger_capsule_id.as_ref(),
            ),
            codeocean_trigger_capsule_version: first(
                self.codeocean_trigger_capsule_version,
                others.codeocean_trigger_capsule_version.as_ref(),
            ),
            codeocean_process_capsule_id: first(
                self.codeocean_process_capsule_id,
                others.codeocean_process_capsule_id.as_ref(),
            ),
            metadata_service_domain: first(
                self.metadata_service_domain,
                others.metadata_service_domain.as_ref(),
            ),
            aind_data_transfer_repo_location: first(
                self.aind_data_transfer_repo_location,
                others.aind_data_transfer_repo_location.as_ref(),
            ),
            video_encryption_password: first(
                self.video_encryption_password,
                others.video_encryption_password.as_ref(),
            ),
            codeocean_api_token: first(self.codeocean_api_token, others.codeocean_api_token.as_ref()),
        }
    }

    /// Whether the job is to start a pipeline; then domain, trigger capsule and token are all needed.
    pub fn wants_pipeline(&self) -> bool {
        self.codeocean_domain.is_some()
            || self.codeocean_trigger_capsule_id.is_some()
            || self.codeocean_process_capsule_id.is_some()
    }
}

/// How much is said, by the names Python's logging uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// Each step.
    Info,
    /// Only what may be wrong.
    #[default]
    Warning,
    /// Only what is wrong.
    Error,
    /// Only what stops the program.
    Critical,
}

impl std::str::FromStr for LogLevel {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text.trim().to_ascii_lowercase().as_str() {
            "debug" | "notset" | "trace" => Self::Debug,
            "info" => Self::Info,
            "warning" | "warn" => Self::Warning,
            "error" => Self::Error,
            "critical" | "fatal" => Self::Critical,
            _ => return Err(()),
        })
    }
}
