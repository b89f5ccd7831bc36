use adt_model::Fault;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Compressor, Dtype, Fill, MAX_AXES, MAX_CHUNK_BYTES, ZarrError};

/// What a `.zarray` says. Whoever holds one can count its items and hold one of its chunks: both are checked when it is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Document", into = "Document")]
pub struct ArrayMeta {
    shape: Vec<u64>,
    chunks: Vec<u64>,
    dtype: Dtype,
    compressor: Option<Compressor>,
    fill: Fill,
    separator: Separator,
}

/// What stands between the numbers of a chunk's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// `0.0`: all chunks in one folder.
    Dot,
    /// `0/0`: a folder for each axis but the last.
    Slash,
}

impl Separator {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dot => ".",
            Self::Slash => "/",
        }
    }
}

impl ArrayMeta {
    /// Not compressed, filled with zeros, `.` between the numbers of a chunk's name.
    pub fn new(shape: Vec<u64>, chunks: Vec<u64>, dtype: Dtype) -> Result<Self, ZarrError> {
        check(&shape, &chunks, dtype)?;
        Ok(Self {
            shape,
            chunks,
            dtype,
            compressor: None,
            fill: Fill::zero(dtype),
            separator: Separator::Dot,
        })
    }

    /// The same, its chunks compressed so.
    #[must_use]
    pub fn compressed(mut self, compressor: Option<Compressor>) -> Self {
        self.compressor = compressor;
        self
    }

    /// The same, with another fill value.
    pub fn filled(mut self, fill: Fill) -> Result<Self, ZarrError> {
        if !fill.fits(self.dtype) {
            return Err(ZarrError::Fill { value: fill.value().to_string(), dtype: self.dtype });
        }
        self.fill = fill;
        Ok(self)
    }

    /// The same, its chunks named otherwise.
    #[must_use]
    pub fn separated(mut self, separator: Separator) -> Self {
        self.separator = separator;
        self
    }

    /// Reads a `.zarray`; `key` names it in the fault.
    pub fn parse(key: &str, json: &[u8]) -> Result<Self, Fault> {
        let value: Value = serde_json::from_slice(json).map_err(|error| broken(key, error))?;
        Self::from_value(key, value)
    }

    /// Reads a `.zarray` that has been parsed already, such as one of consolidated metadata.
    pub fn from_value(key: &str, value: Value) -> Result<Self, Fault> {
        // A structured dtype is a list; said here, it is not a puzzle about types.
        if let Some(dtype) = value.get("dtype").filter(|dtype| !dtype.is_string()) {
            return Err(ZarrError::Dtype(shortened(dtype)).of(key));
        }
        let document: Document = serde_json::from_value(value).map_err(|error| broken(key, error))?;
        Self::try_from(document).map_err(|error| error.of(key))
    }

    /// The document.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).expect("its parts are numbers, texts and lists")
    }

    /// Items along each axis.
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// Items of a chunk along each axis; never 0.
    pub fn chunks(&self) -> &[u64] {
        &self.chunks
    }

    /// What an item is.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// How chunks are compressed.
    pub fn compressor(&self) -> Option<&Compressor> {
        self.compressor.as_ref()
    }

    /// What an item is that was never written.
    pub fn fill(&self) -> &Fill {
        &self.fill
    }

    /// What stands between the numbers of a chunk's name.
    pub fn separator(&self) -> Separator {
        self.separator
    }
}

/// Counts everything that is multiplied later on.
fn check(shape: &[u64], chunks: &[u64], dtype: Dtype) -> Result<(), ZarrError> {
    if shape.len() != chunks.len() {
        return Err(ZarrError::Ranks { shape: shape.len(), chunks: chunks.len() });
    }
    if shape.len() > MAX_AXES {
        return Err(ZarrError::Axes(shape.len()));
    }
    if let Some(axis) = chunks.iter().position(|extent| *extent == 0) {
        return Err(ZarrError::EmptyChunk(axis));
    }
    let size = dtype.size() as u64;
    product(chunks, size).filter(|bytes| *bytes <= MAX_CHUNK_BYTES).ok_or(ZarrError::LargeChunk)?;
    let padded = shape.iter().zip(chunks).map(|(items, chunk)| items.div_ceil(*chunk).checked_mul(*chunk));
    let padded: Vec<u64> = padded.collect::<Option<_>>().ok_or(ZarrError::LargeArray)?;
    product(&padded, size).ok_or(ZarrError::LargeArray)?;
    Ok(())
}

fn product(extents: &[u64], size: u64) -> Option<u64> {
    // An empty axis must not hide that the others overflow.
    extents.iter().try_fold(size, |product, extent| product.checked_mul((*extent).max(1)))
}

fn broken(key: &str, error: serde_json::Error) -> Fault {
    Fault::new(adt_model::Class::Corrupt, format!("cannot read `{key}`")).because(error)
}

pub(super) fn shortened(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { text.chars().take(60).collect::<String>() + "…" }
}

/// A `.zarray` as it stands in the file.
#[derive(Clone, Serialize, Deserialize)]
struct Document {
    chunks: Vec<u64>,
    compressor: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dimension_separator: Option<String>,
    dtype: String,
    #[serde(default)]
    fill_value: Value,
    #[serde(default)]
    filters: Option<Value>,
    order: String,
    shape: Vec<u64>,
    zarr_format: u64,
}

impl TryFrom<Document> for ArrayMeta {
    type Error = ZarrError;

    fn try_from(document: Document) -> Result<Self, ZarrError> {
        if document.zarr_format != 2 {
            return Err(ZarrError::Format(document.zarr_format));
        }
        let dtype: Dtype = document.dtype.parse()?;
        if document.order != "C" {
            return Err(ZarrError::Order(document.order));
        }
        if let Some(filters) = document.filters.filter(|filters| *filters != Value::Array(Vec::new())) {
            return Err(ZarrError::Filters(shortened(&filters)));
        }
        let separator = match document.dimension_separator.as_deref() {
            None | Some(".") => Separator::Dot,
            Some("/") => Separator::Slash,
            Some(other) => return Err(ZarrError::Separator(other.to_owned())),
        };
        let compressor = document.compressor.as_ref().map(Compressor::read).transpose()?;
        let fill = Fill::read(&document.fill_value, dtype)?;
        let meta = Self::new(document.shape, document.chunks, dtype)?;
        meta.compressed(compressor).separated(separator).filled(fill)
    }
}

impl From<ArrayMeta> for Document {
    fn from(meta: ArrayMeta) -> Self {
        Self {
            chunks: meta.chunks,
            compressor: meta.compressor.as_ref().map(Compressor::value),
            // zarr-python leaves the default out.
            dimension_separator: (meta.separator == Separator::Slash).then(|| "/".to_owned()),
            dtype: meta.dtype.to_string(),
            fill_value: meta.fill.value(),
            filters: None,
            order: "C".to_owned(),
            shape: meta.shape,
            zarr_format: 2,
        }
    }
}
