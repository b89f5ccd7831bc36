//! What happened, durably.
//!
//! One SQLite file on a local disk (never a network share: several processes may write to it at once, which needs the
//! locks and the shared memory of one machine). It remembers and never decides. Writes go through one thread that puts
//! whatever is queued into one transaction, so that thousands of small objects a second cost little; every other
//! connection only reads, but for [`Listing`].
//!
//! | a call that is… | returns when |
//! |---|---|
//! | queued | it is in the queue, in order; [`Ledger::flush`] waits for it, dropping the last handle does too |
//! | awaited | its transaction is committed: it survives the death of the process |
//! | durable | its transaction is on the disk: it survives the loss of power |
//!
//! A queued write that fails (a full disk) stops the ledger: that fault is what every later call returns, for a ledger that
//! silently misses something is worth nothing.
//!
//! No call takes a secret. The command line given to [`Ledger::begin_run`] is kept as it is, so it must not hold one either.
//!
//! People read it with `sqlite3 ledger.sqlite 'SELECT * FROM history'`; `failures` and `progress` are the other views.

mod claim;
mod columns;
mod connect;
mod history;
mod jobs;
mod ledger;
mod listing;
mod objects;
mod refusal;
mod runs;
mod schema;
mod seeds;
mod steps;
mod triggers;
mod uploads;
mod writer;

pub use claim::Claim;
pub use history::{AttemptRow, FaultRow, HistoryFilter, HistoryRow};
pub use jobs::{JobId, JobRow, JobState, Resumed};
pub use ledger::Ledger;
pub use listing::{Listing, Mismatch, Reconciled, Stat, Touched};
pub use objects::{ObjectRow, ObjectState, Totals};
pub use runs::RunId;
pub use seeds::SeedRow;
pub use steps::StepRow;
pub use triggers::{TriggerRow, TriggerState};
pub use uploads::{PartRow, UploadRow};
