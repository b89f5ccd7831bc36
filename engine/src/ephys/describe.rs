use adt_formats::{
    ephys::{Channel, ChannelKind, Stream},
    ephys_store::{
        Columns, Description, Probe, SampleNumbers, Segment, Storage, StoredSamples, SyncColumn, Time,
        properties,
    },
    zarr::{Blosc, BloscCodec, Compressor, Dtype, Shuffle, SmallArray, Wavpack},
};
use adt_model::{BloscName, BloscShuffle, EphysChoice, EphysConfig, Fault, TraceCodec};
use serde_json::Map;

use super::{choice, given_probe::Given, measure::Sums};

/// Frames of a chunk of times, sample numbers and SYNC lines: they are thin, so that a chunk of a second would be a few kilobytes.
const THIN_FRAMES: u64 = 1 << 18;

/// Channels that are chosen become traces. SYNC lines and columns without a description are kept beside them, so that readers show the
/// channels they show of the source.
pub(super) fn columns(stream: &Stream, choice: &EphysChoice) -> Columns {
    let is_trace = |channel: &Channel| !matches!(channel.kind, ChannelKind::Sync | ChannelKind::Undescribed);
    let all = || stream.channels.iter().enumerate();
    // A stream of nothing but SYNC lines is shown all the same.
    let nothing_else = !stream.channels.iter().any(is_trace);
    let shown = |channel: &Channel| nothing_else || is_trace(channel);
    let named = |(column, channel): (usize, &Channel)| SyncColumn { column, name: channel.name.clone() };
    let (traces, left_out): (Vec<_>, Vec<_>) = all()
        .filter(|(_, channel)| shown(channel))
        .partition(|(_, channel)| choice::has_channel(choice, channel));
    Columns {
        traces: traces.into_iter().map(|(column, _)| column).collect(),
        sync: all().filter(|(_, channel)| !shown(channel)).map(named).collect(),
        left_out: left_out.into_iter().map(named).collect(),
    }
}

/// The channels of the traces, in their order.
pub(super) fn channels<'a>(stream: &'a Stream, columns: &'a Columns) -> impl Iterator<Item = &'a Channel> {
    columns.traces.iter().map(|column| &stream.channels[*column])
}

/// How the stream's arrays are cut and compressed.
pub(super) fn storage(stream: &Stream, columns: &Columns, config: &EphysConfig) -> Storage {
    let thin = Some(Compressor::Blosc(Blosc::original()));
    let longest = stream.segments.iter().map(|segment| segment.frames).max().unwrap_or_default();
    // A chunk that no recording fills would be compressed for nothing.
    let longest = longest.max(1);
    let thin_frames = THIN_FRAMES.min(longest);
    Storage {
        trace_frames: config.chunk.frames(stream.sample_rate, columns.traces.len()).min(longest),
        time_frames: thin_frames,
        sync_frames: thin_frames,
        traces: Some(compressor(config.codec)),
        times: thin.clone(),
        sync: thin,
    }
}

fn compressor(codec: TraceCodec) -> Compressor {
    match codec {
        TraceCodec::Wavpack { level } => Compressor::Wavpack(Wavpack::lossless(level)),
        TraceCodec::Zstd { level } => Compressor::Zstd(level),
        TraceCodec::Blosc { cname, level, shuffle } => Compressor::Blosc(Blosc {
            blocksize: 0,
            clevel: level,
            cname: match cname {
                BloscName::Zstd => BloscCodec::Zstd,
                BloscName::Lz4 => BloscCodec::Lz4,
            },
            shuffle: match shuffle {
                BloscShuffle::Bit => Shuffle::Bit,
                BloscShuffle::Byte => Shuffle::Byte,
                BloscShuffle::None => Shuffle::None,
            },
        }),
    }
}

/// Everything about a stream but its samples. `numbers` and `sums` are one for each segment.
pub(super) fn description(
    stream: &Stream,
    columns: &Columns,
    given: Option<&Given>,
    samples: &StoredSamples,
    numbers: &[SampleNumbers],
    sums: &[Sums],
) -> Result<Description, Fault> {
    let segments = stream.segments.iter().zip(numbers).map(|(segment, numbers)| Segment {
        frames: segment.frames,
        time: match (&segment.seconds, segment.t_start) {
            (Some(_), _) => Time::Vector,
            (None, Some(start)) if start.is_finite() => Time::Start(start),
            (None, _) => Time::Unknown,
        },
        sample_numbers: *numbers,
    });
    let mut about = Description {
        sampling_frequency: stream.sample_rate,
        channel_ids: channels(stream, columns).map(|channel| channel.id.clone()).collect(),
        properties: gains(stream, columns, samples),
        probes: Vec::new(),
        segments: segments.collect(),
        annotations: Map::new(),
        columns: Some(columns.clone()),
        tables: tables(sums)?,
    };
    match given {
        Some(given) => given.describe(stream, columns, &mut about)?,
        None => probe(stream, &mut about)?,
    }
    Ok(about)
}

type Properties = std::collections::BTreeMap<String, SmallArray>;

fn gains(stream: &Stream, columns: &Columns, samples: &StoredSamples) -> Properties {
    let names = channels(stream, columns).map(|channel| channel.name.clone()).collect();
    let mut gains: Vec<f64> = channels(stream, columns).map(Channel::gain_to_uv).collect();
    let mut offsets = vec![0.0; gains.len()];
    match samples {
        StoredSamples::Raw { .. } => {}
        StoredSamples::Codes(step) => {
            for column in &step.columns {
                offsets[column.column] = column.offset_to_uv(gains[column.column], 0.0);
                gains[column.column] = step.gain_to_uv(gains[column.column]);
            }
        }
        StoredSamples::Corrected { step, .. } => gains.iter_mut().for_each(|gain| *gain *= f64::from(*step)),
    }
    Properties::from([
        (properties::CHANNEL_NAME.to_owned(), SmallArray::texts(names)),
        (properties::GAIN.to_owned(), SmallArray::floats(gains)),
        (properties::OFFSET.to_owned(), SmallArray::floats(offsets)),
    ])
}

/// Of a Neuropixels stream whose channels are all electrodes; a probe for only some of the channels is more than readers understand.
fn probe(stream: &Stream, about: &mut Description) -> Result<(), Fault> {
    let Some(probe) = stream.probe.as_ref().filter(|probe| probe.contacts.len() == about.channel_ids.len())
    else {
        return Ok(());
    };
    let count = probe.contacts.len() as u64;
    let positions =
        SmallArray::floats(probe.contacts.iter().flat_map(|contact| [contact.x, contact.y]).collect());
    let groups = probe.groups().into_iter().map(|group| group.cast_signed() as i64).collect();
    let mut put = |name: &str, array| about.properties.insert(name.to_owned(), array);
    put(
        properties::LOCATION,
        positions.shaped(vec![count, 2]).map_err(|error| error.of(properties::LOCATION))?,
    );
    let groups = SmallArray::integers(Dtype::I64, groups).map_err(|error| error.of(properties::GROUP))?;
    put(properties::GROUP, groups);
    put(properties::INTER_SAMPLE_SHIFT, SmallArray::floats(probe.inter_sample_shift(&stream.name)));
    about.probes.push(Probe { geometry: probe.geometry(), info: probe.info() });
    Ok(())
}

/// What a chunk is held against when it is read again: tables of the CRC-64 of NVM Express for each chunk, as signed numbers.
fn tables(sums: &[Sums]) -> Result<Properties, Fault> {
    let mut tables = Properties::new();
    for (k, sums) in sums.iter().enumerate() {
        for (array, sums) in
            [("traces", &sums.traces), ("times", &sums.times), ("sample_numbers", &sums.numbers)]
        {
            if !sums.is_empty() {
                let name = format!("checksums_{array}_seg{k}");
                let numbers = sums.iter().map(|sum| sum.cast_signed()).collect();
                let table = SmallArray::integers(Dtype::I64, numbers).map_err(|error| error.of(&name))?;
                tables.insert(name, table);
            }
        }
    }
    Ok(tables)
}
