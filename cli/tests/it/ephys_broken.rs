//! Sessions in which something is wrong: the rest is saved, what is missing is told, and nothing in the source is touched.

use std::{collections::BTreeMap, time::SystemTime};

use adt_testkit::{
    open_ephys::{Gui, ProbeSpec, StreamSpec, settings},
    tree,
};
use camino::Utf8Path;
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::Tree,
    ephys_session::{AP, LFP, NI, NODE, Readers, Rig, ap, dat, neuropixels},
};

fn truncated_description(rig: &Rig) {
    let oebin = rig.session.join(NODE).join("experiment1/recording2/structure.oebin");
    let text = fs::read(&oebin).unwrap();
    fs::write(oebin, &text[..text.len() / 2]).unwrap();
}

fn no_description(rig: &Rig) {
    fs::remove_file(rig.session.join(NODE).join("experiment3/recording1/structure.oebin")).unwrap();
}

fn no_samples(rig: &Rig) {
    fs::remove_file(dat(&rig.session.join(NODE).join("experiment1/recording1"), LFP)).unwrap();
}

fn other_channels(rig: &Rig) {
    fs::remove_dir_all(rig.session.join(NODE).join("experiment3/recording2")).unwrap();
    rig.record(NODE, (3, 2), Gui::V06, &[StreamSpec::probe(AP, 4, 50)]);
}

fn other_settings(rig: &Rig) {
    for name in ["settings.xml", "settings_3.xml"] {
        fs::write(rig.session.join(NODE).join(name), "<CONFIGURATION><RIG name=\"2\"/></CONFIGURATION>")
            .unwrap();
    }
}

fn unknown_probe(rig: &Rig) {
    for name in ["settings.xml", "settings_3.xml"] {
        let probe = ProbeSpec::new("ProbeA", "NP9999", 384, (11.0, 32.0, 20.0));
        rig.settings(name, &["ProbeA-AP", "ProbeA-LFP"], &[probe]);
    }
}

fn one_experiment_only(rig: &Rig) {
    rig.record(NODE, (6, 1), Gui::V06, &[ap(50), StreamSpec::probe("Neuropix-PXI-100.ProbeQ", 4, 50)]);
}

/// `says` is what a person is told; `stored` counts the stores.
#[rstest]
#[case::truncated_description(truncated_description, 1, "experiment1/recording2/structure.oebin", "6 raw")]
#[case::no_description(no_description, 1, "experiment3/recording1/continuous", "6 raw")]
#[case::no_samples(
    no_samples,
    1,
    "experiment1/recording1/continuous/Neuropix-PXI-100.ProbeA-LFP/continuous.dat",
    "6 raw"
)]
#[case::other_channels(other_channels, 1, "experiment3/recording2", "6 raw")]
#[case::other_settings(other_settings, 0, "settings.xml", "6 raw")]
#[case::unknown_probe(unknown_probe, 0, "NP9999", "6 raw")]
#[case::one_experiment_only(one_experiment_only, 0, "", "8 raw")]
fn what_is_wrong_is_told_and_the_rest_is_saved(
    #[case] wrong: fn(&Rig),
    #[case] code: i32,
    #[case] says: &str,
    #[case] stored: &str,
) {
    let rig = Rig::new();
    neuropixels(&rig);
    wrong(&rig);
    let before = state(&rig.session);
    rig.compress(&["--lsb", "none", "--chunk-duration", "30ms"]).ends(code).says(says);
    assert_eq!(state(&rig.session), before);
    // neo refuses most of these sessions.
    let said =
        Readers::Today.run("stores.py", &[rig.session.as_str(), rig.stores().as_str(), "none", "none"]);
    assert_eq!(said, stored);
    let mut clipped = tree::digest(&rig.clipped()).unwrap();
    assert!(clipped.remove("adt_session_files.json").is_some());
    assert!(clipped.keys().eq(before.0.keys()), "all files are in the clipped copy");
}

/// Early plugins wrote the electrodes of an opto probe as those of another kind.
#[test]
fn electrodes_of_an_opto_probe_are_corrected_everywhere_but_in_the_source() {
    let rig = Rig::new();
    let frames = 400;
    rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe(AP, 384, frames), StreamSpec::ni_daq(2, 40)]);
    let mut probe = ProbeSpec::new("ProbeA", "NP1300", 384, (11.0, 32.0, 20.0));
    probe.headstage = "NPNH_HS_OPTO".to_owned();
    let wrong = settings("0.6.4", "0.4.0", &["ProbeA-AP"], &[probe]);
    let path = rig.session.join(NODE).join("settings.xml");
    fs::write(&path, &wrong).unwrap();
    let before = state(&rig.session);
    rig.compress(&["--lsb", "none", "--chunk-duration", "30ms"]).ends(0);
    assert_eq!(state(&rig.session), before);

    let copy = rig.clipped().join(NODE);
    assert_eq!(fs::read_to_string(copy.join("settings.xml.wrong")).unwrap(), wrong);
    let corrected = fs::read_to_string(copy.join("settings.xml")).unwrap();
    assert!(corrected.contains("CH0=\"11\" CH1=\"59\" CH2=\"11\""), "{}", &corrected[..3000]);

    // The store's probe is what others read of the session once its settings are right.
    fs::write(&path, corrected).unwrap();
    let [session, stores] = [rig.session.as_str(), rig.stores().as_str()].map(str::to_owned);
    for readers in [Readers::Original, Readers::Today] {
        assert_eq!(readers.run("stores.py", &[&session, &stores, "none", "sync"]), "2 raw");
    }
    let location = rig.stores().join(format!("experiment1_{NODE}#{AP}.zarr/properties/location/0.0"));
    let location: Vec<f64> = fs::read(location)
        .unwrap()
        .chunks_exact(8)
        .map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    assert_eq!(location[..8], [0.0, 0.0, 48.0, 0.0, 0.0, 20.0, 48.0, 20.0]);
    assert_eq!(location[766..], [48.0, 3820.0]);
}

/// A session of many streams leaves nothing behind and changes nothing.
#[test]
fn the_source_is_not_touched() {
    let rig = Rig::new();
    neuropixels(&rig);
    let before = state(&rig.session);
    rig.compress(&["--chunk-duration", "30ms"]).ends(0);
    assert_eq!(state(&rig.session), before);
    assert_eq!(before.0.keys().filter(|key| key.contains(NI)).count(), 4 * 6);
}

/// Checksums of all files, and when each file and folder was changed.
fn state(folder: &Utf8Path) -> (Tree, BTreeMap<String, SystemTime>) {
    let mut times = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        times.insert(folder.to_string(), fs::metadata(&folder).unwrap().modified().unwrap());
        for entry in folder.read_dir_utf8().unwrap() {
            let path = entry.unwrap().into_path();
            if path.is_dir() {
                folders.push(path);
            } else {
                times.insert(path.to_string(), fs::metadata(&path).unwrap().modified().unwrap());
            }
        }
    }
    (tree::digest(folder).unwrap(), times)
}
