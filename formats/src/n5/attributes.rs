use serde_json::{Map, Value};

use crate::image::{Dtype, Size, SizeSource, Voxel, micrometres};

/// Bytes of the largest block.
const LARGEST: u64 = 2 << 30;

/// More channels are none.
const CHANNELS: u64 = 1 << 16;

/// What is needed to read a dataset.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attributes {
    /// Along t, c, z, y and x, 1 for axes that it does not have; so is the block.
    pub(super) shape: [u64; 5],
    pub(super) block: [u64; 5],
    /// Axes that it has, x first.
    pub(super) axes: usize,
    pub(super) dtype: Dtype,
    pub(super) compression: Compression,
    pub(super) voxel: Voxel,
}

/// How blocks are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    Raw,
    Gzip,
    Zlib,
    Zstd,
    Blosc,
    Lz4,
}

impl Attributes {
    /// Without the voxel. The error says what cannot be read here.
    pub(super) fn parse(document: &Map<String, Value>) -> Result<Self, String> {
        let (shape, axes) = extent(document, "dimensions")?;
        let (block, block_axes) = extent(document, "blockSize")?;
        if axes != block_axes {
            return Err(format!("`dimensions` has {axes} axes, `blockSize` {block_axes}"));
        }
        let dtype = dtype(document)?;
        let bytes = |sides: [u64; 5]| {
            sides.iter().try_fold(dtype.size() as u64, |all: u64, side| all.checked_mul(*side))
        };
        if bytes(shape).is_none_or(|bytes| i64::try_from(bytes).is_err()) {
            return Err("its `dimensions` are more voxels than any file system holds".to_owned());
        }
        if shape[1] > CHANNELS {
            return Err(format!("it has {} channels, more than {CHANNELS}", shape[1]));
        }
        let longest = block.iter().any(|side| u32::try_from(*side).is_err());
        if longest || bytes(block).is_none_or(|bytes| bytes > LARGEST) {
            return Err(format!("its `blockSize` is more than {LARGEST} bytes"));
        }
        let compression = compression(document)?;
        Ok(Self { shape, block, axes, dtype, compression, voxel: Voxel::default() })
    }
}

/// Sides named x first, and how many they are.
fn extent(document: &Map<String, Value>, name: &str) -> Result<([u64; 5], usize), String> {
    let value = document.get(name).ok_or_else(|| format!("it has no `{name}`"))?;
    let sides: Option<Vec<u64>> =
        value.as_array().and_then(|sides| sides.iter().map(Value::as_u64).collect());
    let sides = sides.ok_or_else(|| format!("its `{name}` is no list of numbers"))?;
    if !(2..=5).contains(&sides.len()) {
        return Err(format!("its `{name}` has {} axes; two to five can be read", sides.len()));
    }
    if sides.contains(&0) {
        return Err(format!("its `{name}` has an axis of length 0"));
    }
    let mut all = [1; 5];
    all.iter_mut().rev().zip(&sides).for_each(|(all, side)| *all = *side);
    Ok((all, sides.len()))
}

fn dtype(document: &Map<String, Value>) -> Result<Dtype, String> {
    let name = document.get("dataType").and_then(Value::as_str).ok_or("it has no `dataType`")?;
    Ok(match name {
        "uint8" => Dtype::U8,
        "int8" => Dtype::I8,
        "uint16" => Dtype::U16,
        "int16" => Dtype::I16,
        "uint32" => Dtype::U32,
        "int32" => Dtype::I32,
        "float32" => Dtype::F32,
        "float64" => Dtype::F64,
        other => return Err(format!("voxels of the type `{}` cannot be read", shown(other))),
    })
}

/// From `compression`, or `compressionType` as the first N5 had it.
fn compression(document: &Map<String, Value>) -> Result<Compression, String> {
    let (name, zlib) = match (document.get("compression"), document.get("compressionType")) {
        (Some(Value::Object(settings)), _) => {
            let zlib = settings.get("useZlib").and_then(Value::as_bool).unwrap_or_default();
            (settings.get("type"), zlib)
        }
        (compression, first) => (compression.or(first), false),
    };
    let name = name.and_then(Value::as_str).ok_or("it has no `compression`")?;
    Ok(match (name, zlib) {
        ("raw", _) => Compression::Raw,
        ("gzip", false) => Compression::Gzip,
        ("gzip", true) => Compression::Zlib,
        ("zstd", _) => Compression::Zstd,
        ("blosc", _) => Compression::Blosc,
        ("lz4", _) => Compression::Lz4,
        (other, _) => return Err(format!("the compression `{}` cannot be read", shown(other))),
    })
}

/// The size of a voxel from the first document that has one. Only `pixelResolution` goes without a unit: `n5-viewer`, which
/// defined it, took micrometres then.
pub(super) fn voxel(documents: &[&Map<String, Value>], notes: &mut Vec<String>) -> Voxel {
    for document in documents {
        let (name, sizes, units) = match (document.get("pixelResolution"), document.get("resolution")) {
            (Some(Value::Object(pixel)), _) => {
                ("pixelResolution", pixel.get("dimensions"), pixel.get("unit"))
            }
            (Some(sizes), _) => ("pixelResolution", Some(sizes), document.get("units")),
            (None, Some(sizes)) => ("resolution", Some(sizes), document.get("units")),
            (None, None) => continue,
        };
        let Some(sizes) = sizes.and_then(Value::as_array) else {
            notes.push(format!("its `{name}` is no list of sizes"));
            continue;
        };
        let assumed = name == "pixelResolution" && units.is_none();
        if assumed {
            notes.push("its `pixelResolution` has no unit; taken for micrometres".to_owned());
        }
        let mut side = |axis: usize| {
            let unit = match units {
                Some(Value::Array(units)) => units.get(axis).and_then(Value::as_str),
                Some(unit) => unit.as_str(),
                None => assumed.then_some("µm"),
            };
            let size = sizes.get(axis)?;
            let micrometres = size.as_f64().zip(unit.and_then(micrometres)).map(|(size, unit)| size * unit);
            let micrometres = micrometres.filter(|size| size.is_finite() && *size > 0.0);
            if micrometres.is_none() {
                let (axis, unit) = (["x", "y", "z"][axis], shown(unit.unwrap_or("no unit")));
                let size = shown(&size.to_string());
                notes.push(format!("its `{name}` along {axis} (`{size}`, `{unit}`) says no size of voxels"));
            }
            micrometres.map(|micrometres| Size { micrometres, from: SizeSource::N5 })
        };
        let (x, y, z) = (side(0), side(1), side(2));
        return Voxel { z, y, x };
    }
    Voxel::default()
}

/// The beginning of a text of the dataset, for people.
fn shown(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn object(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    fn with(name: &str, value: Value) -> Map<String, Value> {
        let mut document =
            object(json!({"dimensions": [33, 21, 9], "blockSize": [16, 8, 4], "dataType": "uint16",
            "compression": {"type": "gzip", "level": 5, "useZlib": false}}));
        if value.is_null() {
            document.remove(name)
        } else {
            document.insert(name.to_owned(), value)
        };
        document
    }

    #[rstest]
    #[case::plane(json!([33, 21]), [1, 1, 1, 21, 33])]
    #[case::stack(json!([33, 21, 9]), [1, 1, 9, 21, 33])]
    #[case::channels(json!([33, 21, 9, 2]), [1, 2, 9, 21, 33])]
    #[case::times(json!([33, 21, 9, 2, 5]), [5, 2, 9, 21, 33])]
    fn axes_are_turned_round(#[case] sides: Value, #[case] expected: [u64; 5]) {
        let mut document = with("dimensions", sides.clone());
        document.insert("blockSize".to_owned(), sides.clone());
        let attributes = Attributes::parse(&document).unwrap();
        assert_eq!((attributes.shape, attributes.block), (expected, expected));
        assert_eq!(attributes.axes, sides.as_array().unwrap().len());
    }

    #[rstest]
    #[case(json!({"type": "gzip"}), Compression::Gzip)]
    #[case(json!({"type": "gzip", "useZlib": true}), Compression::Zlib)]
    #[case(json!({"type": "raw"}), Compression::Raw)]
    #[case(json!({"type": "zstd", "level": 3}), Compression::Zstd)]
    #[case(json!({"type": "blosc"}), Compression::Blosc)]
    #[case(json!({"type": "lz4", "blockSize": 65536}), Compression::Lz4)]
    fn compressions(#[case] value: Value, #[case] expected: Compression) {
        assert_eq!(Attributes::parse(&with("compression", value)).unwrap().compression, expected);
    }

    #[test]
    fn compression_of_the_first_n5() {
        let mut document = with("compressionType", json!("gzip"));
        document.remove("compression");
        assert_eq!(Attributes::parse(&document).unwrap().compression, Compression::Gzip);
    }

    #[rstest]
    #[case("dimensions", json!(null), "no `dimensions`")]
    #[case("dimensions", json!([33, 21, 0]), "`dimensions` has an axis of length 0")]
    #[case("dimensions", json!([33, -21, 9]), "`dimensions` is no list of numbers")]
    #[case("dimensions", json!(7), "`dimensions` is no list of numbers")]
    #[case("dimensions", json!([33]), "has 1 axes")]
    #[case("dimensions", json!([1, 2, 3, 4, 5, 6]), "has 6 axes")]
    #[case("dimensions", json!([u64::MAX, 2, 3]), "more voxels")]
    #[case("blockSize", json!([16, 8]), "3 axes, `blockSize` 2")]
    #[case("blockSize", json!([0, 8, 4]), "`blockSize` has an axis of length 0")]
    #[case("blockSize", json!([2048, 2048, 1024]), "more than 2147483648 bytes")]
    #[case("blockSize", json!([u64::MAX, 8, 4]), "more than 2147483648 bytes")]
    #[case("dataType", json!("uint64"), "`uint64`")]
    #[case("dataType", json!("string"), "`string`")]
    #[case("dataType", json!(null), "no `dataType`")]
    #[case("compression", json!({"type": "bzip2"}), "`bzip2`")]
    #[case("compression", json!({"type": "xz"}), "`xz`")]
    #[case("compression", json!({"type": "jpeg"}), "`jpeg`")]
    #[case("compression", json!({}), "no `compression`")]
    #[case("compression", json!(null), "no `compression`")]
    fn what_cannot_be_read_is_named(#[case] name: &str, #[case] value: Value, #[case] expected: &str) {
        let why = Attributes::parse(&with(name, value)).unwrap_err();
        assert!(why.contains(expected), "{why}");
    }

    #[rstest]
    #[case::object(json!({"pixelResolution": {"dimensions": [0.5, 0.6, 2.0], "unit": "um"}}), [2.0, 0.6, 0.5], 0)]
    #[case::nanometres(json!({"pixelResolution": {"dimensions": [500, 600, 2000], "unit": "nm"}}), [2.0, 0.6, 0.5], 0)]
    #[case::list(json!({"pixelResolution": [0.5, 0.6, 2.0]}), [2.0, 0.6, 0.5], 1)]
    #[case::one_unit(json!({"resolution": [0.5, 0.6, 2.0], "units": "µm"}), [2.0, 0.6, 0.5], 0)]
    #[case::units(json!({"resolution": [500, 0.6, 0.002], "units": ["nm", "um", "mm"]}), [2.0, 0.6, 0.5], 0)]
    #[case::plane(json!({"resolution": [0.5, 0.6], "units": ["um", "um"]}), [0.0, 0.6, 0.5], 0)]
    #[case::no_unit(json!({"resolution": [4, 4, 40]}), [0.0; 3], 3)]
    #[case::pixels(json!({"resolution": [1, 1, 1], "units": "pixel"}), [0.0; 3], 3)]
    #[case::zero(json!({"pixelResolution": {"dimensions": [0.5, 0.6, 0], "unit": "um"}}), [0.0, 0.6, 0.5], 1)]
    #[case::text(json!({"pixelResolution": "fine"}), [0.0; 3], 1)]
    #[case::nothing(json!({}), [0.0; 3], 0)]
    fn the_size_of_a_voxel(#[case] document: Value, #[case] expected: [f64; 3], #[case] noted: usize) {
        let mut notes = Vec::new();
        let voxel = voxel(&[&Map::new(), &object(document)], &mut notes);
        let found = [voxel.z, voxel.y, voxel.x].map(|side| side.map_or(0.0, |side| side.micrometres));
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        assert_eq!(notes.len(), noted, "{notes:?}");
    }
}
