//! An image that is read in pieces by many threads at once, whatever it lies in.

mod dtype;
mod length;
mod open;
mod preview;
mod region;
mod size;

use std::fmt::Debug;

use adt_model::Fault;

pub use dtype::Dtype;
pub use open::open;
pub use preview::grey_png;
pub use region::Region;
pub use size::{Origin, Size, SizeSource, Voxel};

pub(crate) use length::micrometres;

/// An open image. Only what describes it has been read.
pub trait Volume: Debug + Send + Sync {
    /// What it lies in, in a word, such as `BigTIFF`, for people.
    fn kind(&self) -> &'static str;

    /// Voxels along t, c, z, y and x, none of them 0.
    fn shape(&self) -> [u64; 5];

    /// What a voxel is.
    fn dtype(&self) -> Dtype;

    /// The size of a voxel, as far as the image tells.
    fn voxel(&self) -> Voxel;

    /// Where the centre of the first voxel lies, as far as the image tells.
    fn origin(&self) -> Origin;

    /// Voxels along z, y and x of what is stored in one piece, such as a strip or a chunk: whoever reads a part of it reads and
    /// decompresses all of it. `[1, 1, X]` where single rows can be read.
    fn piece(&self) -> [u64; 3];

    /// What the image calls its channels, as many as it has; empty where it has no name.
    fn channels(&self) -> Vec<String>;

    /// What a person should know of how it was understood, one fragment each.
    fn notes(&self) -> Vec<String>;

    /// Names, sizes and times of all files that are read: another text when any of them changes.
    fn identity(&self) -> String;

    /// Something to read voxels with; one for each thread.
    fn reader(&self) -> Box<dyn ReadVoxels + '_>;

    /// Forgets what reading has learnt, such as where chunks lie; it is learnt again when it is wanted.
    fn forget(&self) {}

    /// Call after the last read: `Corrupt` when a file has changed since it was opened.
    fn finish(&self) -> Result<(), Fault>;
}

/// Reads voxels of an image. Keeps buffers between reads.
pub trait ReadVoxels {
    /// Fills `out` with the voxels of `region`, x fastest, then y, then z, little-endian.
    ///
    /// `out` must have exactly as many bytes, and the region must lie in the shape; else it is a `Bug`. What cannot be read is
    /// `Corrupt`, named by its file and place.
    fn read(&mut self, region: &Region, out: &mut [u8]) -> Result<(), Fault>;
}
