//! Places: local folders, S3 (any endpoint that speaks its language), Google Cloud Storage and Azure Blob Storage, behind one type.
//!
//! A [`Place`] is a [`Location`](adt_model::Location) that has been opened: it lists, reads, writes and removes objects
//! by their [`Key`](adt_model::Key). What it promises:
//!
//! - **Visible means whole.** A local file gets its name when all of it is on the disk; an object of a bucket is one put or
//!   a completed upload, a blob of Azure one put or one list of blocks.
//! - **Silence is no proof.** A [`Receipt`] says how it is known that the destination holds the right bytes ([`Proof`]).
//!   Many servers ignore checksum headers, so an answer without a checksum is followed by another look.
//! - **Patience by the clock.** A request that may pass later is tried again until a time budget is spent, and the
//!   number of requests at once follows what the server can bear.

mod az;
mod checksum;
mod compare;
mod exchange;
mod gs;
mod http_date;
mod listing;
mod local;
mod mtime;
mod object;
mod options;
mod part_size;
mod place;
mod s3;
mod sums;
mod tags;
mod upload;

pub use checksum::md5_from_etag as etag_md5;
pub use compare::{Verdict, compare};
pub use exchange::{Hear, Way, heard};
pub use object::{
    Block, Copied, Found, Held, ListedPart, ObjectMeta, PartReceipt, Proof, Receipt, Unfinished, Whole,
};
pub use options::{Encryption, FolderLinks, Looks, StoreOptions, Tell};
pub use part_size::{MAX_OBJECT, MAX_PARTS, MAX_PUT, MIN_PART, part_offset, part_size, part_size_at};
pub use place::Place;
pub use sums::{Digests, Sums};
pub use upload::{Fate, Upload};
