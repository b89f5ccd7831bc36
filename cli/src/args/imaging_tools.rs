//! What `adt imaging` does beside converting, as it is typed.

use adt_model::VoxelSize;
use camino::Utf8PathBuf;
use clap::{Args, ValueHint};

use super::{Tuning, imaging::voxel};

#[derive(Clone, Debug, Args)]
pub(crate) struct ImagingVerify {
    /// What was converted: a session's folder, a folder with images, one image, or an N5 dataset
    #[arg(value_name = "SRC", value_hint = ValueHint::AnyPath)]
    pub source: Utf8PathBuf,
    /// What was made of it: a folder or `s3://bucket/prefix`
    #[arg(value_name = "DST", value_hint = ValueHint::DirPath)]
    pub destination: String,
    /// Micrometres of a voxel along x, y, z, if a person named them: they must be those of every image
    #[arg(long, alias = "voxsize", value_name = "X,Y,Z", value_parser = voxel)]
    pub voxel_size: Option<VoxelSize>,
    /// The folder of the backgrounds that were subtracted, if any were
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub bkg_img_dir: Option<Utf8PathBuf>,
    /// Images that were left alone: `*` stands for `/` too. May be given several times
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    #[command(flatten)]
    pub tuning: Tuning,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ImagingInfo {
    /// An image, a folder with images, a session's folder, an OME-Zarr image, or a container of them: a path or `s3://bucket/prefix`
    #[arg(value_name = "FILE|FOLDER", value_hint = ValueHint::AnyPath)]
    pub place: String,
}
