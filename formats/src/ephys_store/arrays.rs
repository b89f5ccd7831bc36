use adt_model::{Class, Fault};

use super::{
    Description, FrameArray, SampleNumbers, Storage, Time, missing, sample_numbers, sync, times, traces,
};
use crate::zarr::{ArrayMeta, Compressor, Dtype, Lookup};

/// The arrays of a segment that have a row for each frame.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentArrays {
    /// The samples: frames × channels.
    pub traces: FrameArray,
    /// Seconds, where each frame has a time of its own.
    pub times: Option<FrameArray>,
    /// The columns that are no channels, where there are any: frames × columns.
    pub sync: Option<FrameArray>,
    /// `<i8`, where each frame has a number of its own.
    pub sample_numbers: Option<FrameArray>,
}

impl SegmentArrays {
    /// All that there are.
    pub fn all(&self) -> impl Iterator<Item = &FrameArray> {
        let beside = [&self.times, &self.sync, &self.sample_numbers];
        std::iter::once(&self.traces).chain(beside.into_iter().flatten())
    }

    /// Those of the segment `k` of a store that is being written.
    pub(super) fn plan(k: usize, about: &Description, storage: &Storage) -> Result<Self, Fault> {
        let segment = &about.segments[k];
        let array =
            |path: String, columns: Option<usize>, frames: u64, dtype, compressor: &Option<Compressor>| {
                let columns: Vec<u64> = columns.into_iter().map(|count| count as u64).collect();
                let shape = [&[segment.frames], columns.as_slice()].concat();
                let chunks = [&[frames], columns.as_slice()].concat();
                let meta = ArrayMeta::new(shape, chunks, dtype).map_err(|error| error.of(&path))?;
                FrameArray::new(&path, meta.compressed(compressor.clone()))
            };
        let width = about.columns.as_ref().map_or(0, |columns| columns.sync.len());
        let thin = |path, dtype| array(path, None, storage.time_frames, dtype, &storage.times);
        let channels = Some(about.channel_ids.len());
        Ok(Self {
            traces: array(traces(k), channels, storage.trace_frames, Dtype::I16, &storage.traces)?,
            times: (segment.time == Time::Vector).then(|| thin(times(k), Dtype::F64)).transpose()?,
            sync: (width > 0)
                .then(|| array(sync(k), Some(width), storage.sync_frames, Dtype::I16, &storage.sync))
                .transpose()?,
            sample_numbers: (segment.sample_numbers == SampleNumbers::Vector)
                .then(|| thin(sample_numbers(k), Dtype::I64))
                .transpose()?,
        })
    }

    /// Those of the segment `k` of a store that is there.
    pub(super) fn find(lookup: &Lookup<'_>, k: usize, channels: usize) -> Result<Self, Fault> {
        let traces =
            found(lookup, &traces(k), 2, &[])?.ok_or_else(|| missing(&format!("no `{}`", traces(k))))?;
        if traces.columns() != channels as u64 {
            return Err(odd(&traces, &format!("{} columns for {channels} channels", traces.columns())));
        }
        let arrays = Self {
            times: found(lookup, &times(k), 1, &[Dtype::F64, Dtype::F32])?,
            sync: found(lookup, &sync(k), 2, &[Dtype::I16])?,
            sample_numbers: found(lookup, &sample_numbers(k), 1, &[Dtype::I64])?,
            traces,
        };
        let frames = arrays.traces.frames();
        if let Some(array) = arrays.all().find(|array| array.frames() != frames) {
            return Err(odd(array, &format!("{} rows for {frames} frames", array.frames())));
        }
        Ok(arrays)
    }
}

/// An array of so many axes and one of these dtypes (any, if none is named); `None` if there is none of that path.
fn found(
    lookup: &Lookup<'_>,
    path: &str,
    axes: usize,
    dtypes: &[Dtype],
) -> Result<Option<FrameArray>, Fault> {
    let Some(meta) = lookup.array(path)? else { return Ok(None) };
    let (shape, dtype) = (meta.shape().to_vec(), meta.dtype());
    let array = FrameArray::new(path, meta)?;
    if shape.len() != axes || !(dtypes.is_empty() || dtypes.contains(&dtype)) {
        return Err(odd(&array, &format!("shape {shape:?} of `{dtype}`")));
    }
    Ok(Some(array))
}

fn odd(array: &FrameArray, what: &str) -> Fault {
    Fault::new(Class::Corrupt, format!("cannot use `{}`: {what}", array.path()))
}
