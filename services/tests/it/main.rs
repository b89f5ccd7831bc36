//! The services against stand-ins that speak the recorded contract; slurmrestd against itself.

#![expect(
    clippy::unwrap_used,
    reason = "a test's own steps must work; what does not is a failure with its place"
)]

mod aws_secrets;
mod code_ocean;
mod metadata_service;
mod setup;
mod slurm_rest;
