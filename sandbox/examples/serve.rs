//! Serves a folder until it is stopped: `cargo run -p adt-sandbox --example serve -- FOLDER [PORT]`.
//!
//! Access key and secret key are both `sandbox`.
#![expect(clippy::print_stdout, reason = "says where it serves")]

use std::sync::Arc;

use adt_model::{Class, Fault};
use adt_sandbox::{Server, ServerOptions};
use jiff::Timestamp;

#[tokio::main]
async fn main() -> Result<(), Fault> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().ok_or_else(|| Fault::new(Class::BadInput, "no folder was given"))?;
    let mut options = ServerOptions::new("sandbox", "sandbox", Arc::new(Timestamp::now));
    options.port = args.next().and_then(|port| port.parse().ok()).unwrap_or(0);
    let server = Server::start(folder.as_str().into(), options).await?;
    println!("{}", server.endpoint());
    std::future::pending().await
}
