//! A cloud and a lab small enough for a desk: an S3-speaking server on loopback over a plain folder, and invented
//! recordings to send to it.
//!
//! `adt demo` serves both, and tests upload to the server what they later look for in its folder.

pub mod lab;
pub mod open_ephys;
mod s3;
mod seed;
pub mod spikeglx;
mod tissue;

pub use s3::{Clock, Server, ServerOptions, Stored, Tally};
pub use seed::Seed;
