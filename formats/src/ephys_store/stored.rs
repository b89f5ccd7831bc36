use std::collections::BTreeMap;

use adt_model::{Class, Fault};

use super::{
    CHANNELS, Description, FrameArray, OURS, PROPERTIES, Record, STARTS, SampleNumbers, Segment,
    SegmentArrays, Time, attributes, missing, properties, sync,
};
use crate::zarr::{Get, Lookup, SmallArray, Unpack, Values};

/// A store that is there: of this program, or of SpikeInterface from 0.100 on.
#[derive(Clone, Debug)]
pub struct Stored {
    description: Description,
    record: Option<Record>,
    segments: Vec<SegmentArrays>,
}

impl Stored {
    /// Reads everything but the long arrays.
    ///
    /// `get` gives an object's bytes, `None` if there is none of that name; `unpack` decodes a chunk, given its compressor, its
    /// bytes and the length it must have. What is missing is a fault of the class `Missing`, what is not understood is named.
    pub fn open(get: &Get<'_>, unpack: &Unpack<'_>) -> Result<Self, Fault> {
        let lookup = Lookup::open(get)?;
        if !lookup.is_group("")? {
            return Err(missing("it has no `.zgroup`").help("give the folder whose name ends in `.zarr`"));
        }
        let read = attributes::read(lookup.attributes("")?)?;
        let channel_ids = channel_ids(&lookup, unpack)?;
        let starts = starts(&lookup, unpack)?;
        let find = |k| SegmentArrays::find(&lookup, k, channel_ids.len());
        let segments = (0..read.segments).map(find).collect::<Result<Vec<_>, _>>()?;
        let (first, columns, names, record) = match read.ours {
            Some(ours) => (ours.first_sample_numbers, ours.columns, ours.tables, Some(ours.record)),
            None => (Vec::new(), None, Vec::new(), None),
        };
        let about = |(k, arrays)| segment(arrays, starts.get(k).copied(), first.get(k).copied().flatten());
        let description = Description {
            sampling_frequency: read.sampling_frequency,
            properties: channel_properties(&lookup, unpack, channel_ids.len())?,
            channel_ids,
            probes: read.probes,
            segments: segments.iter().enumerate().map(about).collect(),
            annotations: read.annotations,
            columns,
            tables: our_tables(&lookup, unpack, names)?,
        };
        let stored = Self { description, record, segments };
        stored.check_ours()?;
        Ok(stored)
    }

    /// What the store holds beside the samples.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// What is needed to make the source again; `None` in stores of other programs.
    pub fn record(&self) -> Option<&Record> {
        self.record.as_ref()
    }

    /// Of each segment, the arrays that are read chunk by chunk.
    pub fn segments(&self) -> &[SegmentArrays] {
        &self.segments
    }

    /// Whether what we noted fits what is there, so that nobody relies on the wrong half.
    fn check_ours(&self) -> Result<(), Fault> {
        let wrong = |what: String| Err(Fault::new(Class::Corrupt, format!("cannot use the store: {what}")));
        let about = &self.description;
        if let Some(record) = &self.record
            && record.sources.len() != about.segments.len()
        {
            let (sources, segments) = (record.sources.len(), about.segments.len());
            return wrong(format!("it names {sources} sources for {segments} segments"));
        }
        let Some(columns) = &about.columns else { return Ok(()) };
        if !columns.is_whole() || columns.traces.len() != about.channel_ids.len() {
            return wrong("the columns of its source do not match its channels".into());
        }
        for (k, arrays) in self.segments.iter().enumerate() {
            let found = arrays.sync.as_ref().map_or(0, FrameArray::columns);
            if found != columns.sync.len() as u64 {
                return wrong(format!("`{}` has {found} columns of {}", sync(k), columns.sync.len()));
            }
        }
        Ok(())
    }
}

/// What the arrays of a segment, its entry in `t_starts` and ours say of it.
fn segment(arrays: &SegmentArrays, start: Option<f64>, first: Option<i64>) -> Segment {
    let time = match start.filter(|start| !start.is_nan()) {
        _ if arrays.times.is_some() => Time::Vector,
        Some(start) => Time::Start(start),
        None => Time::Unknown,
    };
    let sample_numbers = match first {
        _ if arrays.sample_numbers.is_some() => SampleNumbers::Vector,
        Some(first) => SampleNumbers::From(first),
        None => SampleNumbers::Unknown,
    };
    Segment { frames: arrays.traces.frames(), time, sample_numbers }
}

/// The names of the channels; numbers, as some recordings have them, become texts.
fn channel_ids(lookup: &Lookup<'_>, unpack: &Unpack<'_>) -> Result<Vec<String>, Fault> {
    let array = SmallArray::read(lookup, CHANNELS, unpack)?
        .ok_or_else(|| missing(&format!("no `{CHANNELS}`, so it is no recording")))?;
    match array.values() {
        Values::Texts(ids) => Ok(ids.clone()),
        Values::Integers(ids) => Ok(ids.iter().map(i64::to_string).collect()),
        Values::Floats(_) | Values::Truths(_) => {
            Err(Fault::new(Class::Corrupt, format!("cannot use `{CHANNELS}`: neither texts nor integers")))
        }
    }
}

fn starts(lookup: &Lookup<'_>, unpack: &Unpack<'_>) -> Result<Vec<f64>, Fault> {
    match SmallArray::read(lookup, STARTS, unpack)?.as_ref().map(SmallArray::values) {
        None => Ok(Vec::new()),
        Some(Values::Floats(starts)) => Ok(starts.clone()),
        Some(_) => Err(Fault::new(Class::Corrupt, format!("cannot use `{STARTS}`: they are no floats"))),
    }
}

/// The properties of the channels. What only SpikeInterface understands (`contact_vector`, a structure; texts of any length) is
/// passed over: nothing here needs it.
fn channel_properties(
    lookup: &Lookup<'_>,
    unpack: &Unpack<'_>,
    channels: usize,
) -> Result<BTreeMap<String, SmallArray>, Fault> {
    let listed = lookup.arrays_below(PROPERTIES);
    let names = listed.unwrap_or_else(|| properties::KNOWN.map(str::to_owned).to_vec());
    let mut found = BTreeMap::new();
    for name in names {
        let path = format!("{PROPERTIES}/{name}");
        let array = match SmallArray::read(lookup, &path, unpack) {
            Err(_) if !properties::KNOWN.contains(&name.as_str()) => None,
            array => array?,
        };
        if let Some(array) = array {
            if array.shape().first() != Some(&(channels as u64)) {
                let what = format!("cannot use `{path}`: shape {:?} for {channels} channels", array.shape());
                return Err(Fault::new(Class::Corrupt, what));
            }
            found.insert(name, array);
        }
    }
    Ok(found)
}

fn our_tables(
    lookup: &Lookup<'_>,
    unpack: &Unpack<'_>,
    names: Vec<String>,
) -> Result<BTreeMap<String, SmallArray>, Fault> {
    let mut tables = BTreeMap::new();
    for name in names {
        let path = format!("{OURS}/{name}");
        let array =
            SmallArray::read(lookup, &path, unpack)?.ok_or_else(|| missing(&format!("no `{path}`")))?;
        tables.insert(name, array);
    }
    Ok(tables)
}
