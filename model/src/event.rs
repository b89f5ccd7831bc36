use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ByteSize, Class, Fault, LeftOut, Origin};

/// The only thing the outside learns. Bars, JSON lines, the ledger and the dashboard read the same stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When it happened.
    pub at: Timestamp,
    /// The asset's name; empty for what concerns the whole run.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub job: String,
    /// The step's id; `None` for what concerns the whole job.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub step: Option<String>,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum What {
    /// The whole list has been read and looked at.
    RunStarted {
        /// Jobs in the list.
        jobs: u64,
    },
    /// A job begins, or goes on.
    JobStarted {
        /// Where it was written down.
        origin: Origin,
        /// The asset's folder.
        asset: String,
        /// Files to read.
        files: u64,
        /// Bytes to read.
        bytes: u64,
        /// Whether an earlier run began it.
        resumed: bool,
    },
    /// A step begins.
    StepStarted,
    /// Progress, several times a second at most.
    Moved(Moved),
    /// One object is confirmed at the destination (or, in a dry run, would be written).
    Object {
        /// Its name in the asset.
        key: String,
        /// Its bytes.
        bytes: u64,
        /// Whether it stood there already and was not sent again.
        kept: bool,
    },
    /// One object could not be moved; the others go on.
    ObjectFailed {
        /// Its name.
        key: String,
        /// What failed, with the chain of causes.
        fault: String,
        /// What to do about it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        help: Option<String>,
    },
    /// One object that was to be moved stays at the source; the others go on.
    SourceKept {
        /// Its name.
        key: String,
        /// Whether the destination has a copy of it.
        copied: bool,
        /// Why it stays, with the chain of causes.
        fault: String,
        /// What to do about it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        help: Option<String>,
    },
    /// One object was deleted at the destination (or, in a dry run, would be).
    Deleted {
        /// Its name.
        key: String,
        /// Whether this is a dry run.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        dry_run: bool,
    },
    /// Something a person should know; nothing has failed.
    Note {
        /// The sentence.
        text: String,
    },
    /// The destination asked for fewer requests, or a request is tried again.
    Retry {
        /// What went wrong, and with what.
        text: String,
    },
    /// A step is done.
    StepFinished,
    /// A job has ended.
    JobFinished(Ended),
    /// The whole list has ended.
    RunFinished {
        /// Jobs done now.
        done: u64,
        /// Jobs that an earlier run had done.
        skipped: u64,
        /// Jobs that failed.
        failed: u64,
        /// Jobs that were interrupted or not begun.
        interrupted: u64,
    },
}

/// Counters of a job since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Bytes of the source that have been worked on.
    pub bytes_read: u64,
    /// Bytes the destination has confirmed in this run.
    pub bytes_sent: u64,
    /// Objects the destination has confirmed in this run.
    pub objects_sent: u64,
    /// Objects that stood there already.
    pub objects_kept: u64,
    /// Objects that were moved although their bytes could not be checked by a checksum: the place they come from keeps none, or the
    /// server that copied them gives no proof.
    #[serde(default)]
    pub unchecked: u64,
    /// Samples that have been compressed, or stood there already; all channels counted.
    #[serde(default)]
    pub samples: u64,
    /// Of a listing that is worked on while it is read: what it has shown so far.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub listing: Option<Listed>,
}

/// What a listing has shown so far, and what became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Objects found.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether that is all.
    pub all: bool,
    /// Objects that could not be moved.
    pub failed: u64,
    /// Objects removed from the destination.
    pub deleted: u64,
}

impl Moved {
    /// Bytes confirmed in this run, for showing.
    pub fn sent(&self) -> ByteSize {
        ByteSize(self.bytes_sent)
    }
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobEnd {
    /// Complete and verified.
    Done,
    /// An earlier run had completed it.
    Skipped,
    /// A dry run went through.
    Rehearsed,
    /// It failed; the ledger keeps what was confirmed.
    Failed,
    /// A person stopped it; the same command goes on.
    Interrupted,
}

/// The end of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// How.
    pub end: JobEnd,
    /// Everything it moved.
    pub moved: Moved,
    /// Seconds from start to end.
    pub seconds: f64,
    /// What failed, with the chain of causes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fault: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub help: Option<String>,
    /// The fault's class.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub class: Option<Class>,
    /// What of the sources is not in the asset.
    #[serde(skip_serializing_if = "LeftOut::is_empty", default)]
    pub left_out: LeftOut,
}

impl Ended {
    /// A job without a fault.
    pub fn well(end: JobEnd, moved: Moved, seconds: f64) -> Self {
        Self { end, moved, seconds, fault: None, help: None, class: None, left_out: LeftOut::default() }
    }

    /// A job that a fault ended; `Cancelled` means interrupted, all else failed.
    pub fn badly(fault: &Fault, moved: Moved, seconds: f64) -> Self {
        let end = if fault.class() == Class::Cancelled { JobEnd::Interrupted } else { JobEnd::Failed };
        Self {
            end,
            moved,
            seconds,
            fault: Some(fault.line()),
            help: fault.advice().map(str::to_owned),
            class: Some(fault.class()),
            left_out: LeftOut::default(),
        }
    }
}
