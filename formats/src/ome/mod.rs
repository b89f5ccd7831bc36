//! OME-NGFF: what makes groups of Zarr arrays an image at several sizes that viewers show in its place.
//!
//! Axes are t, c, z, y, x; lengths are micrometres. A voxel's place is that of its centre, so the voxels of a smaller level,
//! each the mean of a window, begin half a window further: see [`Image::translation`].
//!
//! Source: OME-NGFF 0.4 and 0.5; for [`Image::as_the_original`] and [`neuroglancer`] what the Python original and
//! aind-ng-link 1.0.15 write.

mod colour;
mod image;
pub mod neuroglancer;
mod original;
mod read;
mod write;

pub use colour::Colour;
pub use image::{Channel, Image, Method, Window};
pub use original::Origin;
pub use read::{Axis, Dataset, Multiscale, SeenChannel, parse};
pub use write::Version;
