//! The words everyone says.
//!
//! Rank 0 of the house: no input or output, no clocks, no async. Every other crate speaks in these types, so that
//! past the edge (`intake`, `cli`) nothing is a bare string. One exception: [`FileIdentity`] asks Windows about a file, since both `store` and
//! `formats` need it.

mod about;
mod acq;
mod crc;
mod ephys;
mod event;
mod facts;
mod fault;
mod identity;
mod imaging;
mod job;
mod key;
mod location;
mod manner;
mod modality;
mod paths;
mod plan;
mod platform;
mod problem;
mod process;
mod pulse;
mod redact;
mod secret;
mod size;
pub mod temporary;
mod version;

pub use about::About;
pub use acq::{AcqDatetime, AcqDatetimeError};
pub use crc::Crc64;
pub use ephys::{
    Aligned, BloscName, BloscShuffle, ChunkLength, EphysChoice, EphysConfig, Lsb, LsbSample, ProbeFile,
    ProbeStreams, TraceCodec,
};
pub use event::{Ended, Event, JobEnd, Listed, Moved, What};
pub use facts::{
    BehaviorFacts, DocumentFacts, EphysFacts, Facts, FolderFacts, Gathered, ImagingFacts, LeftOut, Standing,
    StreamFacts, TileFacts,
};
pub use fault::{Class, Fault};
pub use identity::{FileIdentity, hard_links};
pub use imaging::{Background, ChunkShape, Edge, ImagingConfig, Rounding, Transform, VoxelSize, ZarrFormat};
pub use job::{Endpoints, JobSpec, LogLevel, ModalitySpec, Origin};
pub use key::{Key, KeyError, object_key, object_keys};
pub use location::{Location, LocationError};
pub use manner::{
    Funding, Manner, MetadataApi, MetadataMissing, People, Schema, SourceLinks, VideoEncryption,
};
pub use modality::{Modality, UnknownModality};
pub use paths::{Folding, PathError, Rules};
pub use plan::{Action, Choice, DocumentSource, FolderWork, Plan, Stage, StageName, Step, Trigger};
pub use platform::{Platform, UnknownPlatform};
pub use problem::{Problem, ProblemKind};
pub use process::{ProcessName, UnknownProcess};
pub use pulse::{Idle, Pulse};
pub use redact::{Redactor, holds_secret, is_secret_name, redact, redact_places};
pub use secret::{Secret, SecretRef};
pub use size::ByteSize;
pub use version::{Change, FileVersion, change_mark, same_version, unix_seconds, without_change};
