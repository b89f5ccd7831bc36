use http::{HeaderValue, Request, Response, StatusCode, header};

/// A way in which a request fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// 503 with S3's code `SlowDown`.
    Fault503,
    /// 500 with S3's code `InternalError`.
    Fault500,
    /// The connection is reset without an answer.
    Reset,
    /// Nothing comes for a while, then the connection is reset.
    Stall,
    /// The answer's body ends half way; an answer without a body does not come at all.
    TruncatedAnswer,
    /// 200 with an error document, as S3 does when completing an upload or a copy fails late; 503 for other requests.
    ErrorInOk,
    /// One bit of an object that is read is another; requests for something else pass.
    Damaged,
}

/// Whether the server has done the request when it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// It never heard of it.
    Before,
    /// It has done it, and only the client does not know.
    After,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Fault503,
        Self::Fault500,
        Self::Reset,
        Self::Stall,
        Self::TruncatedAnswer,
        Self::ErrorInOk,
        Self::Damaged,
    ];

    /// Whether there is no such fault before the server has answered.
    pub(super) fn needs_answer(self) -> bool {
        matches!(self, Self::TruncatedAnswer | Self::Damaged)
    }

    /// The answer that stands for the fault; `None` when the connection breaks instead.
    pub(super) fn answer<B>(self, request: &Request<B>) -> Option<Response<String>> {
        let (status, code) = match self {
            Self::Fault500 => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
            Self::ErrorInOk if answers_late(request) => (StatusCode::OK, "InternalError"),
            Self::Fault503 | Self::ErrorInOk => (StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
            Self::Reset | Self::Stall | Self::TruncatedAnswer | Self::Damaged => return None,
        };
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <Error><Code>{code}</Code><Message>on purpose</Message></Error>"
        );
        let mut answer =
            Response::new(if request.method() == http::Method::HEAD { String::new() } else { text });
        *answer.status_mut() = status;
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        Some(answer)
    }
}

/// The requests for the bytes of an object: only these have a checksum that tells damage.
pub(super) fn reads_an_object<B>(request: &Request<B>) -> bool {
    request.method() == http::Method::GET && request.uri().query().is_none()
}

/// The requests whose status S3 sends before it knows how they end.
fn answers_late<B>(request: &Request<B>) -> bool {
    let completes = request.method() == http::Method::POST
        && request.uri().query().is_some_and(|query| query.contains("uploadId="));
    completes || request.headers().contains_key("x-amz-copy-source")
}
