//! What a person may do by mistake with recordings: nothing is lost by it, and nothing is hidden.

use adt_testkit::open_ephys::{Gui, StreamSpec};
use camino::Utf8Path;

use crate::{
    desk::{Said, digest},
    ephys_session::{AP, NODE, Rig, convert, dat},
};

fn small() -> Rig {
    let rig = Rig::new();
    rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe(AP, 16, 900)]);
    rig
}

fn compress(rig: &Rig, source: &Utf8Path, destination: &Utf8Path, flags: &[&str]) -> Said {
    let words = ["ephys", "compress", source.as_str(), destination.as_str()];
    Said::of(&mut rig.desk.adt(&[&words, flags].concat()))
}

#[cfg(unix)]
#[test]
fn a_link_into_the_session_is_no_destination() {
    let rig = small();
    let before = digest(&rig.session);
    let link = rig.desk.root.join("link");
    std::os::unix::fs::symlink(&rig.session, &link).unwrap();
    for below in ["out", "not/there/yet"] {
        compress(&rig, &rig.session, &link.join(below), &[]).ends(2).says("lies inside the source");
    }
    assert_eq!(digest(&rig.session), before);
}

#[test]
fn what_was_compressed_or_clipped_is_not_compressed_again() {
    let rig = small();
    rig.compress(&[]).ends(0);
    let again = rig.desk.root.join("again");
    let asset = rig.stores().parent().unwrap().to_owned();
    for source in [asset, rig.clipped()] {
        compress(&rig, &source, &again, &[]).says("compressed or clipped already");
    }
    assert!(!again.exists());
}

#[test]
fn a_store_made_anew_otherwise_keeps_nothing_of_the_old_one() {
    let rig = small();
    rig.compress(&["--chunk-duration", "5ms"]).ends(0);
    let many = digest(&rig.stores()).len();
    rig.compress(&["--chunk-duration", "20ms"]).says("--force");
    rig.compress(&["--chunk-duration", "20ms", "--force"]).ends(0);
    let fewer = digest(&rig.stores());
    assert_eq!(many - fewer.len(), 6 - 2, "{fewer:?}");
    let clean = small();
    clean.compress(&["--chunk-duration", "20ms"]).ends(0);
    assert_eq!(
        fewer.into_keys().collect::<Vec<_>>(),
        digest(&clean.stores()).into_keys().collect::<Vec<_>>()
    );
}

#[test]
fn a_loss_that_was_asked_for_is_told() {
    let rig = Rig::new();
    let recorded = rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe(AP, 16, 900)]);
    convert(&dat(&recorded, AP), 16, 16, 3.912_5);
    let said = rig.compress(&["--lsb", "spikeinterface"]);
    said.ends(0).says("LOSSY: ");
}
