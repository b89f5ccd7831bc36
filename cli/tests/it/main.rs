//! The real program, run as a person would run it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod architecture;
mod bad_input;
mod canary_services;
mod commands;
mod compatibility;
mod desk;
mod ephys_broken;
mod ephys_careful;
mod ephys_chunks;
mod ephys_clipped;
mod ephys_cloud;
mod ephys_oracles;
mod ephys_restore;
mod ephys_session;
mod faults;
mod golden;
mod help;
mod imaging_bad;
mod imaging_channels;
mod imaging_job;
mod imaging_kinds;
mod imaging_large;
mod imaging_oracles;
mod imaging_original;
mod imaging_session;
mod imaging_tools;
mod imaging_work;
mod kills;
mod lab;
mod memory;
mod moving_faults;
mod parameters;
mod privacy;
mod refusing;
mod rehearsal;
mod run;
mod secrets;
mod services;
mod standing;
mod stops;
mod temporary;
mod triggers;
