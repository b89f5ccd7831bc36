//! What other people's programs make of our bytes, and we of theirs.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod blosc;
mod downscale;
mod fuzz;
mod lsb;
mod wavpack;
