//! Objects from one place to another: local folders, S3, Google Cloud Storage, Azure Blob, in every direction.
//!
//! Both sides are listed in byte order of their keys while the work goes on, and merged (`pairs`); what the ledger knows of the
//! destination comes along. `equal` decides what need not be moved, [`copy()`] moves the rest, [`prove`] compares the two sides.

mod apart;
mod backup;
mod clashes;
mod clean;
pub(crate) mod confirm;
mod copy;
mod deletion;
mod depart;
mod equal;
mod gone;
mod item;
mod job;
mod links;
mod manifest;
mod pairs;
pub(crate) mod part;
mod pipe;
mod prove;
mod remove;
mod side;
mod superfluous;

pub use apart::{apart, distinct, overlap, within};
pub use clean::clean;
pub use copy::Asked;
pub use deletion::Deletion;
pub use depart::{Departed, clear_source};
pub use equal::Comparison;
pub use item::{Bounds, Selection};
pub use job::{copy, copy_then};
pub use pipe::from_reader;
pub use prove::{Asked as Proof, Finding, Report, Source, Wrong, prove};
pub use side::{End, list};
