//! What came of the work, and the table that the original writes of it.

use std::fmt::Write;

use adt_plan::imaging::Extent;
use serde::{Deserialize, Serialize};

/// What came of a session's images.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// One for each group, by file and wavelength.
    pub tiles: Vec<TileWritten>,
    /// Images that are in no group, and why.
    pub missing: Vec<String>,
    /// What opens them in Neuroglancer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub link: Option<String>,
}

/// What came of an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TileWritten {
    /// Its group below the container.
    pub group: String,
    /// Its file, relative to the session.
    pub file: String,
    /// Voxels along t, c, z, y, x.
    pub shape: [u64; 5],
    /// As `NumPy` names it.
    pub dtype: String,
    /// Voxels of a chunk of the image itself.
    pub chunk: Extent,
    /// Micrometres of a voxel along z, y, x.
    pub voxel: [f64; 3],
    /// What told each of them.
    pub voxel_from: [String; 3],
    /// Where the centre of the first voxel is, in micrometres.
    pub origin: Option<[f64; 3]>,
    /// What told it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub origin_from: Option<String>,
    /// How many sizes.
    pub levels: u64,
    /// Chunks or shards of all sizes.
    pub objects: u64,
    /// Bytes of the image's voxels as they were read.
    pub bytes_in: u64,
    /// Bytes of all chunks of all sizes.
    pub bytes_out: u64,
    /// Bytes of the chunks of the image itself.
    pub bytes_level0: u64,
    /// Bytes of a voxel as it is stored.
    pub item: u64,
    /// How long this run worked on it; nothing when an earlier one did it all.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seconds: Option<f64>,
}

impl Written {
    /// Bytes of all voxels that were read.
    pub fn bytes_in(&self) -> u64 {
        self.tiles.iter().map(|tile| tile.bytes_in).sum()
    }

    /// Bytes of all chunks.
    pub fn bytes_out(&self) -> u64 {
        self.tiles.iter().map(|tile| tile.bytes_out).sum()
    }

    /// A table in the columns of the Python original, a row for each group; numbers are what they are called: bytes read from the
    /// image, bytes stored of all sizes, voxels of the image through what is stored of it.
    pub fn csv(&self) -> String {
        let mut text = String::from(
            "test_number,chunks,tile,n_levels,shape,dtype,write_time,bytes_read,write_bps,bytes_stored,storage_ratio\n",
        );
        for (number, tile) in self.tiles.iter().enumerate() {
            let [z, y, x] = tile.chunk;
            let chunks = tuple(&[1, 1, z, y, x]);
            let (time, speed) = match tile.seconds {
                Some(seconds) if seconds > 0.0 => {
                    (seconds.to_string(), (tile.bytes_in as f64 / seconds).to_string())
                }
                _ => (String::new(), String::new()),
            };
            let raw = tile.shape.iter().product::<u64>() * tile.item;
            let ratio = raw as f64 / tile.bytes_level0.max(1) as f64;
            let _ = writeln!(
                text,
                "{number},\"{chunks}\",{},{},\"{}\",{},{time},{},{speed},{},{ratio}",
                quoted(&tile.group),
                tile.levels,
                tuple(&tile.shape),
                tile.dtype,
                tile.bytes_in,
                tile.bytes_out,
            );
        }
        text
    }
}

/// As Python writes one.
fn tuple(numbers: &[u64]) -> String {
    let numbers: Vec<_> = numbers.iter().map(u64::to_string).collect();
    format!("({})", numbers.join(", "))
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
