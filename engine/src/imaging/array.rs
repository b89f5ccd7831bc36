//! The arrays of a group: what they are called, how their chunks are compressed, their metadata.

use adt_formats::{
    image,
    zarr::{self, Blosc, BloscCodec, Compressor, Dtype, Separator, Shuffle, ZarrError, python_json, v3},
};
use adt_model::{BloscName, BloscShuffle, Class, Fault, ImagingConfig, Key, ZarrFormat};
use adt_plan::imaging::{Extent, Level};
use serde_json::{Map, Value, json};

/// An array of t, c, z, y, x: one level of one image.
#[derive(Debug)]
pub(crate) struct Array {
    /// Its folder.
    path: Key,
    meta: Meta,
    /// Voxels of a chunk, along z, y, x.
    pub chunk: Extent,
    /// Voxels of an object: of a shard, or of a chunk.
    pub object: Extent,
    /// Voxels.
    pub shape: Extent,
}

#[derive(Debug)]
enum Meta {
    V2(zarr::ArrayMeta),
    V3(v3::ArrayMeta),
}

/// How chunks are compressed.
pub(crate) fn compressor(config: &ImagingConfig) -> Compressor {
    Compressor::Blosc(Blosc {
        cname: match config.cname {
            BloscName::Zstd => BloscCodec::Zstd,
            BloscName::Lz4 => BloscCodec::Lz4,
        },
        clevel: config.clevel,
        shuffle: match config.shuffle {
            BloscShuffle::Bit => Shuffle::Bit,
            BloscShuffle::Byte => Shuffle::Byte,
            BloscShuffle::None => Shuffle::None,
        },
        blocksize: 0,
    })
}

/// The group's folder for Zarr 2 or 3: its key and its document.
pub(crate) fn group(
    path: Option<&Key>,
    format: ZarrFormat,
    attributes: Option<&Map<String, Value>>,
) -> Vec<(Key, Vec<u8>)> {
    let at = |name: &str| below(path, name);
    match (format, attributes) {
        (ZarrFormat::V2, None) => vec![(at(".zgroup"), python_json(&json!({"zarr_format": 2})))],
        (ZarrFormat::V2, Some(attributes)) => {
            vec![(at(".zattrs"), python_json(&Value::Object(attributes.clone())))]
        }
        (ZarrFormat::V3, attributes) => {
            let nothing = Map::new();
            vec![(at("zarr.json"), v3::text(&v3::group(attributes.unwrap_or(&nothing))))]
        }
    }
}

/// A key below another, or below the place itself.
pub(crate) fn below(path: Option<&Key>, name: &str) -> Key {
    let name = Key::parse(name).expect("names of Zarr are keys");
    path.map_or_else(|| name.clone(), |path| path.join(&name))
}

impl Array {
    pub(crate) fn new(
        path: Key,
        volumes: [u64; 2],
        level: &Level,
        dtype: image::Dtype,
        config: &ImagingConfig,
    ) -> Result<Self, Fault> {
        let unfit = |error: ZarrError| {
            Fault::new(Class::BadInput, format!("there can be no array `{path}`")).because(error)
        };
        let five = |[z, y, x]: Extent| vec![1, 1, z, y, x];
        let shape = volumes.into_iter().chain(level.shape).collect();
        let (chunks, dtype) = (five(level.chunk), stored(dtype)?);
        let compressor = Some(compressor(config));
        let meta = match config.format {
            ZarrFormat::V2 => {
                let meta = zarr::ArrayMeta::new(shape, chunks, dtype).map_err(unfit)?;
                Meta::V2(meta.compressed(compressor).separated(Separator::Slash))
            }
            ZarrFormat::V3 => {
                let meta = v3::ArrayMeta::new(shape, chunks, dtype).map_err(unfit)?.compressed(compressor);
                let meta = meta.named(&["t", "c", "z", "y", "x"]).map_err(unfit)?;
                Meta::V3(meta.sharded(five(level.object)).map_err(unfit)?)
            }
        };
        Ok(Self { path, meta, chunk: level.chunk, object: level.object, shape: level.shape })
    }

    /// Its document.
    pub(crate) fn metadata(&self) -> (Key, Vec<u8>) {
        match &self.meta {
            Meta::V2(meta) => (below(Some(&self.path), ".zarray"), python_json(&meta.to_value())),
            Meta::V3(meta) => (below(Some(&self.path), "zarr.json"), v3::text(&meta.to_value())),
        }
    }

    /// The key of the object at a timepoint and channel, and along z, y, x.
    pub(crate) fn key(&self, volume: [u64; 2], object: Extent) -> Key {
        let index: Vec<u64> = volume.into_iter().chain(object).collect();
        let name = match &self.meta {
            Meta::V2(meta) => meta.chunk_name(&index),
            Meta::V3(meta) => meta.object_name(&index),
        };
        below(Some(&self.path), &name)
    }

    /// Its metadata where chunks are in shards.
    pub(crate) fn sharded(&self) -> Option<&v3::ArrayMeta> {
        match &self.meta {
            Meta::V2(_) => None,
            Meta::V3(meta) => Some(meta),
        }
    }

    /// Voxels of a chunk.
    pub(crate) fn chunk_voxels(&self) -> usize {
        self.chunk.iter().product::<u64>() as usize
    }
}

fn stored(dtype: image::Dtype) -> Result<Dtype, Fault> {
    Ok(match dtype {
        image::Dtype::U8 => Dtype::U8,
        image::Dtype::U16 => Dtype::U16,
        image::Dtype::I16 => Dtype::I16,
        image::Dtype::U32 => Dtype::U32,
        image::Dtype::F32 => Dtype::F32,
        other => {
            let what = format!("voxels of {other} are not written as OME-Zarr");
            return Err(
                Fault::new(Class::BadInput, what).help("uint8, uint16, int16, uint32 and float32 are")
            );
        }
    })
}
