//! `zarr.json`, read and written.

use adt_model::{Class, Fault};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    array::{ArrayMeta, Keys},
    codecs,
};
use crate::zarr::{self, Dtype, Fill, Separator, ZarrError, python_json_in_order};

/// Each dtype that has a name of its own in version 3.
const DTYPES: [(Dtype, &str); 11] = [
    (Dtype::Bool, "bool"),
    (Dtype::I8, "int8"),
    (Dtype::I16, "int16"),
    (Dtype::I32, "int32"),
    (Dtype::I64, "int64"),
    (Dtype::U8, "uint8"),
    (Dtype::U16, "uint16"),
    (Dtype::U32, "uint32"),
    (Dtype::U64, "uint64"),
    (Dtype::F32, "float32"),
    (Dtype::F64, "float64"),
];

/// The document of a group.
pub fn group(attributes: &Map<String, Value>) -> Value {
    json!({"zarr_format": 3, "node_type": "group", "attributes": attributes})
}

/// The text of a document: indented by two, keys in their order, floats as Python writes them.
pub fn text(document: &Value) -> Vec<u8> {
    python_json_in_order(document, 2)
}

/// The attributes of the group or array whose `zarr.json` this is; `key` names it in the fault.
pub fn attributes(key: &str, json: &[u8]) -> Result<Map<String, Value>, Fault> {
    let document: Value = parse(key, json)?;
    version(&document).map_err(|error| error.of(key))?;
    match document.get("attributes") {
        None => Ok(Map::new()),
        Some(Value::Object(attributes)) => Ok(attributes.clone()),
        Some(other) => Err(unsupported("what stands for attributes", other).of(key)),
    }
}

pub(super) fn array(meta: &ArrayMeta) -> Value {
    let (layout, dtype) = (&meta.layout, meta.layout.dtype());
    let (encoding, separator) = match meta.keys {
        Keys::Default(separator) => ("default", separator),
        Keys::V2(separator) => ("v2", separator),
    };
    let mut chain = codecs::write(layout.compressor(), dtype, meta.storage.checksum);
    if meta.shard.is_some() {
        chain = codecs::write_sharded(layout.chunks(), &chain, &meta.storage);
    }
    let mut document = json!({
        "zarr_format": 3,
        "node_type": "array",
        "shape": layout.shape(),
        "data_type": DTYPES.iter().find(|(named, _)| *named == dtype).map_or("", |(_, name)| name),
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": meta.object_shape()}},
        "chunk_key_encoding": {"name": encoding, "configuration": {"separator": separator.as_str()}},
        "fill_value": layout.fill().value(),
        "codecs": chain,
        "attributes": meta.attributes,
    });
    if let (Some(names), Some(document)) = (&meta.names, document.as_object_mut()) {
        document.insert("dimension_names".to_owned(), json!(names));
    }
    document
}

/// What is read of the document of an array.
#[derive(Deserialize)]
struct Document {
    shape: Vec<u64>,
    data_type: Value,
    chunk_grid: Named,
    chunk_key_encoding: Named,
    fill_value: Value,
    codecs: Value,
    #[serde(default)]
    attributes: Map<String, Value>,
    #[serde(default)]
    dimension_names: Option<Vec<Option<String>>>,
    #[serde(default)]
    storage_transformers: Vec<Value>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    #[serde(default)]
    configuration: Map<String, Value>,
}

pub(super) fn read(key: &str, json: &[u8]) -> Result<ArrayMeta, Fault> {
    let document: Value = parse(key, json)?;
    version(&document).map_err(|error| error.of(key))?;
    let node = document.get("node_type").unwrap_or(&Value::Null);
    if *node != "array" {
        return Err(unsupported("a node that is no array", node).of(key));
    }
    let document = Document::deserialize(document).map_err(|error| broken(key, error))?;
    meta(document).map_err(|error| error.of(key))
}

fn meta(document: Document) -> Result<ArrayMeta, ZarrError> {
    let name = document.data_type.as_str().unwrap_or_default();
    let dtype = DTYPES.iter().find(|(_, named)| *named == name).map(|(dtype, _)| *dtype);
    let dtype = dtype.ok_or_else(|| unsupported("the data type", &document.data_type))?;
    if let Some(transformer) = document.storage_transformers.first() {
        return Err(unsupported("a storage transformer", transformer));
    }
    if document.fill_value.is_null() {
        return Err(ZarrError::Fill { value: "null".to_owned(), dtype });
    }
    let outer = grid(&document.chunk_grid)?;
    let chain = codecs::read(&document.codecs, document.shape.len(), dtype)?;
    let (chunks, shard) = match chain.inner {
        Some(inner) => (inner, Some(outer)),
        None => (outer, None),
    };
    let names = document.dimension_names;
    if let Some(names) = names.as_ref().filter(|names| names.len() != document.shape.len()) {
        return Err(ZarrError::Names { names: names.len(), axes: document.shape.len() });
    }
    let mut meta = ArrayMeta::new(document.shape, chunks, dtype)?
        .compressed(chain.compressor)
        .filled(Fill::read(&document.fill_value, dtype)?)?
        .attributed(document.attributes);
    if let Some(shard) = shard {
        meta = meta.sharded(shard)?;
    }
    Ok(ArrayMeta { keys: keys(&document.chunk_key_encoding)?, names, storage: chain.storage, ..meta })
}

fn grid(grid: &Named) -> Result<Vec<u64>, ZarrError> {
    let shape =
        grid.configuration.get("chunk_shape").and_then(Value::as_array).filter(|_| grid.name == "regular");
    shape
        .and_then(|shape| shape.iter().map(Value::as_u64).collect())
        .ok_or_else(|| unsupported("the chunk grid", &grid.name.as_str().into()))
}

fn keys(encoding: &Named) -> Result<Keys, ZarrError> {
    let separator = encoding.configuration.get("separator").map(|separator| separator.as_str());
    let separator = |default| match separator {
        None => Some(default),
        Some(Some(".")) => Some(Separator::Dot),
        Some(Some("/")) => Some(Separator::Slash),
        Some(_) => None,
    };
    let keys = match encoding.name.as_str() {
        "default" => separator(Separator::Slash).map(Keys::Default),
        "v2" => separator(Separator::Dot).map(Keys::V2),
        _ => None,
    };
    keys.ok_or_else(|| unsupported("the encoding of chunk keys", &encoding.name.as_str().into()))
}

fn version(document: &Value) -> Result<(), ZarrError> {
    let format = document.get("zarr_format").unwrap_or(&Value::Null);
    if *format == 3 { Ok(()) } else { Err(unsupported("a `zarr_format` other than 3", format)) }
}

fn unsupported(what: &'static str, value: &Value) -> ZarrError {
    ZarrError::Unsupported { what, value: zarr::shortened(value) }
}

fn parse(key: &str, json: &[u8]) -> Result<Value, Fault> {
    serde_json::from_slice(json).map_err(|error| broken(key, error))
}

fn broken(key: &str, error: serde_json::Error) -> Fault {
    Fault::new(Class::Corrupt, format!("cannot read `{key}`")).because(error)
}

#[cfg(test)]
mod tests;
