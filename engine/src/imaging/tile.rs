//! An image and what becomes of it: a group with an array for each level.

use std::sync::Arc;

use adt_codec::background::Background;
use adt_formats::image::{Dtype, Volume};
use adt_model::{ChunkShape, Class, Fault, ImagingConfig, Key, TileFacts, ZarrFormat};
use adt_plan::imaging::{Extent, Level, Partition, Pyramid, PyramidError, Stage, suggest};
use serde::{Deserialize, Serialize};

use super::{array::Array, boxes, marker::Levels};

/// Bytes of the boxes of stored pieces at most: so much is held once rather than decompressing a piece again and again.
const PIECES: u64 = 2 << 30;

/// Shards have so many chunks along each axis, when nobody says.
const CHUNKS_OF_A_SHARD: u64 = 2;

/// An image that becomes a group.
#[derive(Debug)]
pub(crate) struct Tile {
    /// What is known of it before anything is read.
    pub about: About,
    /// Its group's folder; `None`: the place itself.
    pub folder: Option<Key>,
    pub volume: Arc<dyn Volume>,
    /// Of files that hold several channels plane by plane: the first plane and the distance of the next.
    pub interleaved: Option<[u64; 2]>,
    pub background: Option<Arc<Background>>,
    /// Of the voxels that are written.
    pub dtype: Dtype,
    pub arrays: Vec<Array>,
    pub partition: Partition,
    /// Before small levels cut it.
    pub chunk: Extent,
}

/// What a plan says of a tile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct About {
    /// Its group below the container.
    pub group: String,
    /// Its file, relative to the session.
    pub file: String,
    /// What it lies in.
    pub kind: String,
    /// Voxels along t, c, z, y, x.
    pub shape: [u64; 5],
    /// Of the voxels that are written.
    pub dtype: String,
    /// Micrometres of a voxel along z, y, x.
    pub voxel: [f64; 3],
    /// What told each of them.
    pub voxel_from: [String; 3],
    /// Where the centre of the first voxel is, in micrometres.
    pub origin: Option<[f64; 3]>,
    /// What told it.
    pub origin_from: Option<String>,
    /// Nanometres.
    pub wavelength: Option<u32>,
    /// Names of the channels, where they have any.
    pub channels: Vec<String>,
    /// How many sizes.
    pub levels: usize,
    /// Voxels of a chunk of the image itself.
    pub chunk: Extent,
}

/// What a tile is made of.
pub(crate) struct Parts {
    pub about: About,
    pub folder: Option<Key>,
    pub volume: Arc<dyn Volume>,
    pub interleaved: Option<[u64; 2]>,
    pub background: Option<Arc<Background>>,
    pub dtype: Dtype,
}

impl Tile {
    /// Works out levels, arrays and items. `about` lacks what only this finds.
    pub(crate) fn new(parts: Parts, config: &ImagingConfig) -> Result<Self, Fault> {
        let Parts { mut about, folder, volume, interleaved, background, dtype } = parts;
        let [timepoints, channels, ..] = about.shape;
        let [.., depth, rows, columns] = about.shape;
        let image = [depth, rows, columns];
        let item = dtype.size() as u64;
        let chunk = match config.chunk {
            ChunkShape::Voxels(chunk) => chunk,
            ChunkShape::Bytes(bytes) => {
                let piece = volume.piece();
                let piece = std::array::from_fn(|axis| piece[axis].min(image[axis]));
                suggest(piece, image, bytes, item)
                    .map_err(|_| unfit(&about, "it has no chunks of that size"))?
            }
        };
        let shard = match config.format {
            ZarrFormat::V2 => None,
            ZarrFormat::V3 => Some(match config.shard {
                Some(shard) => std::array::from_fn(|axis| (shard[axis] / chunk[axis]).max(1)),
                None => [CHUNKS_OF_A_SHARD; 3],
            }),
        };
        let wanted = config.levels.or(config.strict_compat.then_some(1));
        let pyramid = Pyramid { factors: config.factors, edge: config.edge, chunk, shard, levels: wanted };
        let levels = pyramid.levels(image).map_err(|error| match error {
            PyramidError::Empty => unfit(&about, "it has no voxels, or a factor is 0"),
            PyramidError::Large => unfit(&about, "its levels have too many voxels"),
        })?;
        let arrays = levels.iter().enumerate().map(|(number, level)| {
            let path = super::array::below(folder.as_ref(), &number.to_string());
            Array::new(path, [timepoints, channels], level, dtype, config)
        });
        let arrays: Result<Vec<_>, Fault> = arrays.collect();
        let arrays = arrays.map_err(|fault| unfit(&about, "it is not of a kind that can").because(fault))?;
        about.levels = levels.len();
        about.chunk = levels[0].chunk;
        let unit = std::array::from_fn(|axis| chunk[axis] * shard.map_or(1, |shard| shard[axis]));
        let partition = partition(levels, unit, volume.piece(), item, config.item);
        Ok(Self { about, folder, volume, interleaved, background, dtype, arrays, partition, chunk })
    }

    /// The sides of the boxes of a stage.
    pub(crate) fn side(&self, stage: &Stage, memory: u64) -> Extent {
        let (piece, most) = if stage.first == 0 { (self.volume.piece(), PIECES) } else { ([1; 3], memory) };
        boxes::side(&self.partition, stage, self.chunk, piece, self.dtype.size() as u64, [memory, most])
    }

    /// How many times the items of a stage are there: once for each timepoint and channel.
    pub(crate) fn volumes(&self) -> u64 {
        self.about.shape[0] * self.about.shape[1]
    }

    /// Items of a stage, all timepoints and channels counted; 0 where there is no such stage.
    pub(crate) fn items(&self, stage: usize) -> u64 {
        self.partition.stages().get(stage).map_or(0, |stage| stage.items() * self.volumes())
    }

    /// Whether so many objects of each level are all that there are.
    pub(super) fn has_all(&self, levels: &Levels) -> bool {
        let levels_are_whole = self.partition.levels().iter().enumerate().all(|(number, level)| {
            levels.get(&number).is_some_and(|wrote| wrote.objects == level.objects() * self.volumes())
        });
        levels_are_whole && levels.len() == self.partition.levels().len()
    }

    /// Bytes of the image's voxels.
    pub(crate) fn bytes(&self) -> u64 {
        self.about.shape.iter().product::<u64>().saturating_mul(self.dtype.size() as u64)
    }

    /// Bytes of the voxels of a level.
    pub(crate) fn bytes_of_level(&self, level: usize) -> u64 {
        let voxels: u64 = self.partition.levels()[level].shape.iter().product();
        voxels.saturating_mul(self.volumes()).saturating_mul(self.dtype.size() as u64)
    }

    /// A checksum of the background that is subtracted; 0 where there is none.
    pub(crate) fn background_sum(&self) -> u64 {
        self.background.as_ref().map_or(0, |background| {
            let rows = (0..background.shape()[0]).map(|row| background.row(row));
            rows.fold(0, |sum, row| {
                adt_codec::crc64(bytemuck::cast_slice(row)).wrapping_add(sum).rotate_left(1)
            })
        })
    }

    /// What a plan tells of it.
    pub(crate) fn facts(&self) -> TileFacts {
        TileFacts {
            group: self.about.group.clone(),
            shape: self.about.shape,
            dtype: self.about.dtype.clone(),
            bytes: self.bytes(),
            levels: self.about.levels as u32,
        }
    }
}

/// Items as deep as a kill may cost; along axes where the source is stored in longer pieces they take the whole image.
fn partition(levels: Vec<Level>, unit: Extent, piece: Extent, item: u64, most_bytes: u64) -> Partition {
    let most = levels.len();
    let depth = Partition::depth(&levels, unit, most, item, most_bytes).max(2);
    let plain = Partition::new(levels.clone(), unit, depth, [false; 3]);
    let Some(stage) = plain.stages().first() else { return plain };
    // Single rows can be read in parts; compressed strips and planes cannot.
    let whole = piece[1] > 1;
    let widen = [false, whole && piece[1] > stage.block[1], whole && piece[2] > stage.block[2]];
    Partition::new(levels, unit, depth, widen)
}

fn unfit(about: &About, why: &str) -> Fault {
    Fault::new(Class::BadInput, format!("`{}` cannot become OME-Zarr: {why}", about.file))
}
