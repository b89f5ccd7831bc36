//! What a job asks of the lab's services, and what it makes of their answers.
//!
//! Each service is one module: it knows the service's requests, answers and refusals, and nothing of jobs. What all of
//! them promise:
//!
//! - **Patience by the clock.** A request that may pass later is tried again until a time budget is spent.
//! - **An answer is looked at.** A status is not taken for success, nor HTML for a document; a fault names what was asked,
//!   where, and what was answered.
//! - **Secrets stay inside.** Tokens, passwords and the values of parameters are in no fault and no note.

mod aws_secrets;
pub mod code_ocean;
mod http;
pub mod metadata_service;
mod options;
pub mod slurm_rest;

pub use aws_secrets::AwsSecrets;
pub use options::ServiceOptions;
