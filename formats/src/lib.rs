//! How a format lies on disk; no network in sight.
//!
//! - [`ephys`]: recordings of electrodes, of Open Ephys or SpikeGLX.
//! - [`ephys_store`]: a stream of samples as a Zarr store that SpikeInterface loads.
//! - [`folder`]: what lies in a session folder, in key order.
//! - [`SteadyFile`]: a source that must not change while it is read.
//! - [`image`]: what is common to images of all kinds of files.
//! - [`imaris`]: stacks of Imaris, read in chunks.
//! - [`microscope`]: which images lie in a session's folder.
//! - [`n5`]: datasets of N5, read in blocks.
//! - [`npy`]: arrays of `NumPy`, read in ranges.
//! - [`ome`]: images at several sizes, described for viewers.
//! - [`open_ephys`]: recordings of the Open Ephys GUI.
//! - [`pattern`]: patterns of names, with `*` and `?`.
//! - [`planes`]: stacks of PNG or TIFF files, each a plane.
//! - [`probe_file`]: probes as probeinterface describes them in a file.
//! - [`session_files`]: what a compressed asset says about every file of its session.
//! - [`tiff`]: stacks of microscopes, read in pieces.
//! - [`zarr`]: arrays in chunks, their metadata.
//! - [`zip`]: folders as zip streams, single files as encrypted zip streams, and the way back.
//! - [`is_video`]: which files are sent encrypted only.

pub mod ephys;
pub mod ephys_store;
pub mod folder;
pub mod image;
pub mod imaris;
pub mod microscope;
pub mod n5;
pub mod npy;
pub mod ome;
pub mod open_ephys;
pub mod pattern;
pub mod planes;
pub mod probe_file;
pub mod session_files;
mod spikeglx;
mod stamp;
mod steady;
pub mod tiff;
mod video;
pub mod zarr;
pub mod zip;

pub use steady::SteadyFile;
pub use video::{is_other_video, is_video};
