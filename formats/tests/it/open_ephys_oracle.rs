//! What we read of a session is what neo and probeinterface read.

use std::process::Command;

use adt_formats::{
    folder::Rules,
    open_ephys::{ChannelKind, Content, Segment, Session, Stream, clipped},
};
use adt_model::Idle;
use adt_testkit::{
    open_ephys::{Gui, ProbeSpec, StreamSpec, settings},
    oracle,
};
use camino::Utf8Path;
use rstest::rstest;
use serde_json::{Value, json};

use crate::open_ephys::{NODE, PROBE, Rig};

/// The versions the Python original is pinned to.
const PACKAGES: [&str; 3] = ["neo==0.13.0", "probeinterface==0.2.21", "numpy==1.26.1"];

/// The version that `scripts/probe-catalogue` takes the catalogue from.
const CATALOGUE: &str = "probeinterface==0.4.2";

#[test]
fn the_catalogue_of_probes_is_that_of_probeinterface() {
    let folder = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let python = oracle::program(&oracle::venv(&folder, &[CATALOGUE]).unwrap(), "python");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/probe-catalogue");
    let made = Command::new(python).args([script, "--print"]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let kept = include_str!("../../src/open_ephys/probe/catalogue.tsv");
    assert!(String::from_utf8(made.stdout).unwrap() == kept, "run scripts/probe-catalogue");
}

fn differences(root: &Utf8Path) -> String {
    let folder = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let python = oracle::program(&oracle::venv(&folder, &PACKAGES).unwrap(), "python");
    let session = Session::open(root, &Rules::default(), &Idle).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), described(&session).to_string()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/open_ephys_oracle.py");
    let out = Command::new(python).arg(script).arg(root).arg(file.path()).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

fn described(session: &Session) -> Value {
    let experiments: Vec<_> = session
        .experiments
        .iter()
        .map(|experiment| {
            let streams: Vec<_> = experiment.streams.iter().map(stream).collect();
            json!({"name": experiment.name, "streams": streams})
        })
        .collect();
    json!({ "experiments": experiments })
}

/// neo leaves the synchronisation column out.
fn stream(stream: &Stream) -> Value {
    let channels: Vec<_> =
        stream.channels.iter().filter(|channel| channel.kind != ChannelKind::Sync).collect();
    let segments: Vec<_> =
        stream.segments.iter().map(|one| segment(one, stream.sample_rate, channels.len())).collect();
    json!({
        "name": stream.name,
        "sample_rate": stream.sample_rate,
        "channels": channels.iter().map(|channel| channel.name.as_str()).collect::<Vec<_>>(),
        "bit_volts": channels.iter().map(|channel| channel.bit_volts).collect::<Vec<_>>(),
        "settings": stream.settings,
        "probe": stream.probe.as_ref().map(adt_formats::open_ephys::Probe::geometry),
        "info": stream.probe.as_ref().map(adt_formats::open_ephys::Probe::info),
        "segments": segments,
    })
}

fn segment(segment: &Segment, sample_rate: f64, channels: usize) -> Value {
    let mut samples = vec![0; segment.columns * segment.frames as usize];
    segment.open().unwrap().read(0, &mut samples).unwrap();
    let kept = samples.chunks(segment.columns).flat_map(|frame| &frame[..channels]);
    let checksum: i64 =
        (0u32..).zip(kept).map(|(i, value)| i64::from(*value) * i64::from(i % 1009 + 1)).sum();
    json!({
        "frames": segment.frames,
        "t_start": segment.t_start(sample_rate),
        "first_sample": segment.ends.counter.map(|(first, _)| first),
        "checksum": checksum,
    })
}

#[rstest]
#[case::gui_06(Gui::V06, NODE)]
#[case::gui_05(Gui::V05, NODE)]
#[case::gui_04(Gui::V04, "")]
fn sessions_are_read_as_neo_reads_them(#[case] gui: Gui, #[case] node: &str) {
    let rig = Rig::new();
    for number in [(1, 1), (1, 10), (1, 3), (2, 1), (10, 2)] {
        let frames = 100 + 7 * number.1;
        let streams = [
            StreamSpec::probe(PROBE, 6, frames).with_sync("AP_SYNC"),
            StreamSpec::probe("Neuropix-PXI-100.ProbeB", 5, frames),
            StreamSpec::ni_daq(3, frames),
        ];
        rig.record(node, number, gui, &streams);
        if !node.is_empty() {
            rig.record("Record Node 99", number, gui, &streams[1..]);
        }
    }
    // neo takes the number of segments of all experiments from the last node.
    assert_eq!(differences(rig.root()), "");
}

#[test]
fn the_clipped_copy_is_read_by_neo() {
    let (rig, copy) = (Rig::new(), Rig::new());
    for number in [(1, 1), (3, 1), (3, 4)] {
        // One recording is shorter than what is asked for.
        let frames = 40 * number.1 + 20;
        let streams =
            [StreamSpec::probe(PROBE, 6, frames).with_sync("AP_SYNC"), StreamSpec::ni_daq(3, frames)];
        rig.record(NODE, number, Gui::V06, &streams);
    }
    let session = rig.open();
    for file in clipped(&session, 100) {
        let file = file.unwrap();
        let whole = std::fs::read(&file.source.path).unwrap();
        let bytes = match file.content {
            Content::FirstFrames { columns, frames } => &whole[..2 * columns * frames as usize],
            _ => &whole,
        };
        let path = copy.root().join(file.key.as_str());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let names = |session: &Session| session.streams().map(Stream::store_name).collect::<Vec<_>>();
    assert_eq!(names(&copy.open()), names(&session));
    assert_eq!(copy.open().streams().map(Stream::frames).max(), Some(160));
    assert_eq!(differences(copy.root()), "");
}

/// x of the left column, pitches, as the GUI writes them. Parts whose figures later versions of probeinterface corrected (NP1030, NP1031, NP1121)
/// are compared with 0.4.2 by `scripts/compare-probes`.
#[rstest]
#[case::np1("NP1010", (11.0, 32.0, 20.0))]
#[case::np1_early("PRB_1_4_0480_1", (11.0, 32.0, 20.0))]
#[case::np2_prototype("NP2000", (8.0, 32.0, 15.0))]
#[case::np2("NP2004", (8.0, 32.0, 15.0))]
#[case::nhp_short("NP1015", (11.0, 32.0, 20.0))]
#[case::nhp_medium("NP1022", (11.0, 103.0, 20.0))]
#[case::nhp_linear("NP1032", (11.0, 103.0, 20.0))]
#[case::opto("NP1300", (11.0, 48.0, 20.0))]
fn probes_are_those_of_probeinterface(#[case] part: &str, #[case] geometry: (f64, f64, f64)) {
    let mut probe = ProbeSpec::new("ProbeA", part, 384, geometry);
    // Rows are staggered on these.
    if matches!(part, "NP1010" | "PRB_1_4_0480_1") {
        for (_, site) in probe.sites.iter_mut().enumerate().filter(|(n, _)| n / 2 % 2 == 0) {
            site.0 += 16.0;
        }
    }
    compare(&[probe], "0.6.4");
}

#[rstest]
#[case::prototype("NP2010", "0.6.4")]
#[case::four("NP2014", "0.6.4")]
#[case::before_06("NP2014", "0.5.5")]
fn shanks_are_those_of_probeinterface(#[case] part: &str, #[case] gui: &str) {
    let mut probe = ProbeSpec::new("ProbeA", part, 384, (8.0, 32.0, 15.0));
    for (n, site) in probe.sites.iter_mut().enumerate() {
        let shank = n as u32 / 96;
        let row = (n % 96 / 2) as f64;
        *site = (site.0 + 250.0 * f64::from(shank), 15.0 * row, Some(shank));
        if gui == "0.5.5" {
            site.1 += 250.0 * f64::from(shank);
        }
    }
    compare(&[probe], gui);
}

#[test]
fn columns_of_an_ultra_are_those_of_probeinterface() {
    let mut probe = ProbeSpec::new("ProbeA", "NP1100", 384, (8.0, 6.0, 6.0));
    for (n, site) in probe.sites.iter_mut().enumerate() {
        *site = (8.0 + 6.0 * (n % 8) as f64, 6.0 * (n / 8) as f64, None);
    }
    compare(&[probe], "0.6.4");
}

#[test]
fn each_stream_has_its_own_probe() {
    let np1 = |name| {
        let mut probe = ProbeSpec::new(name, "NP1010", 384, (11.0, 32.0, 20.0));
        for (_, site) in probe.sites.iter_mut().enumerate().filter(|(n, _)| n / 2 % 2 == 0) {
            site.0 += 16.0;
        }
        probe
    };
    compare(&[np1("ProbeA"), ProbeSpec::new("ProbeB", "NP2004", 384, (8.0, 32.0, 15.0))], "0.6.4");
}

/// A session with a stream for each probe.
fn compare(probes: &[ProbeSpec], gui: &str) {
    let rig = Rig::new();
    let names: Vec<_> = probes.iter().map(|probe| format!("{}-AP", probe.name)).collect();
    let folder = |name: &String| format!("Neuropix-PXI-100.{name}");
    let streams: Vec<_> = names.iter().map(|name| StreamSpec::probe(&folder(name), 384, 20)).collect();
    rig.record(NODE, (1, 1), Gui::V06, &streams);
    let written: Vec<_> = names.iter().map(String::as_str).collect();
    std::fs::write(rig.root().join(NODE).join("settings.xml"), settings(gui, "0.5.0", &written, probes))
        .unwrap();
    let session = rig.open();
    assert!(session.streams().all(|stream| stream.probe.is_some()), "{:?}", session.problems);
    assert_eq!(differences(rig.root()), "");
}
