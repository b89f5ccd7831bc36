use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, Full, combinators::BoxBody};
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    client::conn::http1 as client,
    server::conn::http1 as server,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{
    Shared,
    fault::{FaultKind, Moment, reads_an_object},
};

/// Between the half of an answer and its breaking off.
const PAUSE: Duration = Duration::from_millis(20);

type Answer = Response<BoxBody<Bytes, io::Error>>;

/// Serves one client until it goes or a fault breaks its connection.
pub(super) async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let _unsupported = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let (flag, service_shared) = (Arc::clone(&reset), Arc::clone(&shared));
    let service = service_fn(move |request| {
        let (shared, flag) = (Arc::clone(&service_shared), Arc::clone(&flag));
        async move {
            let answer = answer(&shared, request).await;
            if answer.is_err() {
                flag.store(true, Ordering::Relaxed);
            }
            answer
        }
    });
    let mut connection = server::Builder::new().serve_connection(TokioIo::new(stream), service);
    let _broken = (&mut connection).await;
    let stream = connection.into_parts().io.into_inner();
    if reset.load(Ordering::Relaxed) {
        // Closing without lingering sends a reset rather than an end.
        let _unsupported = stream.set_zero_linger();
    }
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> io::Result<Answer> {
    let Some((kind, moment)) = shared.draw() else { return forward(shared, request).await };
    let (instead, reads) = (kind.answer(&request), reads_an_object(&request));
    let upstream = match moment {
        Moment::After => Some(forward(shared, request).await?),
        Moment::Before => {
            drain(request).await;
            None
        }
    };
    let upstream = match (kind, upstream) {
        (FaultKind::TruncatedAnswer, Some(upstream)) => return truncated(upstream),
        (_, upstream) => upstream,
    };
    if let (FaultKind::Damaged, Some(upstream)) = (kind, upstream) {
        return Ok(if reads { damaged(upstream) } else { upstream });
    }
    if kind == FaultKind::Stall {
        tokio::time::sleep(shared.stall_for).await;
    }
    match instead {
        Some(answer) => Ok(answer.map(|text| Full::from(text).map_err(|never| match never {}).boxed())),
        None => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
    }
}

/// Takes the body, so that the client gets to reading the answer; one that waits for `100 Continue` sends none.
async fn drain(request: Request<Incoming>) {
    if request.headers().contains_key(header::EXPECT) {
        return;
    }
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.frame().await {}
}

/// Hands a request on over a connection of its own.
async fn forward(shared: &Shared, request: Request<Incoming>) -> io::Result<Answer> {
    let stream = TcpStream::connect(&shared.upstream).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = client::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(io::Error::other)?;
    Ok(answer.map(|body| body.map_err(io::Error::other).boxed()))
}

/// Announces the whole body and delivers the first half.
fn truncated(answer: Answer) -> io::Result<Answer> {
    let length = answer.body().size_hint().exact().unwrap_or(0);
    if length == 0 {
        return Err(io::Error::from(io::ErrorKind::ConnectionReset));
    }
    Ok(answer.map(|inner| Half { inner, left: length / 2, whole: length, pause: None }.boxed()))
}

/// Delivers all of the body, with one bit of its first piece turned over.
fn damaged(answer: Answer) -> Answer {
    let mut intact = true;
    answer.map(|inner| {
        inner
            .map_frame(move |frame| match frame.into_data() {
                Ok(data) if intact && !data.is_empty() => {
                    intact = false;
                    let mut bytes = data.to_vec();
                    let middle = bytes.len() / 2;
                    bytes[middle] ^= 1;
                    Frame::data(Bytes::from(bytes))
                }
                Ok(data) => Frame::data(data),
                Err(frame) => frame,
            })
            .boxed()
    })
}

struct Half {
    inner: BoxBody<Bytes, io::Error>,
    left: u64,
    whole: u64,
    /// Lets the first half go out: what is not sent when the body fails is never sent.
    pause: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Body for Half {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            let pause = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(PAUSE)));
            ready!(pause.as_mut().poll(context));
            return Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::ConnectionAborted))));
        }
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        let data = frame.and_then(Result::ok).and_then(|frame| frame.into_data().ok());
        let Some(mut data) = data else {
            return Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::ConnectionAborted))));
        };
        data.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= data.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.whole)
    }
}
