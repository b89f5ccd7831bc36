//! Time files of recordings, and what says that their clocks are aligned.

use std::fs;

use adt_model::{Aligned, Fault};
use adt_testkit::open_ephys::{Gui, StreamSpec, npy};
use camino::Utf8Path;
use rstest::rstest;

use crate::open_ephys::{NODE, PROBE, Rig, noted, numbers, probe, remove};

/// The ends of the time files are looked at when a session is opened, and all of them only when it is compressed.
#[rstest]
#[case::nothing(|_: &Utf8Path| {}, None)]
#[case::lost_samples(|f: &Utf8Path| npy(&f.join("sample_numbers.npy"), "<i8", 100, &numbers(7)).unwrap(), Some("goes from 1000 to 1106 in 100 sample numbers"))]
#[case::unsynchronised(|f: &Utf8Path| npy(&f.join("timestamps.npy"), "<f8", 100, &(-1.0f64).to_le_bytes().repeat(100)).unwrap(), Some("goes from -1 s to -1 s in 100 values"))]
#[case::constant(|f: &Utf8Path| npy(&f.join("timestamps.npy"), "<f8", 100, &2.5f64.to_le_bytes().repeat(100)).unwrap(), Some("goes from 2.5 s to 2.5 s in 100 values"))]
#[case::not_a_number(|f: &Utf8Path| npy(&f.join("timestamps.npy"), "<f8", 100, &f64::NAN.to_le_bytes().repeat(100)).unwrap(), Some("goes from NaN s to NaN s in 100 values"))]
fn a_glance_sees_the_ends(#[case] deed: fn(&Utf8Path), #[case] what: Option<&str>) {
    let rig = Rig::new();
    let folder = rig.record(NODE, (1, 1), Gui::V06, &[probe(100)]);
    deed(&folder.join("continuous").join(PROBE));
    let session = rig.open();
    let found = session.experiments[0].streams[0].segments[0].glance();
    assert_eq!(noted(&session), [""; 0]);
    let lines: Vec<_> = found.iter().map(Fault::line).collect();
    assert_eq!(lines.len(), usize::from(what.is_some()), "{lines:?}");
    assert!(what.is_none_or(|what| lines[0].contains(what)), "{lines:?}");
}

/// What says that timestamps are aligned, for one recording of a stream.
#[rstest]
#[case::nothing(|_: &Utf8Path| {}, None, [false, false])]
#[case::flag_beside(|f: &Utf8Path| fs::write(f.join("TIMESTAMPS_ADJUSTED.flag"), "").unwrap(), None, [true, true])]
#[case::flag_of_the_node(|f: &Utf8Path| fs::write(f.join("../../../../TIMESTAMPS_ADJUSTED.flag"), "").unwrap(), None, [true, true])]
#[case::flag_of_the_session(|f: &Utf8Path| fs::write(f.join("../../../../../TIMESTAMPS_ADJUSTED.flag"), "").unwrap(), None, [true, true])]
#[case::flag_of_another_stream(|f: &Utf8Path| fs::write(f.join("../NI-DAQmx-103.PXIe-6341/TIMESTAMPS_ADJUSTED.flag"), "").unwrap(), None, [false, false])]
#[case::original(|f: &Utf8Path| { fs::copy(f.join("timestamps.npy"), f.join("original_timestamps.npy")).unwrap(); }, None, [true, true])]
#[case::local_alone(|f: &Utf8Path| { fs::copy(f.join("timestamps.npy"), f.join("localsync_timestamps.npy")).unwrap(); }, None, [false, false])]
#[case::harp(|_: &Utf8Path| {}, Some("HARP_SYNCED"), [true, true])]
#[case::main(|_: &Utf8Path| {}, Some("SYNCED_TO_MAIN"), [false, true])]
#[case::hardware(|_: &Utf8Path| {}, Some("HARDWARE_SYNCED"), [false, true])]
#[case::not_yet(|_: &Utf8Path| {}, Some("NOT_SYNCED"), [false, false])]
#[case::off(|_: &Utf8Path| {}, Some("OFF"), [false, false])]
#[case::no_seconds(|f: &Utf8Path| remove(f, &["timestamps.npy"]), Some("HARP_SYNCED"), [false, false])]
fn alignment(#[case] deed: fn(&Utf8Path), #[case] status: Option<&str>, #[case] aligned: [bool; 2]) {
    let rig = Rig::new();
    let folder = rig.record(NODE, (1, 1), Gui::V06, &[probe(100), StreamSpec::ni_daq(2, 100)]);
    if let Some(status) = status {
        let of_node = |id: u32, status: &str| {
            format!(
                "<PROCESSOR name=\"Record Node\" nodeId=\"{id}\"><CUSTOM_PARAMETERS>\
                 <SYNC_STATUS streamKey=\"103|PXIe-6341\" status=\"OFF\"/>\
                 <SYNC_STATUS streamKey=\"100|ProbeA\" status=\"{status}\"/></CUSTOM_PARAMETERS></PROCESSOR>"
            )
        };
        let nodes = [of_node(99, "OFF"), of_node(101, status)].concat();
        let text = format!("<SETTINGS><SIGNALCHAIN>{nodes}</SIGNALCHAIN></SETTINGS>");
        fs::write(rig.root().join(NODE).join("settings.xml"), text).unwrap();
    }
    deed(&folder.join("continuous").join(PROBE));
    let session = rig.open();
    let stream = session.streams().find(|stream| stream.name.ends_with("ProbeA")).unwrap();
    assert_eq!(stream.sync_status.as_deref(), status);
    let refused = |wanted| stream.not_aligned(&stream.segments[0], wanted);
    assert_eq!(refused(Aligned::Any), None);
    assert_eq!([Aligned::Harp, Aligned::Main].map(|wanted| refused(wanted).is_none()), aligned);
}
