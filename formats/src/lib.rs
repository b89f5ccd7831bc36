//! How a format lies on disk; no network in sight.

pub mod folder;
mod stamp;
mod steady;
pub mod zip;

pub use steady::SteadyFile;
