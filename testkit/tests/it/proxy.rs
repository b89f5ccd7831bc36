use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use adt_sandbox::{Server, ServerOptions};
use adt_testkit::{FaultKind, FaultPlan, FaultyProxy, Moment};
use camino::Utf8Path;
use rstest::rstest;

/// A server that refuses every request here, as none is signed: enough to see whether it was asked.
async fn upstream(folder: &tempfile::TempDir) -> Server {
    let clock = Arc::new(|| "2024-01-01T00:00:00Z".parse().unwrap());
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    Server::start(folder, ServerOptions::new("key", "secret", clock)).await.unwrap()
}

fn asked(server: &Server) -> u64 {
    server.tally().refusals.values().sum()
}

/// One request over a connection of its own; all that came, and how it ended.
fn send(endpoint: &str, request: &str) -> (String, Option<io::ErrorKind>) {
    let mut stream = TcpStream::connect(endpoint.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let sent = stream.write_all(request.as_bytes());
    let mut bytes = Vec::new();
    let end = sent.and_then(|()| stream.read_to_end(&mut bytes));
    (String::from_utf8(bytes).unwrap(), end.err().map(|e| e.kind()))
}

const PUT: &str = "PUT /b/k HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: 3\r\n\r\nabc";
const COMPLETE: &str =
    "POST /b/k?uploadId=1 HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: 3\r\n\r\nabc";
const RESET: Option<io::ErrorKind> = Some(io::ErrorKind::ConnectionReset);

fn plan(kind: FaultKind, percent: u8, seed: u64) -> FaultPlan {
    FaultPlan {
        kinds: vec![kind],
        stall_for: Duration::from_millis(1),
        ..FaultPlan::every_kind(percent, seed)
    }
}

#[rstest]
#[case::slow_down(FaultKind::Fault503, PUT, "HTTP/1.1 503", None)]
#[case::internal(FaultKind::Fault500, PUT, "HTTP/1.1 500", None)]
#[case::reset(FaultKind::Reset, PUT, "", RESET)]
#[case::stall(FaultKind::Stall, PUT, "", RESET)]
#[case::error_in_ok(FaultKind::ErrorInOk, COMPLETE, "HTTP/1.1 200", None)]
#[case::error_in_ok_elsewhere(FaultKind::ErrorInOk, PUT, "HTTP/1.1 503", None)]
#[tokio::test]
async fn a_client_sees_each_fault_before_and_after_the_server_did(
    #[case] kind: FaultKind,
    #[case] request: &str,
    #[case] head: &str,
    #[case] end: Option<io::ErrorKind>,
) {
    let folder = tempfile::tempdir().unwrap();
    let server = upstream(&folder).await;
    let proxy = FaultyProxy::start(&server.endpoint(), plan(kind, 100, 5)).unwrap();
    for _ in 0..8 {
        let (text, ended) = send(&proxy.endpoint(), request);
        assert_eq!((text.starts_with(head), ended), (true, end), "{text}");
    }
    let tally = proxy.tally();
    let count = |moment| tally.faults.get(&(kind, moment)).copied().unwrap_or(0);
    let (before, after) = (count(Moment::Before), count(Moment::After));
    assert!(before > 0 && after > 0 && before + after == 8, "{before} before, {after} after");
    assert_eq!(asked(&server), after);
    proxy.stop();
    server.stop().await;
}

#[tokio::test]
async fn an_answer_is_cut_short() {
    let folder = tempfile::tempdir().unwrap();
    let server = upstream(&folder).await;
    let proxy = FaultyProxy::start(&server.endpoint(), plan(FaultKind::TruncatedAnswer, 100, 1)).unwrap();
    let (text, _) = send(&proxy.endpoint(), PUT);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let announced = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    assert!(body.len() < announced.unwrap_or(0usize), "{text}");
    assert_eq!(asked(&server), 1);
    server.stop().await;
}

#[tokio::test]
async fn the_share_can_be_changed_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let server = upstream(&folder).await;
    let proxy = FaultyProxy::start(&server.endpoint(), plan(FaultKind::Fault503, 0, 1)).unwrap();
    for _ in 0..5 {
        assert!(send(&proxy.endpoint(), PUT).0.starts_with("HTTP/1.1 403"));
    }
    proxy.set_percent(50);
    for _ in 0..40 {
        send(&proxy.endpoint(), PUT);
    }
    let tally = proxy.tally();
    assert_eq!(tally.requests, 45);
    assert!((15..=36).contains(&tally.passed), "{tally:?}");
    server.stop().await;
}
