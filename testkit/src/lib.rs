//! What tests of the other crates lean on: networks that fail on purpose, processes that die, trees of files.
//!
//! Everything random is seeded: a failure is repeated by its seed.

pub mod fuzz;
pub mod kill;
pub mod lies;
pub mod oracle;
mod proxy;
pub mod services;
pub mod slurm;
pub mod stores;
pub mod tree;

use std::io::Write;

/// Says that a test, or a part of it, cannot run on this machine. Written to the process's own standard error: what the printing macros write is
/// not shown of a test that passes.
pub fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr().lock(), "skipped: {why}");
}

pub use adt_sandbox::{Seed, open_ephys, spikeglx};
pub use proxy::{FaultKind, FaultPlan, FaultyProxy, Moment, ProxyTally};
