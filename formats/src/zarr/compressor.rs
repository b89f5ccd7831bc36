use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ZarrError;

/// How the chunks of an array are compressed, as numcodecs describes it. `None` in an array's metadata: not at all.
///
/// What is not known is kept as it was found, so that the rest of a store can be used, and named when a chunk is wanted.
#[derive(Clone, Debug, PartialEq)]
pub enum Compressor {
    /// Losslessly, by WavPack.
    Wavpack(Wavpack),
    /// By Blosc, version 1.
    Blosc(Blosc),
    /// A bare Zstandard frame of this level.
    Zstd(i32),
    /// Another one: its `id`, and all that is said of it.
    Other(String, Map<String, Value>),
}

/// The parameters of `wavpack-numcodecs` 0.1 to 0.3. Only `level` matters here; the others are written because its Python
/// classes always write them, with the values that mean lossless.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wavpack {
    /// Bits for each sample; 0 is lossless. `null` in configurations of the version for Zarr 3.
    pub bps: Option<f64>,
    /// Of lossy streams only.
    pub dynamic_noise_shaping: bool,
    /// 1, fast, to 4, very high.
    pub level: u8,
    /// A hint for the Python decoder.
    pub num_decoding_threads: u32,
    /// A hint for the Python encoder.
    pub num_encoding_threads: u32,
    /// Of lossy streams only.
    pub shaping_weight: f64,
}

impl Default for Wavpack {
    fn default() -> Self {
        Self {
            bps: Some(0.0),
            dynamic_noise_shaping: true,
            level: 1,
            num_decoding_threads: 8,
            num_encoding_threads: 1,
            shaping_weight: 0.0,
        }
    }
}

impl Wavpack {
    /// Lossless, at a level from 1 to 4.
    pub fn lossless(level: u8) -> Self {
        Self { level, ..Self::default() }
    }
}

/// The parameters of numcodecs' Blosc.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Blosc {
    /// Bytes of a block; 0 lets the compressor choose.
    pub blocksize: u32,
    /// 0, stored, to 9.
    pub clevel: u8,
    /// The codec inside.
    pub cname: BloscCodec,
    /// How bytes are moved before.
    pub shuffle: Shuffle,
}

/// numcodecs' own defaults, which stand for keys that are missing.
impl Default for Blosc {
    fn default() -> Self {
        Self { blocksize: 0, clevel: 5, cname: BloscCodec::Lz4, shuffle: Shuffle::Byte }
    }
}

impl Blosc {
    /// Zstandard, level 5, bit shuffle: what the original wrote, whatever it was asked for.
    pub fn original() -> Self {
        Self { cname: BloscCodec::Zstd, shuffle: Shuffle::Bit, ..Self::default() }
    }
}

/// The codec inside a Blosc frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each is the name of a codec")]
pub enum BloscCodec {
    Blosclz,
    Lz4,
    Lz4hc,
    Snappy,
    Zlib,
    Zstd,
}

/// How Blosc moves bytes before it compresses them; written as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i8", into = "i8")]
pub enum Shuffle {
    /// -1: bits for items of one byte, bytes for all others.
    Auto,
    /// 0
    None,
    /// 1
    Byte,
    /// 2
    Bit,
}

impl TryFrom<i8> for Shuffle {
    type Error = ZarrError;

    fn try_from(code: i8) -> Result<Self, ZarrError> {
        match code {
            -1 => Ok(Self::Auto),
            0 => Ok(Self::None),
            1 => Ok(Self::Byte),
            2 => Ok(Self::Bit),
            other => Err(ZarrError::Compressor(format!("`blosc` has shuffle {other}, not -1, 0, 1 or 2"))),
        }
    }
}

impl From<Shuffle> for i8 {
    fn from(shuffle: Shuffle) -> Self {
        match shuffle {
            Shuffle::Auto => -1,
            Shuffle::None => 0,
            Shuffle::Byte => 1,
            Shuffle::Bit => 2,
        }
    }
}

impl Compressor {
    /// Its name in numcodecs' registry.
    pub fn id(&self) -> &str {
        match self {
            Self::Wavpack(_) => "wavpack",
            Self::Blosc(_) => "blosc",
            Self::Zstd(_) => "zstd",
            Self::Other(id, _) => id,
        }
    }

    /// Reads the `compressor` of a `.zarray`. Keys that are not known are passed over: later versions add some.
    pub(super) fn read(value: &Value) -> Result<Self, ZarrError> {
        let Value::Object(keys) = value else {
            return Err(ZarrError::Compressor(format!("{value} is no object")));
        };
        let Some(Value::String(id)) = keys.get("id") else {
            return Err(ZarrError::Compressor("has no `id`".to_owned()));
        };
        let wrong =
            |error: serde_json::Error| ZarrError::Compressor(format!("`{id}` is not understood: {error}"));
        match id.as_str() {
            "wavpack" => Wavpack::deserialize(value).map(Self::Wavpack).map_err(wrong),
            "blosc" => Blosc::deserialize(value).map(Self::Blosc).map_err(wrong),
            "zstd" => {
                i32::deserialize(keys.get("level").unwrap_or(&Value::from(1))).map(Self::Zstd).map_err(wrong)
            }
            other => Ok(Self::Other(other.to_owned(), keys.clone())),
        }
    }

    /// As it is written in a `.zarray`.
    pub(super) fn value(&self) -> Value {
        let mut keys = match self {
            Self::Wavpack(config) => object(config),
            Self::Blosc(config) => object(config),
            Self::Zstd(level) => Map::from_iter([("level".to_owned(), Value::from(*level))]),
            Self::Other(_, keys) => keys.clone(),
        };
        keys.insert("id".to_owned(), Value::from(self.id()));
        Value::Object(keys)
    }
}

fn object(config: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(config) {
        Ok(Value::Object(keys)) => keys,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case::wavpack(
        Compressor::Wavpack(Wavpack::lossless(3)),
        json!({"id": "wavpack", "level": 3, "bps": 0.0, "dynamic_noise_shaping": true, "shaping_weight": 0.0,
            "num_encoding_threads": 1, "num_decoding_threads": 8})
    )]
    #[case::blosc(
        Compressor::Blosc(Blosc::original()),
        json!({"id": "blosc", "blocksize": 0, "clevel": 5, "cname": "zstd", "shuffle": 2})
    )]
    #[case::zstd(Compressor::Zstd(3), json!({"id": "zstd", "level": 3}))]
    #[case::other(
        Compressor::Other("gzip".into(), Map::from_iter([("id".into(), json!("gzip")), ("level".into(), json!(5))])),
        json!({"id": "gzip", "level": 5})
    )]
    fn configurations_are_those_of_numcodecs(#[case] compressor: Compressor, #[case] value: Value) {
        assert_eq!(compressor.value(), value);
        assert_eq!(Compressor::read(&value), Ok(compressor));
    }

    #[rstest]
    #[case::defaults(json!({"id": "blosc"}), Compressor::Blosc(Blosc::default()))]
    #[case::later_keys(json!({"id": "zstd", "level": 1, "checksum": false}), Compressor::Zstd(1))]
    #[case::zarr_3(
        json!({"id": "wavpack", "level": 2, "bps": null}),
        Compressor::Wavpack(Wavpack { bps: None, ..Wavpack::lossless(2) })
    )]
    fn missing_and_later_keys_are_no_hindrance(#[case] value: Value, #[case] expected: Compressor) {
        assert_eq!(Compressor::read(&value), Ok(expected));
    }

    #[rstest]
    #[case(json!("blosc"))]
    #[case(json!({"level": 3}))]
    #[case(json!({"id": 3}))]
    #[case(json!({"id": "blosc", "shuffle": 7}))]
    #[case(json!({"id": "blosc", "cname": "brotli"}))]
    #[case(json!({"id": "wavpack", "level": 300}))]
    fn what_cannot_be_meant_is_named(#[case] value: Value) {
        assert!(matches!(Compressor::read(&value), Err(ZarrError::Compressor(_))));
    }
}
