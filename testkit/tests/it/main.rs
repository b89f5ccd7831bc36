//! The parts of this crate that need a server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod proxy;
mod stores;
