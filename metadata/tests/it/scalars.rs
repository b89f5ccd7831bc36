//! Every way to write a number, a switch, a date or a time that anybody may think of, beside the public package.

use adt_model::Schema;
use serde_json::{Value, json};

use super::oracle::{differences, golden, golden_v1};

/// As JSON.
const NUMBERS: &[&str] = &[
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

const TEXTS: &[&str] = &[
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

#[test]
fn scalars_are_read_as_the_package_reads_them() {
    let values = NUMBERS.iter().map(|text| golden(text)).chain(TEXTS.iter().map(|text| json!(text)));
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
