use std::{
    collections::BTreeMap,
    io,
    net::Ipv4Addr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use adt_net::encode;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::BodyExt as _;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

use super::{
    Answer, Asked, Lie, Object, Op, Reply, azure, google,
    reply::Outgoing,
    s3,
    state::{State, md5},
};

/// Whose interface a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// S3, path style.
    S3,
    /// Google Cloud Storage's JSON interface.
    Google,
    /// Azure Blob, path style.
    Azure,
}

/// The bucket or container that every server has.
const BUCKET: &str = "lab";
/// Where requests go that a lie wants lost: acknowledged, and not in any bucket that can be listed.
pub(super) const LOST: &str = ".lost";
const ACCOUNT: &str = "account";

/// A server on loopback that lies; it ends when it is dropped.
pub struct LyingServer {
    // Its own threads: tests may block theirs.
    runtime: Option<Runtime>,
    port: u16,
    cloud: Cloud,
    shared: Arc<Shared>,
}

struct Shared {
    cloud: Cloud,
    inner: Mutex<Inner>,
}

struct Inner {
    state: State,
    lies: Vec<Told>,
    asked: BTreeMap<Op, u64>,
    bytes: u64,
}

/// A lie with how often requests fitted it, and how often it was told.
struct Told {
    lie: Lie,
    fitted: u64,
    times: u64,
}

impl LyingServer {
    /// A server with an empty bucket `lab`, and the lies it tells.
    pub fn start(cloud: Cloud, lies: impl IntoIterator<Item = Lie>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let within = runtime.enter();
        let listener = TcpListener::from_std(listener)?;
        drop(within);
        let state = State::new(format!("http://127.0.0.1:{port}"), &[BUCKET]);
        let inner = Inner { state, lies: Vec::new(), asked: BTreeMap::new(), bytes: 0 };
        let shared = Arc::new(Shared { cloud, inner: Mutex::new(inner) });
        runtime.spawn(accept(listener, Arc::clone(&shared)));
        let server = Self { runtime: Some(runtime), port, cloud, shared };
        server.tell(lies);
        Ok(server)
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The bucket or container, as the beginning of a location.
    pub fn root(&self) -> String {
        match self.cloud {
            Cloud::S3 => format!("s3://{BUCKET}"),
            Cloud::Google => format!("gs://{BUCKET}"),
            Cloud::Azure => format!("az://{ACCOUNT}/{BUCKET}"),
        }
    }

    /// The environment variables by which a client finds the server.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let url = self.url();
        let pairs = match self.cloud {
            Cloud::S3 => vec![
                ("AWS_ENDPOINT_URL_S3", url),
                ("AWS_ACCESS_KEY_ID", "lies".to_owned()),
                ("AWS_SECRET_ACCESS_KEY", "lies-secret".to_owned()),
                ("AWS_REGION", "us-east-1".to_owned()),
            ],
            Cloud::Google => vec![("STORAGE_EMULATOR_HOST", url)],
            Cloud::Azure => {
                let key = BASE64_STANDARD.encode([7_u8; 64]);
                let text = format!(
                    "DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={key};BlobEndpoint={url}/{ACCOUNT};"
                );
                vec![("AZURE_STORAGE_CONNECTION_STRING", text)]
            }
        };
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Replaces the lies; their counts begin again.
    pub fn tell(&self, lies: impl IntoIterator<Item = Lie>) {
        self.inner().lies = lies.into_iter().map(|lie| Told { lie, fitted: 0, times: 0 }).collect();
    }

    /// How often all lies were told so far.
    pub fn told(&self) -> u64 {
        self.inner().lies.iter().map(|told| told.times).sum()
    }

    /// Most names of a page of a listing (1000 when not set).
    pub fn page_size(&self, names: usize) {
        self.inner().state.page = names;
    }

    /// Least bytes of a part that is not the last (5 MiB when not set).
    pub fn min_part(&self, bytes: usize) {
        self.inner().state.min_part = bytes;
    }

    /// Whether the server keeps and states checksums (it does when not set).
    pub fn checksums(&self, kept: bool) {
        self.inner().state.checksums = kept;
    }

    /// Stores an object as if it had always been there.
    pub fn put(&self, key: &str, bytes: impl Into<Bytes>) {
        let (bytes, mut inner) = (bytes.into(), self.inner());
        let sum = super::state::base64(&md5(&bytes));
        let mut object = inner.state.store((BUCKET, key), bytes, BTreeMap::new(), None);
        object.content_md5 = Some(sum);
        inner.state.keep(BUCKET, key, object);
    }

    /// Stores objects that another server of the same kind holds, with everything that is beside them.
    pub fn restore(&self, objects: &BTreeMap<String, Object>) {
        self.inner().state.buckets.insert(BUCKET.to_owned(), objects.clone());
    }

    /// Begins an upload as if a client had, with one part; with none for no bytes.
    pub fn begin_upload(&self, key: &str, part: impl Into<Bytes>) {
        s3::begun(&mut self.inner().state, BUCKET, key, part.into());
    }

    /// What is in the bucket: the truth.
    pub fn objects(&self) -> BTreeMap<String, Object> {
        self.inner().state.buckets.get(BUCKET).cloned().unwrap_or_default()
    }

    /// The keys that unfinished uploads are for, in order.
    pub fn uploads(&self) -> Vec<String> {
        let inner = self.inner();
        let open = inner.state.uploads.values().filter(|upload| !upload.done);
        let mut keys: Vec<_> = open.map(|upload| upload.key.clone()).collect();
        keys.sort_unstable();
        keys
    }

    /// How often each operation was asked for.
    pub fn asked(&self) -> BTreeMap<Op, u64> {
        self.inner().asked.clone()
    }

    /// Bytes of all requests' bodies so far.
    pub fn received(&self) -> u64 {
        self.inner().bytes
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.shared.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for LyingServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream, Arc::clone(&shared)))),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let _unsupported = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&reset);
    let service = service_fn(move |request| {
        let (shared, flag) = (Arc::clone(&shared), Arc::clone(&flag));
        async move {
            let answer = answer(&shared, request).await;
            flag.store(answer.is_err(), Ordering::Relaxed);
            answer
        }
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let _broken = (&mut connection).await;
    if reset.load(Ordering::Relaxed) {
        // Closing without lingering sends a reset rather than an end.
        let _unsupported = connection.into_parts().io.into_inner().set_zero_linger();
    }
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> io::Result<Response<Outgoing>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let is_head = head.method == Method::HEAD;
    let read = Plain::read(&head.method, head.uri.path(), head.uri.query(), head.headers, body);
    let mut reply = shared.reply(read);
    if is_head {
        reply.length = match reply.length {
            super::Length::True if reply.status == 200 && reply.header("x-length").is_some() => {
                super::Length::Says(reply.header("x-length").and_then(|text| text.parse().ok()).unwrap_or(0))
            }
            other => other,
        };
        reply.body = Bytes::new();
    }
    reply.remove("x-length");
    reply.response().ok_or_else(|| io::ErrorKind::ConnectionReset.into())
}

/// A request before a cloud has read it.
pub(super) struct Plain {
    pub(super) method: Method,
    /// Decoded, without the slash at its beginning.
    pub(super) path: String,
    pub(super) raw_path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Plain {
    fn read(method: &Method, path: &str, query: Option<&str>, headers: HeaderMap, body: Bytes) -> Self {
        let decoded = |text: &str| encode::decode(text).unwrap_or_default();
        let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let query = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        });
        Self {
            method: method.clone(),
            path: decoded(path.trim_start_matches('/')),
            raw_path: path.to_owned(),
            query: query.collect(),
            headers,
            body,
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.query.iter().any(|(n, _)| n == name)
    }

    /// As what a cloud understands.
    pub(super) fn asks(self, op: Op, bucket: &str, key: &str) -> Asked {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        Asked { op, bucket, key, query: self.query, headers: self.headers, body: self.body, twist: None }
    }
}

impl Shared {
    fn reply(&self, plain: Plain) -> Reply {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = match self.cloud {
            Cloud::S3 => s3::read(plain),
            Cloud::Google => google::read(plain, &inner.state),
            Cloud::Azure => azure::read(plain),
        };
        inner.reply(self.cloud, asked)
    }
}

impl Inner {
    /// The first lie that is due decides; all that fit are counted.
    fn reply(&mut self, cloud: Cloud, mut asked: Asked) -> Reply {
        *self.asked.entry(asked.op).or_default() += 1;
        self.bytes += asked.body.len() as u64;
        let mut due = None;
        for told in &mut self.lies {
            if told.lie.concerns(&asked) {
                told.fitted += 1;
                if due.is_none() && told.lie.is_due(told.fitted) {
                    told.times += 1;
                    due = Some((told.lie, told.times));
                }
            }
        }
        let Some((lie, turn)) = due else { return self.honest(cloud, &asked) };
        let sent = asked.clone();
        if let Some(change) = lie.hears {
            change(&mut asked);
        }
        match lie.answer {
            Answer::Honest => self.honest(cloud, &asked),
            Answer::Instead(make) => make(&asked),
            Answer::Edit(change) => {
                let mut reply = self.honest(cloud, &asked);
                change(&mut reply, &sent);
                reply
            }
            Answer::Page(twist) => {
                asked.twist = Some((twist, turn));
                self.honest(cloud, &asked)
            }
        }
    }

    fn honest(&mut self, cloud: Cloud, asked: &Asked) -> Reply {
        match cloud {
            Cloud::S3 => s3::handle(&mut self.state, asked),
            Cloud::Google => google::handle(&mut self.state, asked),
            Cloud::Azure => azure::handle(&mut self.state, asked),
        }
    }
}
