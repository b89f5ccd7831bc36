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

#[test]
fn fuzzed_descriptions() {
    let corpus = Corpus::new(vec![description()]).with_words(&WORDS);
    fuzz("open_ephys::tests::fuzzed_descriptions", ROOM, |seed| {
        super::oebin::parse(&corpus.changed(seed)).is_ok()
    });
}

#[test]
fn fuzzed_settings() {
    let corpus = Corpus::new(vec![everything()]).with_words(&WORDS);
    let wanted = Wanted {
        node: "Record Node 101",
        name: "Record Node 101#Neuropix-PXI-100.ProbeA",
        stream: "ProbeA",
        sample_rate: 30_000.0,
        channels: vec!["CH1", "CH3", "CH2"],
        electrodes: None,
    };
    let numbered = Wanted { electrodes: Some(vec![2, 0, 1]), ..wanted.clone() };
    fuzz("open_ephys::tests::fuzzed_settings", ROOM, |seed| {
        let text = corpus.changed(seed);
        let text = String::from_utf8_lossy(&text);
        drop(opto::corrected(&text));
        let Ok(settings) = Settings::parse(&text) else { return false };
        for found in [&wanted, &numbered].into_iter().filter_map(|wanted| settings.probe(wanted).ok()) {
            let probe = found.probe;
            drop((probe.geometry(), probe.info(), probe.groups(), probe.inter_sample_shift("")));
        }
        true
    });
}
