//! `adt imaging`, as it is typed.

use adt_model::{BloscName, Edge, Rounding, VoxelSize, ZarrFormat};
use camino::Utf8PathBuf;
use clap::{Args, Subcommand, ValueHint};

use super::{ImagingInfo, ImagingMips, ImagingValidate, ImagingVerify, OfSource, Tuning, word};

#[derive(Debug, Subcommand)]
pub(crate) enum Imaging {
    /// Convert the images of a session into OME-Zarr pyramids, in one pass over each
    ///
    /// TIFF, Imaris and the PNG planes of SmartSPIM: each image becomes a group `<name>.zarr` of the destination, with the image itself,
    /// proven voxel by voxel, and smaller sizes. A session's folder `exaSPIM`, `diSPIM`, `mesoSPIM`, `micr` or `SmartSPIM` is found by
    /// itself. An image is described (and so visible) when all of it is there; running the same command again goes on where it was.
    #[command(
        after_help = "Examples:\n  adt imaging zarr /data/exaSPIM_1 s3://bucket/exaSPIM_1/SPIM.ome.zarr\n  adt imaging zarr tile.ims out --chunk-shape 128,128,128 --n-levels 5\n  adt imaging zarr /data/session out --zarr-format 3 --dry-run"
    )]
    Zarr(Convert),
    /// Convert an N5 dataset into one OME-Zarr image: the destination itself
    #[command(
        after_help = "Example:\n  adt imaging n5 /data/fused.n5 s3://bucket/fused.zarr --voxel-size 0.748,0.748,1"
    )]
    N5(Convert),
    /// Read images and what was made of them, and compare every voxel of every size; exit 1 when anything differs
    ///
    /// The image itself must be the source's voxel by voxel (channels taken apart and backgrounds subtracted as when it was written),
    /// every smaller size what its rule makes of the one before, every size in its right place. What is wrong is named with its group,
    /// level and first voxel. Nothing of a plan is believed: chunks, codecs and rule are those that the destination's documents name.
    #[command(
        after_help = "Examples:\n  adt imaging verify /data/exaSPIM_1 s3://bucket/exaSPIM_1/SPIM.ome.zarr\n  adt imaging verify tile.ims out --json | jq .tiles[].differences"
    )]
    Verify(ImagingVerify),
    /// Show what is in images or in OME-Zarr: shape, kind of voxels, their size and who tells it, chunks, sizes, places
    #[command(
        after_help = "Examples:\n  adt imaging info tile_x_0000_y_0000_z_0000_ch_488.tiff\n  adt imaging info /data/exaSPIM_1\n  adt imaging info s3://bucket/exaSPIM_1/SPIM.ome.zarr --json"
    )]
    Info(ImagingInfo),
    /// Make maximum-intensity projections of images, all three in one pass: a TIFF for `ImageJ` and a small PNG of each
    ///
    /// `<image>_mip_XY.tiff` looks along z, `_XZ` along y, `_YZ` along x. Projections that are there already are kept.
    #[command(
        after_help = "Examples:\n  adt imaging mips /data/exaSPIM_1 /data/mips\n  adt imaging mips tile.ims mips --axes XY XZ"
    )]
    Mips(ImagingMips),
    /// Check a SmartSPIM folder: the same stacks and planes in every channel, no gap, no empty or damaged plane; exit 1 when not
    #[command(
        after_help = "Examples:\n  adt imaging validate /data/SmartSPIM_714321_2024-05-06_07-08-09\n  adt imaging validate /data/brain --deep"
    )]
    Validate(ImagingValidate),
}

#[derive(Clone, Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch a person can set")]
pub(crate) struct Convert {
    /// What is read, and only read: a session's folder, a folder with images, or one image; for `n5` the dataset's folder
    #[arg(value_name = "SRC", value_hint = ValueHint::AnyPath)]
    pub source: Utf8PathBuf,
    /// Where the groups go: a folder or `s3://bucket/prefix`
    #[arg(value_name = "DST", value_hint = ValueHint::DirPath)]
    pub destination: String,
    /// How many sizes, with the image itself [default: until an image fits into one chunk]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=32))]
    pub n_levels: Option<u32>,
    /// How much smaller each size is than the one before: one number, or three for z, y, x [default: 2]
    #[arg(long, alias = "scale-factors", value_name = "N|Z,Y,X", value_parser = factors)]
    pub scale_factor: Option<[u64; 3]>,
    /// Voxels of a chunk: z, y, x, or t, c, z, y, x with 1 for t and c [default: 256,256,256]
    #[arg(long, value_name = "Z,Y,X", value_parser = extent, conflicts_with = "chunk_size")]
    pub chunk_shape: Option<[u64; 3]>,
    /// Instead, how many MiB a chunk has about, in a shape that suits the file (the original's rule)
    #[arg(long, hide_short_help = true, value_name = "MB", value_parser = mebibytes)]
    pub chunk_size: Option<u64>,
    /// Voxels of a shard, whole chunks; with `--zarr-format 3` [default: two chunks along each axis]
    #[arg(long, hide_short_help = true, value_name = "Z,Y,X", value_parser = extent)]
    pub shard_shape: Option<[u64; 3]>,
    /// 2 with OME-NGFF 0.4, which everything reads, or 3 with OME-NGFF 0.5 and shards [default: 2]
    #[arg(long, value_name = "N", value_parser = word::<ZarrFormat>)]
    pub zarr_format: Option<ZarrFormat>,
    /// What Blosc holds: zstd or lz4 [default: zstd]
    #[arg(long, hide_short_help = true, value_name = "NAME", value_parser = word::<BloscName>)]
    pub codec: Option<BloscName>,
    /// How hard, 0 (stored) to 9 [default: 1]
    #[arg(long, hide_short_help = true, value_name = "N", value_parser = clap::value_parser!(u8).range(..=9))]
    pub clevel: Option<u8>,
    /// Micrometres of a voxel along x, y, z, for all images [default: by `acquisition.json`, else by each file, else 1]
    #[arg(long, alias = "voxsize", value_name = "X,Y,Z", value_parser = voxel)]
    pub voxel_size: Option<VoxelSize>,
    /// Subtract the backgrounds in this folder; an image without one is not converted
    ///
    /// That of a tile is `bkg_tile_x_0000_y_0000_z_0000.tiff`, or with `_ch_488` at its end; where a tile has none of its own, that of the
    /// first tile (`x_0000_y_0000_z_0000`) of its channel, which is told.
    #[arg(long, hide_short_help = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub bkg_img_dir: Option<Utf8PathBuf>,
    /// Leave images alone whose whole path matches: `*` stands for `/` too. May be given several times
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// The end of an axis that is no multiple of the factor: crop (left out, as the original does) or partial (kept) [default: crop]
    #[arg(long, hide_short_help = true, value_name = "MODE", value_parser = word::<Edge>)]
    pub edge: Option<Edge>,
    /// Means between two integers: floor (as the original does) or nearest-even (does not darken) [default: floor]
    #[arg(long, hide_short_help = true, value_name = "MODE", value_parser = word::<Rounding>)]
    pub rounding: Option<Rounding>,
    /// The same and more from a file of YAML or JSON, with the names of the Python original (what a job list calls `extra_configs`)
    ///
    /// Flags win over it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config_file: Option<Utf8PathBuf>,
    /// Write a state for Neuroglancer as well (`process_output.json`), shown from LOW to HIGH [default: 0,200]
    #[arg(long, hide_short_help = true, value_name = "LOW,HIGH", num_args = 0..=1, default_missing_value = "0,200", value_parser = window)]
    pub ng_link: Option<[u32; 2]>,
    /// Write a table of what was written, in the columns of the Python original
    #[arg(long, hide_short_help = true, value_name = "CSV", value_hint = ValueHint::FilePath)]
    pub metrics_file: Option<Utf8PathBuf>,
    /// Metadata as the Python original writes it, its mistakes included (levels half a voxel off, channels black)
    #[arg(long, hide_short_help = true)]
    pub strict_compat: bool,
    /// How much of an image is one piece of work, about; what an interruption costs at most, such as `512MiB` [default: 2.5GiB]
    #[arg(long, hide_short_help = true, value_name = "SIZE", value_parser = size)]
    pub item_size: Option<u64>,
    /// Go on with what another machine, or `--plan-only`, began
    #[arg(long)]
    pub resume: bool,
    /// Complete what stands at the destination already: only what differs is sent
    #[arg(long)]
    pub force: bool,
    /// Write only the plan, groups and arrays; `adt work` fills them, in as many processes as you like
    #[arg(long, hide_short_help = true)]
    pub plan_only: bool,
    /// Read the headers of all images and say what would be written; write nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub of_source: OfSource,
    #[command(flatten)]
    pub tuning: Tuning,
}

fn numbers(text: &str) -> Result<Vec<u64>, String> {
    let each = text.split(',').map(|part| part.trim().parse::<u64>());
    let all: Vec<_> =
        each.collect::<Result<_, _>>().map_err(|_| "it is not a list of whole numbers".to_owned())?;
    if all.contains(&0) { Err("none of them may be 0".to_owned()) } else { Ok(all) }
}

fn extent(text: &str) -> Result<[u64; 3], String> {
    match numbers(text)?[..] {
        [z, y, x] | [1, 1, z, y, x] => Ok([z, y, x]),
        [_, _, _, _, _] => Err("t and c are cut into pieces of 1".to_owned()),
        _ => Err("three numbers: z, y, x".to_owned()),
    }
}

fn factors(text: &str) -> Result<[u64; 3], String> {
    let factors = match numbers(text)?[..] {
        [one] => [one; 3],
        [z, y, x] => [z, y, x],
        _ => return Err("one number, or three: z, y, x".to_owned()),
    };
    let voxels = factors.iter().try_fold(1_u64, |product, factor| product.checked_mul(*factor));
    match voxels {
        Some(2..=65_536) => Ok(factors),
        Some(..=1) => Err("one of them must be 2 or more".to_owned()),
        _ => Err("a window has 65536 voxels at most".to_owned()),
    }
}

fn mebibytes(text: &str) -> Result<u64, String> {
    let count: f64 = text.trim().parse().map_err(|_| "it is no number".to_owned())?;
    if (1e-3..=2047.0).contains(&count) {
        Ok((count * f64::from(1 << 20)) as u64)
    } else {
        Err("a chunk has 0.001 to 2047 MiB".to_owned())
    }
}

pub(super) fn voxel(text: &str) -> Result<VoxelSize, String> {
    text.parse().map_err(|()| "three lengths greater than 0: x, y, z".to_owned())
}

fn window(text: &str) -> Result<[u32; 2], String> {
    let (low, high) = text.split_once(',').ok_or("two numbers: low, high")?;
    match (low.trim().parse(), high.trim().parse()) {
        (Ok(low), Ok(high)) if low < high => Ok([low, high]),
        _ => Err("two whole numbers, the first one smaller".to_owned()),
    }
}

fn size(text: &str) -> Result<u64, String> {
    text.parse::<adt_model::ByteSize>().map(|size| size.0).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_have_three_numbers_or_five() {
        assert_eq!(extent("64, 128,256"), Ok([64, 128, 256]));
        assert_eq!(extent("1,1,64,128,256"), Ok([64, 128, 256]));
        for wrong in ["", "64", "64,64", "2,1,64,64,64", "1,2,64,64,64", "64,0,64", "64,64,-1", "a,b,c"] {
            assert!(extent(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_factor_stands_for_all_axes_or_for_one_each() {
        assert_eq!((factors("2"), factors("1,2,2")), (Ok([2; 3]), Ok([1, 2, 2])));
        for wrong in ["", "0", "1", "41", "2,2", "1,1,1", "64,32,33"] {
            assert!(factors(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_of_chunks_are_in_mebibytes() {
        assert_eq!((mebibytes("64"), mebibytes("0.5")), (Ok(64 << 20), Ok(512 << 10)));
        for wrong in ["", "0", "-1", "nan", "inf", "4096"] {
            assert!(mebibytes(wrong).is_err(), "{wrong}");
        }
    }
}
