use adt_model::Fault;
use camino::Utf8PathBuf;

/// Something about a session that a person should be told. The rest of the session is read all the same.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The file or folder it is about.
    pub path: Utf8PathBuf,
    /// Whether samples are missing because of it.
    pub weight: Weight,
    /// What is wrong.
    pub fault: Fault,
    /// The stream of an experiment that it is about, where it is about one only.
    pub stream: Option<StreamName>,
}

/// A stream of one experiment, by its names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamName {
    /// See [`Experiment::acquisition`](super::Experiment::acquisition).
    pub acquisition: String,
    /// `experiment1`.
    pub experiment: String,
    /// Its number.
    pub number: u64,
    /// `Record Node 101#Neuropix-PXI-100.ProbeB`.
    pub name: String,
}

/// See [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// All samples that are there are read; something about them is odd or not known.
    Noted,
    /// Samples are there that are not read, or ought to be there and are not.
    Unread,
}

impl Problem {
    pub(crate) fn noted(path: impl Into<Utf8PathBuf>, fault: Fault) -> Self {
        Self { path: path.into(), weight: Weight::Noted, fault, stream: None }
    }

    pub(crate) fn unread(path: impl Into<Utf8PathBuf>, fault: Fault) -> Self {
        Self { path: path.into(), weight: Weight::Unread, fault, stream: None }
    }

    /// The same about one stream.
    pub(crate) fn of(self, stream: StreamName) -> Self {
        Self { stream: Some(stream), ..self }
    }
}
