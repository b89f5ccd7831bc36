//! A server that answers what a test tells it to, and remembers what it was asked.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinHandle};

/// One answer.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Status, headers, body.
    Say(u16, Vec<(&'static str, String)>, String),
    /// Nothing, and the connection ends.
    HangUp,
    /// Nothing for a long while.
    Stall,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

type Script = Arc<dyn Fn(usize, &Asked) -> Reply + Send + Sync>;

pub(crate) struct Scripted {
    pub(crate) endpoint: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An answer of a status with an error document, or with none for an empty code.
pub(crate) fn refuse(status: u16, code: &str) -> Reply {
    let body = match code {
        "" => String::new(),
        code => format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no.</Message></Error>"),
    };
    Reply::Say(status, Vec::new(), body)
}

/// A 200 with headers.
pub(crate) fn agree(headers: &[(&'static str, &str)]) -> Reply {
    Reply::Say(200, headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(), String::new())
}

/// A 200 with a document.
pub(crate) fn tell(document: &str) -> Reply {
    Reply::Say(200, Vec::new(), document.to_owned())
}

impl Scripted {
    /// Answers each request by its index and itself.
    pub(crate) async fn start(script: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (asked, script): (Arc<Mutex<Vec<Asked>>>, Script) = (Arc::default(), Arc::new(script));
        let seen = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, script) = (Arc::clone(&seen), Arc::clone(&script));
                tokio::spawn(async move {
                    let service =
                        service_fn(move |request| answer(request, Arc::clone(&seen), Arc::clone(&script)));
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { endpoint, asked, task }
    }

    /// Answers the first requests one by one, and all later ones with the last of them.
    pub(crate) async fn saying(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = Mutex::new(replies.into_iter().collect::<VecDeque<_>>());
        Self::start(move |_, _| {
            let mut replies = replies.lock().unwrap();
            if replies.len() > 1 { replies.pop_front().unwrap() } else { replies[0].clone() }
        })
        .await
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(
    request: Request<Incoming>,
    seen: Arc<Mutex<Vec<Asked>>>,
    script: Script,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
    let target = parts.uri.to_string();
    let asked = Asked { method: parts.method, target, headers: parts.headers, body };
    let index = {
        let mut seen = seen.lock().unwrap();
        seen.push(asked.clone());
        seen.len() - 1
    };
    match script(index, &asked) {
        Reply::Say(status, headers, body) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            Ok(response.body(Full::from(body)).unwrap())
        }
        Reply::HangUp => Err(std::io::Error::other("as told")),
        Reply::Stall => {
            tokio::time::sleep(Duration::from_hours(1)).await;
            Err(std::io::Error::other("as told"))
        }
    }
}
