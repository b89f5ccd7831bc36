//! Connections: HTTP over TLS with proxies, patience, and who we are to AWS.
//!
//! What every crate that talks to a server needs, and nothing about what is said there:
//!
//! - [`connect::client`], one pool of connections with the machine's own trusted certificates and the proxies of the
//!   [`Environment`] that was handed in;
//! - [`body`], answers read under limits of size and time;
//! - [`Backoff`], when a request is tried again: by a time budget, with jitter from a [`Random`];
//! - [`aws`], the places where AWS's own tools look for credentials, region and endpoint, and its signatures;
//! - [`google`] and [`azure`], the same for their storage.

pub mod aws;
pub mod azure;
mod backoff;
pub mod body;
pub mod connect;
pub mod encode;
mod endpoint;
mod environment;
mod fetch;
pub mod google;
mod hex;
mod kept;
mod oauth;
pub mod plain;
mod random;
#[cfg(test)]
mod replies;
mod said;
mod sent;
mod trust;
pub mod xml;

pub use backoff::Backoff;
pub use endpoint::Endpoint;
pub use environment::Environment;
pub use hex::hex;
pub use random::Random;
/// The HTTP client, so that its version and features are chosen in one place.
pub use reqwest;
pub use said::{Said, one_line, said_by};
pub use sent::{secrets_of, secrets_of_request, secrets_of_session};
