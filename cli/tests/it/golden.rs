//! Runs that were recorded of the Python original (0.32.12, aind-data-schema 0.26.5), run again by this program.
//!
//! `cli/tests/golden/<case>` holds a run's settings and requests (`run.json`), the keys it uploaded and its documents; a document that is
//! not there is that of the first case. With `--strict-compat` each document must be the same text but for [`VOLATILE`]
//! values; without, each difference must stand in [`ON_PURPOSE`], and each line of that table must be needed.

use std::collections::BTreeSet;

use adt_testkit::{
    open_ephys::{self, Gui, StreamSpec},
    services::{MetadataScript, Reply, envelope},
};
use camino::Utf8PathBuf;
use fs_err as fs;
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    desk::{Desk, RECORD, Said, digest, writes},
    lab::{Lab, PASSWORD, TOKEN, json},
};

const FIRST: &str = "01_all_ok_zip";
const PROCESSING: &str = "processing.json";

/// Times, identities, the program's version, and folders of the machine it ran on (recorded as `raw_spim`, here whole).
const VOLATILE: [&str; 9] = [
    "start_date_time",
    "end_date_time",
    "created",
    "last_modified",
    "id",
    "_id",
    "software_version",
    "input_location",
    "source",
];

/// Where documents differ unless `--strict-compat` is set, and why. `*` stands for one name or number.
const ON_PURPOSE: [(&str, &str, &str); 7] = [
    (RECORD, "/id", "it is `_id`, the name that the document store gives it"),
    (RECORD, "/_id", "see above"),
    (RECORD, "/location", "the asset's own place, where the original only names the bucket"),
    (PROCESSING, "/processing_pipeline/data_processes/*/parameters/container", "what was really done"),
    (PROCESSING, "/processing_pipeline/data_processes/*/parameters/codec", "what was really done"),
    (PROCESSING, "/processing_pipeline/data_processes/*/parameters/level", "what was really done"),
    (
        PROCESSING,
        "/processing_pipeline/data_processes/*/outputs/*",
        "what came of it: objects, sizes, checksum",
    ),
];

/// More of what was really done with recordings; beside [`ON_PURPOSE`], which the first case needs whole.
const OF_RECORDINGS: [&str; 3] = ["chunking", "lsb", "streams"];

/// Differences that `--strict-compat` keeps: case, document, place, why.
const ALWAYS: [(&str, &str, &str, &str); 2] = [
    ("06_procedures_404", "procedures.json", "", "procedures that nobody knows are not invented"),
    ("06_procedures_404", RECORD, "/procedures", "procedures that nobody knows are not invented"),
];

fn fixture(case: &str, name: &str) -> Option<String> {
    let folder = Utf8PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"));
    let own = folder.join(case).join(name);
    let path = if own.exists() || name == "uploaded_keys.txt" { own } else { folder.join(FIRST).join(name) };
    fs::read_to_string(path).ok()
}

/// The original's names for the stores of case 34, of which two streams are made here.
const STORES: [&str; 6] = [
    "experiment1_Record Node 101#NI-DAQmx-103.PXIe-6341",
    "experiment1_Record Node 101#Neuropix-PXI-100.ProbeB",
    "experiment3_Record Node 101#NI-DAQmx-103.PXIe-6341",
    "experiment3_Record Node 101#Neuropix-PXI-100.ProbeB",
    "experiment6_Record Node 101#NI-DAQmx-103.PXIe-6341",
    "experiment6_Record Node 101#Neuropix-PXI-100.ProbeB",
];

struct Recorded {
    case: &'static str,
    lab: Lab,
    run: Value,
    asset: Utf8PathBuf,
}

impl Recorded {
    fn new(case: &'static str) -> Self {
        let script = MetadataScript::v1();
        let nobody = [Reply::json(404, envelope("No Data Found.", "null"))];
        let script = if case.starts_with("06") { script.on("/procedures/987654", nobody) } else { script };
        let lab = Lab::at(Desk::new(), script);
        let mut run: Value = serde_json::from_str(&fixture(case, "run.json").unwrap()).unwrap();
        let config = run["config"].as_object_mut().unwrap();
        config["codeocean_domain"] = json!(lab.ocean.url());
        config["metadata_service_domain"] =
            json!(if case.starts_with("10") { "http://127.0.0.1:1".to_owned() } else { lab.metadata.url() });
        config.insert("codeocean_api_token".into(), json!(TOKEN));
        config.insert("video_encryption_password".into(), json!(PASSWORD));
        let name = format!("{}_987654_2023-10-12_08-32-18", config["platform"].as_str().unwrap());
        let asset = lab.desk.root.join("store/some-bucket").join(name);
        Self { case, lab, run, asset }
    }

    /// What lay on the rig, in the working folder.
    fn rig(&self) {
        let desk = &self.lab.desk;
        for file in ["raw_spim/a.txt", "raw_spim/sub/b.txt", "raw_beh/a.txt", "raw_beh/sub/b.txt"] {
            desk.write(&format!("work/{file}"), file);
        }
        desk.write("work/raw_spim/Videos/cam.avi", "a video");
        desk.write("work/raw_spim/Videos/ref.csv", "1,2\n");
        for name in ["session.json", "notes_extra.json"] {
            desk.write(&format!("work/mdir/{name}"), &fixture("12_metadata_dir_extra", name).unwrap());
        }
        let session = desk.root.join("work/v0.6.x_neuropixels_multiexp_multistream");
        let streams = [StreamSpec::ni_daq(8, 100), StreamSpec::probe("Neuropix-PXI-100.ProbeB", 16, 100)];
        for experiment in [1, 3, 6] {
            open_ephys::recording(&session, "Record Node 101", (experiment, 1), Gui::V06, &streams).unwrap();
        }
        fs::create_dir_all(desk.root.join("store/some-bucket")).unwrap();
    }

    fn perform(&self, strict: bool, more: &[&str]) -> Said {
        self.rig();
        let file = self.lab.desk.write("job.json", &self.run["config"].to_string());
        let strict: &[&str] = if strict { &["--strict-compat"] } else { &[] };
        Said::of(&mut self.lab.adt(&[&["run", file.as_str()], strict, more].concat()))
    }

    /// The documents that the original uploaded.
    fn documents(&self) -> Vec<String> {
        let keys = fixture(self.case, "uploaded_keys.txt").unwrap_or_default();
        keys.lines().filter(|key| !key.contains('/')).map(str::to_owned).collect()
    }

    fn requests_are_the_originals(&self) {
        let of = |method: &str, field: &str| -> Vec<String> {
            let all = self.run["http"].as_array().unwrap().iter().filter(|seen| seen["method"] == method);
            all.map(|seen| seen[field].as_str().unwrap().to_owned()).collect()
        };
        let mut asked: Vec<_> = self.lab.metadata.requests().iter().map(|seen| seen.target.clone()).collect();
        let mut wanted = of("GET", "path");
        asked.sort();
        wanted.sort();
        assert_eq!(asked, wanted);
        let bodies: Vec<_> = self.lab.ocean.accepted().into_iter().map(|one| one.body).collect();
        let wanted = of("POST", "body_raw").into_iter();
        let wanted: Vec<_> = wanted.map(|body| body.replace("0.32.12", env!("CARGO_PKG_VERSION"))).collect();
        assert_eq!(bodies, wanted);
    }
}

/// A text whose volatile values are masked.
fn masked(text: &str) -> String {
    let mask = |line: &str| match line.trim_start().strip_prefix('"').and_then(|rest| rest.split_once("\": "))
    {
        Some((key, value)) if VOLATILE.contains(&key) && value.starts_with('"') => {
            let comma = if line.ends_with(',') { "," } else { "" };
            format!("{}\"{key}\": …{comma}", &line[..line.len() - line.trim_start().len()])
        }
        _ => line.to_owned(),
    };
    text.lines().map(mask).collect::<Vec<_>>().join("\n")
}

/// Places at which two documents differ, such as `/a/0/b`.
fn differing(ours: &Value, golden: &Value, at: &str, found: &mut BTreeSet<String>) {
    match (ours, golden) {
        (Value::Object(ours), Value::Object(golden)) => {
            let keys: BTreeSet<_> = ours.keys().chain(golden.keys()).collect();
            for key in keys {
                let at = format!("{at}/{key}");
                match (ours.get(key), golden.get(key)) {
                    (Some(Value::String(_)), Some(Value::String(_))) if VOLATILE.contains(&key.as_str()) => {}
                    (Some(one), Some(other)) => differing(one, other, &at, found),
                    _ => drop(found.insert(at)),
                }
            }
        }
        (Value::Array(ours), Value::Array(golden)) if ours.len() == golden.len() => {
            for (n, (one, other)) in ours.iter().zip(golden).enumerate() {
                differing(one, other, &format!("{at}/{n}"), found);
            }
        }
        (ours, golden) if ours == golden => {}
        _ => drop(found.insert(at.to_owned())),
    }
}

fn fits(pattern: &str, place: &str) -> bool {
    let (pattern, place): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), place.split('/').collect());
    pattern.len() == place.len() && pattern.iter().zip(&place).all(|(p, s)| p == s || *p == "*")
}

impl Recorded {
    /// The places of a document at which it is not the original's; `""` is the whole of it.
    fn differences(&self, name: &str, strict: bool) -> BTreeSet<String> {
        let golden = fixture(self.case, name).unwrap();
        let Ok(ours) = fs::read_to_string(self.asset.join(name)) else {
            return BTreeSet::from([String::new()]);
        };
        let mut found = BTreeSet::new();
        if strict && !ALWAYS.iter().any(|(case, document, ..)| (*case, *document) == (self.case, name)) {
            assert_eq!(masked(&ours), masked(&golden), "{name}");
            return found;
        }
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let (mut ours, mut golden) = (read(&ours), read(&golden));
        if name == RECORD {
            // The record holds the other documents as they are, so this one is compared where it stands alone.
            assert_eq!(ours["processing"], json(self.asset.join(PROCESSING)));
            for record in [&mut ours, &mut golden] {
                record.as_object_mut().unwrap().remove("processing");
            }
        }
        differing(&ours, &golden, "", &mut found);
        found
    }

    fn keys_are_the_originals(&self) {
        let golden = fixture(self.case, "uploaded_keys.txt").unwrap();
        let mut wanted: BTreeSet<_> = golden.lines().map(str::to_owned).collect();
        for (case, document, place, _) in ALWAYS {
            if case == self.case && place.is_empty() {
                wanted.remove(document);
            }
        }
        match self.case {
            "26_exists_forced" => drop(wanted.insert("theirs".into())),
            // Of the original's many keys only the documents are kept; its folders and stores have names that are checked below.
            "34_ecephys" => {
                wanted.extend(STORES.iter().map(|store| format!("ecephys_compressed/{store}.zarr")));
            }
            _ => {}
        }
        let ours = digest(&self.asset).into_keys().filter(|key| !key.starts_with("ecephys_clipped/"));
        let ours = ours.map(|key| key.find(".zarr/").map_or(key.clone(), |end| key[..end + 5].to_owned()));
        assert_eq!(ours.collect::<BTreeSet<_>>(), wanted);
    }
}

#[rstest]
fn a_recorded_run_gives_the_same_again(
    #[values(
        FIRST,
        "02_all_ok_no_compress",
        "03_two_modalities",
        "06_procedures_404",
        "12_metadata_dir_extra",
        "17_process_capsule",
        "20_behavior_dir_zip",
        "26_exists_forced",
        "34_ecephys"
    )]
    case: &'static str,
    #[values(false, true)] strict: bool,
) {
    let recorded = Recorded::new(case);
    if case.starts_with("26") {
        fs::create_dir_all(&recorded.asset).unwrap();
        fs::write(recorded.asset.join("theirs"), "").unwrap();
    }
    // A job without procedures is one that a person has to allow.
    let more: &[&str] = if case.starts_with("06") { &["--metadata-missing", "allow"] } else { &[] };
    recorded.perform(strict, more).ends(0);
    recorded.requests_are_the_originals();
    recorded.keys_are_the_originals();
    let mut needed = BTreeSet::new();
    for name in recorded.documents() {
        for place in recorded.differences(&name, strict) {
            let always =
                ALWAYS.iter().any(|row| (row.0, row.1, row.2) == (case, name.as_str(), place.as_str()));
            let on_purpose = ON_PURPOSE
                .iter()
                .position(|(document, pattern, _)| *document == name && fits(pattern, &place));
            let recordings = !strict
                && case.starts_with("34")
                && OF_RECORDINGS.iter().any(|key| {
                    fits(&format!("/processing_pipeline/data_processes/*/parameters/{key}"), &place)
                });
            let known = always || recordings || (!strict && on_purpose.is_some());
            assert!(known, "{name} differs at `{place}`");
            needed.extend(on_purpose);
        }
    }
    if (case, strict) == (FIRST, false) {
        let needless: Vec<_> = (0..ON_PURPOSE.len()).filter(|n| !needed.contains(n)).collect();
        assert_eq!(needless, Vec::<usize>::new(), "rows of the table that nothing needs");
    }
}

#[rstest]
fn a_recorded_dry_run_asks_the_same_and_sends_nothing(#[values(false, true)] strict: bool) {
    let recorded = Recorded::new("16_dry_run");
    recorded.perform(strict, &[]).ends(0);
    recorded.requests_are_the_originals();
    assert_eq!((writes(&recorded.lab.desk.tally()), recorded.lab.orders()), (0, 0));
}

#[rstest]
fn a_recorded_run_without_a_service_fails_as_it_did_and_sends_nothing(#[values(false, true)] strict: bool) {
    let recorded = Recorded::new("10_service_down");
    assert_eq!(recorded.run["result"], "error");
    recorded.perform(strict, &[]).ends(1).says("cannot reach the metadata service");
    recorded.requests_are_the_originals();
    assert_eq!((writes(&recorded.lab.desk.tally()), recorded.lab.orders()), (0, 0));
}
