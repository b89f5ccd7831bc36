//! An image at several sizes as it stands at a place, whoever wrote it: nothing is believed but its own documents.

use adt_codec::{crc32c, downscale};
use adt_formats::{
    image,
    ome::{self, Multiscale},
    zarr::{self, Compressor, Dtype, Region, v3},
};
use adt_model::{Class, Edge, Fault, Key, Rounding};
use adt_plan::imaging::Extent;
use adt_store::Place;
use bytes::Bytes;
use serde_json::{Map, Value};

use super::array::below;
use crate::ephys::unpack;

/// The axes, in the one order that OME-NGFF allows.
const AXES: [&str; 5] = ["t", "c", "z", "y", "x"];

/// An image of several sizes.
pub(super) struct Opened {
    pub image: Multiscale,
    pub rule: Rule,
    /// Whether its documents say where its voxels lie.
    pub placed: bool,
    /// The largest first; of one that cannot be used, why.
    pub levels: Vec<Result<Level, Fault>>,
}

/// How each level is made of the one before, as far as its documents say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rule {
    /// Along z, y, x.
    pub factors: Option<Extent>,
    pub edge: Edge,
    pub rounding: Rounding,
}

/// The array of a level.
#[derive(Debug)]
pub(super) struct Level {
    path: Key,
    meta: Meta,
    /// Which of its axes are t, c, z, y, x.
    axes: [Option<usize>; 5],
}

#[derive(Debug)]
enum Meta {
    V2(zarr::ArrayMeta),
    V3(v3::ArrayMeta),
}

/// Opens the image of a group. `Missing` when there is no group, or it is not described as an image.
pub(super) async fn open(place: &Place, group: Option<&Key>) -> Result<Opened, Fault> {
    let (key, attributes) = attributes(place, group).await?;
    let image = ome::parse(key.as_str(), &attributes)?.into_iter().next().ok_or_else(|| {
        Fault::new(Class::Missing, format!("`{key}` describes no image"))
            .help("it is described last, when all of it is written: run what is left of the work")
    })?;
    let axes = axes(&key, &image)?;
    let mut levels = Vec::with_capacity(image.datasets.len());
    for dataset in &image.datasets {
        let path = Key::parse(dataset.path.as_str()).map_err(|error| {
            Fault::new(Class::Corrupt, format!("`{key}` names an array `{}`", dataset.path)).because(error)
        })?;
        let path = group.map_or_else(|| path.clone(), |group| group.join(&path));
        levels.push(match level(place, path, axes).await {
            Err(fault) if passes(&fault) => return Err(fault),
            level => level,
        });
    }
    let (rule, placed) = told(&attributes);
    Ok(Opened { image, rule, placed, levels })
}

/// Whether a fault is of the way to a thing, not of the thing.
pub(super) fn passes(fault: &Fault) -> bool {
    matches!(fault.class(), Class::Transient | Class::Refused | Class::Cancelled | Class::Bug)
}

/// The bytes of an object, if there is one.
pub(super) async fn optional(place: &Place, key: &Key) -> Result<Option<Bytes>, Fault> {
    match place.get(key, None).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(fault) if fault.class() == Class::Missing => Ok(None),
        Err(fault) => Err(fault),
    }
}

async fn attributes(place: &Place, group: Option<&Key>) -> Result<(Key, Map<String, Value>), Fault> {
    let key = below(group, "zarr.json");
    if let Some(bytes) = optional(place, &key).await? {
        let attributes = v3::attributes(key.as_str(), &bytes)?;
        return Ok((key, attributes));
    }
    let key = below(group, ".zattrs");
    let Some(bytes) = optional(place, &key).await? else {
        return Err(Fault::new(Class::Missing, format!("there is neither `{key}` nor a `zarr.json`")));
    };
    let attributes = serde_json::from_slice(&bytes)
        .map_err(|error| Fault::new(Class::Corrupt, format!("cannot read `{key}`")).because(error))?;
    Ok((key, attributes))
}

fn axes(key: &Key, image: &Multiscale) -> Result<[Option<usize>; 5], Fault> {
    let names: Vec<String> = image.axes.iter().map(|axis| axis.name.to_ascii_lowercase()).collect();
    let at = AXES.map(|axis| names.iter().position(|name| name == axis));
    let known: Vec<usize> = at.into_iter().flatten().collect();
    let whole = known.len() == names.len() && known.is_sorted() && at[2..].iter().all(Option::is_some);
    whole.then_some(at).ok_or_else(|| {
        let names = names.join(", ");
        Fault::new(Class::BadInput, format!("the axes of `{key}` are {names}, not t, c, z, y, x"))
    })
}

async fn level(place: &Place, path: Key, axes: [Option<usize>; 5]) -> Result<Level, Fault> {
    let key = below(Some(&path), "zarr.json");
    let meta = if let Some(bytes) = optional(place, &key).await? {
        Meta::V3(v3::ArrayMeta::parse(key.as_str(), &bytes)?)
    } else {
        let key = below(Some(&path), ".zarray");
        let missing = || Fault::new(Class::Missing, format!("there is no array `{path}`"));
        let bytes = optional(place, &key).await?.ok_or_else(missing)?;
        Meta::V2(zarr::ArrayMeta::parse(key.as_str(), &bytes)?)
    };
    let level = Level { path, meta, axes };
    let rank = axes.iter().flatten().count();
    if level.layout().shape().len() == rank {
        return Ok(level);
    }
    let what = format!("`{}` has {} axes, its image {rank}", level.path, level.layout().shape().len());
    Err(Fault::new(Class::Corrupt, what))
}

/// What `metadata.kwargs` say of the levels, and whether any of them has a translation.
fn told(attributes: &Map<String, Value>) -> (Rule, bool) {
    let all = attributes.get("ome").and_then(Value::as_object).unwrap_or(attributes);
    let image = all.get("multiscales").and_then(|images| images.get(0)).unwrap_or(&Value::Null);
    let said = &image["metadata"]["kwargs"];
    let factors: Option<Vec<u64>> =
        said["factors"].as_array().and_then(|three| three.iter().map(Value::as_u64).collect());
    let word = |name: &str| said[name].as_str().unwrap_or_default();
    let rule = Rule {
        factors: factors.and_then(|factors| factors.try_into().ok()),
        edge: word("edge").parse().unwrap_or_default(),
        rounding: word("rounding").parse().unwrap_or_default(),
    };
    let translates = |steps: &Value| {
        steps.as_array().into_iter().flatten().any(|step| step["type"].as_str() == Some("translation"))
    };
    let datasets = image["datasets"].as_array().into_iter().flatten();
    let placed = datasets.map(|dataset| &dataset["coordinateTransformations"]).any(translates);
    (rule, placed || translates(&image["coordinateTransformations"]))
}

impl Rule {
    pub(super) fn downscale(&self, step: Extent) -> Result<downscale::Downscale, Fault> {
        let edge = match self.edge {
            Edge::Crop => downscale::Edge::Crop,
            Edge::Partial => downscale::Edge::Partial,
        };
        let rounding = match self.rounding {
            Rounding::Floor => downscale::Rounding::Down,
            Rounding::NearestEven => downscale::Rounding::NearestEven,
        };
        downscale::Downscale::new(step.map(|step| step as usize), edge, rounding)
            .map_err(|error| Fault::new(Class::Corrupt, "images cannot be made smaller so").because(error))
    }
}

impl Level {
    /// Its folder.
    pub(super) fn path(&self) -> &Key {
        &self.path
    }

    /// Items, chunks, kind, fill value, compressor.
    pub(super) fn layout(&self) -> &zarr::ArrayMeta {
        match &self.meta {
            Meta::V2(meta) => meta,
            Meta::V3(meta) => meta.layout(),
        }
    }

    /// Of Zarr.
    pub(super) fn version(&self) -> u8 {
        match self.meta {
            Meta::V2(_) => 2,
            Meta::V3(_) => 3,
        }
    }

    /// Its metadata where chunks lie in shards.
    pub(super) fn sharded(&self) -> Option<&v3::ArrayMeta> {
        match &self.meta {
            Meta::V3(meta) if meta.shard().is_some() => Some(meta),
            _ => None,
        }
    }

    /// Along t, c, z, y, x; 1 along an axis that it does not have.
    pub(super) fn five(&self, extents: &[u64]) -> [u64; 5] {
        self.axes.map(|axis| axis.and_then(|axis| extents.get(axis)).copied().unwrap_or(1))
    }

    pub(super) fn shape(&self) -> [u64; 5] {
        self.five(self.layout().shape())
    }

    pub(super) fn chunk(&self) -> [u64; 5] {
        self.five(self.layout().chunks())
    }

    /// Of its own axes.
    pub(super) fn index(&self, five: [u64; 5]) -> Vec<u64> {
        let own = self.axes.iter().zip(five);
        own.filter_map(|(axis, at)| axis.map(|_| at)).collect()
    }

    /// The object in which a chunk lies, and its number there.
    pub(super) fn object(&self, chunk: [u64; 5]) -> (Key, usize) {
        let index = self.index(chunk);
        let (name, number) = match &self.meta {
            Meta::V2(meta) => (meta.chunk_name(&index), 0),
            Meta::V3(meta) => {
                let (object, number) = meta.object_of(&index);
                (meta.object_name(&object), number)
            }
        };
        (below(Some(&self.path), &name), number)
    }

    /// What a voxel is, as images have it.
    pub(super) fn dtype(&self) -> Option<image::Dtype> {
        Some(match self.layout().dtype() {
            Dtype::U8 => image::Dtype::U8,
            Dtype::I8 => image::Dtype::I8,
            Dtype::U16 => image::Dtype::U16,
            Dtype::I16 => image::Dtype::I16,
            Dtype::U32 => image::Dtype::U32,
            Dtype::I32 => image::Dtype::I32,
            Dtype::F32 => image::Dtype::F32,
            Dtype::F64 => image::Dtype::F64,
            Dtype::Bool | Dtype::I64 | Dtype::U64 | Dtype::Text(_) => return None,
        })
    }

    /// How chunks are compressed, in a word or two.
    pub(super) fn codec(&self) -> String {
        match self.layout().compressor() {
            None => "none".to_owned(),
            Some(Compressor::Blosc(blosc)) => {
                let name = format!("{:?}", blosc.cname).to_lowercase();
                format!("blosc {name} {} {:?}", blosc.clevel, blosc.shuffle).to_lowercase()
            }
            Some(Compressor::Zstd(level)) => format!("zstd {level}"),
            Some(other) => other.id().to_owned(),
        }
    }

    /// `BadInput` when its chunks are compressed in a way that is not known here.
    pub(super) fn is_readable(&self) -> Result<(), Fault> {
        match self.layout().compressor() {
            Some(Compressor::Other(id, _)) => {
                let what = format!(
                    "the chunks of `{}` are compressed by `{id}`, which is not known here",
                    self.path
                );
                Err(Fault::new(Class::BadInput, what).help("Blosc and zstd are"))
            }
            _ => Ok(()),
        }
    }

    /// A chunk's items from its stored bytes; the fill value where nothing is stored.
    pub(super) fn decode(&self, stored: Option<&[u8]>, items: &mut Vec<u8>) -> Result<(), Fault> {
        let layout = self.layout();
        let Some(mut stored) = stored else {
            let rank = layout.shape().len();
            let nothing = Region { start: vec![0; rank], shape: vec![0; rank] };
            return layout.pad(&nothing, &[], items).map_err(|error| error.of(self.path.as_str()));
        };
        if let Meta::V3(meta) = &self.meta
            && meta.has_checksums()
        {
            let short = || Fault::new(Class::Corrupt, "a chunk is too short for its checksum");
            let (body, sum) = stored.split_last_chunk::<4>().ok_or_else(short)?;
            if crc32c(body) != u32::from_le_bytes(*sum) {
                return Err(Fault::new(Class::Corrupt, "the checksum of a chunk differs"));
            }
            stored = body;
        }
        items.resize(layout.chunk_bytes(), 0);
        unpack::bytes_into(layout.compressor(), stored, items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case::nothing(json!({}), Rule::default(), false)]
    #[case::ours(
        json!({"multiscales": [{"metadata": {"kwargs": {"factors": [1, 2, 2], "edge": "partial", "rounding": "nearest-even"}},
            "datasets": [{"coordinateTransformations": [{"type": "translation"}]}]}]}),
        Rule { factors: Some([1, 2, 2]), edge: Edge::Partial, rounding: Rounding::NearestEven },
        true
    )]
    #[case::version_05(
        json!({"ome": {"multiscales": [{"metadata": {"kwargs": {"factors": [2, 2, 2]}},
            "coordinateTransformations": [{"type": "translation"}]}]}}),
        Rule { factors: Some([2; 3]), ..Rule::default() },
        true
    )]
    #[case::others(
        json!({"multiscales": [{"metadata": {"kwargs": {"factors": "two"}}, "datasets": [{}]}]}),
        Rule::default(),
        false
    )]
    fn the_rule_is_what_the_documents_say(
        #[case] attributes: Value,
        #[case] rule: Rule,
        #[case] placed: bool,
    ) {
        assert_eq!(told(attributes.as_object().unwrap()), (rule, placed));
    }
}
