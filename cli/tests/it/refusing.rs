//! A server that lets some writes through and then refuses all further ones, as a bucket does whose policy changes.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    thread,
};

/// How it refuses.
#[derive(Clone, Copy)]
pub(crate) struct Refusal {
    pub status: &'static str,
    pub code: &'static str,
    pub message: &'static str,
    /// More of the document, such as `<Region>…</Region>`.
    pub more: &'static str,
    /// So many writes go through; `None` refuses reads too, from the first request on.
    pub writes: Option<i64>,
}

/// Stands before `upstream` for the rest of the test's life; its address.
pub(crate) fn refusing(upstream: &str, refusal: Refusal) -> String {
    let upstream = upstream.strip_prefix("http://").unwrap().to_owned();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let left = Arc::new(AtomicI64::new(refusal.writes.unwrap_or_default()));
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (upstream, left) = (upstream.clone(), Arc::clone(&left));
            // Either side may go away at any time; then this connection is over.
            thread::spawn(move || drop(serve(client, &upstream, refusal, &left)));
        }
    });
    address
}

fn serve(mut client: TcpStream, upstream: &str, refusal: Refusal, left: &AtomicI64) -> std::io::Result<()> {
    let head = head(&mut client)?;
    let is_write = head.starts_with("PUT ") || head.starts_with("POST ");
    let refused = match refusal.writes {
        None => true,
        Some(_) => is_write && left.fetch_sub(1, Ordering::SeqCst) <= 0,
    };
    let mut body = client.try_clone()?.take(length(&head));
    if refused {
        std::io::copy(&mut body, &mut std::io::sink())?;
        return write!(client, "{}", answer(refusal));
    }
    let mut server = TcpStream::connect(upstream)?;
    // One request for each connection keeps this simple; `Connection` is no part of a signature.
    let head = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    server.write_all(head.as_bytes())?;
    std::io::copy(&mut body, &mut server)?;
    std::io::copy(&mut server, &mut client)?;
    Ok(())
}

fn head(client: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn length(head: &str) -> u64 {
    let value = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    value.unwrap_or_default()
}

fn answer(refusal: Refusal) -> String {
    let Refusal { status, code, message, more, .. } = refusal;
    let text = format!(
        "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>"
    );
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    )
}
