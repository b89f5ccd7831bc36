//! Time files with something wrong in them: it is reported with its place, nothing that is not a time becomes one, and all files come back.

use adt_testkit::open_ephys::{Gui, StreamSpec, npy};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::{Job, Said, digest},
    ephys_session::{NODE, Readers, Rig},
};

const PROBE: &str = "Neuropix-PXI-100.ProbeA";
const FRAMES: u64 = 3000;

/// A recording of one stream, and the folder of its files.
fn recorded(gui: Gui, frames: u64) -> (Rig, Utf8PathBuf) {
    let rig = Rig::new();
    let node = if gui == Gui::V04 { "" } else { NODE };
    let folder = rig.record(node, (1, 1), gui, &[StreamSpec::probe(PROBE, 4, frames)]);
    (rig, folder.join("continuous").join(PROBE))
}

fn numbers(folder: &Utf8Path, name: &str, numbers: impl IntoIterator<Item = i64>) {
    let bytes: Vec<Vec<u8>> = numbers.into_iter().map(|n| n.to_le_bytes().to_vec()).collect();
    npy(&folder.join(name), "<i8", bytes.len() as u64, &bytes.concat()).unwrap();
}

fn seconds(folder: &Utf8Path, edit: impl Fn(i64) -> f64) {
    let bytes: Vec<u8> = (0..FRAMES.cast_signed()).flat_map(|n| edit(n).to_le_bytes()).collect();
    npy(&folder.join("timestamps.npy"), "<f8", FRAMES, &bytes).unwrap();
}

fn second(n: i64) -> f64 {
    2.0 + n as f64 / 30_000.0
}

fn gap_and_repeats(folder: &Utf8Path) {
    numbers(folder, "sample_numbers.npy", (0..3000).map(|n| 500 + n + i64::from((700..900).contains(&n))));
}

fn gap_alone(folder: &Utf8Path) {
    numbers(folder, "sample_numbers.npy", (0..3000).map(|n| 500 + n + if n < 700 { 0 } else { 241 }));
    fs::remove_file(folder.join("timestamps.npy")).unwrap();
}

fn unsynchronised(folder: &Utf8Path) {
    seconds(folder, |_| -1.0);
}

fn synchronised_late(folder: &Utf8Path) {
    seconds(folder, |n| if n < 1200 { -1.0 } else { second(n) });
}

fn back(folder: &Utf8Path) {
    seconds(folder, |n| second(if n < 2000 { n } else { n - 10 }));
}

fn not_numbers(folder: &Utf8Path) {
    seconds(folder, |n| if n % 1000 == 77 { f64::NAN } else { second(n) });
}

fn leap(folder: &Utf8Path) {
    seconds(folder, |n| second(n) + if n < 1500 { 0.0 } else { 0.75 });
}

fn all_minus_one(folder: &Utf8Path) {
    numbers(folder, "sample_numbers.npy", std::iter::repeat_n(-1, 3000));
    seconds(folder, |_| -1.0);
}

fn never_counted(folder: &Utf8Path) {
    for name in ["sample_numbers.npy", "timestamps.npy"] {
        let mut bytes = fs::read(folder.join(name)).unwrap();
        let at = bytes.windows(7).position(|some| some == b"(3000,)").unwrap();
        bytes[at..at + 7].copy_from_slice(b"(0,)   ");
        fs::write(folder.join(name), bytes).unwrap();
    }
}

/// `from` is where the times of the store come from.
#[rstest]
#[case::nothing(|_: &Utf8Path| {}, "seconds", &[])]
#[case::gap_and_repeats_that_cancel(gap_and_repeats, "seconds",
    &["sample_numbers.npy`: 1 gap (1 sample number missing) at frame 700 (1199, then 1201); 1 repeated sample number at frame 900 (1400, then 1400)"])]
#[case::gap_alone(gap_alone, "counter", &["1 gap (241 sample numbers missing) at frame 700 (1199, then 1441)", "times are the sample numbers divided by the sample rate"])]
#[case::unsynchronised(unsynchronised, "start", &["timestamps.npy`: all 3000 values are -1: the stream was not synchronised; times start at 0.0333"])]
#[case::synchronised_late(synchronised_late, "start", &["timestamps.npy`: 1200 values of -1 (not synchronised), the first at frame 0 (-1); times start at"])]
#[case::back(back, "start", &["1 step back at frame 2000 (2.0666"])]
#[case::not_numbers(not_numbers, "start", &["3 values that are not numbers, the first at frame 77 (2.0025"])]
#[case::leap(leap, "seconds", &["1 leap of up to 0.75", "at frame 1500", "used as times all the same"])]
#[case::all_minus_one(all_minus_one, "unknown", &["all 3000 sample numbers are -1", "times are not known: readers start at 0 s"])]
#[case::never_counted(never_counted, "seconds", &["has 3000 values by its 24128 bytes and 0 by its header"])]
fn what_is_wrong_is_reported_and_never_becomes_a_time(
    #[case] deed: fn(&Utf8Path),
    #[case] from: &str,
    #[case] says: &[&str],
) {
    let (rig, folder) = recorded(Gui::V06, FRAMES);
    deed(&folder);
    let info = Said::of(&mut rig.desk.adt(&["ephys", "info", rig.session.as_str()])).ends(0);
    let mut said = rig.compress(&["--lsb", "none", "--chunk-duration", "30ms"]).ends(0);
    for words in says {
        said = said.says(words);
        assert!(info.stdout.contains(words), "{info:#?}");
    }
    assert_eq!(said.stderr.contains(".npy`"), !says.is_empty(), "{said:#?}");
    restored(&rig);
    let store = rig.stores().join(format!("experiment1_{NODE}#{PROBE}.zarr/.zattrs"));
    let about: serde_json::Value = serde_json::from_slice(&fs::read(store).unwrap()).unwrap();
    assert_eq!(about["adt"]["times"][0]["from"], from, "{about:#}");
    let told = Readers::Today.run("times.py", &[rig.session.as_str(), rig.stores().as_str()]);
    assert_eq!(told, from);
}

/// The whole session, byte for byte.
#[track_caller]
fn restored(rig: &Rig) {
    let again = rig.desk.root.join("again");
    let asset = rig.stores().parent().unwrap().to_owned();
    Said::of(&mut rig.desk.adt(&["ephys", "restore", asset.as_str(), again.as_str()])).ends(0);
    assert_eq!(digest(&again), digest(&rig.session));
}

/// The counter stopped before the samples did: a crash, a full disk.
#[rstest]
#[case::cut_short(|f: &Utf8Path| numbers(f, "timestamps.npy", 0..2100), &["has 2100 values for 3000 frames"])]
#[case::starts_again(|f: &Utf8Path| numbers(f, "timestamps.npy", (9000..9768).chain(0..1500)),
    &["has 2268 values for 3000 frames", "1 step back at value 768 (9767, then 0)"])]
#[case::zeros_in_place_of_lost_samples(|f: &Utf8Path| numbers(f, "timestamps.npy", (0..700).chain(941..3000)),
    &["has 2759 values for 3000 frames", "1 gap (241 sample numbers missing) at value 700 (699, then 941)"])]
#[case::several_runs(|f: &Utf8Path| numbers(f, "timestamps.npy", (0..100).chain(50..60).chain(0..7)),
    &["has 117 values for 3000 frames", "2 steps back, the first at value 100 (99, then 50)"])]
fn frames_without_numbers_are_kept(#[case] deed: fn(&Utf8Path), #[case] says: &[&str]) {
    let (rig, folder) = recorded(Gui::V04, FRAMES);
    deed(&folder);
    let mut said = rig.compress(&["--lsb", "none"]).ends(0);
    for words in says {
        said = said.says(words);
    }
    restored(&rig);
    assert_eq!(Readers::Today.run("times.py", &[rig.session.as_str(), rig.stores().as_str()]), "start");
}

/// Two streams; only the first may be aligned.
fn two_streams() -> (Rig, Utf8PathBuf) {
    let rig = Rig::new();
    let folder =
        rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe(PROBE, 4, 300), StreamSpec::ni_daq(2, 300)]);
    (rig, folder.join("continuous"))
}

fn status(rig: &Rig, probe: &str, inputs: &str) {
    let text = format!(
        "<SETTINGS><SIGNALCHAIN><PROCESSOR name=\"Record Node\" nodeId=\"101\"><CUSTOM_PARAMETERS>\
         <SYNC_STATUS streamKey=\"100|ProbeA\" status=\"{probe}\"/><SYNC_STATUS streamKey=\"103|PXIe-6341\" status=\"{inputs}\"/>\
         </CUSTOM_PARAMETERS></PROCESSOR></SIGNALCHAIN></SETTINGS>"
    );
    fs::write(rig.session.join(NODE).join("settings.xml"), text).unwrap();
}

#[rstest]
#[case::nothing(|_: &Rig, _: &Utf8Path| {}, Some("no `original_timestamps.npy` and no `SYNC_STATUS`"))]
#[case::one_is_off(|rig: &Rig, _: &Utf8Path| status(rig, "HARP_SYNCED", "OFF"), Some("PXIe-6341` of experiment1, recording1: its `SYNC_STATUS` in"))]
#[case::main_is_not_harp(|rig: &Rig, _: &Utf8Path| status(rig, "SYNCED_TO_MAIN", "SYNCED_TO_MAIN"), Some("is `SYNCED_TO_MAIN`; and 1 more"))]
#[case::one_was_adjusted(|_: &Rig, f: &Utf8Path| { fs::copy(f.join(PROBE).join("timestamps.npy"), f.join(PROBE).join("original_timestamps.npy")).unwrap(); }, Some("PXIe-6341"))]
#[case::seconds_are_no_times(|_: &Rig, f: &Utf8Path| {
    fs::write(f.join("TIMESTAMPS_ADJUSTED.flag"), "").unwrap();
    npy(&f.join(PROBE).join("timestamps.npy"), "<f8", 300, &(-1.0f64).to_le_bytes().repeat(300)).unwrap();
}, Some("all 300 values are -1"))]
#[case::flag(|_: &Rig, f: &Utf8Path| fs::write(f.join("../TIMESTAMPS_ADJUSTED.flag"), "").unwrap(), None)]
#[case::harp(|rig: &Rig, _: &Utf8Path| status(rig, "HARP_SYNCED", "HARP_SYNCED"), None)]
fn unaligned_timestamps_are_refused_before_any_work(
    #[case] deed: fn(&Rig, &Utf8Path),
    #[case] refused: Option<&str>,
) {
    let (rig, folder) = two_streams();
    deed(&rig, &folder);
    let made = rig.stores().parent().unwrap().to_owned();
    let config = rig.desk.write("ephys.yaml", "require_aligned_timestamps: true\n");
    let of_config = ["--config-file", config.as_str()];
    if let Some(why) = refused {
        for flags in [&["--require-aligned-timestamps"][..], &of_config] {
            rig.compress(flags).ends(2).says("timestamps are not aligned").says(why);
        }
        assert!(!made.exists());
        let source = rig.session.as_str();
        let job = Job::new().zip("ecephys", source).with("modality0.extra_configs", config.as_str());
        let list = rig.desk.list(&[job]);
        for (command, code) in [("check", 2), ("run", 1)] {
            Said::of(&mut rig.desk.adt(&[command, list.as_str()])).ends(code).says(why);
        }
        assert!(!rig.desk.asset().exists());
        rig.compress(&[&of_config[..], &["--require-aligned-timestamps=false"]].concat()).ends(0);
    } else {
        rig.compress(&of_config).ends(0);
    }
}

#[test]
fn info_reports_streams_that_are_not_aligned() {
    let (rig, _) = two_streams();
    status(&rig, "SYNCED_TO_MAIN", "SYNCED_TO_MAIN");
    let info = |flags: &[&str]| {
        let words = ["ephys", "info", rig.session.as_str()];
        Said::of(&mut rig.desk.adt(&[&words, flags].concat()))
    };
    info(&[]).ends(0);
    info(&["--require-aligned-timestamps=main"]).ends(0);
    let said = info(&["--require-aligned-timestamps"]).ends(1);
    assert!(
        said.stdout.contains("PXIe-6341` of experiment1, recording1 is not aligned: its `SYNC_STATUS`"),
        "{said:#?}"
    );
    let json = info(&["--json"]).ends(0);
    assert!(json.stdout.contains("\"sync_status\":\"SYNCED_TO_MAIN\""), "{json:#?}");
}

/// What is known of the alignment is in the store.
#[test]
fn the_store_says_how_its_times_were_aligned() {
    let (rig, folder) = two_streams();
    status(&rig, "HARP_SYNCED", "OFF");
    for name in ["original_timestamps.npy", "localsync_timestamps.npy"] {
        fs::copy(folder.join(PROBE).join("timestamps.npy"), folder.join(PROBE).join(name)).unwrap();
    }
    rig.compress(&[]).ends(0);
    restored(&rig);
    let about = |name: &str| -> serde_json::Value {
        let path = rig.stores().join(format!("experiment1_{NODE}#{name}.zarr/.zattrs"));
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    };
    let (probe, inputs) = (about(PROBE), about("NI-DAQmx-103.PXIe-6341"));
    assert_eq!(probe["annotations"]["sync_status"], "HARP_SYNCED");
    assert_eq!(probe["annotations"]["timestamps_adjusted"], true);
    let by = serde_json::json!(["original_timestamps.npy", "localsync_timestamps.npy"]);
    assert_eq!(probe["adt"]["times"][0]["adjusted_by"], by);
    assert_eq!(inputs["annotations"]["sync_status"], "OFF");
    assert!(inputs["annotations"].get("timestamps_adjusted").is_none());
}

/// A folder that is here and holds nothing to compress keeps a job from starting.
#[rstest]
#[case::no_recording(false, "holds no recording of Open Ephys")]
#[case::no_stream(true, "has no continuous stream to compress")]
fn a_folder_without_recordings_is_a_problem(#[case] described: bool, #[case] why: &str) {
    let rig = Rig::new();
    fs::write(rig.session.join("notes.txt"), "x").unwrap();
    if described {
        let folder = rig.session.join("experiment1/recording1");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("structure.oebin"), "{\"GUI version\": \"0.6.0\", \"continuous\": []}")
            .unwrap();
    }
    rig.compress(&[]).ends(2).says(why);
    let list = rig.desk.list(&[Job::new().zip("ecephys", rig.session.as_str())]);
    let plan = Said::of(&mut rig.desk.adt(&["plan", list.as_str()])).ends(2);
    assert!(plan.stdout.contains("CANNOT START: ") && plan.stdout.contains(why), "{plan:#?}");
    assert!(!plan.stdout.contains("compress "), "{plan:#?}");
    Said::of(&mut rig.desk.adt(&["check", list.as_str()])).ends(2).says(why);
}
