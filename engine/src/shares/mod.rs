//! The heavy work of an asset, shared among any number of processes on any machines that see the source and the destination.
//!
//! ```text
//! prepare    headers → units → `.adt-work/plan.json` (and the empty arrays of images)
//! work       a share of a stage's items → objects, then a marker for each item
//! progress   markers → how far it is
//! adopt      markers → this machine's ledger; then the usual run finds everything done, and ends the asset
//! ```
//!
//! Nobody talks to anybody: an item belongs to a share by its number, and it is done when its marker stands at the destination. The
//! end of an asset (documents, record, pipeline) is that of every other run; only what it would send stands there already.

mod adopt;
mod batches;
mod finish;
mod finished;
mod items;
mod plan;
mod prepare;
mod progress;
mod work;

pub use adopt::{Adopted, adopt};
pub use finish::{clear, end, is_complete, is_ended, sweep, tidied};
pub use finished::say_finished;
pub use plan::{Unit, WorkPlan, is_same, read, sha256};
pub use prepare::{besides, prepare, prepare_move, session, units};
pub use progress::{Progress, StageProgress, progress};
pub use work::{Task, work};

#[cfg(test)]
mod tests;
