//! What a server says when it refuses, in its own words and sorted by what can be done about it.

use adt_model::Redactor;
use adt_net::said_by;
use http::StatusCode;

/// A refusal as the server put it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) kind: Kind,
    pub(crate) status: u16,
    /// The machine's word, such as `SlowDown`; empty when the answer had no document.
    pub(crate) code: String,
    pub(crate) message: String,
    /// Where the bucket is, when the answer says so.
    pub(crate) region: Option<String>,
    /// The server's clock, when the clocks differ too much.
    pub(crate) server_time: Option<String>,
    pub(crate) request_id: Option<String>,
}

/// What a refusal comes to, whichever cloud's word it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Too many requests.
    SlowDown,
    /// A trouble of the server's own that may pass.
    Passing,
    /// The bytes did not arrive as they were sent.
    Damaged,
    /// The credentials were good once.
    Expired,
    /// The bucket is in another region.
    Elsewhere,
    NoBucket,
    NoObject,
    NoUpload,
    /// Known, and not allowed.
    Denied,
    UnknownIdentity,
    WrongSecret,
    /// The clocks differ too much.
    Skewed,
    TooLarge,
    /// Unfinished uploads of the object have left too much behind.
    TooManyBlocks,
    BadBucketName,
    LongKey,
    /// No space is left there.
    Full,
    /// It has to be brought back from an archive before it can be read.
    Archived,
    /// The server does not know a header or an argument that we would like it to.
    Features,
    /// The server wants `Content-MD5` with what is written.
    WantsMd5,
    /// Something stands, or does not stand, where the request was told to expect otherwise.
    Condition,
    #[default]
    Other,
}

/// What to do after a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cure {
    /// Ask again later, and less often.
    SlowDown,
    /// Ask again.
    Again,
    /// The bytes arrived damaged; send them again.
    SendAgain,
    /// Get fresh credentials, then ask again.
    Refresh,
    /// Ask in the bucket's own region.
    Move,
    /// Nothing.
    None,
}

impl Kind {
    /// What a status means where no word of the server's says more.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            429 | 503 => Self::SlowDown,
            408 | 500 | 502 | 504 => Self::Passing,
            301 | 307 => Self::Elsewhere,
            401 | 403 => Self::Denied,
            412 => Self::Condition,
            501 => Self::Features,
            _ => Self::Other,
        }
    }

    pub(crate) fn cure(self) -> Cure {
        match self {
            Self::SlowDown => Cure::SlowDown,
            Self::Passing => Cure::Again,
            Self::Damaged => Cure::SendAgain,
            Self::Expired => Cure::Refresh,
            Self::Elsewhere => Cure::Move,
            _ => Cure::None,
        }
    }
}

impl Complaint {
    /// A server that answers with a whole object where a piece was asked for.
    pub(crate) fn no_ranges() -> Self {
        let message = "the server sends the whole object where a range of it was asked for".to_owned();
        Self { status: 200, message, ..Self::default() }
    }

    /// Each text on one line, and without the secrets of the request: servers and proxies repeat what they were sent.
    pub(crate) fn without_secrets(self, hidden: &Redactor) -> Self {
        let clean = |text: String| said_by(hidden, &text);
        Self {
            code: clean(self.code),
            message: clean(self.message),
            region: self.region.map(clean),
            server_time: self.server_time.map(clean),
            request_id: self.request_id.map(clean),
            ..self
        }
    }

    /// For people: `SlowDown: reduce your request rate`.
    pub(crate) fn shown(&self) -> String {
        match (self.code.is_empty(), self.message.is_empty()) {
            (false, false) => format!("{}: {}", self.code, self.message),
            (false, true) => self.code.clone(),
            (true, false) => self.message.clone(),
            (true, true) => {
                let reason = StatusCode::from_u16(self.status).ok().and_then(|s| s.canonical_reason());
                format!("HTTP {} {}", self.status, reason.unwrap_or_default()).trim_end().to_owned()
            }
        }
    }
}
