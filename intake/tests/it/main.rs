//! What a person wrote, end to end: texts in, jobs and problems out.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod canary;
mod faults;
mod flags;
mod golden;
mod json;
mod lab;
mod manner;
mod parameter;
mod people;
mod properties;
mod table;
