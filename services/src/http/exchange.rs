use std::time::Duration;

use adt_model::{Redactor, Secret};
use adt_net::{
    body::{self, Broken},
    reqwest::{self, Url},
    secrets_of_request,
};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};

use super::{LONGEST_BODY, Reply, Server, Trouble, address};

/// More than one is a server that adds a slash and then turns to https.
const HOPS: usize = 4;

/// How a server is told who asks.
#[derive(Clone, Copy)]
pub(crate) enum Who<'a> {
    /// Not at all.
    Anybody,
    /// The user name of Basic credentials; the password is empty.
    Basic(&'a Secret),
    /// A user and a token in slurmrestd's own headers.
    Slurm(&'a str, &'a Secret),
}

/// What is asked, so that it can be asked again.
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// Who asks.
    pub(crate) who: Who<'a>,
    /// A JSON text.
    pub(crate) body: Option<Bytes>,
    /// How long one attempt may take, from the connection to the last byte.
    pub(crate) time: Duration,
}

impl<'a> Ask<'a> {
    pub(crate) fn get(url: Url, time: Duration) -> Self {
        Self { method: Method::GET, url, who: Who::Anybody, body: None, time }
    }

    pub(crate) fn post(url: Url, body: String, time: Duration) -> Self {
        Self { method: Method::POST, url, who: Who::Anybody, body: Some(body.into()), time }
    }

    pub(crate) fn with_user(self, token: &'a Secret) -> Self {
        Self { who: Who::Basic(token), ..self }
    }

    pub(crate) fn with_slurm(self, user: &'a str, token: &'a Secret) -> Self {
        Self { who: Who::Slurm(user, token), ..self }
    }

    /// `GET https://…`.
    pub(crate) fn shown(&self) -> String {
        format!("{} {}", self.method, self.url)
    }
}

impl Server {
    /// One attempt. Only what is safe to ask twice follows a redirect.
    pub(super) async fn attempt(&self, ask: &Ask<'_>) -> Result<Reply, Trouble> {
        tokio::time::timeout(ask.time, self.exchange(ask)).await.unwrap_or(Err(Trouble::Late(ask.time)))
    }

    async fn exchange(&self, ask: &Ask<'_>) -> Result<Reply, Trouble> {
        let mut url = ask.url.clone();
        for _ in 0..HOPS {
            let (answer, hidden) = self.send(ask, url.clone()).await?;
            let status = answer.status();
            let Some(to) = redirect(&answer) else {
                let asked = format!("{} {url}", ask.method);
                let headers = answer.headers().clone();
                return Ok(Reply { asked, status, headers, body: collect(answer, ask.time).await?, hidden });
            };
            match address::onward(&url, &to) {
                Some(onward) if ask.method == Method::GET => url = onward,
                _ => return Err(Trouble::Elsewhere(status, address::bare(&url, &to))),
            }
        }
        Err(Trouble::Elsewhere(StatusCode::LOOP_DETECTED, address::bare(&url, "")))
    }

    async fn send(&self, ask: &Ask<'_>, url: Url) -> Result<(reqwest::Response, Redactor), Trouble> {
        let mut request = self.request(ask.method.clone(), url);
        request = match ask.who {
            Who::Anybody => request,
            Who::Basic(token) => request.basic_auth(token.expose(), Some("")),
            Who::Slurm(user, token) => {
                let mut value = HeaderValue::from_str(token.expose()).unwrap_or(HeaderValue::from_static(""));
                value.set_sensitive(true);
                request.header("X-SLURM-USER-NAME", user).header("X-SLURM-USER-TOKEN", value)
            }
        };
        if let Some(body) = &ask.body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body.clone());
        }
        let request = request.build().map_err(Trouble::Unsent)?;
        let hidden = secrets_of_request(&request);
        let answer = self.http.execute(request).await.map_err(|error| {
            let unsent = error.is_connect() || error.is_builder();
            if unsent { Trouble::Unsent(error) } else { Trouble::Broken(error) }
        })?;
        Ok((answer, hidden))
    }
}

/// Where an answer sends on to; 300 is the metadata service's word for several documents, not a redirect.
fn redirect(answer: &reqwest::Response) -> Option<String> {
    if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let to = answer.headers().get(header::LOCATION)?;
    Some(String::from_utf8_lossy(to.as_bytes()).into_owned())
}

async fn collect(answer: reqwest::Response, time: Duration) -> Result<Bytes, Trouble> {
    body::collect(answer, LONGEST_BODY as u64, time).await.map_err(|broken| match broken {
        Broken::Network(error) => Trouble::Broken(error),
        Broken::Late(time) => Trouble::Late(time),
        Broken::Long(_) => Trouble::TooLong,
    })
}
