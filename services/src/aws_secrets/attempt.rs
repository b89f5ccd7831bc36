//! One attempt of a request, and what can go wrong on the way to a server and back. No text here shows an answer's body: it may be
//! what is to stay secret.

use std::time::Duration;

use adt_model::{Class, Fault, Redactor};
use adt_net::{
    Said,
    connect::{self, is_about_certificates},
    reqwest, secrets_of_request,
};
use bytes::BytesMut;
use http::{HeaderMap, StatusCode};

/// What a server answered, whatever it means.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: BytesMut,
    /// What was sent and must not be repeated.
    pub(crate) hidden: Redactor,
}

/// Why there is no whole answer.
#[derive(Debug)]
pub(crate) enum Failure {
    Network(reqwest::Error),
    /// Nothing, or not all of it, within this time.
    Late(Duration),
    /// More than this many bytes.
    Long(usize),
}

/// Sends a request and reads the whole answer: within `time`, and of at most `most` bytes.
pub(crate) async fn attempt(
    request: reqwest::RequestBuilder,
    time: Duration,
    most: usize,
) -> Result<Answer, Failure> {
    tokio::time::timeout(time, whole(request, most)).await.map_err(|_| Failure::Late(time))?
}

async fn whole(request: reqwest::RequestBuilder, most: usize) -> Result<Answer, Failure> {
    let (http, request) = request.build_split();
    let request = request.map_err(Failure::Network)?;
    let hidden = secrets_of_request(&request);
    let mut answer = http.execute(request).await.map_err(Failure::Network)?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(Failure::Network)? {
        if body.len() + chunk.len() > most {
            return Err(Failure::Long(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, headers, body, hidden })
}

impl Failure {
    /// Whether another attempt may do better.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Network(error) => !is_about_certificates(error) && !error.is_builder(),
            Self::Late(_) => true,
            Self::Long(_) => false,
        }
    }

    /// For a note that it is tried again.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Network(error) if error.is_connect() => "no connection".into(),
            Self::Network(_) => "the connection broke".into(),
            Self::Late(time) => format!("no answer within {:.0} s", time.as_secs_f64()),
            Self::Long(most) => format!("the answer is longer than {most} bytes"),
        }
    }

    /// For good. `what` says what was wanted, `server` whom it was asked of.
    pub(crate) fn fault(self, what: String, server: &str) -> Fault {
        let (class, said) = match self {
            Self::Network(error) => return connect::unreachable(what, server, error),
            Self::Late(time) => (
                Class::Transient,
                format!("no whole answer from {server} within {:.0} s", time.as_secs_f64()),
            ),
            Self::Long(most) => {
                (Class::Refused, format!("the answer of {server} is longer than {most} bytes"))
            }
        };
        Fault::new(class, what).because(Said(said))
    }
}
