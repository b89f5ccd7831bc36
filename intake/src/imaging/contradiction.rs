use adt_model::{ChunkShape, ImagingConfig, ZarrFormat};

/// What does not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The key that cannot be as it is; a flag of that name has `-` for `_`.
    pub key: &'static str,
    /// What is wrong with it, without naming it.
    pub what: String,
    /// What would be right.
    pub valid: String,
}

/// What in a configuration cannot be had together, wherever each of it was said. `None`: all of it can.
pub fn imaging_contradiction(config: &ImagingConfig) -> Option<Contradiction> {
    let wrong = |key, what: String, valid: &str| Some(Contradiction { key, what, valid: valid.to_owned() });
    if let Some([least, most]) = config.link.filter(|[least, most]| least >= most) {
        let what = format!("the brightness that is shown begins at {least} and ends at {most}");
        return wrong("ng_vmax", what, "an end beyond the beginning");
    }
    let shard = config.shard?;
    if config.format != ZarrFormat::V3 {
        return wrong("shard_shape", "Zarr 2 has no shards".into(), "leave it out, or write Zarr 3");
    }
    let ChunkShape::Voxels(chunk) = config.chunk else {
        let what = "a shard is whole chunks, and a size in bytes leaves their shape open".into();
        return wrong("shard_shape", what, "give the shape of a chunk with it");
    };
    if (0..3).all(|axis| shard[axis].is_multiple_of(chunk[axis])) {
        return None;
    }
    let what = format!("{shard:?} is not whole chunks of {chunk:?}");
    wrong("shard_shape", what, "a multiple of the chunk along each of z, y, x")
}
