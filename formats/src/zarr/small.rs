use adt_model::{Class, Fault, Key};
use bytes::Bytes;

use super::{
    ArrayMeta, Compressor, Dtype, Lookup, ZarrError,
    hierarchy::{named, under},
};

/// The most bytes of all chunks of an array that is read whole. Foreign metadata may claim any number.
const LIMIT: u64 = 16 << 20;

/// The most items of such an array, each of which takes more than its bytes once it is read.
const ITEMS: u64 = 1 << 20;

/// The most chunks of it.
const CHUNKS: u64 = 1 << 14;

/// Characters of a text, as zarr-python's users write them; longer texts make the array wider.
const TEXT: usize = 64;

/// Decodes a chunk: how it was compressed, its bytes, and how many bytes it must have in the end.
pub type Unpack<'a> = dyn Fn(&Compressor, &[u8], usize) -> Result<Vec<u8>, Fault> + 'a;

/// An array that is held whole, such as one value for each channel. Written as one chunk, not compressed.
#[derive(Clone, Debug, PartialEq)]
pub struct SmallArray {
    dtype: Dtype,
    shape: Vec<u64>,
    values: Values,
}

/// The items of a [`SmallArray`], in C order.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Of `Dtype::Text`.
    Texts(Vec<String>),
    /// Of the dtypes of integers.
    Integers(Vec<i64>),
    /// Of the dtypes of floats.
    Floats(Vec<f64>),
    /// Of `Dtype::Bool`.
    Truths(Vec<bool>),
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::Texts(items) => items.len(),
            Self::Integers(items) => items.len(),
            Self::Floats(items) => items.len(),
            Self::Truths(items) => items.len(),
        }
    }
}

impl SmallArray {
    /// Texts along one axis, each 64 characters wide or as wide as the longest.
    pub fn texts(items: Vec<String>) -> Self {
        let widest = items.iter().map(|text| text.chars().count()).max().unwrap_or_default();
        let dtype = Dtype::Text(widest.max(TEXT) as u32);
        Self { dtype, shape: vec![items.len() as u64], values: Values::Texts(items) }
    }

    /// Floats of 64 bits along one axis.
    pub fn floats(items: Vec<f64>) -> Self {
        Self { dtype: Dtype::F64, shape: vec![items.len() as u64], values: Values::Floats(items) }
    }

    /// Integers along one axis, each within the dtype.
    pub fn integers(dtype: Dtype, items: Vec<i64>) -> Result<Self, ZarrError> {
        let fits = |item: &i64| dtype.integers().is_some_and(|(l, m)| (l..=m).contains(&i128::from(*item)));
        if let Some(item) = items.iter().find(|item| !fits(item)) {
            return Err(ZarrError::Fill { value: item.to_string(), dtype });
        }
        Ok(Self { dtype, shape: vec![items.len() as u64], values: Values::Integers(items) })
    }

    /// The same items in C order along other axes.
    pub fn shaped(mut self, shape: Vec<u64>) -> Result<Self, ZarrError> {
        let expected = shape.iter().product();
        if expected != self.values.len() as u64 {
            return Err(ZarrError::Length { expected, got: self.values.len() as u64 });
        }
        self.shape = shape;
        Ok(self)
    }

    /// Items along each axis.
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// The items.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Its metadata: one chunk.
    pub fn meta(&self) -> Result<ArrayMeta, ZarrError> {
        let chunks = self.shape.iter().map(|extent| (*extent).max(1)).collect();
        ArrayMeta::new(self.shape.clone(), chunks, self.dtype)
    }

    /// The key of its chunk below a folder, and the chunk; nothing if there is no item.
    pub fn object(&self, path: &str) -> Result<Option<(Key, Bytes)>, Fault> {
        let meta = self.meta().map_err(|error| error.of(path))?;
        let Some(index) = meta.chunk_indices().next() else { return Ok(None) };
        Ok(Some((named(&under(path, &meta.chunk_name(&index)))?, self.bytes().into())))
    }

    fn bytes(&self) -> Vec<u8> {
        let size = self.dtype.size();
        let mut bytes = Vec::with_capacity(self.values.len() * size);
        match &self.values {
            Values::Texts(items) => {
                for (number, text) in items.iter().enumerate() {
                    bytes.extend(text.chars().flat_map(|c| u32::from(c).to_le_bytes()));
                    bytes.resize((number + 1) * size, 0);
                }
            }
            Values::Integers(items) => {
                bytes.extend(items.iter().flat_map(|item| item.to_le_bytes().into_iter().take(size)));
            }
            Values::Floats(items) if self.dtype == Dtype::F32 => {
                bytes.extend(items.iter().flat_map(|item| (*item as f32).to_le_bytes()));
            }
            Values::Floats(items) => bytes.extend(items.iter().flat_map(|item| item.to_le_bytes())),
            Values::Truths(items) => bytes.extend(items.iter().map(|item| u8::from(*item))),
        }
        bytes
    }

    /// Reads a whole array of any chunking; what was never written is the fill value. `None` if there is no such array.
    pub fn read(lookup: &Lookup<'_>, path: &str, unpack: &Unpack<'_>) -> Result<Option<Self>, Fault> {
        let Some(meta) = lookup.array(path)? else { return Ok(None) };
        let items: u64 = meta.shape().iter().product();
        let (chunks, size) = (meta.chunk_count(), meta.chunk_bytes());
        if chunks.saturating_mul(size as u64) > LIMIT || items > ITEMS || chunks > CHUNKS {
            let what = format!("cannot read `{path}`: {items} items in {chunks} chunks of {size} bytes");
            return Err(Fault::new(Class::Corrupt, format!("{what}, more than are expected there")));
        }
        let whole = gather(lookup, path, &meta, items as usize * meta.dtype().size(), unpack)?;
        let values = values(&whole, meta.dtype()).ok_or_else(|| {
            Fault::new(Class::Corrupt, format!("cannot read `{path}`: an item is no `{}`", meta.dtype()))
        })?;
        Ok(Some(Self { dtype: meta.dtype(), shape: meta.shape().to_vec(), values }))
    }
}

/// The items of all chunks, in C order of the array.
fn gather(
    lookup: &Lookup<'_>,
    path: &str,
    meta: &ArrayMeta,
    bytes: usize,
    unpack: &Unpack<'_>,
) -> Result<Vec<u8>, Fault> {
    // Seen as one chunk, the array tells where the items of each of its chunks belong.
    let mut whole = vec![0; bytes];
    let mut items = Vec::new();
    for index in meta.chunk_indices() {
        let region = meta.region(&index);
        let key = under(path, &meta.chunk_name(&index));
        let chunk = chunk(lookup, &key, meta, unpack)?;
        meta.crop(&region, &chunk, &mut items).map_err(|error| error.of(&key))?;
        let size = meta.dtype().size();
        let row = region.shape.last().map_or(1, |items| *items as usize) * size;
        for (number, items) in items.chunks_exact(row.max(1)).enumerate() {
            let at = place(number as u64, &region.start, &region.shape, meta.shape()) * size;
            whole[at..at + row].copy_from_slice(items);
        }
    }
    Ok(whole)
}

/// Where, in items, the n-th row of a box begins in an array.
fn place(mut row: u64, start: &[u64], extents: &[u64], shape: &[u64]) -> usize {
    let mut stride = 1;
    let mut at = 0;
    for axis in (0..shape.len()).rev() {
        let inside = if axis + 1 == shape.len() { 0 } else { row % extents[axis] };
        if axis + 1 < shape.len() {
            row /= extents[axis];
        }
        at += (start[axis] + inside) * stride;
        stride *= shape[axis];
    }
    at as usize
}

fn chunk(lookup: &Lookup<'_>, key: &str, meta: &ArrayMeta, unpack: &Unpack<'_>) -> Result<Vec<u8>, Fault> {
    match (lookup.object(key)?, meta.compressor()) {
        (None, _) => {
            let fill = meta.fill().bytes(meta.dtype());
            Ok(fill.into_iter().cycle().take(meta.chunk_bytes()).collect())
        }
        (Some(bytes), None) => Ok(bytes.into()),
        (Some(bytes), Some(compressor)) => unpack(compressor, &bytes, meta.chunk_bytes()),
    }
}

/// `None` if an item is not what the dtype says: a text that is no UTF-32, a number beyond 63 bits.
fn values(bytes: &[u8], dtype: Dtype) -> Option<Values> {
    fn each<const N: usize, T>(bytes: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
        bytes.as_chunks().0.iter().map(|item| read(*item)).collect()
    }
    Some(match dtype {
        Dtype::Bool => Values::Truths(bytes.iter().map(|byte| *byte != 0).collect()),
        Dtype::I8 => Values::Integers(each(bytes, |b| i8::from_le_bytes(b).into())),
        Dtype::I16 => Values::Integers(each(bytes, |b| i16::from_le_bytes(b).into())),
        Dtype::I32 => Values::Integers(each(bytes, |b| i32::from_le_bytes(b).into())),
        Dtype::I64 => Values::Integers(each(bytes, i64::from_le_bytes)),
        Dtype::U8 => Values::Integers(each(bytes, |b| u8::from_le_bytes(b).into())),
        Dtype::U16 => Values::Integers(each(bytes, |b| u16::from_le_bytes(b).into())),
        Dtype::U32 => Values::Integers(each(bytes, |b| u32::from_le_bytes(b).into())),
        Dtype::U64 => {
            let items = each(bytes, |b| i64::try_from(u64::from_le_bytes(b)).ok());
            Values::Integers(items.into_iter().collect::<Option<_>>()?)
        }
        Dtype::F32 => Values::Floats(each(bytes, |b| f32::from_le_bytes(b).into())),
        Dtype::F64 => Values::Floats(each(bytes, f64::from_le_bytes)),
        Dtype::Text(_) => Values::Texts(bytes.chunks_exact(dtype.size()).map(text).collect::<Option<_>>()?),
    })
}

/// A text without the zeros that pad it.
fn text(item: &[u8]) -> Option<String> {
    let text: String =
        item.as_chunks().0.iter().map(|c| char::from_u32(u32::from_le_bytes(*c))).collect::<Option<_>>()?;
    Some(text.trim_end_matches('\0').to_owned())
}
