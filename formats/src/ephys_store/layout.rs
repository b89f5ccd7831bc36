use adt_model::{Fault, Key};
use bytes::Bytes;

use super::{
    CHANNELS, Description, OURS, PROPERTIES, Record, STARTS, SegmentArrays, Storage, Time, attributes, check,
};
use crate::zarr::{Hierarchy, SmallArray};

/// A store that is being written: which objects it has, and where the samples go.
///
/// First [`objects`](Self::objects) and the chunks of [`segments`](Self::segments), in any order; when all of them are
/// there, [`last_objects`](Self::last_objects) in theirs. Equal descriptions give equal bytes.
#[derive(Clone, Debug)]
pub struct Layout {
    description: Description,
    segments: Vec<SegmentArrays>,
}

impl Layout {
    /// Refuses what some reader would not load, and names it.
    pub fn new(description: Description, storage: &Storage) -> Result<Self, Fault> {
        check::check(&description, storage)?;
        let numbers = 0..description.segments.len();
        let segments =
            numbers.map(|k| SegmentArrays::plan(k, &description, storage)).collect::<Result<_, _>>()?;
        Ok(Self { description, segments })
    }

    /// As it was given.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Of each segment, the arrays that are written chunk by chunk.
    pub fn segments(&self) -> &[SegmentArrays] {
        &self.segments
    }

    /// The chunks of the small arrays.
    pub fn objects(&self) -> Result<Vec<(Key, Bytes)>, Fault> {
        let mut objects = Vec::new();
        for (path, array) in self.small_arrays() {
            objects.extend(array.object(&path)?);
        }
        Ok(objects)
    }

    /// The metadata, in the order in which they are to be written: with the last one there is a store.
    pub fn last_objects(&self, record: &Record) -> Result<Vec<(Key, Bytes)>, Fault> {
        let mut hierarchy = Hierarchy::default();
        for group in ["", PROPERTIES, OURS] {
            hierarchy.group(group);
        }
        for (path, array) in self.small_arrays() {
            let meta = array.meta().map_err(|error| error.of(&path))?;
            hierarchy.array(&path, &meta);
        }
        for array in self.segments.iter().flat_map(SegmentArrays::all) {
            hierarchy.array(array.path().as_str(), array.meta());
        }
        hierarchy.attributes("", attributes::write(&self.description, record));
        hierarchy.objects()
    }

    fn small_arrays(&self) -> Vec<(String, SmallArray)> {
        let about = &self.description;
        let mut arrays = vec![(CHANNELS.to_owned(), SmallArray::texts(about.channel_ids.clone()))];
        let below =
            |group: &str, (name, array): (&String, &SmallArray)| (format!("{group}/{name}"), array.clone());
        arrays.extend(about.properties.iter().map(|entry| below(PROPERTIES, entry)));
        arrays.extend(about.tables.iter().map(|entry| below(OURS, entry)));
        let start = |time| match time {
            Time::Start(start) => start,
            Time::Vector | Time::Unknown => f64::NAN,
        };
        let starts: Vec<f64> = about.segments.iter().map(|segment| start(segment.time)).collect();
        if starts.iter().any(|start| !start.is_nan()) {
            arrays.push((STARTS.to_owned(), SmallArray::floats(starts)));
        }
        arrays
    }
}
