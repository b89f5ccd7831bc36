//! Stores of recordings: written, read again, and read as SpikeInterface wrote them.

use std::collections::BTreeMap;

use adt_formats::{
    ephys_store::{
        Columns, Description, FrameArray, Layout, Probe, Record, SampleNumbers, Segment, Source, Storage,
        Stored, SyncColumn, Time, properties,
    },
    zarr::{Compressor, Dtype, SmallArray, Wavpack},
};
use adt_model::{Class, Fault, Key};
use bytes::Bytes;
use rstest::rstest;
use serde_json::{Map, Value, json};

use super::zarr::golden;

pub(crate) type Objects = BTreeMap<Key, Bytes>;

/// Columns of the source: four channels, with a SYNC line in between and at the end.
pub(crate) const CHANNELS: usize = 4;
pub(crate) const WIDTH: usize = CHANNELS + 2;

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn object(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).unwrap()
}

/// Two recordings of a stream on a probe: the first with a time for each frame, the second with a start.
pub(crate) fn description() -> Description {
    let x_and_y = vec![0.0, 0.0, 32.0, 0.0, 0.0, 15.0, 32.0, 15.0];
    let channels = BTreeMap::from([
        (
            properties::CHANNEL_NAME,
            SmallArray::texts(["AP1", "AP2", "AP3", "é🧠"].map(str::to_owned).to_vec()),
        ),
        (properties::GAIN, SmallArray::floats(vec![0.194_999_992_847_442_6; CHANNELS])),
        (properties::OFFSET, SmallArray::floats(vec![0.0, 0.1, -2.5, 1e-7])),
        (properties::LOCATION, SmallArray::floats(x_and_y).shaped(vec![4, 2]).unwrap()),
        (properties::GROUP, SmallArray::integers(Dtype::I64, vec![0; CHANNELS]).unwrap()),
        (properties::INTER_SAMPLE_SHIFT, SmallArray::floats(vec![0.0, 0.0, 1.0 / 13.0, 2.0 / 13.0])),
    ]);
    Description {
        sampling_frequency: 30_000.15,
        channel_ids: ["CH1", "CH2", "CH3", "CH4"].map(str::to_owned).to_vec(),
        properties: channels.into_iter().map(|(name, array)| (name.to_owned(), array)).collect(),
        probes: vec![Probe {
            geometry: object(json!({
                "ndim": 2, "si_units": "um", "annotations": {}, "contact_annotations": {},
                "contact_positions": [[0.0, 0.0], [32.0, 0.0], [0.0, 15.0], [32.0, 15.0]],
                "contact_shapes": vec!["square"; 4], "contact_shape_params": vec![json!({"width": 12.0}); 4],
                "contact_plane_axes": vec![json!([[1.0, 0.0], [0.0, 1.0]]); 4],
                "device_channel_indices": [0, 1, 2, 3], "contact_ids": ["e0", "e1", "e2", "e3"],
                "shank_ids": ["", "", "", ""],
                "probe_planar_contour": [[-11, 9989], [-11, -11], [24, -186], [59, -11], [59, 9989]]
            })),
            info: object(json!({"name": "ProbeB", "part_number": "NP2000", "serial_number": "20403311724"})),
        }],
        segments: vec![
            Segment { frames: 250, time: Time::Vector, sample_numbers: SampleNumbers::Vector },
            Segment { frames: 60, time: Time::Start(17.25), sample_numbers: SampleNumbers::From(-3) },
        ],
        annotations: object(json!({"is_filtered": false, "experiment_name": "experiment1"})),
        columns: Some(Columns {
            traces: vec![0, 1, 3, 4],
            sync: vec![
                SyncColumn { column: 2, name: "SYNC".into() },
                SyncColumn { column: 5, name: "SYNC2".into() },
            ],
            left_out: Vec::new(),
        }),
        tables: BTreeMap::from([(
            "restore".to_owned(),
            SmallArray::integers(Dtype::I16, vec![-32_768, 0, 5, 32_767])
                .unwrap()
                .shaped(vec![2, 2])
                .unwrap(),
        )]),
    }
}

pub(crate) fn storage() -> Storage {
    Storage { trace_frames: 40, time_frames: 100, sync_frames: 80, traces: None, times: None, sync: None }
}

pub(crate) fn record() -> Record {
    let source = |number: u32, bytes| Source {
        path: format!("Record Node 101/experiment1/recording{number}/continuous/P#B/continuous.dat"),
        bytes,
        sha256: "ab".repeat(32),
        tail: if number == 1 { "01ff".into() } else { String::new() },
    };
    Record {
        program: "adt 0.1.0".into(),
        sources: vec![source(1, 250 * 12 + 2), source(2, 60 * 12)],
        more: object(json!({"lsb": {"counts": 3.912_509_999_999_998}})),
    }
}

/// The source's samples of a segment, all columns.
pub(crate) fn source(segment: usize, frames: u64) -> Vec<i16> {
    let at = |number: u64| (number.wrapping_mul(2_654_435_761) >> 7) as i16;
    (0..frames * WIDTH as u64).map(|number| at(number + 1_000_003 * segment as u64)).collect()
}

pub(crate) fn times(frames: u64) -> Vec<f64> {
    (0..frames).map(|frame| 12.5 + frame as f64 * 1.000_01 / 30_000.15).collect()
}

fn numbers(frames: u64) -> Vec<i64> {
    (0..frames.cast_signed()).map(|frame| frame * 2 - 7).collect()
}

/// Cuts an array's items and puts each chunk, padded and packed, among the objects.
fn put(objects: &mut Objects, array: &FrameArray, items: &[u8], pack: &dyn Fn(&[u8]) -> Vec<u8>) {
    let row = array.columns() as usize * array.meta().dtype().size();
    let mut padded = Vec::new();
    for chunk in array.chunks() {
        let items = &items[chunk.frames.start as usize * row..chunk.frames.end as usize * row];
        array.meta().pad(&chunk.region, items, &mut padded).unwrap();
        assert!(objects.insert(chunk.key, pack(&padded).into()).is_none());
    }
}

fn bytes<const N: usize, T: Copy>(items: &[T], bytes: fn(T) -> [u8; N]) -> Vec<u8> {
    items.iter().flat_map(|item| bytes(*item)).collect()
}

/// The whole store, as a pipeline would write it.
pub(crate) fn write(
    description: &Description,
    storage: &Storage,
    pack: &dyn Fn(&[u8]) -> Vec<u8>,
) -> Objects {
    let layout = Layout::new(description.clone(), storage).unwrap();
    let mut objects: Objects = layout.objects().unwrap().into_iter().collect();
    let (mut traces, mut sync) = (Vec::new(), Vec::new());
    for (k, arrays) in layout.segments().iter().enumerate() {
        let frames = arrays.traces.frames();
        let columns = description.columns.as_ref().unwrap();
        columns.split(&source(k, frames), &mut traces, &mut sync);
        put(&mut objects, &arrays.traces, &bytes(&traces, i16::to_le_bytes), pack);
        if let Some(array) = &arrays.sync {
            put(&mut objects, array, &bytes(&sync, i16::to_le_bytes), pack);
        }
        if let Some(array) = &arrays.times {
            put(&mut objects, array, &bytes(&times(frames), f64::to_le_bytes), pack);
        }
        if let Some(array) = &arrays.sample_numbers {
            put(&mut objects, array, &bytes(&numbers(frames), i64::to_le_bytes), pack);
        }
    }
    objects.extend(layout.last_objects(&record()).unwrap());
    objects
}

fn plain(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

/// A codec of the test: every byte the other way round.
fn flipped(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| !byte).collect()
}

fn open(objects: &Objects) -> Result<Stored, Fault> {
    Stored::open(&|key| Ok(objects.get(key).cloned()), &|_, bytes, _| Ok(flipped(bytes)))
}

fn read(objects: &Objects, array: &FrameArray, unpack: fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let (mut all, mut items) = (Vec::new(), Vec::new());
    for chunk in array.chunks() {
        array.meta().crop(&chunk.region, &unpack(&objects[&chunk.key]), &mut items).unwrap();
        all.extend_from_slice(&items);
    }
    all
}

fn i16s(bytes: &[u8]) -> Vec<i16> {
    bytes.as_chunks().0.iter().map(|item| i16::from_le_bytes(*item)).collect()
}

#[rstest]
#[case::not_compressed(None, plain)]
#[case::compressed(Some(Compressor::Wavpack(Wavpack::lossless(3))), flipped)]
fn what_is_written_is_read_again(
    #[case] compressor: Option<Compressor>,
    #[case] codec: fn(&[u8]) -> Vec<u8>,
) {
    let about = description();
    let times_codec = compressor.is_some().then_some(Compressor::Zstd(3));
    let storage = Storage { traces: compressor.clone(), sync: compressor, times: times_codec, ..storage() };
    let objects = write(&about, &storage, &codec);
    let stored = open(&objects).unwrap();
    assert_eq!(stored.description(), &about);
    assert_eq!(stored.record(), Some(&record()));
    let mut frames = Vec::new();
    for (k, arrays) in stored.segments().iter().enumerate() {
        let traces = i16s(&read(&objects, &arrays.traces, codec));
        let sync = i16s(&read(&objects, arrays.sync.as_ref().unwrap(), codec));
        about.columns.as_ref().unwrap().join(&traces, &sync, &mut frames);
        assert_eq!(frames, source(k, arrays.traces.frames()));
    }
    let first = &stored.segments()[0];
    assert_eq!(read(&objects, first.times.as_ref().unwrap(), codec), bytes(&times(250), f64::to_le_bytes));
    let found = read(&objects, first.sample_numbers.as_ref().unwrap(), codec);
    assert_eq!(found, bytes(&numbers(250), i64::to_le_bytes));
}

#[test]
fn equal_descriptions_give_equal_bytes() {
    assert_eq!(write(&description(), &storage(), &plain), write(&description(), &storage(), &plain));
}

#[test]
fn metadata_come_last_and_the_root_last_of_all() {
    let layout = Layout::new(description(), &storage()).unwrap();
    let is_document = |key: &Key| key.file_name().starts_with(".z");
    assert!(!layout.objects().unwrap().iter().any(|(key, _)| is_document(key)));
    let last: Vec<_> = layout.last_objects(&record()).unwrap().into_iter().map(|(key, _)| key).collect();
    assert!(last.iter().all(is_document));
    let end: Vec<_> = last.iter().rev().take(3).map(Key::as_str).collect();
    assert_eq!(end, [".zgroup", ".zmetadata", ".zattrs"]);
}

#[test]
fn consolidated_metadata_are_those_of_the_tree() {
    let objects = write(&description(), &storage(), &plain);
    let parse = |bytes: &Bytes| serde_json::from_slice::<Value>(bytes).unwrap();
    let tree: Map<String, Value> = objects
        .iter()
        .filter(|(key, _)| [".zarray", ".zattrs", ".zgroup"].contains(&key.file_name()))
        .map(|(key, bytes)| (key.to_string(), parse(bytes)))
        .collect();
    let consolidated = parse(&objects[&key(".zmetadata")]);
    assert_eq!(consolidated, json!({"zarr_consolidated_format": 1, "metadata": tree}));
    let mut without = objects;
    without.remove(&key(".zmetadata"));
    assert_eq!(open(&without).unwrap().description(), &description());
}

#[test]
fn every_chunk_of_the_samples_is_of_full_size() {
    let objects = write(&description(), &storage(), &plain);
    let lengths = |prefix: &str| {
        let below = objects.iter().filter(|(key, _)| key.as_str().starts_with(prefix));
        below.filter(|(key, _)| !key.as_str().ends_with(".zarray")).map(|(_, b)| b.len()).collect::<Vec<_>>()
    };
    assert_eq!(lengths("traces_seg0/"), [40 * 4 * 2; 7]);
    assert_eq!(lengths("traces_seg1/"), [40 * 4 * 2; 2]);
    assert_eq!(lengths("times_seg0/"), [100 * 8; 3]);
    assert_eq!(lengths("adt/sync_seg1/"), [80 * 2 * 2]);
}

#[rstest]
#[case::unknown(Time::Unknown, false)]
#[case::vector(Time::Vector, false)]
#[case::start(Time::Start(0.0), true)]
fn starts_are_written_where_there_are_any(#[case] time: Time, #[case] expected: bool) {
    let mut about = description();
    about.segments.iter_mut().for_each(|segment| segment.time = time);
    let objects = write(&about, &storage(), &plain);
    assert_eq!(objects.contains_key(&key("t_starts/0")), expected);
    assert_eq!(open(&objects).unwrap().description(), &about);
}

#[test]
fn a_segment_may_be_empty() {
    let mut about = description();
    about.segments[1].frames = 0;
    let objects = write(&about, &storage(), &plain);
    assert!(!objects.contains_key(&key("traces_seg1/0.0")));
    assert_eq!(open(&objects).unwrap().description(), &about);
}

#[rstest]
#[case::frequency(|d: &mut Description| d.sampling_frequency = f64::NAN, "sampling frequency NaN is no number above 0")]
#[case::no_channels(|d: &mut Description| d.channel_ids.clear(), "a store needs at least one channel and one segment")]
#[case::no_segments(|d: &mut Description| d.segments.clear(), "a store needs at least one channel and one segment")]
#[case::start(|d: &mut Description| d.segments[1].time = Time::Start(f64::INFINITY), "start time inf is no number")]
#[case::property(
    |d: &mut Description| { d.properties.insert("gain_to_uV".into(), SmallArray::floats(vec![1.0])); },
    "property `gain_to_uV` has shape [1] for 4 channels"
)]
#[case::property_name(
    |d: &mut Description| { d.properties.insert("../x".into(), SmallArray::floats(vec![1.0; 4])); },
    "`../x` cannot be the name of an array in `properties`"
)]
#[case::columns(
    |d: &mut Description| d.columns.as_mut().unwrap().traces[0] = 1,
    "the columns of the source do not match its 4 channels"
)]
#[case::table(
    |d: &mut Description| { d.tables.insert("sync_seg0".into(), SmallArray::floats(vec![])); },
    "the name `sync_seg0` is taken in `adt`"
)]
fn what_no_reader_would_load_is_refused(#[case] spoil: fn(&mut Description), #[case] expected: &str) {
    let mut about = description();
    spoil(&mut about);
    let fault = Layout::new(about, &storage()).unwrap_err();
    assert_eq!((fault.class(), fault.line().as_str()), (Class::BadInput, expected));
}

#[test]
fn wavpack_is_refused_for_times() {
    let storage = Storage { times: Some(Compressor::Wavpack(Wavpack::default())), ..storage() };
    let line = Layout::new(description(), &storage).unwrap_err().line();
    assert_eq!(line, "WavPack cannot hold times: they are 64-bit floats");
}

#[rstest]
#[case::no_store(".zgroup", None, "this is no store of a recording: it has no `.zgroup`")]
#[case::no_ids(
    "channel_ids/.zarray",
    None,
    "this is no store of a recording: no `channel_ids`, so it is no recording"
)]
#[case::no_traces("traces_seg1/.zarray", None, "this is no store of a recording: no `traces_seg1`")]
#[case::no_table("adt/restore/.zarray", None, "this is no store of a recording: no `adt/restore`")]
#[case::no_json(
    ".zattrs",
    Some("{"),
    "cannot read `.zattrs`: EOF while parsing an object at line 1 column 1"
)]
#[case::a_list(".zattrs", Some("[]"), "cannot read `.zattrs`: it is no JSON object")]
#[case::frequency(
    ".zattrs",
    Some(r#"{"sampling_frequency": -1, "num_segments": 1}"#),
    "cannot use the store's attributes (`.zattrs`): `sampling_frequency` is no number above 0"
)]
#[case::endless_segments(
    ".zattrs",
    Some(r#"{"sampling_frequency": 1, "num_segments": 9999999999}"#),
    "cannot use the store's attributes (`.zattrs`): `num_segments` is no number from 1 to 65536"
)]
#[case::later_layout(
    ".zattrs",
    Some(r#"{"sampling_frequency": 1, "num_segments": 1, "adt": {"layout": 2}}"#),
    "the store's layout under `adt` is 2, and this program knows 1"
)]
#[case::endless_ids(
    "channel_ids/.zarray",
    Some(
        r#"{"chunks": [1000000], "compressor": null, "dtype": "<U64", "fill_value": "", "filters": null,
        "order": "C", "shape": [1000000], "zarr_format": 2}"#
    ),
    "cannot read `channel_ids`: 1000000 items in 1 chunks of 256000000 bytes, more than are expected there"
)]
#[case::other_width(
    "traces_seg0/.zarray",
    Some(
        r#"{"chunks": [40, 4], "compressor": null, "dtype": "<i2", "fill_value": 0, "filters": null,
        "order": "C", "shape": [250, 5], "zarr_format": 2}"#
    ),
    "cannot use `traces_seg0`: 5 columns for 4 channels"
)]
#[case::other_length(
    "times_seg0/.zarray",
    Some(
        r#"{"chunks": [40], "compressor": null, "dtype": "<f8", "fill_value": 0, "filters": null,
        "order": "C", "shape": [249], "zarr_format": 2}"#
    ),
    "cannot use `times_seg0`: 249 rows for 250 frames"
)]
#[case::short_chunk(
    "channel_ids/0",
    Some("abc"),
    "cannot use `channel_ids/0`: 3 bytes where the array has 1024"
)]
fn a_broken_store_is_named(#[case] at: &str, #[case] text: Option<&str>, #[case] expected: &str) {
    let mut objects = write(&description(), &storage(), &plain);
    objects.remove(&key(".zmetadata"));
    match text {
        Some(text) => objects.insert(key(at), Bytes::from(text.to_owned())),
        None => objects.remove(&key(at)),
    };
    assert_eq!(open(&objects).unwrap_err().line(), expected);
}

#[test]
fn a_text_that_is_no_text_is_named() {
    let mut objects = write(&description(), &storage(), &plain);
    objects.insert(key("channel_ids/0"), vec![0xff; 1024].into());
    assert_eq!(open(&objects).unwrap_err().line(), "cannot read `channel_ids`: an item is no `<U64`");
}

/// The documents of a golden store, and chunks for its small arrays.
fn golden_store(version: &str, stream: &str, ids: Vec<String>) -> Objects {
    let root = golden().join(version).join(stream);
    let mut objects = Objects::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            match name.strip_suffix(".json") {
                None => folders.push(path),
                Some(document) => {
                    let path = path.replace(&name, &format!(".{document}"));
                    objects.insert(key(&path), std::fs::read(entry.path()).unwrap().into());
                }
            }
        }
    }
    let count = ids.len();
    let floats = |value: f64| bytes(&vec![value; count], f64::to_le_bytes);
    let names = SmallArray::texts(ids.clone());
    let (_, text) = Layout::new(
        Description { channel_ids: ids, properties: BTreeMap::new(), columns: None, ..description() },
        &storage(),
    )
    .unwrap()
    .objects()
    .unwrap()
    .remove(0);
    assert_eq!(names.shape(), [count as u64]);
    objects.insert(key("channel_ids/0"), text.clone());
    objects.insert(key("properties/channel_name/0"), text);
    objects.insert(key("properties/gain_to_uV/0"), floats(2.34).into());
    objects
}

#[rstest]
#[case::original("0.100.0", "blosc", Time::Vector)]
#[case::successor("0.105.3-wavpack", "wavpack", Time::Vector)]
fn stores_of_other_programs_are_opened(#[case] version: &str, #[case] codec: &str, #[case] time: Time) {
    let ids: Vec<_> = (1..=384).map(|number| format!("CH{number}")).collect();
    let stored = open(&golden_store(version, "ProbeB", ids.clone())).unwrap();
    let about = stored.description();
    assert_eq!(about.channel_ids, ids);
    assert_eq!(about.sampling_frequency.to_bits(), 30_000_f64.to_bits());
    let expected = Segment { frames: 100, time, sample_numbers: SampleNumbers::Unknown };
    assert_eq!(about.segments, [expected]);
    assert_eq!(about.properties["gain_to_uV"], SmallArray::floats(vec![2.34; 384]));
    assert!(!about.properties.contains_key("contact_vector"));
    assert_eq!(about.probes[0].geometry["contact_ids"][7], "e7");
    assert_eq!(about.annotations["is_filtered"], false);
    assert_eq!((about.columns.as_ref(), stored.record()), (None, None));
    let traces = &stored.segments()[0].traces;
    assert_eq!(traces.meta().compressor().map(Compressor::id), Some(codec));
    let chunks: Vec<_> = traces.chunks().map(|chunk| (chunk.key.to_string(), chunk.frames)).collect();
    assert_eq!(chunks, [("traces_seg0/0.0".to_owned(), 0..100)]);
}

#[test]
fn what_the_original_says_of_the_probe_is_found() {
    let ids = (1..=384).map(|number| format!("CH{number}")).collect();
    let stored = open(&golden_store("0.100.0", "ProbeB", ids)).unwrap();
    assert_eq!(stored.description().probes[0].info["part_number"], "NP2000");
    assert_eq!(stored.description().annotations, object(json!({"is_filtered": false})));
}
