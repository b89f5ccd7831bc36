//! Our verdict beside that of the public package, which a Python environment made for the tests holds.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use adt_metadata::{Parts, Status, check_document, status};
use adt_model::Schema;
use adt_testkit::{Seed, oracle};
use rstest::rstest;
use serde_json::{Value, json};

use super::sample::{Book, spoil};

/// As `scripts/schemas` has them.
fn packages(schema: Schema) -> &'static [&'static str] {
    match schema {
        Schema::V1 => &["aind-data-schema==0.26.5", "pydantic==2.6.4", "pydantic-settings==2.2.1"],
        Schema::V2 => &["aind-data-schema==2.9.2", "aind-data-schema-models==6.3.1", "pydantic==2.11.10"],
    }
}

/// What the package says of each document: nothing, or why it does not pass.
pub(crate) fn theirs(schema: Schema, documents: &[(&str, Value)]) -> Vec<Option<String>> {
    let folder = camino::Utf8PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let python = oracle::program(&oracle::venv(&folder, packages(schema)).unwrap(), "python");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle.py");
    let mut child =
        Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let lines: String =
        documents.iter().map(|(model, document)| format!("{}\n", json!([model, document]))).collect();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let out = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(out.status.success());
    let said = String::from_utf8(out.stdout).unwrap();
    let verdicts: Vec<_> = said.lines().map(|line| (line != "passes").then(|| line.to_owned())).collect();
    assert_eq!(verdicts.len(), documents.len());
    verdicts
}

/// What we say: nothing, or why it does not pass.
fn ours(schema: Schema, model: &str, document: &Value) -> Option<String> {
    let name = format!("{model}.json");
    // No document for the record's place is about an animal that is not asked for, so the names are not looked at here.
    let about = document
        .get("subject_id")
        .map_or(String::new(), |id| id.as_str().map_or(id.to_string(), String::from));
    let read = check_document(&name, document.to_string().as_bytes(), &about);
    let mut parts = Parts::default();
    match read {
        Ok(read) => parts.put(&name, read).unwrap(),
        Err(fault) => return Some(fault.line()),
    }
    let (_, reasons) = status(schema, &parts);
    let reasons: Vec<_> = reasons.into_iter().filter(|reason| !reason.contains("no such document")).collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// The documents on which we differ, with both sides' words.
fn differences(schema: Schema, documents: &[(&str, Value)]) -> Vec<String> {
    let theirs = theirs(schema, documents);
    let each = documents.iter().zip(theirs).filter_map(|((model, document), theirs)| {
        let ours = ours(schema, model, document);
        (ours.is_some() != theirs.is_some())
            .then(|| format!("{model}: ours {ours:?}\n theirs {theirs:?}\n {document}"))
    });
    each.collect()
}

fn golden(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn golden_v1() -> Vec<(&'static str, Value)> {
    let mut described = golden(super::DESCRIPTION);
    described["investigators"] = json!(["A Person"]);
    vec![
        ("subject", golden(super::SUBJECT)),
        ("procedures", golden(super::PROCEDURES)),
        ("data_description", described),
        ("processing", golden(super::PROCESSING)),
    ]
}

fn golden_v2() -> Vec<(&'static str, Value)> {
    vec![
        ("subject", golden(include_str!("../golden/v2/subject.json"))),
        ("procedures", golden(include_str!("../golden/v2/procedures.json"))),
        ("data_description", golden(include_str!("../golden/v2/data_description.json"))),
        ("processing", golden(include_str!("../golden/v2/processing.json"))),
        ("acquisition", golden(include_str!("../golden/v2/acquisition.json"))),
    ]
}

/// Each of them whole, and then spoiled at one place many times.
fn spoiled(whole: Vec<(&'static str, Value)>, times: u64) -> Vec<(&'static str, Value)> {
    let mut documents = whole.clone();
    for (at, (model, document)) in whole.into_iter().enumerate() {
        for time in 0..times {
            let mut seed = Seed::new(at as u64 * 1_000_000 + time);
            let mut document = document.clone();
            spoil(&mut document, &mut seed);
            documents.push((model, document));
        }
    }
    documents
}

fn by_chance(book: &Book, models: &[&'static str], times: u64) -> Vec<(&'static str, Value)> {
    let mut documents = Vec::new();
    for (at, model) in models.iter().enumerate() {
        for time in 0..times {
            let mut seed = Seed::new(at as u64 * 7_000_000 + time);
            let mut document = book.document(model, &mut seed);
            for _ in 0..time % 3 {
                spoil(&mut document, &mut seed);
            }
            documents.push((*model, document));
        }
    }
    documents
}

#[test]
fn golden_documents_spoiled_in_every_way_get_the_packages_verdict() {
    let documents = spoiled(golden_v1(), 200);
    assert_eq!(differences(Schema::V1, &documents), Vec::<String>::new());
}

#[test]
fn documents_by_chance_of_every_model_get_the_packages_verdict() {
    let models = [
        "subject",
        "procedures",
        "data_description",
        "processing",
        "session",
        "rig",
        "acquisition",
        "instrument",
    ];
    let documents = by_chance(&Book::v1(), &models, 150);
    assert_eq!(differences(Schema::V1, &documents), Vec::<String>::new());
}

/// Every way to write a number, a switch, a date or a time that anybody may think of.
#[test]
fn scalars_are_read_as_the_package_reads_them() {
    let numbers = [
        "true",
        "false",
        "null",
        "0",
        "1",
        "2",
        "-1",
        "1.0",
        "1.5",
        "1e3",
        "9223372036854775808",
        "1e18",
        "1e19",
        "1e25",
        "86400",
        "86399.5",
        "20000000000",
        "20000000001",
        "1600000000",
        "1600000000000.5",
        "1600041600",
        "1600041600000",
        "-86400",
        "1600041600.5",
        "253402300799",
        "253402300800000",
        "-62135596800",
        "-2e10",
        "-3e10",
        "3600",
        "-5",
        "1e-7",
        "1e300",
        "-0.0",
        "[]",
        "[1]",
        "{}",
    ];
    let texts = [
        "1",
        "1.0",
        "1.5",
        " 1 ",
        "1_000",
        "+1",
        "-1",
        "--1",
        "1e3",
        "inf",
        "-Infinity",
        "nan",
        "sNaN",
        "1.",
        ".5",
        "",
        " ",
        "abc",
        "0x10",
        "1__0",
        "_1",
        "1_",
        "007",
        "1.00",
        "1.000000000000000000000001",
        "\u{661}",
        "\u{ff11}",
        "t",
        "on",
        "Yes",
        " true",
        "TRUE",
        "1,000",
        "\t1\n",
        "1\u{a0}",
        "1e400",
        "1.0_0",
        "1e",
        "e1",
        "-0",
        "0.1.2",
        "100000000000000000000000",
        "2023-10-12",
        "2023-10-12T08:32:18",
        "2023-10-12 08:32:18",
        "2023-10-12_08:32:18",
        "2023-10-12t08:32:18z",
        "2023-10-12T08:32",
        "2023-10-12T08:32Z",
        "2023-10-12T08",
        "2023-10-12T08:32:18.1",
        "2023-10-12T08:32:18.1234567890",
        "2023-10-12T08:32:18.",
        "2023-10-12T08:32:18,5",
        "2023-10-12T08:32:18+01:00",
        "2023-10-12T08:32:18+0100",
        "2023-10-12T08:32:18+01",
        "2023-10-12T08:32:18 +01:00",
        "2023-10-12T08:32:18\u{2212}08:00",
        "2023-10-12T08:32:18+24:00",
        "2023-10-12T08:32:18+23:59",
        "2023-10-12T08:32:18+23:60",
        "2023-10-12T24:00:00",
        "2023-10-12T23:60:00",
        "2023-10-12T23:59:60",
        "2023-02-29",
        "2024-02-29",
        "2023-13-01",
        "2023-1-2",
        "20231012",
        "20231012T083218",
        "0000-01-01",
        "0001-01-01",
        "9999-12-31",
        "10000-01-01",
        "2023-10-12T00:00:00",
        "2023-10-12T00:00:00Z",
        "2023-10-12T00:00:00.000001",
        "2023-10-12T00:00:00.0000001",
        "2023-10-12T00:00:00+05:00",
        "2023-10-12 ",
        " 2023-10-12",
        "1600000000",
        "1600000000.5",
        "1600041600",
        "-1.5",
        "1e9",
        "08:32",
        "08:32:18",
        "08:32:18.5",
        "08:32:18Z",
        "08:32:18+01:00",
        "8:32:18",
        "24:00",
        "08:32:60",
        "08",
        "08:32:18.1234567",
        "86400",
        "3600",
        "253402300800000",
        "2023/10/12",
        "2023-10-12T08:32:18Zx",
        "µ-é",
    ];
    let values = numbers.iter().map(|text| golden(text)).chain(texts.iter().map(|text| json!(text)));
    let whole = golden_v1();
    let mut documents = Vec::new();
    for value in values {
        let mut put = |model: usize, place: &str| {
            let (name, mut document) = whole[model].clone();
            *document.pointer_mut(place).unwrap() = value.clone();
            documents.push((name, document));
        };
        put(0, "/date_of_birth");
        put(0, "/genotype");
        put(1, "/subject_procedures/0/animal_weight_prior");
        put(1, "/subject_procedures/0/anaesthesia/level");
        put(2, "/creation_time");
        put(2, "/subject_id");
        put(2, "/project_name");
        documents.push(("instrument", instrument(&value)));
        documents.push(("session", session(&value)));
    }
    assert_eq!(differences(Schema::V1, &documents), Vec::<String>::new());
}

/// With a whole number, a double and a switch that may be wrong.
fn instrument(value: &Value) -> Value {
    json!({
        "modification_date": "2023-10-12", "instrument_type": "SmartSPIM", "manufacturer": {"name": "LifeCanvas"}, "objectives": [],
        "temperature_control": value,
        "optical_tables": [{"name": "a", "length": value}],
        "com_ports": [],
    })
}

/// With a time of day that may be wrong.
fn session(value: &Value) -> Value {
    json!({
        "subject_id": "1", "experimenter_full_name": [], "session_start_time": "2023-10-12T08:32:18", "session_type": "a",
        "rig_id": "a", "data_streams": [], "stimulus_epochs": [], "calibrations": [{
            "calibration_date": value, "device_name": "a", "description": "b", "input": {}, "output": {}
        }],
    })
}

#[rstest]
#[case(1, golden_v2())]
fn documents_of_the_second_generation_are_told_apart(
    #[case] _generation: u8,
    #[case] whole: Vec<(&'static str, Value)>,
) {
    let documents: Vec<_> = spoiled(whole, 150);
    assert_eq!(differences(Schema::V2, &documents), Vec::<String>::new());
}

/// Nothing that the package takes is refused; that rules which are not followed let something pass is known.
#[test]
fn nothing_is_refused_that_the_second_generation_takes() {
    let models = [
        "subject",
        "procedures",
        "data_description",
        "processing",
        "acquisition",
        "instrument",
        "quality_control",
        "model",
    ];
    let documents = by_chance(&Book::v2(), &models, 60);
    let theirs = theirs(Schema::V2, &documents);
    let refused = documents.iter().zip(&theirs).filter(|(_, theirs)| theirs.is_none());
    let wrongly =
        refused.filter_map(|((model, document), _)| Some((ours(Schema::V2, model, document)?, document)));
    assert_eq!(wrongly.collect::<Vec<_>>(), Vec::new());
}

#[test]
fn a_record_is_valid_exactly_when_its_parts_pass() {
    let mut parts = Parts::default();
    for (model, document) in golden_v1() {
        let name = format!("{model}.json");
        parts.put(&name, check_document(&name, document.to_string().as_bytes(), "987654").unwrap()).unwrap();
    }
    assert_eq!(status(Schema::V1, &parts), (Status::Valid, Vec::new()));
    let theirs = theirs(Schema::V1, &golden_v1());
    assert!(theirs.iter().all(Option::is_none), "{theirs:?}");
}
