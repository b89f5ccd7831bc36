//! The server as a client sees it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod client;
mod integrity;
mod keeping;
mod listing;
mod multipart;
