//! Who we are to Azure's Blob Storage, where an account is, and how a request is signed for it.

mod access;
mod account;
mod bearer;
mod connection_string;
mod identity;
mod shared_key;

pub use access::{Access, Authorized, Unsigned};
pub use account::Account;
