//! Recordings become stores, and stores become recordings again.
//!
//! A stream is read twice, and its time files once before that (`timing`): they decide what the times of the store are. The first reading (`measure`) sums it (SHA-256 of each file, a CRC-64 of each chunk),
//! counts its values, from which the step of the converter is found, and sends the SYNC columns on their way; only then is it known
//! what the traces will hold. The second reading makes the chunks of the traces, each on a thread of its own: read, compared with the
//! first reading's sum, coded, compressed, decompressed again and compared, sent. What is in memory at once does not depend on the
//! length of the recording. The metadata come last: a store that was not finished is none.
//!
//! Where many processes share the work (`shared`), each reading is a stage of its own, and the second one is done in ranges of chunks.
//!
//! [`restore`] goes the other way: chunks are fetched and decoded ahead, held against their sums, and joined to the original files,
//! which are visible only once their SHA-256 is right. [`info`] looks at either. [`fetch`] brings a session from a bucket.

mod bench;
pub(crate) mod choice;
mod chunks;
mod compress;
mod describe;
pub mod fetch;
pub(crate) mod given_probe;
pub mod info;
mod lsb;
mod measure;
mod open;
pub mod restore;
pub(crate) mod shared;
mod stream;
mod survey;
mod thin;
mod timing;
pub(crate) mod unpack;

pub use compress::{Compressed, SourceMade, StreamMade};
pub(crate) use compress::{Work, compress};
pub(crate) use survey::look;
pub use timing::TimesMade;
