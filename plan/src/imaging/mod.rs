//! What an image becomes: its levels, their chunks, and the pieces of work. Axes are z, y, x; nothing here touches the world.

mod chunks;
mod items;
mod levels;

pub use adt_model::Edge;
pub use chunks::{ChunkError, Expand, Guess, expand, guess, suggest};
pub use items::{Item, Owned, Partition, Stage};
pub use levels::{Level, Pyramid, PyramidError};

/// Items, planes, voxels: a count along z, y and x.
pub type Extent = [u64; 3];
