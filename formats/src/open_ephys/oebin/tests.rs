use super::*;
use proptest::prelude::*;
use rstest::rstest;

const GOOD: &str = r#"{"folder_name": "A-1.B/", "sample_rate": 30000, "channels": [{"channel_name": "CH1", "bit_volts": 1}]}"#;

fn structure(continuous: &str) -> Structure {
    parse(
        format!("\u{feff}{{\"GUI version\": \"0.6.0\", \"continuous\": [{continuous}], \"spikes\": [1]}}")
            .as_bytes(),
    )
    .unwrap()
}

#[test]
fn what_is_not_there_is_empty() {
    let structure = structure(GOOD);
    assert_eq!(structure.gui_version, "0.6.0");
    let stream = structure.continuous[0].stream.as_ref().unwrap();
    assert_eq!((stream.folder_name.as_str(), stream.num_channels), ("A-1.B", None));
    assert_eq!((stream.channels[0].units.as_str(), stream.stream_name.as_str()), ("", ""));
}

#[rstest]
#[case::no_channels(r#"{"folder_name": "odd", "sample_rate": 1.0}"#, "channels")]
#[case::tiny_rate(
    r#"{"folder_name": "odd", "sample_rate": 1e-300, "channels": [{"channel_name": "C", "bit_volts": 1}]}"#,
    "sample rate is 1e-300 Hz"
)]
#[case::huge_rate(
    r#"{"folder_name": "odd", "sample_rate": 1e308, "channels": [{"channel_name": "C", "bit_volts": 1}]}"#,
    "sample rate is 1e308 Hz"
)]
#[case::tiny_gain(
    r#"{"folder_name": "odd", "sample_rate": 1, "channels": [{"channel_name": "C", "bit_volts": 1e-320}]}"#,
    "`bit_volts` of `C` is 1e-320"
)]
#[case::empty_channels(r#"{"folder_name": "odd", "sample_rate": 1.0, "channels": []}"#, "0 channels")]
#[case::rate(
    r#"{"folder_name": "odd", "sample_rate": 0, "channels": [{"channel_name": "C", "bit_volts": 1}]}"#,
    "0 Hz"
)]
#[case::gain(
    r#"{"folder_name": "odd", "sample_rate": 1, "channels": [{"channel_name": "C", "bit_volts": "x"}]}"#,
    "f64"
)]
#[case::climbing(
    r#"{"folder_name": "../odd", "sample_rate": 1, "channels": [{"channel_name": "C", "bit_volts": 1}]}"#,
    "no folder"
)]
#[case::a_number("17", "invalid type")]
fn a_stream_that_makes_no_sense_leaves_the_others(#[case] odd: &str, #[case] word: &str) {
    let structure = structure(&format!("{odd}, {GOOD}"));
    let why = structure.continuous[0].stream.as_ref().unwrap_err();
    assert!(why.contains(word), "{why}");
    assert!(structure.continuous[1].stream.is_ok());
}

#[rstest]
#[case::nan("NaN")]
#[case::infinite("Infinity")]
#[case::less("-Infinity")]
fn a_gain_that_json_does_not_know_leaves_the_other_streams(#[case] word: &str) {
    let odd = GOOD.replace("\"bit_volts\": 1", &format!("\"bit_volts\": {word}"));
    let named = GOOD.replace("CH1", &format!("{word} \\\" {word}"));
    let structure = structure(&format!("{odd}, {named}"));
    let why = structure.continuous[0].stream.as_ref().unwrap_err();
    assert!(why.contains("`bit_volts` of `CH1` is not a number"), "{why}");
    let channels = &structure.continuous[1].stream.as_ref().unwrap().channels;
    assert_eq!(channels[0].channel_name, format!("{word} \" {word}"));
}

/// An older, longer file was written over and not cut off.
#[rstest]
#[case::end_of_a_list("\n ]\n}\n")]
#[case::another_description("{\"continuous\": []}")]
#[case::zeros("\0\0\0")]
#[case::half_a_text("volts\": 1}")]
fn what_follows_the_description_is_noted(#[case] rest: &str) {
    let text = format!("{{\"continuous\": [{GOOD}]}}\n");
    assert!(!parse(text.as_bytes()).unwrap().has_rest);
    let structure = parse(format!("{text}{rest}").as_bytes()).unwrap();
    assert!(structure.has_rest);
    assert!(structure.continuous[0].stream.is_ok());
}

#[rstest]
#[case::empty(b"".as_slice())]
#[case::list(b"[]".as_slice())]
#[case::cut(b"{\"continuous\": [".as_slice())]
#[case::no_list(b"{\"continuous\": 3}".as_slice())]
#[case::deep(&[b'['; 10_000])]
fn what_is_no_structure_is_an_error(#[case] bytes: &[u8]) {
    assert!(parse(bytes).is_err());
}

#[test]
fn bytes_that_are_no_text_do_not_lose_the_stream() {
    let text = GOOD.replace("\"bit_volts\"", "\"description\": \"X\", \"bit_volts\"");
    let mut bytes = format!("{{\"continuous\": [{text}]}}").into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'X').unwrap();
    bytes[at] = 0xb5;
    let structure = parse(&bytes).unwrap();
    assert_eq!(structure.continuous[0].stream.as_ref().unwrap().channels[0].description, "\u{fffd}");
}

proptest! {
    #[test]
    fn foreign_bytes_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        at in 0usize..200,
        byte: u8,
    ) {
        drop(parse(&bytes));
        let mut bytes = format!("{{\"continuous\": [{GOOD}]}}").into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        drop(parse(&bytes));
        bytes.truncate(at);
        drop(parse(&bytes));
    }
}
