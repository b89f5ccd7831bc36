//! Zarr, version 2 (version 3 is [`v3`]): arrays cut into chunks, each chunk one object, described by small JSON documents.
//!
//! Any number of axes (up to [`MAX_AXES`]), C order, `.` or `/` between the numbers of a chunk's name. What is written is what
//! zarr-python 2 writes, byte for byte; what others wrote is read with limits, and what is not supported is named. No
//! compression here: a [`Compressor`] is only its description.
//!
//! Source: the Zarr storage specification, version 2; zarr-python 2.16; the configurations of numcodecs 0.11 to 0.15.

mod array;
mod compressor;
mod dtype;
mod error;
mod fill;
mod grid;
mod hierarchy;
mod small;
mod text;
pub mod v3;

use array::shortened;
pub use array::{ArrayMeta, Separator};
pub use compressor::{Blosc, BloscCodec, Compressor, Shuffle, Wavpack};
pub use dtype::Dtype;
pub use error::ZarrError;
pub use fill::Fill;
pub use grid::Region;
pub(crate) use hierarchy::named;
pub use hierarchy::{Get, Hierarchy, Lookup};
pub use small::{SmallArray, Unpack, Values};
pub use text::{python_json, python_json_in_order};

/// How many axes an array may have: NumPy's limit, and so that of every reader.
pub const MAX_AXES: usize = 32;

/// How large a chunk may be once decoded, bytes. Blosc's own limit, and more than any writer we know makes.
pub const MAX_CHUNK_BYTES: u64 = (1 << 31) - 1;
