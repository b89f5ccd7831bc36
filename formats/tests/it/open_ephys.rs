//! Sessions of the Open Ephys GUI, made here: every layout, and what goes wrong on real rigs.

use adt_formats::{
    folder::Rules,
    open_ephys::{ChannelKind, Problem, Session, Stream, Weight},
};
use adt_model::{Class, Idle};
use adt_testkit::{
    open_ephys::{Gui, StreamSpec, npy, recording},
    tree,
};
use camino::{Utf8Path, Utf8PathBuf};
use rstest::rstest;
use std::fs;

pub(crate) const NODE: &str = "Record Node 101";
pub(crate) const PROBE: &str = "Neuropix-PXI-100.ProbeA";

pub(crate) struct Rig {
    folder: tempfile::TempDir,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn root(&self) -> &Utf8Path {
        Utf8Path::from_path(self.folder.path()).unwrap()
    }

    pub(crate) fn record(
        &self,
        node: &str,
        number: (u64, u64),
        gui: Gui,
        streams: &[StreamSpec],
    ) -> Utf8PathBuf {
        recording(self.root(), node, number, gui, streams).unwrap()
    }

    pub(crate) fn open(&self) -> Session {
        Session::open(self.root(), &Rules::default(), &Idle).unwrap()
    }
}

pub(crate) fn probe(frames: u64) -> StreamSpec {
    StreamSpec::probe(PROBE, 6, frames)
}

pub(crate) fn unread(session: &Session) -> Vec<String> {
    told(session, Weight::Unread)
}

pub(crate) fn noted(session: &Session) -> Vec<String> {
    // These recordings have no settings, which is told each time.
    told(session, Weight::Noted).into_iter().filter(|line| !line.contains("settings")).collect()
}

fn told(session: &Session, weight: Weight) -> Vec<String> {
    let wanted = |problem: &&Problem| problem.weight == weight;
    session.problems.iter().filter(wanted).map(|problem| problem.fault.line()).collect()
}

pub(crate) fn samples(stream: &Stream, segment: usize) -> Vec<i16> {
    let segment = &stream.segments[segment];
    let samples = segment.open().unwrap();
    let mut read = vec![0; segment.columns * segment.frames as usize];
    samples.read(0, &mut read).unwrap();
    samples.finish().unwrap();
    read
}

#[rstest]
#[case::gui_06(Gui::V06, NODE, "Record Node 101#Neuropix-PXI-100.ProbeA", true)]
#[case::gui_05(Gui::V05, NODE, "Record Node 101#Neuropix-PXI-100.ProbeA", true)]
#[case::gui_04(Gui::V04, "", "Neuropix-PXI-100.ProbeA", false)]
fn layouts(#[case] gui: Gui, #[case] node: &str, #[case] name: &str, #[case] timed: bool) {
    let rig = Rig::new();
    rig.record(node, (1, 1), gui, &[probe(300), StreamSpec::ni_daq(8, 200)]);
    let session = rig.open();
    assert_eq!((unread(&session), noted(&session)), (vec![], vec![]));
    let experiment = &session.experiments[0];
    let names: Vec<_> = experiment.streams.iter().map(|stream| stream.name.as_str()).collect();
    assert_eq!(names, [&name.replace("Neuropix-PXI-100.ProbeA", "NI-DAQmx-103.PXIe-6341"), name]);
    let stream = &experiment.streams[1];
    assert_eq!(stream.store_name(), format!("experiment1_{name}"));
    assert_eq!((stream.channels.len(), stream.sample_rate, stream.frames()), (6, 30_000.0, 300));
    let segment = &stream.segments[0];
    assert_eq!(segment.ends.counter, Some((1000, 1299)));
    assert_eq!(segment.t_start(30_000.0), Some(1000.0 / 30_000.0));
    assert_eq!(segment.seconds.is_some(), timed);
    assert_eq!(samples(stream, 0), probe(300).samples());
    let ni_daq = &experiment.streams[0];
    assert!((ni_daq.channels[3].gain_to_uv() - 305.0).abs() < 1e-9);
    assert_eq!(ni_daq.channels[3].kind, ChannelKind::Analog);
    let events: Vec<_> = experiment.recordings[0].events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(events, [format!("{node}#TTL"), format!("{node}#TTL")]);
}

#[test]
fn times_are_read_in_ranges() {
    let rig = Rig::new();
    rig.record(NODE, (1, 1), Gui::V06, &[probe(300)]);
    let session = rig.open();
    let segment = &session.experiments[0].streams[0].segments[0];
    let (mut seconds, mut numbers) = ([0.0; 3], [0; 3]);
    segment.seconds.as_ref().unwrap().open().unwrap().floats(10, &mut seconds).unwrap();
    segment.sample_numbers.as_ref().unwrap().open().unwrap().integers(297, &mut numbers).unwrap();
    assert_eq!(
        seconds.map(f64::to_bits),
        [10.0, 11.0, 12.0f64].map(|i| ((1000.0 + i) / 30_000.0 + 0.25).to_bits())
    );
    assert_eq!(numbers, [1297, 1298, 1299]);
}

#[test]
fn numbers_have_gaps_and_sort_as_numbers() {
    let rig = Rig::new();
    for experiment in [10, 2, 1] {
        for number in [11, 3] {
            rig.record(NODE, (experiment, number), Gui::V06, &[probe(100 * number)]);
        }
    }
    let session = rig.open();
    let numbers: Vec<_> = session.experiments.iter().map(|experiment| experiment.number).collect();
    assert_eq!(numbers, [1, 2, 10]);
    let segments = &session.experiments[2].streams[0].segments;
    let segments: Vec<_> = segments.iter().map(|segment| (segment.number, segment.frames)).collect();
    assert_eq!(segments, [(3, 300), (11, 1100)]);
    assert!(session.experiments[2].streams[0].settings.ends_with("Record Node 101/settings_10.xml"));
    assert!(session.experiments[0].streams[0].settings.ends_with("Record Node 101/settings.xml"));
}

#[test]
fn two_nodes_may_have_one_stream_with_other_channels() {
    let rig = Rig::new();
    rig.record(NODE, (1, 1), Gui::V06, &[probe(100)]);
    rig.record("Record Node 99", (1, 1), Gui::V06, &[StreamSpec::probe(PROBE, 4, 70)]);
    let session = rig.open();
    let streams: Vec<_> = session.streams().map(|s| (s.store_name(), s.channels.len(), s.frames())).collect();
    // Names sort as text, as neo sorts them.
    assert_eq!(
        streams,
        [
            (format!("experiment1_Record Node 101#{PROBE}"), 6, 100),
            (format!("experiment1_Record Node 99#{PROBE}"), 4, 70)
        ]
    );
    assert_eq!((unread(&session), noted(&session)), (vec![], vec![]));
}

#[test]
fn a_part_of_a_session_has_the_names_of_the_whole() {
    let rig = Rig::new();
    let folder = rig.record(NODE, (2, 1), Gui::V06, &[probe(100)]);
    let whole = rig.open().experiments[0].streams[0].store_name();
    for root in folder.ancestors().take(3) {
        let session = Session::open(root, &Rules::default(), &Idle).unwrap();
        assert_eq!(session.experiments[0].streams[0].store_name(), whole, "{root}");
        assert_eq!(session.experiments[0].streams[0].frames(), 100);
    }
}

#[test]
fn several_acquisitions_do_not_collide() {
    let rig = Rig::new();
    for day in ["monday", "tuesday/late"] {
        recording(&rig.root().join(day), NODE, (1, 1), Gui::V06, &[probe(100)]).unwrap();
    }
    let names: Vec<_> = rig.open().streams().map(Stream::store_name).collect();
    let name = format!("experiment1_{NODE}#{PROBE}");
    assert_eq!(names, [format!("monday/{name}"), format!("tuesday/late/{name}")]);
}

#[test]
fn nodes_on_other_discs_are_one_acquisition() {
    let rig = Rig::new();
    recording(&rig.root().join("D"), NODE, (1, 1), Gui::V06, &[probe(100)]).unwrap();
    recording(&rig.root().join("E"), "Record Node 102", (1, 1), Gui::V06, &[probe(100)]).unwrap();
    let session = rig.open();
    assert_eq!((session.experiments.len(), session.experiments[0].streams.len()), (1, 2));
}

#[rstest]
#[case::gui_05("SYNC", Gui::V05)]
#[case::gui_06("AP_SYNC", Gui::V06)]
fn sync_and_adc_columns_are_kept(#[case] name: &str, #[case] gui: Gui) {
    let rig = Rig::new();
    let mut spec = probe(100);
    spec.channels.push(("ADC1".to_owned(), 0.000_15));
    let spec = spec.with_sync(name);
    rig.record(NODE, (1, 1), gui, std::slice::from_ref(&spec));
    let session = rig.open();
    let stream = &session.experiments[0].streams[0];
    let kinds: Vec<_> = stream.channels.iter().skip(5).map(|channel| channel.kind).collect();
    assert_eq!(kinds, [ChannelKind::Electrode, ChannelKind::Analog, ChannelKind::Sync]);
    assert_eq!((stream.segments[0].columns, stream.frames()), (8, 100));
    assert_eq!(samples(stream, 0), spec.samples());
}

#[test]
fn samples_are_read_in_ranges_and_not_beyond() {
    let rig = Rig::new();
    let spec = StreamSpec::probe(PROBE, 7, 30_000);
    rig.record(NODE, (1, 1), Gui::V06, std::slice::from_ref(&spec));
    let session = rig.open();
    let samples = session.experiments[0].streams[0].segments[0].open().unwrap();
    let mut some = vec![0; 7 * 20_000];
    samples.read(9_999, &mut some).unwrap();
    assert_eq!(some, spec.samples()[7 * 9_999..7 * 29_999]);
    let mut bytes = vec![0; 14];
    samples.read_bytes(29_999, &mut bytes).unwrap();
    assert_eq!(bytes, spec.samples()[7 * 29_999..].iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>());
    for (first, length) in [(29_999, 14), (30_001, 0), (0, 6), (u64::MAX, 7)] {
        assert_eq!(samples.read(first, &mut vec![0; length]).unwrap_err().class(), Class::Bug, "{first}");
    }
    assert_eq!(samples.tail().unwrap(), [0u8; 0]);
}

/// Something is done to one of two recordings' probe; the rest of the session must be read whatever it is.
#[rstest]
#[case::cut_dat(|f: &Utf8Path| cut(&f.join("continuous.dat"), 5), &[], &["ends inside a frame: 7 bytes follow 99 whole", "only the first value is used", "they are not used as times"], 99)]
#[case::empty_dat(|f: &Utf8Path| fs::write(f.join("continuous.dat"), "").unwrap(), &[], &["is empty", "sample_numbers.npy", "timestamps.npy"], 0)]
#[case::no_dat(|f: &Utf8Path| fs::remove_file(f.join("continuous.dat")).unwrap(), &["there is no such file"], &["nothing of the stream"], 0)]
#[case::no_times(|f: &Utf8Path| remove(f, &["timestamps.npy", "sample_numbers.npy"]), &[], &["no sample numbers"], 100)]
#[case::other_length(|f: &Utf8Path| npy(&f.join("timestamps.npy"), "<f8", 3, &[0; 24]).unwrap(), &[], &["3 values for 100 frames"], 100)]
#[case::cut_times(|f: &Utf8Path| cut(&f.join("timestamps.npy"), 1), &[], &["has 99 values by its 927 bytes and 100 by its header", "99 values for 100 frames"], 100)]
#[case::never_counted(|f: &Utf8Path| edit_bytes(f, "sample_numbers.npy", "(100,)", "(0,)  "), &[], &["has 100 values by its 928 bytes and 0 by its header"], 100)]
#[case::counted_too_many(|f: &Utf8Path| edit_bytes(f, "timestamps.npy", "(100,)", "(999,)"), &[], &["has 100 values by its 928 bytes and 999 by its header"], 100)]
#[case::more_than_counted(|f: &Utf8Path| append(f, "timestamps.npy", &[7; 30]), &[], &["is longer than its 100 values"], 100)]
#[case::no_array(|f: &Utf8Path| fs::write(f.join("timestamps.npy"), "x").unwrap(), &[], &["magic"], 100)]
#[case::seconds_alone(|f: &Utf8Path| remove(f, &["sample_numbers.npy"]), &[], &["holds seconds, and there is no `sample_numbers.npy`"], 100)]
#[case::no_oebin(|f: &Utf8Path| remove(f, &["../../structure.oebin"]), &["no `structure.oebin`", "no `structure.oebin`"], &[], 0)]
#[case::cut_oebin(|f: &Utf8Path| cut(&f.join("../../structure.oebin"), 9), &["does not describe a recording: EOF"], &[], 0)]
#[case::odd_stream(|f: &Utf8Path| edit(f, "30000.0", "-1.0"), &["sample rate is -1 Hz"], &["nothing of the stream"], 0)]
#[case::other_gain(|f: &Utf8Path| edit(f, "0.195", "0.25"), &["another channel (`CH1`: electrode of 0.25 µV per step, not electrode of 0.195"], &["nothing of the stream"], 0)]
#[case::other_name(|f: &Utf8Path| edit(f, "\"CH1\"", "\"CH9\""), &["another channel (`CH9` in place of `CH1`"], &["nothing of the stream"], 0)]
#[case::other_words(|f: &Utf8Path| edit(f, "\"description\": \"", "\"description\": \"an electrode in V1 "), &[], &[], 100)]
#[case::gain_is_no_number(|f: &Utf8Path| edit(f, "0.195", "NaN"), &["is not described as it must be"], &["nothing of the stream"], 0)]
fn one_broken_stream_loses_no_other(
    #[case] deed: fn(&Utf8Path),
    #[case] lost: &[&str],
    #[case] odd: &[&str],
    #[case] frames: u64,
) {
    let rig = Rig::new();
    rig.record(NODE, (1, 1), Gui::V06, &[probe(100), StreamSpec::ni_daq(2, 100)]);
    let folder = rig.record(NODE, (1, 2), Gui::V06, &[probe(100), StreamSpec::ni_daq(2, 100)]);
    deed(&folder.join("continuous").join(PROBE));
    let session = rig.open();
    for (found, expected) in [(unread(&session), lost), (noted(&session), odd)] {
        let fits = found.len() == expected.len()
            && expected.iter().all(|word| found.iter().any(|l| l.contains(word)));
        assert!(fits, "{found:#?} is not {expected:?}");
    }
    let whole = &session.experiments[0].streams[1];
    assert_eq!(samples(whole, 0), probe(100).samples());
    assert_eq!(whole.segments.get(1).map_or(0, |segment| segment.frames), frames);
    if frames > 0 {
        assert_eq!(samples(whole, 1), &probe(100).samples()[..6 * frames as usize]);
    }
}

fn edit_bytes(folder: &Utf8Path, name: &str, before: &str, after: &str) {
    let path = folder.join(name);
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(before.len()).position(|some| some == before.as_bytes()).unwrap();
    bytes[at..at + after.len()].copy_from_slice(after.as_bytes());
    fs::write(path, bytes).unwrap();
}

fn append(folder: &Utf8Path, name: &str, more: &[u8]) {
    let path = folder.join(name);
    fs::write(&path, [fs::read(&path).unwrap(), more.to_vec()].concat()).unwrap();
}

/// All channels of a stream may be switched off. Where samples are there all the same, they are not left out without a word.
#[rstest]
#[case::empty(Some(0), 0)]
#[case::no_file(None, 0)]
#[case::samples(Some(12), 1)]
fn a_stream_without_channels_was_not_recorded(#[case] bytes: Option<usize>, #[case] lost: usize) {
    let rig = Rig::new();
    let folder = rig.record(NODE, (1, 1), Gui::V06, &[probe(100)]);
    let off = folder.join("continuous/Neuropix-PXI-100.ProbeA-LFP");
    fs::create_dir_all(&off).unwrap();
    if let Some(bytes) = bytes {
        fs::write(off.join("continuous.dat"), vec![1; bytes]).unwrap();
    }
    let path = folder.join("structure.oebin");
    let entry = r#""continuous": [{"folder_name": "Neuropix-PXI-100.ProbeA-LFP/", "sample_rate": 2500, "channels": []}, "#;
    let text = fs::read_to_string(&path).unwrap();
    let at = text.find("\"continuous\"").unwrap();
    let begin = at + text[at..].find('[').unwrap() + 1;
    fs::write(&path, format!("{}{entry}{}", &text[..at], &text[begin..])).unwrap();
    let session = rig.open();
    assert_eq!(unread(&session).len(), lost, "{:?}", session.problems);
    assert_eq!(session.streams().count(), 1);
    if lost == 0 {
        assert!(
            noted(&session).iter().any(|note| note.contains("has no channels")),
            "{:?}",
            session.problems
        );
    }
}

/// Of 100 frames, with as many lost in the middle.
pub(crate) fn numbers(lost: i64) -> Vec<u8> {
    (0..100).flat_map(|i| (1000 + i + if i < 50 { 0 } else { lost }).to_le_bytes()).collect()
}

fn cut(path: &Utf8Path, bytes: u64) {
    let length = fs::metadata(path).unwrap().len();
    fs::File::options().write(true).open(path).unwrap().set_len(length - bytes).unwrap();
}

pub(crate) fn remove(folder: &Utf8Path, names: &[&str]) {
    for name in names {
        fs::remove_file(folder.join(name)).unwrap();
    }
}

/// Changes the first place only, which is the probe's.
fn edit(folder: &Utf8Path, from: &str, to: &str) {
    let path = folder.join("../../structure.oebin");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn the_bytes_of_an_unfinished_frame_are_there() {
    let rig = Rig::new();
    let folder = rig.record(NODE, (1, 1), Gui::V06, &[probe(100)]);
    let dat = folder.join("continuous").join(PROBE).join("continuous.dat");
    cut(&dat, 5);
    let samples = rig.open().experiments[0].streams[0].segments[0].open().unwrap();
    let whole = fs::read(dat).unwrap();
    assert_eq!(samples.tail().unwrap(), whole[99 * 12..]);
}

#[test]
fn a_column_that_is_counted_and_not_described_is_kept() {
    let rig = Rig::new();
    let spec = probe(100).with_sync("SYNC");
    let folder = rig.record(NODE, (1, 1), Gui::V06, std::slice::from_ref(&spec));
    let path = folder.join("structure.oebin");
    let mut oebin: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    oebin["continuous"][0]["channels"].as_array_mut().unwrap().pop();
    fs::write(&path, oebin.to_string()).unwrap();
    let session = rig.open();
    let stream = &session.experiments[0].streams[0];
    assert_eq!(
        (stream.channels[6].kind, stream.channels[6].id.as_str()),
        (ChannelKind::Undescribed, "COLUMN7")
    );
    assert_eq!(samples(stream, 0), spec.samples());
    assert!(noted(&session)[0].contains("has 7 values in each frame by its size"));
}

/// The samples are read; what the description says of them is reported.
#[rstest]
#[case::another_count("num_channels", 5.into(), "`num_channels` is 5")]
#[case::no_scale("channels", 0.into(), "1 channel has a `bit_volts` of 0 (first `CH1`)")]
fn a_description_that_the_samples_contradict(
    #[case] key: &str,
    #[case] value: serde_json::Value,
    #[case] says: &str,
) {
    let rig = Rig::new();
    let folder = rig.record(NODE, (1, 1), Gui::V06, &[probe(100)]);
    let path = folder.join("structure.oebin");
    let mut oebin: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let stream = &mut oebin["continuous"][0];
    if key == "channels" {
        stream[key][0]["bit_volts"] = value;
    } else {
        stream[key] = value;
    }
    fs::write(&path, oebin.to_string()).unwrap();
    let session = rig.open();
    assert_eq!(samples(&session.experiments[0].streams[0], 0), probe(100).samples());
    assert!(noted(&session).iter().any(|note| note.contains(says)), "{:?}", noted(&session));
}

#[test]
fn a_stream_of_one_experiment_only_is_told() {
    let rig = Rig::new();
    rig.record(NODE, (1, 1), Gui::V06, &[probe(100)]);
    rig.record(NODE, (2, 1), Gui::V06, &[probe(100), StreamSpec::ni_daq(2, 100)]);
    let session = rig.open();
    assert_eq!(session.streams().count(), 3);
    assert_eq!(unread(&session), Vec::<String>::new());
    assert!(noted(&session)[0].contains("`experiment1` has no stream"), "{:?}", noted(&session));
}

#[test]
fn samples_that_lie_elsewhere_are_told() {
    let rig = Rig::new();
    rig.record(NODE, (1, 1), Gui::V06, &[probe(100)]);
    let stray = rig.root().join("continuous/old");
    fs::create_dir_all(&stray).unwrap();
    fs::write(stray.join("continuous.dat"), "1234").unwrap();
    recording(rig.root(), "Record Node 7/experimentA", (1, 1), Gui::V06, &[]).unwrap();
    fs::rename(
        rig.root().join("Record Node 7/experimentA/experiment1/recording1/structure.oebin"),
        rig.root().join("Record Node 7/experimentA/structure.oebin"),
    )
    .unwrap();
    let session = rig.open();
    let told = unread(&session);
    assert!(told.iter().any(|line| line.contains("is described by no `structure.oebin`")), "{told:?}");
    assert!(told.iter().any(|line| line.contains("is not called `recording` and a number")), "{told:?}");
}

#[rstest]
#[case::nothing(&["a.txt"], "structure.oebin")]
#[case::the_older_format(&["100_CH1.continuous"], "older format")]
fn a_folder_without_recordings_is_missing(#[case] files: &[&str], #[case] word: &str) {
    let rig = Rig::new();
    for file in files {
        fs::write(rig.root().join(file), "").unwrap();
    }
    let fault = Session::open(rig.root(), &Rules::default(), &Idle).unwrap_err();
    assert_eq!(fault.class(), Class::Missing);
    assert!(fault.advice().unwrap().contains(word), "{fault}");
    assert!(Session::open(&rig.root().join("gone"), &Rules::default(), &Idle).is_err());
}

#[cfg(unix)]
#[test]
fn samples_behind_a_link_that_leads_outside_are_read() {
    let (rig, other) = (Rig::new(), Rig::new());
    let folder = rig.record(NODE, (1, 1), Gui::V06, &[probe(100), StreamSpec::ni_daq(2, 100)]);
    let stream = folder.join("continuous").join(PROBE);
    fs::rename(&stream, other.root().join("moved")).unwrap();
    std::os::unix::fs::symlink(other.root().join("moved"), &stream).unwrap();
    let session = rig.open();
    assert_eq!(unread(&session), Vec::<String>::new());
    assert_eq!(session.streams().count(), 2);
}

#[test]
fn the_source_is_not_touched() {
    let rig = Rig::new();
    rig.record(NODE, (1, 1), Gui::V06, &[probe(100)]);
    let before = tree::digest(rig.root()).unwrap();
    rig.open();
    assert_eq!(tree::digest(rig.root()).unwrap(), before);
}

#[rstest]
#[case::missing(None, "there is no settings file")]
#[case::another_make(Some("<recording/>"), "it is not a settings file of Open Ephys")]
#[case::no_probes(Some("<SETTINGS/>"), "no processor of Neuropixels probes")]
fn settings_that_tell_no_probe_are_told_once(#[case] settings: Option<&str>, #[case] word: &str) {
    let rig = Rig::new();
    rig.record(NODE, (1, 1), Gui::V06, &[probe(100), StreamSpec::ni_daq(2, 100)]);
    if let Some(text) = settings {
        fs::write(rig.root().join(NODE).join("settings.xml"), text).unwrap();
    }
    let session = rig.open();
    let told = told(&session, Weight::Noted);
    assert!(told.len() == 1 && told[0].contains(word), "{told:?}");
    assert_eq!((session.streams().count(), unread(&session)), (2, vec![]));
}

/// Which streams are missed when there are no settings.
#[rstest]
#[case::probe("Neuropix-PXI-100.ProbeA", "CH", 1)]
#[case::a_name_with_the_letters("Neuropix-PXI-100.VADC1", "CH", 1)]
#[case::onebox("OneBox-100.ProbeA", "CH", 1)]
#[case::inputs_of_a_onebox("OneBox-100.OneBox-ADC", "ADC", 0)]
#[case::onix("ONIX_Source-100.PortA-Neuropixels2.0eHeadstage-Neuropixels2.0-Probe0", "CH", 1)]
#[case::another_device_of_onix("ONIX_Source-100.PortA-Neuropixels2.0eHeadstage-BNO055", "BNO", 0)]
#[case::another_board("Acquisition_Board-100.Rhythm Data", "CH", 0)]
fn streams_that_should_have_a_probe(#[case] folder: &str, #[case] prefix: &str, #[case] notes: usize) {
    let rig = Rig::new();
    let mut spec = StreamSpec { processor: String::new(), ..StreamSpec::probe(folder, 4, 30) };
    for (number, channel) in spec.channels.iter_mut().enumerate() {
        channel.0 = format!("{prefix}{number}");
    }
    rig.record(NODE, (1, 1), Gui::V06, &[spec]);
    assert_eq!(told(&rig.open(), Weight::Noted).len(), notes);
}

/// A rig of many probes is one note where one cause is common to all.
#[test]
fn one_cause_for_many_probes_is_one_note() {
    let rig = Rig::new();
    let names = ["A-AP", "A-LFP", "B", "C", "D", "E"].map(|name| format!("Neuropix-PXI-100.Probe{name}"));
    let streams = names.map(|name| StreamSpec::probe(&name, 4, 30));
    for number in [(1, 1), (2, 1)] {
        rig.record(NODE, number, Gui::V06, &streams);
    }
    let notes = told(&rig.open(), Weight::Noted);
    assert!(notes.len() == 1 && notes[0].contains("and 2 more: there is no settings file"), "{notes:?}");
}

/// Rigs with a fast disk keep the samples there and link to them.
#[cfg(unix)]
#[rstest]
#[case::folder("Record Node 101/experiment1/recording1/continuous")]
#[case::all_of_it("Record Node 101")]
fn recordings_on_another_disk_are_found_by_links(#[case] moved: &str) {
    let rig = Rig::new();
    rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe(PROBE, 6, 300)]);
    let names = |session: &Session| session.streams().map(Stream::store_name).collect::<Vec<_>>();
    let here = names(&rig.open());
    let disk = tempfile::tempdir().unwrap();
    let there = disk.path().join("there");
    fs::rename(rig.root().join(moved), &there).unwrap();
    std::os::unix::fs::symlink(&there, rig.root().join(moved)).unwrap();
    let linked = rig.open();
    assert_eq!((names(&linked), unread(&linked)), (here, vec![]));
    let skip = Rules { links: adt_formats::folder::Links::Skip, ..Rules::default() };
    let skipped = Session::open(rig.root(), &skip, &Idle);
    assert!(skipped.is_err() || skipped.is_ok_and(|session| !unread(&session).is_empty()));
}
