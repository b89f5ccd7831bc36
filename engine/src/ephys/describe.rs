use adt_formats::{
    ephys::{Channel, ChannelKind, Stream},
    ephys_store::{Columns, Description, Probe, Segment, Storage, StoredSamples, SyncColumn, properties},
    zarr::{Blosc, BloscCodec, Compressor, Dtype, Shuffle, SmallArray, Wavpack},
};
use adt_model::{BloscName, BloscShuffle, EphysChoice, EphysConfig, Fault, TraceCodec};
use serde_json::{Map, Value};

use super::{choice, given_probe::Given, measure::Sums, timing::Timing};

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

/// Everything about a stream but its samples. `timings` and `sums` are one for each segment.
pub(super) fn description(
    stream: &Stream,
    columns: &Columns,
    given: Option<&Given>,
    samples: &StoredSamples,
    timings: &[Timing],
    sums: &[Sums],
) -> Result<Description, Fault> {
    let segments = stream.segments.iter().zip(timings).map(|(segment, timing)| Segment {
        frames: segment.frames,
        time: timing.time(),
        sample_numbers: timing.numbers,
    });
    let mut about = Description {
        sampling_frequency: stream.sample_rate,
        channel_ids: channels(stream, columns).map(|channel| channel.id.clone()).collect(),
        properties: gains(stream, columns, samples),
        probes: Vec::new(),
        segments: segments.collect(),
        annotations: annotations(stream, timings),
        columns: Some(columns.clone()),
        tables: tables(sums)?,
    };
    match given {
        Some(given) => given.describe(stream, columns, &mut about)?,
        None => probe(stream, &mut about)?,
    }
    Ok(about)
}

/// What spikeinterface 0.105 annotates a recording of Open Ephys with, and what is known of the alignment of its timestamps.
fn annotations(stream: &Stream, timings: &[Timing]) -> Map<String, Value> {
    let mut annotations =
        Map::from_iter([("experiment_name".to_owned(), Value::from(stream.experiment.clone()))]);
    let saturation = stream.probe.as_ref().and_then(|probe| probe.saturation_threshold_uv(band(stream)));
    let mut put =
        |name: &str, value: Option<Value>| annotations.extend(value.map(|value| (name.to_owned(), value)));
    put("saturation_threshold_uV", saturation.map(Value::from));
    put("sync_status", stream.sync_status.clone().map(Value::from));
    let adjusted = stream.segments.iter().all(|segment| segment.adjusted.is_adjusted());
    let known = timings.iter().any(|timing| !timing.made.adjusted_by.is_empty());
    put("timestamps_adjusted", known.then(|| adjusted.into()));
    annotations
}

type Properties = std::collections::BTreeMap<String, SmallArray>;

fn gains(stream: &Stream, columns: &Columns, samples: &StoredSamples) -> Properties {
    let texts = |text: fn(&Channel) -> &str| {
        SmallArray::texts(channels(stream, columns).map(|channel| text(channel).to_owned()).collect())
    };
    let scaled = |gain: fn(&Channel) -> f64| scaled(channels(stream, columns).map(gain).collect(), samples);
    let (gains, offsets) = scaled(Channel::gain_to_uv);
    let (physical_gains, physical_offsets) = scaled(|channel| channel.bit_volts);
    let named = |(name, array): (&str, SmallArray)| (name.to_owned(), array);
    let properties = [
        (properties::CHANNEL_NAME, texts(|channel| &channel.name)),
        (properties::KIND, texts(|channel| channel.kind.as_str())),
        (properties::GAIN, SmallArray::floats(gains)),
        (properties::OFFSET, SmallArray::floats(offsets)),
        (properties::PHYSICAL_UNIT, texts(Channel::physical_unit)),
        (properties::PHYSICAL_GAIN, SmallArray::floats(physical_gains)),
        (properties::PHYSICAL_OFFSET, SmallArray::floats(physical_offsets)),
    ];
    properties.into_iter().map(named).collect()
}

/// Gain and offset of the stored numbers, from the gains of the recorded ones.
fn scaled(mut gains: Vec<f64>, samples: &StoredSamples) -> (Vec<f64>, Vec<f64>) {
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
    (gains, offsets)
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
    let shifts = probe.inter_sample_shift(band(stream));
    if !shifts.is_empty() {
        put(properties::INTER_SAMPLE_SHIFT, SmallArray::floats(shifts));
    }
    about.probes.push(Probe { geometry: probe.geometry(), info: probe.info() });
    Ok(())
}

/// Which band of its probe a stream is. Early GUIs number the streams of a probe, so its rate says it too.
fn band(stream: &Stream) -> &'static str {
    let low = stream.own_name.to_ascii_lowercase().contains("lf") || stream.sample_rate < 10_000.0;
    if low { "LFP" } else { "AP" }
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
