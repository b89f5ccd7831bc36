//! Files of recordings with bytes changed at random, see `adt_testkit::fuzz`.

use adt_testkit::{
    fuzz::{Corpus, fuzz},
    open_ephys::{Gui, ProbeSpec, StreamSpec, recording, settings},
};
use camino::Utf8Path;

use super::settings::{Settings, Wanted, opto};

/// What a parser of a few kilobytes may allocate.
const ROOM: u64 = 16 << 20;

/// Pieces that mean something to one of the parsers.
const WORDS: [&str; 22] = [
    "<",
    ">",
    "/>",
    "\"",
    "&amp;",
    "&#x110000;",
    "<!--",
    "]]>",
    "<!DOCTYPE x [",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "-1",
    "1e999",
    "18446744073709551616",
    "\u{0}",
    "\\u0000",
    "NP_PROBE",
];

/// A description of two streams.
fn description() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(folder.path()).unwrap();
    let streams =
        [StreamSpec::probe("Neuropix-PXI-100.ProbeA", 2, 3).with_sync("SYNC"), StreamSpec::ni_daq(1, 3)];
    let made = recording(root, "Record Node 101", (1, 1), Gui::V06, &streams).unwrap();
    std::fs::read(made.join("structure.oebin")).unwrap()
}

/// A settings file with everything that is looked for.
fn everything() -> Vec<u8> {
    let mut probe = ProbeSpec::new("ProbeA", "NP1300", 4, (11.0, 32.0, 20.0));
    probe.headstage = "OPTO".to_owned();
    settings("0.5.5", "0.4.0", &["ProbeA"], &[probe]).replace("\"ALL\"", "\"1101\"").into_bytes()
}

/// Settings of GUI 1.0: an ONIX system, a Channel Map, and a record node that leaves channels out.
fn of_gui_1() -> Vec<u8> {
    let text = r#"<SETTINGS><INFO><VERSION>1.0.1</VERSION></INFO><SIGNALCHAIN>
        <PROCESSOR name="ONIX Source" nodeId="100"><STREAM name="PortA-Headstage-ProbeA-AP"/><EDITOR><CUSTOM_PARAMETERS>
        <NEUROPIXELSV2E idx="256" isEnabled="1"><PROBE0 probeSerialNumber="1" probePartNumber="NP2013"><PROBE_VIEWER referenceChannel="Ext"/>
        <SELECTED_ELECTRODES CH0="1280" CH1="7" CH2="8" CH3="9"/></PROBE0></NEUROPIXELSV2E>
        <NEUROPIXELSV1E name="ProbeA" idx="256" probePartNumber="NP1010"><SELECTED_ELECTRODES CH0="0" CH1="1" CH2="2" CH3="5"/></NEUROPIXELSV1E>
        </CUSTOM_PARAMETERS></EDITOR></PROCESSOR>
        <PROCESSOR name="Channel Map" nodeId="105"><STREAM name="PortA-Headstage-ProbeA-AP"><PARAMETERS enable_stream="1"/></STREAM>
        <CUSTOM_PARAMETERS><STREAM><CH index="3" enabled="1"/><CH index="1"/><CH index="0"/><CH index="2"/></STREAM></CUSTOM_PARAMETERS></PROCESSOR>
        <PROCESSOR name="Record Node" nodeId="101"><STREAM name="PortA-Headstage-ProbeA-AP" channel_count="4"><PARAMETERS channels="1"/></STREAM>
        </PROCESSOR></SIGNALCHAIN></SETTINGS>"#;
    text.as_bytes().to_vec()
}

#[test]
fn fuzzed_descriptions() {
    let corpus = Corpus::new(vec![description()]).with_words(&WORDS);
    fuzz("open_ephys::tests::fuzzed_descriptions", ROOM, |seed| {
        super::oebin::parse(&corpus.changed(seed)).is_ok()
    });
}

#[test]
fn fuzzed_settings() {
    let corpus = Corpus::new(vec![everything(), of_gui_1()]).with_words(&WORDS);
    let wanted = Wanted {
        node: "Record Node 101",
        name: "Record Node 101#Neuropix-PXI-100.ProbeA",
        stream: "ProbeA",
        sample_rate: 30_000.0,
        channels: vec!["CH1", "CH3", "CH2"],
        electrodes: None,
    };
    let numbered = Wanted { electrodes: Some(vec![2, 0, 1]), ..wanted.clone() };
    let newer = Wanted {
        name: "Record Node 101#ONIX_Source-100.PortA-Headstage-ProbeA-AP",
        stream: "PortA-Headstage-ProbeA-AP",
        ..wanted.clone()
    };
    assert!(Settings::parse(&String::from_utf8(of_gui_1()).unwrap()).unwrap().probe(&newer).is_ok());
    fuzz("open_ephys::tests::fuzzed_settings", ROOM, |seed| {
        let text = corpus.changed(seed);
        let text = String::from_utf8_lossy(&text);
        drop(opto::corrected(&text));
        let Ok(settings) = Settings::parse(&text) else { return false };
        for found in [&wanted, &numbered, &newer].into_iter().filter_map(|wanted| settings.probe(wanted).ok())
        {
            let probe = found.probe;
            drop((probe.geometry(), probe.info(), probe.groups(), probe.inter_sample_shift("")));
        }
        true
    });
}
