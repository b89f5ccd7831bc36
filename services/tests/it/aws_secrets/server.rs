//! A server that answers what a test tells it to, and remembers what it was asked.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle};

/// One answer.
#[derive(Clone)]
pub(super) enum Reply {
    /// Status and body.
    Say(u16, String),
    /// Nothing, and the connection ends.
    HangUp,
    /// Nothing at all.
    Stall,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

type Script = Arc<dyn Fn(usize, &Asked) -> Reply + Send + Sync>;

#[derive(Default)]
struct Seen {
    asked: Mutex<Vec<Asked>>,
    news: Notify,
}

pub(super) struct Scripted {
    pub(super) endpoint: String,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Scripted {
    /// Answers each request by its index and itself.
    pub(super) async fn start(script: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (seen, script): (Arc<Seen>, Script) = (Arc::default(), Arc::new(script));
        let ours = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, script) = (Arc::clone(&ours), Arc::clone(&script));
                tokio::spawn(async move {
                    let service =
                        service_fn(move |request| answer(request, Arc::clone(&seen), Arc::clone(&script)));
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { endpoint, seen, task }
    }

    /// Answers the first requests one by one, and all later ones with the last of them.
    pub(super) async fn saying(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = Mutex::new(replies.into_iter().collect::<VecDeque<_>>());
        Self::start(move |_, _| {
            let mut replies = replies.lock().unwrap();
            if replies.len() > 1 { replies.pop_front().unwrap() } else { replies[0].clone() }
        })
        .await
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.seen.asked.lock().unwrap().clone()
    }

    /// Waits until so many requests have come.
    pub(super) async fn has_been_asked(&self, times: usize) {
        while self.asked().len() < times {
            self.seen.news.notified().await;
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    seen: Arc<Seen>,
    script: Script,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
    let body = String::from_utf8_lossy(&body).into_owned();
    let asked = Asked { target: format!("{} {}", parts.method, parts.uri), headers: parts.headers, body };
    let index = {
        let mut all = seen.asked.lock().unwrap();
        all.push(asked.clone());
        all.len() - 1
    };
    seen.news.notify_one();
    match script(index, &asked) {
        Reply::Say(status, body) => Ok(Response::builder().status(status).body(Full::from(body)).unwrap()),
        Reply::HangUp => Err(std::io::Error::other("as told")),
        Reply::Stall => std::future::pending().await,
    }
}
