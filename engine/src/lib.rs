//! Does things in order; waits, retries, cancels; spends memory, threads and lanes.
//!
//! One job is read top to bottom in [`job`]: claim the asset, look at the world, plan, perform the stages, end. The verbs are in
//! [`steps`], one file each. Everything a step makes leaves through a [`delivery::Delivery`], which knows what the destination has
//! already confirmed. [`bridge`] is the one place where CPU threads meet the network.

pub mod alone;
mod attempt;
mod beat;
pub mod bridge;
pub mod budget;
pub mod buffers;
mod build;
pub mod claims;
pub mod complete;
mod course;
pub mod ctx;
pub mod delivery;
pub mod ephys;
pub mod imaging;
pub mod job;
pub mod moving;
mod pace;
mod pack;
mod pieces;
pub mod prepare;
pub mod probe;
mod rules;
pub mod run;
pub mod services;
pub mod shares;
pub mod standing;
pub mod steps;
pub mod survey;
mod touched;

pub use ctx::{Clock, Ctx, Settings, Stop, Tell};
pub use pace::Pace;
pub use run::{Asked, Summary, conclude, run};
