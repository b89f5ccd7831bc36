//! For tests: a server on loopback that gives prepared answers and remembers what it was asked.

use std::{
    fmt::Write,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// How a request begins, the status, header fields (each with its line end), and the body.
pub(crate) type Reply = (&'static str, u16, &'static str, String);

pub(crate) struct Server {
    pub(crate) base: String,
    seen: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// The first reply that fits is given, every time; 404 where none does.
    pub(crate) async fn new(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                answer(stream, &replies, &noted).await;
            }
        });
        Self { base, seen, task }
    }

    /// Whole requests, in order.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(mut stream: TcpStream, replies: &[Reply], seen: &Mutex<Vec<String>>) {
    let mut request = Vec::new();
    while !whole(&request) {
        match stream.read_buf(&mut request).await {
            Ok(read) if read > 0 => {}
            _ => return,
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let reply = replies.iter().find(|(begin, ..)| request.starts_with(begin));
    let (status, headers, body) = reply.map_or((404, "", ""), |(_, s, h, b)| (*s, *h, b.as_str()));
    seen.lock().unwrap().push(request);
    let mut text = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}");
    let _ = write!(text, "content-length: {}\r\n\r\n{body}", body.len());
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}
