//! What goes back to a client.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

pub(crate) type Answer = Response<Full<Bytes>>;

/// Headers as they came, to be sent back as they are.
pub(crate) type Headers = Vec<(HeaderName, HeaderValue)>;

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Answer {
    with_body(status, Bytes::new())
}

/// A document.
pub(crate) fn xml(text: &str) -> Answer {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}");
    with_header(with_body(StatusCode::OK, text.into()), header::CONTENT_TYPE, "application/xml")
}

/// A refusal in S3's form; `code` is one of its codes.
pub(crate) fn refusal(status: StatusCode, code: &str) -> Answer {
    with_body(status, format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>").into())
}

/// Adds a header. A value that is none is left out.
pub(crate) fn with_header(mut answer: Answer, name: HeaderName, value: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
    answer
}

/// Adds headers that a client sent earlier.
pub(crate) fn with_headers(mut answer: Answer, headers: &Headers) -> Answer {
    answer.headers_mut().extend(headers.iter().cloned());
    answer
}

fn with_body(status: StatusCode, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    with_header(answer, HeaderName::from_static("x-amz-request-id"), "0")
}
