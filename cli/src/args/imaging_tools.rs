//! What `adt imaging` does beside converting, as it is typed.

use adt_engine::imaging::mips::Axes;
use adt_model::VoxelSize;
use camino::Utf8PathBuf;
use clap::{Args, ValueHint};

use super::{OfSource, Tuning, imaging::voxel};

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
    pub of_source: OfSource,
    #[command(flatten)]
    pub tuning: Tuning,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ImagingInfo {
    /// An image, a folder with images, a session's folder, an OME-Zarr image, or a container of them: a path or `s3://bucket/prefix`
    #[arg(value_name = "FILE|FOLDER", value_hint = ValueHint::AnyPath)]
    pub place: String,
    #[command(flatten)]
    pub of_source: OfSource,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ImagingMips {
    /// What is read, and only read: a session's folder, a folder with images, one image, or an N5 dataset
    #[arg(value_name = "SRC", value_hint = ValueHint::AnyPath)]
    pub source: Utf8PathBuf,
    /// Where the projections go: a folder or `s3://bucket/prefix`
    #[arg(value_name = "DST", value_hint = ValueHint::DirPath)]
    pub destination: String,
    /// Which: XY looks along z, XZ along y, YZ along x [default: all three]
    #[arg(long, value_name = "AXES", num_args = 1.., value_parser = axes)]
    pub axes: Vec<Axes>,
    /// Make projections once more that are there already
    #[arg(long)]
    pub overwrite: bool,
    /// Leave images alone whose whole path matches: `*` stands for `/` too. May be given several times
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    #[command(flatten)]
    pub of_source: OfSource,
    #[command(flatten)]
    pub tuning: Tuning,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ImagingValidate {
    /// A folder with channels `Ex_488_Em_525`, or one with a folder `SmartSPIM` of them; it is only read
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: Utf8PathBuf,
    /// Read and decode every plane, and check its checksums, instead of its header alone
    #[arg(long)]
    pub deep: bool,
}

fn axes(text: &str) -> Result<Axes, String> {
    text.parse().map_err(|()| "XY, XZ or YZ".to_owned())
}
