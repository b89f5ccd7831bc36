//! Numbers and switches as pydantic reads them where it is not told to be strict.

use adt_model::Schema;
use serde_json::{Number, Value};

/// A whole number: also `true`, `3.0`, `"3"`, `"3.0"` and `"1_000"`.
pub(super) fn integer(value: &Value, schema: Schema) -> Option<f64> {
    /// Beyond it pydantic takes no double for a whole number.
    const WHOLE: f64 = 9_223_372_036_854_775_807.0;
    match value {
        Value::Bool(on) => Some(f64::from(*on)),
        Value::Number(number) if number.is_f64() => {
            number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < WHOLE)
        }
        Value::Number(number) => number.as_f64(),
        Value::String(text) => {
            let text = trimmed(text, schema);
            let whole = match text.split_once('.') {
                Some((whole, zeros)) if zeros.bytes().all(|b| b == b'0') => whole,
                Some(_) => return None,
                None => text,
            };
            let digits = whole.strip_prefix(['+', '-']).unwrap_or(whole);
            let read = underscored(digits)?;
            (!read.is_empty() && read.bytes().all(|b| b.is_ascii_digit())).then(|| whole_of(whole)).flatten()
        }
        _ => None,
    }
}

fn whole_of(digits: &str) -> Option<f64> {
    digits.replace('_', "").parse().ok()
}

/// A double: also `true`, `"1e3"`, `"inf"` and `"nan"`.
pub(super) fn float(value: &Value, schema: Schema) -> Option<f64> {
    match value {
        Value::Bool(on) => Some(f64::from(*on)),
        Value::Number(number) => number.as_f64(),
        Value::String(text) => underscored(trimmed(text, schema))?.parse().ok(),
        _ => None,
    }
}

/// A decimal number: also as text, as Python's `Decimal` reads it; never infinite.
pub(super) fn decimal(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Number::as_f64(number),
        Value::String(text) => {
            let plain: String =
                text.trim().chars().filter(|c| *c != '_').map(|c| other_digit(c).unwrap_or(c)).collect();
            let signless = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
            let number = signless.starts_with(|c: char| c.is_ascii_digit() || c == '.');
            // Too large for a double is still a decimal number.
            number.then(|| plain.parse::<f64>().ok()).flatten()
        }
        _ => None,
    }
}

/// The decimal digits of the scripts that a person may type: Arabic, Persian, Devanagari and full-width ones.
fn other_digit(c: char) -> Option<char> {
    const ZEROS: [u32; 4] = [0x660, 0x6F0, 0x966, 0xFF10];
    let value = ZEROS.iter().find_map(|zero| u32::from(c).checked_sub(*zero).filter(|value| *value < 10))?;
    char::from_digit(value, 10)
}

/// A switch: also 0, 1 and the words of old configuration files.
pub(super) fn boolean(value: &Value) -> bool {
    const WORDS: [&str; 12] = ["0", "1", "f", "false", "n", "no", "off", "on", "t", "true", "y", "yes"];
    match value {
        Value::Bool(_) => true,
        Value::Number(number) => number.as_f64().is_some_and(|number| [0.0, 1.0].contains(&number)),
        Value::String(text) => WORDS.iter().any(|word| word.eq_ignore_ascii_case(text)),
        _ => false,
    }
}

/// The later pydantic takes blanks around a number.
fn trimmed(text: &str, schema: Schema) -> &str {
    match schema {
        Schema::V1 => text,
        Schema::V2 => text.trim(),
    }
}

/// Without the underscores between digits; `None` where they stand elsewhere.
fn underscored(text: &str) -> Option<String> {
    let misplaced = text.starts_with('_') || text.ends_with('_') || text.contains("__");
    (!misplaced).then(|| text.replace('_', ""))
}
