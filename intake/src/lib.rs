//! What a person wrote becomes jobs.
//!
//! A list of jobs comes as CSV ([`from_csv`]), as JSON ([`from_json`]) or as the flags of a single job
//! ([`from_flags`]). Every way in is read to its end: all problems of all rows are gathered, each with its row, its
//! column, the value and what would be valid. Nothing is read from the environment, and a secret is never part of a
//! problem.
//!
//! The three ways meet in a `Draft` (texts, each with the name it was written under), and one reader makes the
//! [`JobSpec`] from it, so that a cell, a key and a flag of one name mean the same. The JSON of an AWS parameter is
//! read by the same reader ([`endpoints`]). How recordings and images are stored are files of their own
//! ([`ephys_config`], [`imaging_config`]).

mod cell;
mod clash;
mod configs;
mod csv;
mod damage;
mod draft;
mod encoding;
mod ephys;
mod field;
mod file;
mod flags;
mod globs;
mod imaging;
mod json;
mod later;
mod moment;
mod nearest;
mod parameter;
mod path;
mod people;
mod secret;
mod spec;

use adt_model::{
    About, JobSpec, Manner, MetadataApi, MetadataMissing, Origin, Problem, ProblemKind, Schema, SourceLinks,
    VideoEncryption,
};

pub use csv::from_csv;
pub use ephys::ephys_config;
pub use file::{from_bytes, from_file};
pub use flags::{SingleJob, from_flags};
pub use globs::{Glob, Globs};
pub use imaging::{Contradiction, imaging_config, imaging_contradiction};
pub use json::from_json;
pub use nearest::nearest as nearest_name;
pub use parameter::endpoints;

/// One row of a list, one job of a JSON text, or the flags: with a job, with problems, or with both.
///
/// A row without a job has at least one problem. A problem of the whole file stands in a row of its own, without a
/// job, whose origin is the header's line, or no line when it concerns the file as such.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where it was written down.
    pub origin: Origin,
    /// There whenever all of the text could be read, even when a folder it names does not exist.
    pub spec: Option<JobSpec>,
    /// Everything that is wrong, in the order it was met.
    pub problems: Vec<Problem>,
}

impl Row {
    /// A row that only says what is wrong with the text as a whole.
    fn refused(origin: Origin, what: impl Into<String>, valid: impl Into<String>) -> Self {
        let problem = Problem {
            origin: origin.clone(),
            column: String::new(),
            value: None,
            what: what.into(),
            valid: valid.into(),
            kind: ProblemKind::Written,
        };
        Self { origin, spec: None, problems: vec![problem] }
    }
}

/// What the command line and the settings say about every job. A switch that is set holds for every job and every
/// modality, whatever a cell says; one that is not set changes nothing.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--dry-run`
    pub dry_run: bool,
    /// `--compress-raw-data`, for every modality.
    pub compress_raw_data: bool,
    /// `--skip-staging`, for every modality.
    pub skip_staging: bool,
    /// `--force-cloud-sync`
    pub force_cloud_sync: bool,
    /// `--metadata-dir-force`
    pub metadata_dir_force: bool,
    /// Flags that say how jobs are done.
    pub manner: MannerOverrides,
    /// What holds where neither a flag nor a cell says anything: the settings file and the environment.
    pub defaults: Manner,
    /// The same of what a lab says of its data: `[defaults]` of the settings file.
    pub about: About,
}

/// Flags of the command line that say how jobs are done. Each wins over what a job says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MannerOverrides {
    /// `--schema`
    pub schema: Option<Schema>,
    /// `--metadata-api`
    pub metadata_api: Option<MetadataApi>,
    /// `--metadata-missing`
    pub metadata_missing: Option<MetadataMissing>,
    /// `--video-encryption`
    pub video_encryption: Option<VideoEncryption>,
    /// `--strict-compat`
    pub strict_compat: bool,
    /// `--links`
    pub links: Option<SourceLinks>,
    /// `--allow-empty`
    pub allow_empty: bool,
}
