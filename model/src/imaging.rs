use std::{fmt, str::FromStr};

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::{BloscName, BloscShuffle};

/// How a session's images are stored: what a job's `extra_configs` or the flags of `adt imaging zarr` say. Axes are z, y, x.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImagingConfig {
    /// What is made of the folder.
    pub transform: Transform,
    /// How many sizes, with the image itself; `None`: until an image fits into one chunk.
    pub levels: Option<u32>,
    /// How much smaller each size is than the one before, along each axis.
    pub factors: [u64; 3],
    /// How large a chunk is.
    pub chunk: ChunkShape,
    /// Voxels of a shard, whole chunks; for [`ZarrFormat::V3`] only. `None`: two chunks along each axis.
    pub shard: Option<[u64; 3]>,
    /// Which Zarr.
    pub format: ZarrFormat,
    /// What Blosc holds.
    pub cname: BloscName,
    /// 0, stored, to 9.
    pub clevel: u8,
    /// How Blosc moves bytes.
    pub shuffle: BloscShuffle,
    /// Micrometres of a voxel, whatever a file says.
    pub voxel: Option<VoxelSize>,
    /// Where backgrounds are that are subtracted.
    pub background: Option<Background>,
    /// Patterns of paths that are left alone; `*` stands for `/` too.
    pub exclude: Vec<String>,
    /// Whether a state for Neuroglancer is written, and the brightness that it shows.
    pub link: Option<[u32; 2]>,
    /// What becomes of the end of an axis.
    pub edge: Edge,
    /// Which integer stands for a mean between two.
    pub rounding: Rounding,
    /// Bytes of voxels that are one piece of work, about: what is lost by an interruption at most.
    pub item: u64,
    /// Metadata as the Python original writes it, its mistakes included.
    pub strict_compat: bool,
}

impl Default for ImagingConfig {
    fn default() -> Self {
        Self {
            transform: Transform::default(),
            levels: None,
            factors: [2; 3],
            chunk: ChunkShape::default(),
            shard: None,
            format: ZarrFormat::default(),
            cname: BloscName::default(),
            clevel: 1,
            shuffle: BloscShuffle::Byte,
            voxel: None,
            background: None,
            exclude: Vec::new(),
            link: None,
            edge: Edge::default(),
            rounding: Rounding::default(),
            item: 5 << 29,
            strict_compat: false,
        }
    }
}

/// How large a chunk is. Axes are z, y, x.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChunkShape {
    /// Voxels; images that are smaller have smaller ones.
    Voxels([u64; 3]),
    /// About so many bytes, in a shape that suits the file.
    Bytes(u64),
}

impl Default for ChunkShape {
    fn default() -> Self {
        Self::Voxels([256; 3])
    }
}

/// Where backgrounds are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Background {
    /// In the session's `derivatives`.
    Derivatives,
    /// In this folder.
    Folder(Utf8PathBuf),
}

/// Micrometres of a voxel along z, y, x: each greater than zero and finite.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VoxelSize([f64; 3]);

/// There is no NaN in it.
impl Eq for VoxelSize {}

impl VoxelSize {
    /// `None` when a side is not greater than zero, or not finite.
    pub fn new(zyx: [f64; 3]) -> Option<Self> {
        zyx.iter().all(|side| side.is_finite() && *side > 0.0).then_some(Self(zyx))
    }

    /// Along z, y, x.
    pub fn zyx(self) -> [f64; 3] {
        self.0
    }
}

/// Three numbers, x first, as people write them on a command line: `0.748,0.748,1`.
impl FromStr for VoxelSize {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let sides: Vec<f64> =
            text.split(',').map(|side| side.trim().parse().map_err(|_| ())).collect::<Result<_, _>>()?;
        let [x, y, z] = sides[..] else { return Err(()) };
        Self::new([z, y, x]).ok_or(())
    }
}

impl fmt::Display for VoxelSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [z, y, x] = self.0;
        write!(f, "{x},{y},{z}")
    }
}

crate::manner::words! {
    /// What is made of a folder with images.
    Transform {
        /// A group of OME-Zarr for each tile.
        #[default]
        Zarr = "zarr" | "ome-zarr",
        /// One zip.
        Zip = "zip",
        /// Files as they are.
        None = "none" | "copy",
    }
}

crate::manner::words! {
    /// A version of Zarr; each goes with one of OME-NGFF.
    ZarrFormat {
        /// Zarr 2, OME-NGFF 0.4: what the Python original writes and everything reads.
        #[default]
        V2 = "2" | "v2",
        /// Zarr 3 with shards, OME-NGFF 0.5.
        V3 = "3" | "v3",
    }
}

crate::manner::words! {
    /// What becomes of the end of an axis that is no multiple of its factor.
    Edge {
        /// It is left out of the next size, as by the Python original.
        #[default]
        Crop = "crop",
        /// It becomes a voxel, the mean of what there is.
        Partial = "partial",
    }
}

crate::manner::words! {
    /// Which integer stands for a mean that lies between two.
    Rounding {
        /// The one nearer to zero, as by the Python original; darkens a little with each size.
        #[default]
        Floor = "floor" | "down",
        /// The nearer one; of two that are as near, the even one.
        NearestEven = "nearest-even" | "nearest",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voxels_are_written_with_x_first() {
        let voxel: VoxelSize = "0.748, 0.75,1".parse().unwrap();
        assert_eq!(voxel.zyx().map(|side| side.to_string()), ["1", "0.75", "0.748"]);
        assert_eq!(voxel.to_string(), "0.748,0.75,1");
        for wrong in ["", "1", "1,1", "1,1,0", "1,1,-1", "1,1,nan", "1,1,inf", "1,1,1,1", "a,b,c"] {
            assert_eq!(wrong.parse::<VoxelSize>(), Err(()), "{wrong}");
        }
    }
}
