use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Response, StatusCode};
use hyper::body::{Body, Frame};

/// What an answer says about its body's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// The truth.
    True,
    /// This number.
    Says(u64),
    /// Nothing; the body is sent in chunks.
    Unsaid,
}

/// How a body is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// At once.
    Whole,
    /// Some bytes at a time, each after a pause.
    Drip(usize, Duration),
    /// The body, then filler up to this many bytes in all, made while it is sent.
    Endless(u64),
    /// Half of the body, then the connection breaks.
    Broken,
    /// Nothing at all: the connection is reset without an answer.
    Reset,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers, without the length.
    pub headers: Vec<(String, String)>,
    /// The body; for a HEAD, nothing.
    pub body: Bytes,
    /// What it says about its length.
    pub length: Length,
    /// How it is sent.
    pub flow: Flow,
}

impl Reply {
    /// An answer with a body.
    pub fn new(status: u16, kind: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Self { status, headers, body: body.into(), length: Length::True, flow: Flow::Whole }
    }

    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), length: Length::True, flow: Flow::Whole }
    }

    /// Adds a header, or replaces it.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    /// Adds a header, or replaces it.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.remove(name);
        self.headers.push((name.to_owned(), value.into()));
    }

    /// Removes a header.
    pub fn remove(&mut self, name: &str) {
        self.headers.retain(|(n, _)| n != name);
    }

    /// A header by name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Changes a body that is text.
    pub fn edit(&mut self, change: impl FnOnce(String) -> String) {
        self.body = change(String::from_utf8_lossy(&self.body).into_owned()).into();
    }

    /// As it goes over the wire; `None` where the connection is reset instead.
    pub(super) fn response(self) -> Option<Response<Outgoing>> {
        if self.flow == Flow::Reset {
            return None;
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = Response::builder().status(status);
        for (name, value) in &self.headers {
            response = response.header(name, value);
        }
        let length = match (self.length, self.flow) {
            (Length::Says(length), _) => Some(length),
            (Length::True, Flow::Endless(all)) => Some(all),
            (Length::True, _) => Some(self.body.len() as u64),
            (Length::Unsaid, _) => None,
        };
        if let Some(length) = length.filter(|_| !matches!(self.status, 204 | 304)) {
            response = response.header("content-length", length);
        }
        let half = self.body.len() as u64 / 2;
        let left = match self.flow {
            Flow::Endless(all) => all,
            Flow::Broken => half,
            _ => self.body.len() as u64,
        };
        response.body(Outgoing { rest: self.body, left, flow: self.flow, pause: None }).ok()
    }
}

/// A body on its way. It never says how long it is: the header does, rightly or wrongly.
pub(super) struct Outgoing {
    rest: Bytes,
    left: u64,
    flow: Flow,
    pause: Option<Pin<Box<tokio::time::Sleep>>>,
}

/// What an endless body goes on with.
static FILLER: [u8; 1 << 16] = [b' '; 1 << 16];
/// Lets what was sent before a break reach the client.
const BEFORE_BREAK: Duration = Duration::from_millis(20);

impl Outgoing {
    fn wait(&mut self, time: Duration, context: &mut Context<'_>) -> Poll<()> {
        let pause = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
        ready!(pause.as_mut().poll(context));
        self.pause = None;
        Poll::Ready(())
    }

    fn piece(&mut self, most: usize) -> Bytes {
        let most = most.min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let piece = if self.rest.is_empty() {
            Bytes::from_static(&FILLER[..most.min(FILLER.len())])
        } else {
            self.rest.split_to(most.min(self.rest.len()))
        };
        self.left -= piece.len() as u64;
        piece
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            if self.flow == Flow::Broken {
                ready!(self.wait(BEFORE_BREAK, context));
                return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
            }
            return Poll::Ready(None);
        }
        let most = match self.flow {
            Flow::Drip(bytes, time) => {
                ready!(self.wait(time, context));
                bytes
            }
            _ => usize::MAX,
        };
        Poll::Ready(Some(Ok(Frame::data(self.piece(most)))))
    }
}
