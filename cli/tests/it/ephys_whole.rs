//! An asset comes back whole, or what of it is damaged, missing or foreign is named: in its stores and in its clipped copy.

use adt_testkit::open_ephys::{Gui, StreamSpec};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::{Said, differing, digest},
    ephys_session::{AP, NODE, Rig, dat},
};

const LIST: &str = "ecephys_clipped/adt_session_files.json";

fn restore(rig: &Rig, flags: &[&str]) -> Said {
    let (from, to) = (asset(rig), again(rig));
    Said::of(&mut rig.desk.adt(&[&["ephys", "restore", from.as_str(), to.as_str()], flags].concat()))
}

fn verify(rig: &Rig) -> Said {
    Said::of(&mut rig.desk.adt(&["ephys", "verify", asset(rig).as_str()]))
}

fn asset(rig: &Rig) -> Utf8PathBuf {
    rig.stores().parent().unwrap().to_owned()
}

fn again(rig: &Rig) -> Utf8PathBuf {
    rig.desk.root.join("again")
}

/// Two recordings of a stream, and a file and a folder that have nothing to do with them.
fn rig() -> Rig {
    let rig = Rig::new();
    for number in [(1, 1), (1, 2)] {
        rig.record(NODE, number, Gui::V06, &[StreamSpec::probe(AP, 4, 300).with_sync("SYNC")]);
    }
    rig.settings("settings.xml", &["ProbeA-AP"], &[]);
    fs::create_dir_all(rig.session.join("notes/empty")).unwrap();
    fs::write(rig.session.join("notes/day.txt"), "calm").unwrap();
    rig
}

/// Whatever came back is what was recorded.
#[track_caller]
fn nothing_is_wrong(rig: &Rig, about: &str) {
    let again = again(rig);
    if !again.exists() {
        return;
    }
    let before = digest(&rig.session);
    for (key, stat) in digest(&again) {
        assert_eq!(before.get(&key), Some(&stat), "{about}: {key}");
    }
    fs::remove_dir_all(again).unwrap();
}

/// Changes a bit of a byte that is not a blank.
fn flip(path: &Utf8Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    let at = (middle..bytes.len()).chain(0..middle).find(|at| !bytes[*at].is_ascii_whitespace()).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_flipped_bit_in_any_file_of_the_asset_is_named() {
    let rig = rig();
    rig.compress(&["--chunk-duration", "5ms"]).ends(0);
    verify(&rig).ends(0).says("2 recordings").says("all match");
    for key in digest(&asset(&rig)).into_keys() {
        let path = asset(&rig).join(&key);
        let whole = fs::read(&path).unwrap();
        flip(&path);
        let name = key.rsplit('/').next().unwrap().to_owned();
        for said in [verify(&rig), restore(&rig, &[])] {
            assert_eq!(said.code, Some(1), "{key}: {said:#?}");
            // `.zmetadata` holds a copy of every document: the damaged copy may be named instead.
            let named =
                said.stdout.contains(&name) || name == ".zmetadata" && said.stdout.contains("/.zarray`");
            assert!(named, "{key}: {said:#?}");
        }
        nothing_is_wrong(&rig, &key);
        fs::write(&path, whole).unwrap();
    }
    restore(&rig, &[]).ends(0);
    assert_eq!(differing(&digest(&rig.session), &digest(&again(&rig))), Vec::<String>::new());
    assert!(again(&rig).join("notes/empty").is_dir());
}

#[test]
fn a_missing_file_of_the_asset_is_named() {
    let rig = rig();
    rig.compress(&["--chunk-duration", "5ms"]).ends(0);
    for key in digest(&asset(&rig)).into_keys() {
        let path = asset(&rig).join(&key);
        let whole = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        for said in [verify(&rig), restore(&rig, &[])] {
            assert_eq!(said.code, Some(1), "{key}: {said:#?}");
        }
        nothing_is_wrong(&rig, &key);
        fs::write(&path, whole).unwrap();
    }
    verify(&rig).ends(0);
}

#[rstest]
#[case::in_the_copy("ecephys_clipped/Record Node 101/settings_9.xml")]
#[case::in_a_recording_of_the_copy(
    "ecephys_clipped/Record Node 101/experiment1/recording1/continuous/x/continuous.dat"
)]
#[case::beside_the_stores("ecephys_compressed/notes.txt")]
#[case::a_chunk(
    "ecephys_compressed/experiment1_Record Node 101#Neuropix-PXI-100.ProbeA-AP.zarr/traces_seg0/99.0"
)]
#[case::another_array(
    "ecephys_compressed/experiment1_Record Node 101#Neuropix-PXI-100.ProbeA-AP.zarr/extra/0"
)]
fn a_file_that_is_not_part_of_the_asset_is_named(#[case] key: &str) {
    let rig = rig();
    rig.compress(&["--chunk-duration", "5ms"]).ends(0);
    let path = asset(&rig).join(key);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "something").unwrap();
    let name = path.file_name().unwrap();
    for said in [verify(&rig), restore(&rig, &["--dry-run"]), restore(&rig, &[])] {
        said.ends(1).says(name).says("is not part of the");
    }
    nothing_is_wrong(&rig, key);
}

fn no_description(rig: &Rig) -> Vec<String> {
    let recording = rig.session.join(NODE).join("experiment1/recording2");
    fs::remove_file(recording.join("structure.oebin")).unwrap();
    vec![dat(&recording, AP).strip_prefix(&rig.session).unwrap().to_string()]
}

fn broken_description(rig: &Rig) -> Vec<String> {
    let recording = rig.session.join(NODE).join("experiment1/recording1");
    fs::write(recording.join("structure.oebin"), "{").unwrap();
    vec![dat(&recording, AP).strip_prefix(&rig.session).unwrap().to_string()]
}

fn no_rate(rig: &Rig) -> Vec<String> {
    let recording = rig.session.join(NODE).join("experiment1/recording2");
    let path = recording.join("structure.oebin");
    let text = fs::read_to_string(&path).unwrap();
    let mut about: serde_json::Value = serde_json::from_str(&text).unwrap();
    about["continuous"][0]["sample_rate"] = 0.into();
    fs::write(path, about.to_string()).unwrap();
    vec![dat(&recording, AP).strip_prefix(&rig.session).unwrap().to_string()]
}

fn a_stray_recording(rig: &Rig) -> Vec<String> {
    let key = "copies/continuous.dat";
    fs::create_dir_all(rig.session.join("copies")).unwrap();
    fs::write(rig.session.join(key), vec![7; 70_001]).unwrap();
    vec![key.to_owned()]
}

#[rstest]
#[case::no_description(no_description)]
#[case::broken_description(broken_description)]
#[case::no_rate(no_rate)]
#[case::a_stray_recording(a_stray_recording)]
fn an_asset_accepted_with_unread_streams_comes_back_whole(#[case] wrong: fn(&Rig) -> Vec<String>) {
    let rig = rig();
    let unread = wrong(&rig);
    let config = rig.desk.write("accept.yaml", "accept_unread_streams: true\n");
    rig.compress(&["--config-file", config.as_str()]).ends(0);
    let list = fs::read_to_string(asset(&rig).join(LIST)).unwrap();
    assert_eq!(list.matches("\"unread\": true").count(), unread.len(), "{list}");
    verify(&rig).ends(0);
    restore(&rig, &["--dry-run"]).ends(0);
    assert!(!again(&rig).exists());
    let said = restore(&rig, &[]).ends(0);
    for file in &unread {
        assert!(said.stdout.contains("from the clipped copy") && said.stdout.contains(file), "{said:#?}");
        flip(&rig.clipped().join(file));
    }
    assert_eq!(differing(&digest(&rig.session), &digest(&again(&rig))), Vec::<String>::new());
    fs::remove_dir_all(again(&rig)).unwrap();
    let said = restore(&rig, &[]).ends(1);
    assert!(unread.iter().all(|file| said.stdout.contains(&format!("{file}` is damaged"))), "{said:#?}");
    assert!(unread.iter().all(|file| !again(&rig).join(file).exists()));
}

#[test]
fn a_dry_run_lists_what_would_be_written_and_what_cannot_be() {
    let rig = rig();
    rig.compress(&["--chunk-duration", "5ms"]).ends(0);
    let said = restore(&rig, &["--dry-run"]).ends(0);
    for key in digest(&rig.session).into_keys() {
        assert!(said.stdout.contains(&key), "{key}: {said:#?}");
    }
    assert!(!again(&rig).exists());
    let chunk = "experiment1_Record Node 101#Neuropix-PXI-100.ProbeA-AP.zarr/traces_seg1/1.0";
    fs::remove_file(rig.stores().join(chunk)).unwrap();
    restore(&rig, &["--dry-run"]).ends(1).says("`traces_seg1/1.0` is missing");
    fs::remove_dir_all(rig.stores().join(chunk).parent().unwrap().parent().unwrap()).unwrap();
    restore(&rig, &["--dry-run"]).ends(1).says("is missing or cannot be used");
    fs::create_dir_all(again(&rig).join(NODE)).unwrap();
    fs::write(again(&rig).join(NODE).join("settings.xml"), "another").unwrap();
    restore(&rig, &["--dry-run"]).ends(1).says("is there already, with another content");
    assert_eq!(digest(&again(&rig)).len(), 1);
}

/// Its stores say that it had one. What is left comes back.
#[rstest]
#[case::the_list(&[LIST])]
#[case::the_list_and_a_file(&[LIST, "ecephys_clipped/notes/day.txt"])]
#[case::all_of_it(&["ecephys_clipped"])]
fn an_asset_that_lost_its_clipped_copy_is_not_whole(#[case] lost: &[&str]) {
    let rig = rig();
    rig.compress(&[]).ends(0);
    for key in lost {
        let path = asset(&rig).join(key);
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }
    for said in [verify(&rig), restore(&rig, &["--dry-run"]), restore(&rig, &[])] {
        said.ends(1).says(LIST).says("is missing");
    }
    nothing_is_wrong(&rig, LIST);
    // The stores by themselves are whole.
    Said::of(&mut rig.desk.adt(&["ephys", "verify", rig.stores().as_str()])).ends(0);
}

/// Assets of earlier versions have no list, and their stores do not say that there is one.
#[test]
fn an_asset_that_never_had_a_list_of_its_files_is_restored_as_before() {
    let rig = rig();
    rig.compress(&[]).ends(0);
    fs::remove_file(asset(&rig).join(LIST)).unwrap();
    for store in fs::read_dir(rig.stores()).unwrap() {
        for name in [".zattrs", ".zmetadata"] {
            let path = store.as_ref().unwrap().path().join(name);
            let mut document: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let at = if name == ".zattrs" { "/adt" } else { "/metadata/.zattrs/adt" };
            let record = document.pointer_mut(at).unwrap().as_object_mut().unwrap();
            assert!(record.remove("session_files").is_some());
            fs::write(path, document.to_string()).unwrap();
        }
    }
    restore(&rig, &[]).ends(0);
    assert_eq!(differing(&digest(&rig.session), &digest(&again(&rig))), Vec::<String>::new());
}
