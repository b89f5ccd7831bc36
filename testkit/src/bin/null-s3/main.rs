//! `null-s3 [PORT]`: an S3 server on loopback that throws every body away, so that a client's own cost can be measured.
//!
//! It keeps names, sizes, `ETag`s and the headers a client wants to see again, in memory. It checks nothing, neither
//! signatures nor checksums: what it answers is never a proof that bytes arrived right. Without a port it takes a free
//! one; the first line on stdout is the endpoint.

mod answer;
mod listing;
mod names;
mod route;
mod shelf;

use std::{
    io::{self, Write as _},
    net::Ipv4Addr,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::shelf::Shelf;

/// Bodies are read in pieces of up to this many bytes: large ones keep the server's own share of the machine small.
const PIECE: usize = 1 << 20;

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when stderr is closed.
            let _ = writeln!(io::stderr(), "null-s3: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn serve() -> io::Result<()> {
    let port = match std::env::args().nth(1) {
        Some(text) => text.parse().map_err(|e| io::Error::other(format!("`{text}` is no port: {e}")))?,
        None => 0,
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    writeln!(io::stdout(), "http://{}", listener.local_addr()?)?;
    let shelf = Arc::new(Shelf::default());
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream, Arc::clone(&shelf)))),
            // Out of file handles, most likely: some will be free soon.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn connection(stream: TcpStream, shelf: Arc<Shelf>) {
    // Without it answers may be late, not wrong.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| route::answer(request, &shelf));
    // A client that hangs up in the middle is its own matter.
    let _ = http1::Builder::new().max_buf_size(PIECE).serve_connection(TokioIo::new(stream), service).await;
}
