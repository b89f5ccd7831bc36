use std::io::{self, Write};

use serde::Serialize;
use serde_json::{
    Serializer, Value,
    ser::{Formatter, PrettyFormatter},
};

/// JSON as Python's `json.dumps(…, indent=4, sort_keys=True)` writes it: keys in order, ASCII only, floats as `repr` has them.
/// zarr-python writes its documents so, and equal documents have equal bytes.
pub fn python_json(value: &Value) -> Vec<u8> {
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    python_json_in_order(&sorted, 4)
}

/// The same with other indents, keys in the order in which they were put, as `json.dumps(…, indent=spaces)` writes it.
pub fn python_json_in_order(value: &Value, spaces: usize) -> Vec<u8> {
    let (mut text, indent) = (Vec::new(), vec![b' '; spaces]);
    let mut serializer = Serializer::with_formatter(&mut text, Python(PrettyFormatter::with_indent(&indent)));
    value.serialize(&mut serializer).expect("a JSON value always has a text, and a vector takes it");
    text
}

struct Python<'a>(PrettyFormatter<'a>);

impl Formatter for Python<'_> {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(repr(value).as_bytes())
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        for character in fragment.chars() {
            if (' '..='~').contains(&character) {
                writer.write_all(&[character as u8])?;
                continue;
            }
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

/// The shortest text that reads back as this number, laid out as Python does: an exponent of two digits at least, below 1e-4
/// and from 1e16 on; a decimal point otherwise.
fn repr(value: f64) -> String {
    let short = format!("{value:e}");
    let Some((digits, exponent)) = short.split_once('e') else { return short };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    let plain = value.to_string();
    if plain.contains('.') { plain } else { plain + ".0" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case(0.0, "0.0")]
    #[case(-0.0, "-0.0")]
    #[case(30000.0, "30000.0")]
    #[case(0.000_305_185_094_475_746_2, "0.0003051850944757462")]
    #[case(0.0001, "0.0001")]
    #[case(0.00001, "1e-05")]
    #[case(1.5e-7, "1.5e-07")]
    #[case(9_999_999_999_999_998.0, "9999999999999998.0")]
    #[case(1e16, "1e+16")]
    #[case(-1.25e300, "-1.25e+300")]
    fn floats_are_written_as_python_does(#[case] value: f64, #[case] expected: &str) {
        assert_eq!(repr(value), expected);
    }

    #[test]
    fn texts_are_ascii_and_keys_in_order() {
        let value = json!({"b": "é\u{1f9e0}\"\\\n\u{7f}\u{1}/", "a": [], "c": {}, "B": [1, 0.5]});
        let expected = "{\n    \"B\": [\n        1,\n        0.5\n    ],\n    \"a\": [],\n    \
            \"b\": \"\\u00e9\\ud83e\\udde0\\\"\\\\\\n\\u007f\\u0001/\",\n    \"c\": {}\n}";
        assert_eq!(String::from_utf8(python_json(&value)).unwrap(), expected);
    }
}
