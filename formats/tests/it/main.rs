//! What is written here is read back by the tools people use.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod zip;
