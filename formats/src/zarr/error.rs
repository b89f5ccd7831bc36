use adt_model::{Class, Fault};

use super::{Dtype, MAX_AXES, MAX_CHUNK_BYTES};

/// Why a metadata document is not one this program can work with.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ZarrError {
    /// Not version 2.
    #[error("Zarr format {0} is not supported, only 2")]
    Format(u64),
    /// Objects, structures, dates, big-endian numbers, half floats.
    #[error("dtype `{0}` is not supported")]
    Dtype(String),
    /// Anything but C order.
    #[error("order `{0}` is not supported, only `C`")]
    Order(String),
    /// Filters before the compressor.
    #[error("filters are not supported: {0}")]
    Filters(String),
    /// Neither `.` nor `/`.
    #[error("dimension separator `{0}` is neither `.` nor `/`")]
    Separator(String),
    /// More axes than any reader takes.
    #[error("{0} axes are more than the {MAX_AXES} that NumPy allows")]
    Axes(usize),
    /// `shape` and `chunks` of different lengths.
    #[error("the shape has {shape} axes and the chunks have {chunks}")]
    Ranks {
        /// Axes of the array.
        shape: usize,
        /// Axes of a chunk.
        chunks: usize,
    },
    /// A chunk without extent.
    #[error("a chunk is empty along axis {0}")]
    EmptyChunk(usize),
    /// A chunk that nobody should allocate.
    #[error("a chunk is larger than {MAX_CHUNK_BYTES} bytes")]
    LargeChunk,
    /// An array whose size cannot be counted.
    #[error("the array is too large to count its items")]
    LargeArray,
    /// A fill value that the dtype cannot hold.
    #[error("fill value {value} does not fit dtype `{dtype}`")]
    Fill {
        /// As it was written.
        value: String,
        /// Of the array.
        dtype: Dtype,
    },
    /// A compressor whose parameters cannot be meant.
    #[error("compressor {0}")]
    Compressor(String),
    /// Something of version 3 that is not supported, or is not what the specification says.
    #[error("{what} is not supported: {value}")]
    Unsupported {
        /// Which part of the document.
        what: &'static str,
        /// As it was written.
        value: String,
    },
    /// Shards that are not whole chunks along each axis.
    #[error("shards of {shard:?} are not made of whole chunks of {chunks:?}")]
    Shards {
        /// Items along each axis.
        shard: Vec<u64>,
        /// Items along each axis.
        chunks: Vec<u64>,
    },
    /// Names of axes that are not as many as the axes.
    #[error("{names} dimension names for {axes} axes")]
    Names {
        /// How many names.
        names: usize,
        /// How many axes.
        axes: usize,
    },
    /// A chunk, or a region of one, of another length.
    #[error("{got} bytes where the array has {expected}")]
    Length {
        /// By the metadata.
        expected: u64,
        /// As found.
        got: u64,
    },
}

impl ZarrError {
    /// As a fault of the document or object `key`.
    pub fn of(self, key: &str) -> Fault {
        Fault::new(Class::Corrupt, format!("cannot use `{key}`")).because(self)
    }
}
