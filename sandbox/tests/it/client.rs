use std::sync::Arc;

use adt_sandbox::{Server, ServerOptions};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use camino::{Utf8Path, Utf8PathBuf};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ring::{digest, hmac};
use tokio::net::TcpStream;

pub(crate) const DATE: &str = "20240318T120000Z";
const SCOPE: &str = "20240318/us-east-1/s3/aws4_request";

/// A server with one bucket `b`, its folder, and a client that signs for it.
pub(crate) struct Bench {
    pub(crate) server: Server,
    pub(crate) root: Utf8PathBuf,
    folder: tempfile::TempDir,
}

pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Texts of all elements of a name.
    pub(crate) fn all(&self, element: &str) -> Vec<&str> {
        let (open, close) = (format!("<{element}>"), format!("</{element}>"));
        self.text.split(&open).skip(1).filter_map(|rest| rest.split(&close).next()).collect()
    }

    /// Status and error code, to compare in one go.
    pub(crate) fn verdict(&self) -> (u16, &str) {
        (self.status.as_u16(), self.all("Code").first().copied().unwrap_or(""))
    }
}

pub(crate) async fn serve(root: &Utf8Path, now: &'static str) -> Server {
    let clock = Arc::new(move || now.parse().unwrap());
    Server::start(root, ServerOptions::new("key", "secret", clock)).await.unwrap()
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap().to_owned();
        let server = serve(&root, "2024-03-18T12:00:00Z").await;
        let bench = Self { server, root, folder };
        assert_eq!(bench.send("PUT", "/b", &[], b"").await.status, 200);
        bench
    }

    /// Another server on the same folder.
    pub(crate) async fn restarted(self) -> Self {
        let Self { server, root, folder } = self;
        server.stop().await;
        let server = serve(&root, "2024-03-18T12:10:00Z").await;
        Self { server, root, folder }
    }

    pub(crate) async fn send(&self, method: &str, uri: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        send(&self.server.endpoint(), ("key", "secret"), method, uri, headers, body).await
    }
}

/// The path of an object, encoded.
pub(crate) fn path(key: &str) -> String {
    format!("/b/{}", utf8_percent_encode(key, NON_ALPHANUMERIC).to_string().replace("%2F", "/"))
}

pub(crate) fn crc64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(crc_fast::crc64_nvme(bytes).to_be_bytes())
}

/// Signs with the payload left out unless a header gives its hash. Queries must come sorted and encoded.
pub(crate) async fn send(
    endpoint: &str,
    (access, secret): (&str, &str),
    method: &str,
    uri: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    let authority = endpoint.strip_prefix("http://").unwrap();
    let hash = headers.iter().find(|(name, _)| *name == "x-amz-content-sha256");
    let hash = hash.map_or("UNSIGNED-PAYLOAD", |(_, value)| *value);
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let query: Vec<_> = query
        .split('&')
        .filter(|q| !q.is_empty())
        .map(|q| if q.contains('=') { q.to_owned() } else { format!("{q}=") })
        .collect();
    let signed = "host;x-amz-content-sha256;x-amz-date";
    let canonical = format!(
        "{method}\n{}\n{}\nhost:{authority}\nx-amz-content-sha256:{hash}\nx-amz-date:{DATE}\n\n{signed}\n{hash}",
        path.replace("%2D", "-").replace("%2E", ".").replace("%5F", "_").replace("%7E", "~"),
        query.join("&"),
    );
    let canonical = digest::digest(&digest::SHA256, canonical.as_bytes());
    let text = format!("AWS4-HMAC-SHA256\n{DATE}\n{SCOPE}\n{}", hex(canonical.as_ref()));
    let key = SCOPE.split('/').fold(format!("AWS4{secret}").into_bytes(), |key, part| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), part.as_bytes()).as_ref().to_vec()
    });
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), text.as_bytes());
    let mut request = Request::builder()
        .method(method)
        .uri(uri)
        .header("host", authority)
        .header("content-length", body.len())
        .header("x-amz-date", DATE)
        .header(
            "authorization",
            format!(
                "AWS4-HMAC-SHA256 Credential={access}/{SCOPE}, SignedHeaders={signed}, Signature={}",
                hex(signature.as_ref())
            ),
        );
    if !headers.iter().any(|(name, _)| *name == "x-amz-content-sha256") {
        request = request.header("x-amz-content-sha256", hash);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let stream = TokioIo::new(TcpStream::connect(authority).await.unwrap());
    let (mut sender, connection) = http1::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let request = request.body(Full::new(Bytes::copy_from_slice(body))).unwrap();
    let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
    let text = String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned();
    Reply { status: parts.status, headers: parts.headers, text }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|d| char::from_digit(d.into(), 16)).collect()
}
