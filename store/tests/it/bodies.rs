//! Bodies that are longer, or slower, than anything that was asked for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use adt_model::{Class, Fault};
use adt_store::{Found, ObjectMeta, Place, StoreOptions};
use futures::StreamExt;
use rstest::rstest;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::{
    azure::{ACCOUNT, azure},
    google::google,
    setup::{block, key, open, options},
};

/// What every request is answered with.
#[derive(Clone, Copy)]
enum Way {
    /// This status, and a body without end in chunks.
    Endless(u16),
    /// This status, and so many bytes with their length.
    Stated(u16, u64),
    /// A byte now and then.
    Drip(u16),
}

struct Server {
    endpoint: String,
    sent: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    async fn start(way: Way) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let sent = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&sent);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let count = Arc::clone(&count);
                // The client goes away in the middle.
                tokio::spawn(async move { drop(answer(stream, way, &count).await) });
            }
        });
        Self { endpoint, sent, task }
    }
}

async fn answer(mut stream: TcpStream, way: Way, count: &AtomicU64) -> std::io::Result<()> {
    let mut request = vec![0; 64 << 10];
    let read = stream.read(&mut request).await?;
    assert!(read > 0, "a request");
    let head = |status: u16, body: &str| format!("HTTP/1.1 {status} X\r\netag: \"e\"\r\n{body}\r\n\r\n");
    let mut send = async |bytes: &[u8]| {
        count.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        stream.write_all(bytes).await
    };
    match way {
        Way::Endless(status) => {
            send(head(status, "transfer-encoding: chunked").as_bytes()).await?;
            send(b"12\r\n<ListBucketResult>\r\n").await?;
            let piece = "<Contents><Key>x/aaaa</Key></Contents>".repeat(1000);
            let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
            loop {
                send(chunk.as_bytes()).await?;
            }
        }
        Way::Stated(status, length) => {
            send(head(status, &format!("content-length: {length}")).as_bytes()).await?;
            let piece = vec![b'x'; 64 << 10];
            let mut left = length;
            while left > 0 {
                let now = left.min(piece.len() as u64);
                send(&piece[..now as usize]).await?;
                left -= now;
            }
            Ok(())
        }
        Way::Drip(status) => {
            send(head(status, "transfer-encoding: chunked").as_bytes()).await?;
            loop {
                send(b"1\r\n \r\n").await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

async fn place(cloud: &str, server: &Server) -> Place {
    let (location, mut options): (String, StoreOptions) = match cloud {
        "s3" => ("s3://lab/x".into(), options(&server.endpoint, "key", "secret")),
        "gs" => ("gs://lab/x".into(), google(&server.endpoint)),
        _ => (format!("az://{ACCOUNT}/lab/x"), azure(&server.endpoint)),
    };
    options.request_timeout = Duration::from_millis(400);
    options.retry_time = Duration::from_millis(600);
    open(&location, &options).await
}

async fn list(place: &Place) -> Fault {
    place.list().next().await.unwrap().unwrap_err()
}

/// The sockets on the way hold some bytes that the client has not read.
const ON_THE_WAY: u64 = 16 << 20;

#[rstest]
fn a_listing_without_end_is_given_up_at_its_limit(
    #[values("s3", "gs", "az")] cloud: &str,
    #[values(Way::Endless(200), Way::Stated(200, 3 << 30))] way: Way,
) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Server::start(way).await;
        let fault = list(&place(cloud, &server).await).await;
        assert!(fault.class() == Class::Refused && fault.line().contains("more than 32 MiB"), "{fault:?}");
        let sent = server.sent.load(Ordering::Relaxed);
        assert!(sent < (32 << 20) + ON_THE_WAY, "{sent}");
    });
}

#[rstest]
fn of_a_refusal_only_the_beginning_is_read(
    #[values("s3", "gs", "az")] cloud: &str,
    #[values(Way::Endless(400), Way::Stated(403, 3 << 30))] way: Way,
) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Server::start(way).await;
        let place = place(cloud, &server).await;
        let fault = place.put(&key("a"), block("data"), &ObjectMeta::default()).await.unwrap_err();
        assert_eq!(fault.class(), Class::Refused, "{fault:?}");
        assert!(fault.line().len() < 1000, "{}", fault.line().len());
        let sent = server.sent.load(Ordering::Relaxed);
        assert!(sent < 2 * ON_THE_WAY, "{sent}");
    });
}

/// A range, and a whole object of a known size, are refused before they are read when more is said to come, and in the middle when more
/// does come.
#[rstest]
fn of_an_object_no_more_is_read_than_was_asked_for(
    #[values("s3", "gs", "az")] cloud: &str,
    #[values(Way::Stated(206, 3 << 30), Way::Stated(200, 3 << 30), Way::Endless(206), Way::Endless(200), Way::Stated(206, 1001))]
    way: Way,
    #[values(true, false)] whole: bool,
) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Server::start(way).await;
        let place = place(cloud, &server).await;
        let found = Found::new(key("a"), 1000);
        let fault = if whole {
            place.whole(found).await.unwrap_err()
        } else {
            place.get(&key("a"), Some(0..1000)).await.unwrap_err()
        };
        assert!(matches!(fault.class(), Class::Corrupt | Class::Refused), "{fault:?}");
        assert!(fault.line().contains("/x/a"), "{fault:?}");
        let sent = server.sent.load(Ordering::Relaxed);
        assert!(sent < ON_THE_WAY, "{sent}");
    });
}

#[rstest]
fn a_byte_now_and_then_is_late(
    #[values("s3", "gs", "az")] cloud: &str,
    #[values("list", "get", "put")] deed: &str,
) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Server::start(Way::Drip(200)).await;
        let place = place(cloud, &server).await;
        let fault = match deed {
            "list" => list(&place).await,
            "get" => place.get(&key("a"), Some(0..1 << 20)).await.unwrap_err(),
            _ => place.put(&key("a"), block("data"), &ObjectMeta::default()).await.unwrap_err(),
        };
        assert_eq!(fault.class(), Class::Transient, "{fault:?}");
        assert!(fault.line().contains("tries in"), "{fault:?}");
    });
}
