//! Files of recordings with bytes changed at random: nothing panics, nothing takes more memory than the file is long times a number.

use adt_testkit::{
    Seed,
    open_ephys::{Gui, ProbeSpec, StreamSpec, recording, settings},
};
use camino::Utf8Path;

use super::settings::{Settings, Wanted, opto};
use crate::npy;

/// `ADT_FUZZ=10000000 cargo test --release -p adt-formats --lib open_ephys::tests` for a long run.
fn rounds() -> u64 {
    std::env::var("ADT_FUZZ").ok().and_then(|text| text.parse().ok()).unwrap_or(3000)
}

/// Pieces that mean something to one of the parsers.
const WORDS: [&str; 24] = [
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
    "'descr'",
    "(",
    "NP_PROBE",
];

fn changed(good: &[u8], seed: &mut Seed) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..=seed.below(4) {
        if bytes.is_empty() {
            break;
        }
        let at = seed.below(bytes.len() as u64) as usize;
        match seed.below(6) {
            0 => bytes[at] = seed.bits() as u8,
            1 => bytes[at] ^= 1 << seed.below(8),
            2 => bytes.truncate(at),
            3 => {
                let end = (at + 1 + seed.below(40) as usize).min(bytes.len());
                bytes.drain(at..end);
            }
            4 => {
                let end = (at + seed.below(200) as usize).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            _ => {
                let word = WORDS[seed.below(WORDS.len() as u64) as usize];
                bytes.splice(at..at, word.bytes());
            }
        }
    }
    bytes
}

/// A description, an array and a settings file with everything that is looked for.
fn good() -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(folder.path()).unwrap();
    let streams =
        [StreamSpec::probe("Neuropix-PXI-100.ProbeA", 2, 3).with_sync("SYNC"), StreamSpec::ni_daq(1, 3)];
    let made = recording(root, "Record Node 101", (1, 1), Gui::V06, &streams).unwrap();
    let array = made.join("continuous/Neuropix-PXI-100.ProbeA/timestamps.npy");
    let mut probe = ProbeSpec::new("ProbeA", "NP1300", 4, (11.0, 32.0, 20.0));
    probe.headstage = "OPTO".to_owned();
    let settings = settings("0.5.5", "0.4.0", &["ProbeA"], &[probe]).replace("\"ALL\"", "\"1101\"");
    (
        std::fs::read(made.join("structure.oebin")).unwrap(),
        std::fs::read(array).unwrap(),
        settings.into_bytes(),
    )
}

#[test]
fn changed_files_never_panic() {
    let (oebin, array, settings) = good();
    let wanted = Wanted {
        node: "Record Node 101",
        name: "Record Node 101#Neuropix-PXI-100.ProbeA",
        stream: "ProbeA",
        sample_rate: 30_000.0,
        channels: vec!["CH1", "CH3", "CH2"],
    };
    let mut parsed = [0u64; 3];
    for round in 0..rounds() {
        let mut seed = Seed::new(round);
        parsed[0] += u64::from(super::oebin::parse(&changed(&oebin, &mut seed)).is_ok());
        parsed[1] += u64::from(npy::header_of(&changed(&array, &mut seed)).is_ok());
        let text = changed(&settings, &mut seed);
        let text = String::from_utf8_lossy(&text);
        drop(opto::corrected(&text));
        if let Ok(settings) = Settings::parse(&text) {
            parsed[2] += 1;
            if let Ok(probe) = settings.probe(&wanted) {
                drop((probe.geometry(), probe.info(), probe.groups(), probe.inter_sample_shift("")));
            }
        }
    }
    // Changes that leave nothing to parse would test nothing.
    assert!(parsed.iter().all(|count| *count > rounds() / 20), "{parsed:?}");
}
