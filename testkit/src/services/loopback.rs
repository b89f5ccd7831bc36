use std::{
    io,
    net::Ipv4Addr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1 as server, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

use super::reply::{End, Reply, Seen};

/// What a server makes of requests. A request whose client goes away while `before` lasts is never handled.
pub(super) trait Service: Send + Sync + 'static {
    /// How long a request lies there before it is looked at.
    fn before(&self, _seen: &Seen) -> Duration {
        Duration::ZERO
    }

    /// Does what is asked.
    fn handle(&self, seen: &Seen) -> Reply;
}

/// A server on loopback; it ends when it is dropped.
pub(super) struct Loopback {
    // Its own threads: tests may block theirs.
    runtime: Option<Runtime>,
    port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Loopback {
    pub(super) fn start(service: Arc<dyn Service>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let within = runtime.enter();
        let listener = TcpListener::from_std(listener)?;
        drop(within);
        let seen = Arc::default();
        runtime.spawn(accept(listener, service, Arc::clone(&seen)));
        Ok(Self { runtime: Some(runtime), port, seen })
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        locked(&self.seen).clone()
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A test that failed while it held a lock has said so already.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, service: Arc<dyn Service>, seen: Arc<Mutex<Vec<Seen>>>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                drop(tokio::spawn(connection(stream, Arc::clone(&service), Arc::clone(&seen))));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn connection(stream: TcpStream, service: Arc<dyn Service>, seen: Arc<Mutex<Vec<Seen>>>) {
    let _unsupported = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&reset);
    let answer = service_fn(move |request| {
        let (service, seen, flag) = (Arc::clone(&service), Arc::clone(&seen), Arc::clone(&flag));
        async move {
            let answer = answer(service.as_ref(), &seen, request).await;
            flag.store(answer.is_err(), Ordering::Relaxed);
            answer
        }
    });
    let mut connection = server::Builder::new().serve_connection(TokioIo::new(stream), answer);
    let _broken = (&mut connection).await;
    if reset.load(Ordering::Relaxed) {
        // Closing without lingering sends a reset rather than an end.
        let _unsupported = connection.into_parts().io.into_inner().set_zero_linger();
    }
}

async fn answer(
    service: &dyn Service,
    seen: &Mutex<Vec<Seen>>,
    request: Request<Incoming>,
) -> io::Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let request = Seen {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        headers: head.headers,
        body: body.collect().await.map_err(io::Error::other)?.to_bytes(),
    };
    locked(seen).push(request.clone());
    tokio::time::sleep(service.before(&request)).await;
    let reply = service.handle(&request);
    tokio::time::sleep(reply.delay).await;
    match reply.end {
        End::Answer => {}
        End::Hang => std::future::pending().await,
        End::Reset => return Err(io::Error::from(io::ErrorKind::ConnectionReset)),
    }
    let mut response = Response::builder()
        .status(StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    response.body(Full::new(reply.body)).map_err(io::Error::other)
}
