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

fn python(schema: Schema) -> camino::Utf8PathBuf {
    let folder = camino::Utf8PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    oracle::program(&oracle::venv(&folder, packages(schema)).unwrap(), "python")
}

/// What the package says of each document: nothing, or why it does not pass.
pub(crate) fn theirs(schema: Schema, documents: &[(&str, Value)]) -> Vec<Option<String>> {
    let python = python(schema);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle.py");
    let mut child =
        Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let lines: Vec<_> =
        documents.iter().map(|(model, document)| json!([model, document]).to_string()).collect();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all((lines.join("\n") + "\n").as_bytes()));
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
pub(crate) fn differences(schema: Schema, documents: &[(&str, Value)]) -> Vec<String> {
    let theirs = theirs(schema, documents);
    let each = documents.iter().zip(theirs).filter_map(|((model, document), theirs)| {
        let ours = ours(schema, model, document);
        (ours.is_some() != theirs.is_some())
            .then(|| format!("{model}: ours {ours:?}\n theirs {theirs:?}\n {document}"))
    });
    each.collect()
}

pub(crate) fn golden(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

pub(crate) fn golden_v1() -> Vec<(&'static str, Value)> {
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

#[rstest]
#[case(Schema::V1, include_str!("../../schemas/v1.json"))]
#[case(Schema::V2, include_str!("../../schemas/v2.json"))]
fn the_schemas_are_the_packages(#[case] schema: Schema, #[case] kept: &str) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/schemas");
    let made = Command::new(python(schema)).args([script, "--print", schema.as_str()]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert!(String::from_utf8(made.stdout).unwrap() == kept, "run scripts/schemas");
}

#[test]
fn golden_documents_spoiled_in_every_way_get_the_packages_verdict() {
    let documents = spoiled(golden_v1(), 300);
    assert_eq!(differences(Schema::V1, &documents), Vec::<String>::new());
}

/// What chance seldom brings about.
#[rstest]
#[case::axes_as_letters(json!("RAS"), true)]
#[case::two_axes(json!("RA"), true)]
#[case::no_axes(json!(""), true)]
#[case::four_axes(json!("RASL"), false)]
#[case::an_unknown_axis(json!("RAX"), false)]
#[case::letters_of_two_bytes(json!("Rµ"), false)]
fn axes_may_be_letters(#[case] axes: Value, #[case] passes: bool) {
    let acquisition = json!({
        "experimenter_full_name": [], "specimen_id": "1", "instrument_id": "1", "session_start_time": "2023-10-12T08:32:18",
        "session_end_time": "2023-10-12T08:32:18", "tiles": [], "axes": axes, "chamber_immersion": {"medium": "air", "refractive_index": 1},
    });
    assert_eq!(ours(Schema::V1, "acquisition", &acquisition).is_none(), passes);
    assert_eq!(differences(Schema::V1, &[("acquisition", acquisition)]), Vec::<String>::new());
}

#[rstest]
#[case::as_many_as_depths(json!([1, "2"]), true)]
#[case::fewer(json!([1]), false)]
#[case::none(json!([]), false)]
fn injected_volumes_are_as_many_as_depths(#[case] volumes: Value, #[case] passes: bool) {
    let mut procedures = golden(super::PROCEDURES);
    procedures["subject_procedures"][0]["procedures"] = json!([{
        "procedure_type": "Nanoject injection", "injection_materials": [{"name": "a", "source": "b", "lot_number": "1",
        "material_type": "Reagent"}], "protocol_id": "a", "injection_coordinate_ml": 1, "injection_coordinate_ap": 1,
        "injection_coordinate_depth": [1, 2], "injection_angle": 1, "injection_volume": volumes,
    }]);
    assert_eq!(ours(Schema::V1, "procedures", &procedures).is_none(), passes);
    assert_eq!(differences(Schema::V1, &[("procedures", procedures)]), Vec::<String>::new());
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
    let documents = by_chance(&Book::v1(), &models, 200);
    assert_eq!(differences(Schema::V1, &documents), Vec::<String>::new());
    // Both kinds are there, so that agreeing means something.
    let whole =
        documents.iter().filter(|(model, document)| ours(Schema::V1, model, document).is_none()).count();
    assert!(
        (documents.len() / 5..documents.len() * 4 / 5).contains(&whole),
        "{whole} of {}",
        documents.len()
    );
}

#[test]
fn golden_documents_of_the_second_generation_get_the_packages_verdict() {
    let documents = spoiled(golden_v2(), 150);
    assert_eq!(differences(Schema::V2, &documents), Vec::<String>::new());
}

#[test]
fn documents_by_chance_of_the_second_generation_get_the_packages_verdict() {
    let documents = by_chance(&Book::v2(), &["subject", "data_description", "processing", "model"], 150);
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
