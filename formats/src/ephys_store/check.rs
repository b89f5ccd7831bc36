use std::collections::BTreeMap;

use adt_model::{Class, Fault};

use super::{Description, OURS, PROPERTIES, Segment, Storage, Time};
use crate::zarr::{Compressor, SmallArray};

/// Whether a store of this description can be written and will be loaded by every reader.
pub(super) fn check(description: &Description, storage: &Storage) -> Result<(), Fault> {
    let wrong = |what: String| Err(Fault::new(Class::BadInput, what));
    let channels = description.channel_ids.len();
    if !(description.sampling_frequency.is_finite() && description.sampling_frequency > 0.0) {
        return wrong(format!("sampling frequency {} is no number above 0", description.sampling_frequency));
    }
    if channels == 0 || description.segments.is_empty() {
        return wrong("a store needs at least one channel and one segment".into());
    }
    if let Some(start) = description.segments.iter().find_map(broken_start) {
        return wrong(format!("start time {start} is no number"));
    }
    for (name, array) in &description.properties {
        named(PROPERTIES, name)?;
        if array.shape().first() != Some(&(channels as u64)) {
            return wrong(format!("property `{name}` has shape {:?} for {channels} channels", array.shape()));
        }
    }
    let columns = description.columns.as_ref();
    if columns.is_some_and(|columns| !columns.is_whole() || columns.traces.len() != channels) {
        return wrong(format!("the columns of the source do not match its {channels} channels"));
    }
    tables(&description.tables)?;
    if storage.trace_frames.min(storage.time_frames).min(storage.sync_frames) == 0 {
        return wrong("a chunk needs at least one frame".into());
    }
    if matches!(storage.times, Some(Compressor::Wavpack(_))) {
        return wrong("WavPack cannot hold times: they are 64-bit floats".into());
    }
    Ok(())
}

fn broken_start(segment: &Segment) -> Option<f64> {
    match segment.time {
        Time::Start(start) if !start.is_finite() => Some(start),
        _ => None,
    }
}

fn tables(tables: &BTreeMap<String, SmallArray>) -> Result<(), Fault> {
    for name in tables.keys() {
        named(OURS, name)?;
        if name.starts_with("sync_seg") || name.starts_with("sample_numbers_seg") {
            return Err(Fault::new(Class::BadInput, format!("the name `{name}` is taken in `{OURS}`")));
        }
    }
    Ok(())
}

/// One part of a key, and not one of Zarr's documents.
fn named(group: &str, name: &str) -> Result<(), Fault> {
    if name.is_empty() || name.starts_with('.') || name.contains(['/', '\0', '\\']) {
        return Err(Fault::new(
            Class::BadInput,
            format!("`{name}` cannot be the name of an array in `{group}`"),
        ));
    }
    Ok(())
}
