use std::io;

use http::StatusCode;

use super::xml::Xml;

/// Why a request is not done, in S3's words: a status, a code that clients act on, a sentence for people.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    message: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(crate) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn denied(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    pub(crate) fn missing(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    pub(crate) fn no_key(key: &str) -> Self {
        Self::missing("NoSuchKey", format!("there is no object `{key}`"))
    }

    pub(crate) fn precondition(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", message)
    }

    pub(crate) fn not_implemented(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", what)
    }

    pub(crate) fn digest(name: &str) -> Self {
        Self::bad("BadDigest", format!("the {name} you gave is not that of the bytes received"))
    }

    /// The error document.
    pub(crate) fn document(&self, resource: &str) -> String {
        Xml::document("Error")
            .text("Code", self.code)
            .text("Message", &self.message)
            .text("Resource", resource)
            .finish()
    }
}

/// A failure of the file system below, told apart where the client's key is the cause.
impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidFilename => {
                Self::bad("KeyTooLongError", format!("the key cannot be a file's name here: {error}"))
            }
            io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => Self::bad(
                "InvalidRequest",
                "this server keeps objects as files, so `a` and `a/b` cannot both be objects",
            ),
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", error.to_string()),
        }
    }
}
