//! Who we are to Azure's Blob Storage, where an account is, and how a request is signed for it.

mod access;
mod account;
mod bearer;
mod cli;
mod connection_string;
mod identity;
mod managed;
mod shared_key;
#[cfg(test)]
mod tests;

pub use access::{Access, Authorized, Unsigned};
pub use account::Account;
