//! Sessions come back from their stores byte for byte, or what cannot is named.

use std::collections::{BTreeMap, BTreeSet};

use adt_testkit::{
    Seed,
    open_ephys::{Gui, StreamSpec},
};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::{Said, differing, digest},
    ephys_session::{AP, LFP, NODE, Rig, ap, convert, dat, neuropixels},
};

const STORE: &str = "experiment1_Record Node 101#Neuropix-PXI-100.ProbeA-AP.zarr";

/// Runs `adt ephys restore`.
fn restore(rig: &Rig, from: impl AsRef<str>, to: impl AsRef<str>, flags: &[&str]) -> Said {
    let args = [&["ephys", "restore", from.as_ref(), to.as_ref()], flags].concat();
    Said::of(&mut rig.desk.adt(&args))
}

fn asset(rig: &Rig) -> Utf8PathBuf {
    rig.stores().parent().unwrap().to_owned()
}

/// Compresses and restores; the session that came back.
#[track_caller]
fn there_and_back(rig: &Rig, flags: &[&str]) {
    let before = digest(&rig.session);
    rig.compress(flags).ends(0);
    let made = digest(&asset(rig));
    let again = rig.desk.root.join("again");
    restore(rig, asset(rig), &again, &[]).ends(0).says("byte for byte");
    assert_eq!(differing(&before, &digest(&again)), Vec::<String>::new());
    assert_eq!(differing(&made, &digest(&asset(rig))), Vec::<String>::new());
}

fn gaps_in_numbers(rig: &Rig) {
    for number in [(1, 1), (1, 3)] {
        rig.record(NODE, number, Gui::V06, &[StreamSpec::probe(AP, 6, 120).with_sync("AP_SYNC")]);
    }
}

fn gui_05(rig: &Rig) {
    rig.record(NODE, (1, 1), Gui::V05, &[StreamSpec::probe("Neuropix-PXI-100.0", 4, 90)]);
}

fn gui_04(rig: &Rig) {
    rig.record("", (1, 1), Gui::V04, &[StreamSpec::probe("Rhythm_FPGA-100.0", 4, 90).with_sync("SYNC")]);
}

fn two_nodes(rig: &Rig) {
    rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe(AP, 4, 70)]);
    rig.record("Record Node 102", (1, 1), Gui::V06, &[StreamSpec::probe(AP, 6, 50).with_sync("S")]);
}

fn very_short(rig: &Rig) {
    rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe(AP, 3, 7), StreamSpec::probe(LFP, 2, 1)]);
}

fn one_channel(rig: &Rig) {
    rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe(AP, 1, 400)]);
}

fn many_channels(rig: &Rig) {
    rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe(AP, 5000, 40)]);
}

fn sync_only(rig: &Rig) {
    rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe(AP, 0, 40).with_sync("SYNC")]);
}

/// The second recording ends inside a frame, the third is empty.
fn a_tail_and_nothing(rig: &Rig) {
    for number in 1..=3 {
        let streams = [StreamSpec::probe(AP, 6, 120).with_sync("AP_SYNC")];
        let samples = dat(&rig.record(NODE, (1, number), Gui::V06, &streams), AP);
        match number {
            2 => fs::write(&samples, [fs::read(&samples).unwrap(), vec![1, 2, 3]].concat()).unwrap(),
            3 => fs::write(&samples, []).unwrap(),
            _ => {}
        }
    }
}

#[rstest]
#[case::bands_and_inputs(neuropixels)]
#[case::gaps_in_numbers(gaps_in_numbers)]
#[case::gui_05(gui_05)]
#[case::gui_04(gui_04)]
#[case::two_nodes(two_nodes)]
#[case::very_short(very_short)]
#[case::one_channel(one_channel)]
#[case::many_channels(many_channels)]
#[case::sync_only(sync_only)]
#[case::a_tail_and_nothing(a_tail_and_nothing)]
fn a_session_comes_back_byte_for_byte(#[case] record: fn(&Rig)) {
    let rig = Rig::new();
    record(&rig);
    there_and_back(&rig, &[]);
}

#[rstest]
fn every_codec_comes_back(
    #[values("wavpack", "blosc", "zstd")] codec: &str,
    #[values("exact", "none")] lsb: &str,
    #[values("1s", "10ms")] chunk: &str,
) {
    let rig = Rig::new();
    let recorded = rig.record(NODE, (1, 1), Gui::V06, &[ap(1000)]);
    convert(&dat(&recorded, AP), 385, 384, 12.019_230_769);
    there_and_back(&rig, &["--codec", codec, "--lsb", lsb, "--chunk-duration", chunk]);
}

/// A small store with several chunks of every array, and where it is.
fn small() -> (Rig, Utf8PathBuf) {
    let rig = Rig::new();
    for number in [(1, 1), (1, 2)] {
        let recorded =
            rig.record(NODE, number, Gui::V06, &[StreamSpec::probe(AP, 16, 900).with_sync("AP_SYNC")]);
        convert(&dat(&recorded, AP), 17, 16, 12.019_230_769);
    }
    rig.compress(&["--chunk-duration", "10ms"]).ends(0);
    let store = rig.stores().join(STORE);
    (rig, store)
}

/// Files that came back are right, whatever else happened.
#[track_caller]
fn nothing_is_wrong(rig: &Rig, again: &Utf8Path, about: &str) {
    let (before, after) =
        (digest(&rig.session), if again.exists() { digest(again) } else { BTreeMap::new() });
    for (key, stat) in after {
        assert_eq!(before.get(&key), Some(&stat), "{about}: {key}");
    }
}

#[test]
fn a_flipped_bit_is_told_wherever_it_is() {
    let (rig, store) = small();
    let mut seed = Seed::new(4);
    let mut unnoticed = BTreeSet::new();
    for key in digest(&store).into_keys() {
        let path = store.join(&key);
        let whole = fs::read(&path).unwrap();
        let mut broken = whole.clone();
        let at = seed.below(broken.len() as u64) as usize;
        broken[at] ^= 1 << seed.below(8);
        fs::write(&path, &broken).unwrap();
        let again = rig.desk.root.join("again");
        let said = restore(&rig, asset(&rig), &again, &[]);
        let about = format!("bit in byte {at} of {key}: {said:?}");
        nothing_is_wrong(&rig, &again, &about);
        let parts: Vec<_> = key.rsplit('/').collect();
        let frames = parts.len() > 1 && parts[1].contains("_seg") && !parts[1].starts_with("checksums");
        match said.code {
            Some(0) => assert!(unnoticed.insert(key.clone()) && !frames, "{about}"),
            code => assert_eq!(code, Some(1), "{about}"),
        }
        if frames && parts[0] != ".zarray" {
            let segment = &parts[1][parts[1].len() - 1..];
            let named = format!("{STORE}`, segment {segment}: chunk `");
            assert!(said.stdout.contains(&named) && said.stdout.contains(&format!("`{key}`")), "{about}");
        }
        fs::write(&path, &whole).unwrap();
        if again.exists() {
            fs::remove_dir_all(&again).unwrap();
        }
    }
    // Gains and names are what readers show; no file is made of them.
    assert!(
        unnoticed.iter().all(|key| key.starts_with("properties/") || key.starts_with("channel_ids/")),
        "{unnoticed:?}"
    );
}

#[rstest]
#[case::traces("traces_seg1/1.0", &["recording2"])]
#[case::sync("adt/sync_seg0/0.0", &["recording1"])]
#[case::times("times_seg0/0", &[])]
fn a_missing_chunk_is_told_and_the_rest_comes_back(#[case] key: &str, #[case] lost: &[&str]) {
    let (rig, store) = small();
    fs::remove_file(store.join(key)).unwrap();
    let again = rig.desk.root.join("again");
    let name = format!("chunk `{key}` is damaged");
    restore(&rig, asset(&rig), &again, &[]).ends(1).says(&name);
    let gone = differing(&digest(&rig.session), &digest(&again));
    assert_eq!(gone.len(), lost.len(), "{gone:?}");
    assert!(gone.iter().zip(lost).all(|(key, lost)| key.contains(lost) && key.ends_with("continuous.dat")));
}

#[test]
fn an_unfinished_store_is_told_and_its_first_frames_do_not_pass_for_the_recording() {
    let (rig, store) = small();
    fs::remove_file(store.join(".zgroup")).unwrap();
    let again = rig.desk.root.join("again");
    restore(&rig, asset(&rig), &again, &[]).ends(1).says(STORE).says("first frames only");
    nothing_is_wrong(&rig, &again, "unfinished");
    fs::remove_dir_all(&store).unwrap();
    rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe(LFP, 2, 10)]);
    restore(&rig, asset(&rig), &again, &[]).ends(1).says("is missing or cannot be used");
    fs::remove_dir_all(rig.clipped()).unwrap();
    restore(&rig, asset(&rig), &again, &[]).ends(2).says("no compressed recordings");
}

#[test]
fn files_that_are_there_are_kept_or_refused_or_replaced() {
    let (rig, _) = small();
    let again = rig.desk.root.join("again");
    restore(&rig, asset(&rig), &again, &[]).ends(0);
    restore(&rig, asset(&rig), &again, &[]).ends(0).says("2 already there");
    let first = dat(&again.join(NODE).join("experiment1/recording1"), AP);
    let other = b"something else".to_vec();
    fs::write(&first, &other).unwrap();
    restore(&rig, asset(&rig), &again, &[]).ends(1).says("another content").says("--force");
    assert_eq!(fs::read(&first).unwrap(), other);
    restore(&rig, asset(&rig), &again, &["--force"]).ends(0);
    assert_eq!(differing(&digest(&rig.session), &digest(&again)), Vec::<String>::new());
    restore(&rig, asset(&rig), asset(&rig).join("x"), &[]).ends(2).says("only read");
}

#[test]
fn one_store_or_its_folder_is_enough_for_the_samples() {
    let (rig, store) = small();
    for (from, to) in [(rig.stores(), "folder"), (store, "one")] {
        let again = rig.desk.root.join(to);
        restore(&rig, &from, &again, &["--json"]).ends(0);
        let all: Vec<_> = digest(&again).into_keys().collect();
        assert_eq!(all.len(), 2, "{all:?}");
        nothing_is_wrong(&rig, &again, to);
    }
}

#[test]
fn a_session_comes_back_from_a_bucket_and_into_one() {
    let rig = Rig::new();
    neuropixels(&rig);
    let args = ["ephys", "compress", rig.session.as_str(), "s3://recordings/a/b"];
    Said::of(&mut rig.desk.adt(&args)).ends(0);
    let again = rig.desk.root.join("again");
    restore(&rig, "s3://recordings/a/b", &again, &[]).ends(0);
    assert_eq!(differing(&digest(&rig.session), &digest(&again)), Vec::<String>::new());
    restore(&rig, "s3://recordings/a/b", "s3://recordings/c", &[]).ends(0);
    let there = digest(&rig.desk.root.join("store/recordings/c"));
    assert_eq!(differing(&digest(&rig.session), &there), Vec::<String>::new());
    Said::of(&mut rig.desk.adt(&["ephys", "info", "s3://recordings/a/b"])).ends(0).says("6 stores");
}

/// The step is no whole number, so that its `correct_lsb` loses samples; of the other it is one.
#[rstest]
#[case::lossy(12.019_230_769, 1, "lossy")]
#[case::whole(12.0, 0, "byte for byte")]
fn what_spikeinterface_corrected_comes_back_only_where_nothing_is_lost(
    #[case] step: f64,
    #[case] code: i32,
    #[case] told: &str,
) {
    let rig = Rig::new();
    let recorded = rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe(AP, 16, 3000)]);
    let samples = dat(&recorded, AP);
    convert(&samples, 16, 16, step);
    if code == 0 {
        // Without an offset all values are multiples of the step.
        let whole: Vec<u8> = fs::read(&samples)
            .unwrap()
            .as_chunks()
            .0
            .iter()
            .flat_map(|pair| (i16::from_le_bytes(*pair) / 12 * 12).to_le_bytes())
            .collect();
        fs::write(&samples, whole).unwrap();
    }
    rig.compress(&["--lsb", "spikeinterface"]).ends(0);
    let again = rig.desk.root.join("again");
    restore(&rig, asset(&rig), &again, &[]).ends(code).says(told);
    nothing_is_wrong(&rig, &again, told);
    Said::of(&mut rig.desk.adt(&["ephys", "info", asset(&rig).as_str()])).ends(0).says("spikeinterface");
}

#[rstest]
#[case("info", 2, "no recording of Open Ephys")]
#[case("compress", 2, "no recording of Open Ephys")]
#[case("restore", 2, "no compressed recordings")]
fn a_folder_without_recordings_is_told_in_one_line(
    #[case] verb: &str,
    #[case] code: i32,
    #[case] told: &str,
) {
    let rig = Rig::new();
    let to = rig.desk.root.join("to");
    let more: &[&str] = if verb == "info" { &[] } else { &[to.as_str()] };
    let said = Said::of(&mut rig.desk.adt(&[&["ephys", verb, rig.session.as_str()], more].concat()))
        .ends(code)
        .says(told);
    assert!(said.stderr.lines().count() <= 2, "{said:?}");
    assert!(!to.exists());
}

#[test]
fn info_tells_streams_as_a_table_and_as_one_object() {
    let rig = Rig::new();
    neuropixels(&rig);
    let info = |place: &Utf8Path, flags: &[&str]| {
        Said::of(&mut rig.desk.adt(&[&["ephys", "info", place.as_str()], flags].concat())).ends(0)
    };
    info(&rig.session, &[]).says("384 + 1 sync").says("ProbeA (NP1010)").says("12.019");
    let said = info(&rig.session, &["--json"]);
    let all: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(
        (all["kind"].as_str(), all["streams"].as_array().map(Vec::len)),
        (Some("recordings"), Some(6))
    );
    rig.compress(&[]).ends(0);
    info(&asset(&rig), &[]).says("yes, SHA-256 noted").says("wavpack 3").says("exact");
    let said = info(&asset(&rig), &["--json"]);
    let all: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((all["kind"].as_str(), all["stores"].as_array().map(Vec::len)), (Some("stores"), Some(6)));
}
