//! Images become OME-Zarr, in one pass over each.
//!
//! ```text
//! look       the images of a session, opened      container  plan, arrays, stages, markers
//! tile       an image and what becomes of it      item       boxes → chunks and the next level
//! array      what its objects are called          finish     markers → attributes
//! opened     what stands at a place      verify     held against its source
//! ```
//!
//! What is done is known by markers at the destination, so that several processes can share the work and any of them can end it.

mod acquisition;
pub mod alone;
mod array;
mod boxes;
mod container;
mod finish;
pub mod info;
mod item;
mod look;
mod marker;
pub mod mips;
mod opened;
mod plan_file;
mod read;
mod sample;
mod shards;
mod stored;
mod tile;
pub mod validate;
pub mod verify;
mod write;
mod written;

pub use container::Share;
pub use written::{TileWritten, Written};

pub(crate) use look::{Asked, look};
pub(crate) use marker::{clear, cut_off, marked};
pub(crate) use write::{Work, open, unread, write};
