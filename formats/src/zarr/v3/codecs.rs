use serde_json::{Map, Value, json};

use crate::zarr::{Compressor, Dtype, Shuffle, ZarrError};

/// How chunks lie in their objects, but for the compressor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Storage {
    /// Each chunk ends in its CRC-32C.
    pub(super) checksum: bool,
    /// The index of a shard ends in its own.
    pub(super) index_checksum: bool,
    /// The index of a shard comes before its chunks.
    pub(super) index_first: bool,
}

impl Default for Storage {
    fn default() -> Self {
        Self { checksum: false, index_checksum: true, index_first: false }
    }
}

/// What the list of codecs says: of each chunk, and of the shards if there are any.
pub(super) struct Chain {
    pub(super) compressor: Option<Compressor>,
    pub(super) storage: Storage,
    /// Items of a chunk in a shard.
    pub(super) inner: Option<Vec<u64>>,
}

/// The list of codecs of chunks.
pub(super) fn write(compressor: Option<&Compressor>, dtype: Dtype, checksum: bool) -> Value {
    let mut list = vec![json!({"name": "bytes", "configuration": {"endian": "little"}})];
    list.extend(compressor.map(|compressor| one(compressor, dtype)));
    if checksum {
        list.push(json!({"name": "crc32c"}));
    }
    list.into()
}

/// The list of codecs of shards.
pub(super) fn write_sharded(inner: &[u64], codecs: &Value, storage: &Storage) -> Value {
    let mut index = vec![json!({"name": "bytes", "configuration": {"endian": "little"}})];
    if storage.index_checksum {
        index.push(json!({"name": "crc32c"}));
    }
    json!([{"name": "sharding_indexed", "configuration": {
        "chunk_shape": inner,
        "codecs": codecs,
        "index_codecs": index,
        "index_location": if storage.index_first { "start" } else { "end" },
    }}])
}

fn one(compressor: &Compressor, dtype: Dtype) -> Value {
    match compressor {
        Compressor::Blosc(blosc) => {
            json!({"name": "blosc", "configuration": {
                "typesize": dtype.size(),
                "cname": blosc.cname,
                "clevel": blosc.clevel,
                "shuffle": shuffle(blosc.shuffle, dtype),
                "blocksize": blosc.blocksize,
            }})
        }
        Compressor::Zstd(level) => {
            json!({"name": "zstd", "configuration": {"level": level, "checksum": false}})
        }
        other => {
            let mut configuration = other.value();
            configuration.as_object_mut().map(|keys| keys.shift_remove("id"));
            json!({"name": other.id(), "configuration": configuration})
        }
    }
}

/// Version 3 has a word for each, and none for the choice by size.
fn shuffle(shuffle: Shuffle, dtype: Dtype) -> &'static str {
    match shuffle {
        Shuffle::None => "noshuffle",
        Shuffle::Auto if dtype.size() == 1 => "bitshuffle",
        Shuffle::Byte | Shuffle::Auto => "shuffle",
        Shuffle::Bit => "bitshuffle",
    }
}

/// Reads the list of codecs of an array of so many axes.
pub(super) fn read(list: &Value, axes: usize, dtype: Dtype) -> Result<Chain, ZarrError> {
    let codecs: Vec<Codec<'_>> = items(list)?;
    let codecs = skip_identities(&codecs, axes)?;
    if let [Codec { name: "sharding_indexed", configuration }] = codecs {
        return sharded(configuration, axes, dtype);
    }
    let (compressor, checksum) = plain(codecs, dtype)?;
    Ok(Chain { compressor, storage: Storage { checksum, ..Storage::default() }, inner: None })
}

/// One entry of a list of codecs.
struct Codec<'a> {
    name: &'a str,
    configuration: Map<String, Value>,
}

fn unsupported(what: &'static str, value: &Value) -> ZarrError {
    let text = value.to_string();
    ZarrError::Unsupported { what, value: text.chars().take(120).collect() }
}

fn items(list: &Value) -> Result<Vec<Codec<'_>>, ZarrError> {
    let entries = list.as_array().ok_or_else(|| unsupported("the list of codecs", list))?;
    entries.iter().map(|entry| codec(entry).ok_or_else(|| unsupported("the codec", entry))).collect()
}

/// A bare name stands for a codec without a configuration.
fn codec(entry: &Value) -> Option<Codec<'_>> {
    let name = entry.as_str().or_else(|| entry.get("name")?.as_str())?;
    let configuration =
        entry.get("configuration").map_or(Some(Map::new()), |keys| keys.as_object().cloned())?;
    Some(Codec { name, configuration })
}

/// Transpositions that leave the axes in their order are no transpositions.
fn skip_identities<'a>(codecs: &'a [Codec<'a>], axes: usize) -> Result<&'a [Codec<'a>], ZarrError> {
    let first = codecs.iter().take_while(|codec| codec.name == "transpose").count();
    let identity = Value::from((0..axes).collect::<Vec<_>>());
    for codec in &codecs[..first] {
        let order = codec.configuration.get("order").unwrap_or(&Value::Null);
        if *order != identity {
            return Err(unsupported("the order of axes", order));
        }
    }
    Ok(&codecs[first..])
}

/// `bytes`, at most one compressor, at most one checksum.
fn plain(codecs: &[Codec<'_>], dtype: Dtype) -> Result<(Option<Compressor>, bool), ZarrError> {
    let names = || Value::from(codecs.iter().map(|codec| codec.name).collect::<Vec<_>>());
    let chain = || unsupported("the chain of codecs", &names());
    let [Codec { name: "bytes", configuration }, rest @ ..] = codecs else { return Err(chain()) };
    let endian = configuration.get("endian").unwrap_or(&Value::Null);
    if dtype.size() > 1 && *endian != "little" {
        return Err(unsupported("the order of bytes", endian));
    }
    let (rest, checksum) = match rest {
        [rest @ .., Codec { name: "crc32c", .. }] => (rest, true),
        rest => (rest, false),
    };
    match rest {
        [] => Ok((None, checksum)),
        [Codec { name, configuration }] => Ok((Some(compressor(name, configuration)?), checksum)),
        _ => Err(chain()),
    }
}

fn compressor(name: &str, configuration: &Map<String, Value>) -> Result<Compressor, ZarrError> {
    let mut keys = configuration.clone();
    keys.insert("id".to_owned(), name.into());
    if name == "blosc" {
        let word = keys.get("shuffle").and_then(Value::as_str).unwrap_or("shuffle");
        let code = match word {
            "noshuffle" => 0,
            "shuffle" => 1,
            "bitshuffle" => 2,
            _ => return Err(unsupported("the shuffle of `blosc`", &word.into())),
        };
        keys.insert("shuffle".to_owned(), code.into());
    }
    Compressor::read(&Value::Object(keys))
}

fn sharded(configuration: &Map<String, Value>, axes: usize, dtype: Dtype) -> Result<Chain, ZarrError> {
    let null = Value::Null;
    let part = |name: &str| configuration.get(name).unwrap_or(&null);
    let shape = part("chunk_shape");
    let inner: Option<Vec<u64>> = shape.as_array().and_then(|n| n.iter().map(Value::as_u64).collect());
    let inner = inner.ok_or_else(|| unsupported("the chunk shape inside shards", shape))?;
    let codecs = items(part("codecs"))?;
    let (compressor, checksum) = plain(skip_identities(&codecs, axes)?, dtype)?;
    let index_codecs = items(part("index_codecs"))?;
    let (packed, index_checksum) = plain(&index_codecs, Dtype::U64)?;
    if packed.is_some() {
        return Err(unsupported("a compressed index of shards", part("index_codecs")));
    }
    let index_first = match part("index_location").as_str() {
        None | Some("end") => false,
        Some("start") => true,
        Some(_) => return Err(unsupported("the place of the index", part("index_location"))),
    };
    Ok(Chain { compressor, storage: Storage { checksum, index_checksum, index_first }, inner: Some(inner) })
}
