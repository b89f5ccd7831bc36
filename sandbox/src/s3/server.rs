use std::{convert::Infallible, net::Ipv4Addr, sync::Arc};

use adt_model::{Class, Fault};
use camino::Utf8Path;
use http::{Method, Request, Response, header, request::Parts};
use http_body_util::BodyExt as _;
use hyper::{body::Incoming as Body, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

use super::{
    disk::Disk,
    list, multipart, object,
    object::Answer,
    refusal::Refusal,
    route::{Address, Operation},
    signature,
    tally::{Stored, Tally},
};

/// Where the time comes from.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// After a refusal, this much of a body is read on so that the client sees the answer rather than a closed connection.
const DRAIN_LIMIT: usize = 64 << 20;

/// How a server is set up.
#[derive(Clone)]
pub struct ServerOptions {
    /// The port on loopback; 0 takes any free one.
    pub port: u16,
    /// The one access key that is known. It guards nothing, so neither of the two is a secret.
    pub access_key: String,
    /// Its secret key.
    pub secret_key: String,
    /// The server's time, held against the time requests were signed at.
    pub clock: Clock,
    /// Bytes that a part must have unless it is the last; 5 MiB as in S3.
    pub min_part: u64,
}

impl ServerOptions {
    /// Any free port, parts as in S3.
    pub fn new(access_key: impl Into<String>, secret_key: impl Into<String>, clock: Clock) -> Self {
        let (access_key, secret_key) = (access_key.into(), secret_key.into());
        Self { port: 0, access_key, secret_key, clock, min_part: 5 << 20 }
    }
}

/// An S3-speaking server on loopback over a folder; it ends when it is dropped.
///
/// Objects are plain files `<folder>/<bucket>/<key>` that appear whole or not at all; what the bytes do not say is kept
/// below `<folder>/.s3`. A server on the same folder finds all objects and unfinished uploads again. Nothing is forced
/// to the disk, so a power cut may lose what a client was told is stored: this is no place for data that matters.
pub struct Server {
    // Its own threads: file work here never holds up the tasks of whoever started the server.
    runtime: Option<Runtime>,
    port: u16,
    shared: Arc<Shared>,
}

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) disk: Disk,
    pub(crate) options: ServerOptions,
    tally: std::sync::Mutex<Tally>,
}

impl Server {
    /// Serves a folder, making it if need be. Fails when the folder cannot be used or the port is taken.
    pub async fn start(folder: &Utf8Path, options: ServerOptions) -> Result<Self, Fault> {
        let disk = Disk::open(folder)?;
        let cannot = |port: u16| format!("cannot serve on 127.0.0.1:{port}");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(4)
            .thread_name("sandbox")
            .enable_all()
            .build()
            .map_err(|e| Fault::io("cannot start the server's threads", e))?;
        let asked = options.port;
        let bound = runtime.spawn(TcpListener::bind((Ipv4Addr::LOCALHOST, asked))).await;
        let listener = match bound {
            Ok(listener) => listener.map_err(|e| {
                Fault::io(cannot(asked), e).help("choose another port, or 0 for any that is free")
            })?,
            Err(e) => return Err(Fault::new(Class::Bug, cannot(asked)).because(e)),
        };
        let port = listener.local_addr().map_err(|e| Fault::io(cannot(asked), e))?.port();
        let shared = Arc::new(Shared { disk, options, tally: std::sync::Mutex::default() });
        runtime.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { runtime: Some(runtime), port, shared })
    }

    /// `http://127.0.0.1:PORT`, to be used path-style.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What was asked so far.
    pub fn tally(&self) -> Tally {
        self.shared.with_tally(|tally| tally.clone())
    }

    /// Ends the server: connections are closed where they stand, what they were sending is not kept.
    pub async fn stop(mut self) {
        if let Some(runtime) = self.runtime.take() {
            let _joined = tokio::task::spawn_blocking(move || drop(runtime)).await;
        }
    }
}

impl Drop for Server {
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
            // Out of file handles, most likely: connections that end give some back.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    // Small answers would wait for the client's acknowledgement otherwise.
    let _unsupported = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(shared.answer(request).await) }
    });
    // A connection that breaks is the client's affair.
    let _broken =
        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}

impl Shared {
    pub(crate) fn now(&self) -> Timestamp {
        (self.options.clock)()
    }

    pub(crate) fn with_tally<T>(&self, look: impl FnOnce(&mut Tally) -> T) -> T {
        look(&mut self.tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Counts a stored object.
    pub(crate) fn count_stored(&self, address: &Address, count: impl FnOnce(&mut Stored)) {
        if let (Ok(bucket), Ok(key)) = (address.bucket(), address.key()) {
            let name = format!("{}/{key}", bucket.as_str());
            self.with_tally(|tally| count(tally.stored.entry(name).or_default()));
        }
    }

    async fn answer(&self, request: Request<Body>) -> Answer {
        let (parts, mut body) = request.into_parts();
        let mut answer = match self.done(&parts, &mut body).await {
            Ok(answer) => answer,
            Err(refusal) => {
                self.with_tally(|tally| *tally.refusals.entry(refusal.code.to_owned()).or_default() += 1);
                drain(&parts, &mut body).await;
                refused(&parts, &refusal)
            }
        };
        let id = format!("{:016X}", self.disk.serial());
        if let Ok(id) = id.parse() {
            answer.headers_mut().insert("x-amz-request-id", id);
        }
        answer
    }

    async fn done(&self, parts: &Parts, body: &mut Body) -> Result<Answer, Refusal> {
        use Operation as O;
        let options = &self.options;
        let signed = signature::verify(parts, &options.access_key, &options.secret_key, self.now())?;
        let address = Address::read(parts)?;
        let name = format!("{:?}", address.operation);
        self.with_tally(|tally| *tally.operations.entry(name).or_default() += 1);
        let disk = &self.disk;
        match address.operation {
            O::ListBuckets => Ok(object::document(list::buckets(disk)?)),
            O::CreateBucket => object::create_bucket(disk, &address),
            O::HeadBucket => disk.bucket(address.bucket()?).map(|_| object::empty(200)),
            O::GetBucketLocation => object::location(disk, &address),
            O::ListObjects => Ok(object::document(list::list(disk, &address, false)?)),
            O::ListObjectsV2 => Ok(object::document(list::list(disk, &address, true)?)),
            O::ListMultipartUploads => Ok(object::document(multipart::uploads(disk, &address)?)),
            O::DeleteObjects => object::delete_many(disk, &address, parts, &signed, body).await,
            O::PutObject => object::put(self, &address, parts, &signed, body).await,
            O::CopyObject => object::copy(self, &address, parts),
            O::GetObject | O::HeadObject => object::get(disk, &address, parts),
            O::DeleteObject => object::delete(disk, &address),
            O::CreateMultipartUpload => multipart::create(self, &address, parts),
            O::UploadPart => multipart::part(self, &address, parts, &signed, body).await,
            O::ListParts => Ok(object::document(multipart::parts(disk, &address)?)),
            O::CompleteMultipartUpload => multipart::complete(self, &address, parts, &signed, body).await,
            O::AbortMultipartUpload => multipart::abort(disk, &address),
        }
    }
}

fn refused(parts: &Parts, refusal: &Refusal) -> Answer {
    let text = if parts.method == Method::HEAD { String::new() } else { refusal.document(parts.uri.path()) };
    let mut answer: Answer = Response::new(object::whole(text));
    *answer.status_mut() = refusal.status;
    answer.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/xml"));
    answer
}

/// A client that waits for `100 Continue` sends nothing after a refusal.
async fn drain(parts: &Parts, body: &mut Body) {
    let mut left = if parts.headers.contains_key(header::EXPECT) { 0 } else { DRAIN_LIMIT };
    while left > 0 {
        match body.frame().await {
            Some(Ok(frame)) => left = left.saturating_sub(frame.data_ref().map_or(0, bytes::Bytes::len)),
            _ => break,
        }
    }
}
