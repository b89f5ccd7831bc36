//! Places as their users see them: one suite for every kind of place, and the faults that servers and disks have.

mod conformance;
mod faults;
mod identity;
mod local;
mod measure;
mod server;
mod setup;
