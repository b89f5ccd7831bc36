use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

/// What a stand-in says to one request.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
    pub(super) delay: Duration,
    pub(super) end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Answer,
    /// Never says anything; the connection stays.
    Hang,
    /// Resets the connection.
    Reset,
}

impl Reply {
    /// An answer in JSON.
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        Self::of(status, "application/json", body.into())
    }

    /// A page such as proxies and login services answer with.
    pub fn html(status: u16) -> Self {
        let page =
            "<!DOCTYPE html>\n<html><head><title>On purpose</title></head>\n<body>on purpose</body></html>\n";
        Self::of(status, "text/html; charset=utf-8", page.to_owned())
    }

    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self::of(status, "application/json", String::new())
    }

    /// Takes the request and says nothing, ever.
    pub fn hang() -> Self {
        Self { end: End::Hang, ..Self::empty(200) }
    }

    /// Takes the request and resets the connection.
    pub fn reset() -> Self {
        Self { end: End::Reset, ..Self::empty(200) }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Waits first.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    fn of(status: u16, kind: &str, body: String) -> Self {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Self { status, headers, body: body.into(), delay: Duration::ZERO, end: End::Answer }
    }
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Such as `GET`.
    pub method: String,
    /// Path and query as they were sent, percent-encoded.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Seen {
    /// The path without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// `GET /path?query`.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }
}
