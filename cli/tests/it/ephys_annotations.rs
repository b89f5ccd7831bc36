//! Properties and annotations of stores are those that SpikeInterface gives the recordings, but for what `docs/EPHYS.md` lists.

use adt_testkit::open_ephys::{Gui, StreamSpec};
use rstest::rstest;

use crate::ephys_session::{NODE, Readers, Rig, neuropixels, np2};

fn four_shanks(rig: &Rig) {
    rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe("Neuropix-PXI-100.ProbeA", 384, 40)]);
    rig.settings("settings.xml", &["ProbeA"], &[np2("ProbeA")]);
}

/// Electrodes, accelerometer and analogue inputs in one file.
fn acquisition_board(rig: &Rig) {
    let mut stream = StreamSpec::probe("Acquisition_Board-100.Rhythm", 16, 300);
    stream.channels.extend((1..=3).map(|n| (format!("AUX{n}"), 0.000_037_4)));
    stream.channels.extend((1..=8).map(|n| (format!("ADC{n}"), 0.000_152_587)));
    rig.record(NODE, (1, 1), Gui::V06, &[stream]);
}

#[rstest]
#[case::first_kind(neuropixels, "6 compared")]
#[case::four_shanks(four_shanks, "1 compared")]
#[case::acquisition_board(acquisition_board, "1 compared")]
fn properties_and_annotations_are_those_of_spikeinterface(#[case] session: fn(&Rig), #[case] said: &str) {
    let rig = Rig::new();
    session(&rig);
    rig.compress(&["--lsb", "none", "--chunk-duration", "30ms"]).ends(0);
    let stores = rig.stores();
    assert_eq!(Readers::Today.run("annotations.py", &[rig.session.as_str(), stores.as_str()]), said);
}
