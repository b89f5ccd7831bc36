//! Serves a metadata service and a Code Ocean until it is stopped: `cargo run -p adt-testkit --example services`.
//!
//! The metadata service speaks both languages and knows subject 987654 and the project `Test Project`. Code Ocean takes the token
//! `token`; each pipeline that it starts is printed.
#![expect(clippy::print_stdout, reason = "says where it serves, and what was started")]

use std::{io, thread, time::Duration};

use adt_testkit::services::{CodeOceanServer, MetadataScript, MetadataServer};

fn main() -> io::Result<()> {
    let metadata = MetadataServer::start(MetadataScript::both())?;
    let code_ocean = CodeOceanServer::start("token")?;
    println!("metadata_service_domain {}", metadata.url());
    println!("codeocean_domain {}", code_ocean.url());
    let mut told = 0;
    loop {
        let accepted = code_ocean.accepted();
        for computation in &accepted[told..] {
            println!("started {computation:?}");
        }
        told = accepted.len();
        thread::sleep(Duration::from_millis(100));
    }
}
