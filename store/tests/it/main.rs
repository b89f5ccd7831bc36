//! Places as their users see them: one suite for every kind of place, and the faults that servers and disks have.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test's own steps must work; what does not is a failure with its place"
)]

mod answers;
mod azure;
mod beside;
mod bodies;
mod conformance;
mod deletions;
mod downloads;
mod faults;
mod google;
mod identity;
mod local;
mod measure;
mod odd_keys;
mod server;
mod setup;
