use serde_json::{Number, Value};

use super::{Dtype, ZarrError};

/// What an item is that was never written, and what pads the chunks at the edges.
#[derive(Clone, Debug, PartialEq)]
pub enum Fill {
    /// `null`: not said. Padding is zeros.
    None,
    /// Of truth values.
    Bool(bool),
    /// Of integers; always within the dtype's range.
    Integer(i128),
    /// Of floats. Written as `NaN`, `Infinity`, `-Infinity` in quotes where JSON has no number.
    Float(f64),
    /// Of texts; never longer than the dtype's.
    Text(String),
}

impl Fill {
    /// What zarr-python gives an array that names no fill value: zero, false, the empty text.
    pub fn zero(dtype: Dtype) -> Self {
        match dtype {
            Dtype::Bool => Self::Bool(false),
            Dtype::F32 | Dtype::F64 => Self::Float(0.0),
            Dtype::Text(_) => Self::Text(String::new()),
            _ => Self::Integer(0),
        }
    }

    /// Reads the JSON value of an array of this dtype.
    pub(super) fn read(value: &Value, dtype: Dtype) -> Result<Self, ZarrError> {
        let fill = match (value, dtype) {
            (Value::Null, _) => Some(Self::None),
            (Value::Bool(truth), Dtype::Bool) => Some(Self::Bool(*truth)),
            (Value::String(text), Dtype::Text(_)) => Some(Self::Text(text.clone())),
            // Older writers put 0 where the empty text is meant.
            (Value::Number(number), Dtype::Text(_)) if number.as_u64() == Some(0) => {
                Some(Self::Text(String::new()))
            }
            (Value::Number(number), Dtype::F32 | Dtype::F64) => number.as_f64().map(Self::Float),
            (Value::String(text), Dtype::F32 | Dtype::F64) => not_a_number(text).map(Self::Float),
            (Value::Number(number), _) => integer(number).map(Self::Integer),
            _ => None,
        };
        fill.filter(|fill| fill.fits(dtype))
            .ok_or_else(|| ZarrError::Fill { value: value.to_string(), dtype })
    }

    /// Whether an item of this dtype can be this.
    pub(super) fn fits(&self, dtype: Dtype) -> bool {
        match self {
            Self::None => true,
            Self::Bool(_) => dtype == Dtype::Bool,
            Self::Integer(value) => {
                dtype.integers().is_some_and(|(least, most)| (least..=most).contains(value))
            }
            Self::Float(_) => matches!(dtype, Dtype::F32 | Dtype::F64),
            Self::Text(text) => {
                matches!(dtype, Dtype::Text(characters) if text.chars().count() <= characters as usize)
            }
        }
    }

    /// As it is written in a `.zarray`.
    pub(super) fn value(&self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Integer(value) => {
                // By `fits`, it is within i64 or u64.
                i64::try_from(*value).map_or_else(|_| Value::from(*value as u64), Value::from)
            }
            Self::Float(value) if value.is_nan() => Value::from("NaN"),
            Self::Float(value) => match Number::from_f64(*value) {
                Some(number) => Value::Number(number),
                None => Value::from(if *value > 0.0 { "Infinity" } else { "-Infinity" }),
            },
            Self::Text(text) => Value::from(text.as_str()),
        }
    }

    /// The bytes of one item of an array of this dtype.
    pub(super) fn bytes(&self, dtype: Dtype) -> Vec<u8> {
        let mut bytes = match (self, dtype) {
            (Self::None, _) => Vec::new(),
            (Self::Bool(truth), _) => vec![u8::from(*truth)],
            (Self::Integer(value), _) => value.to_le_bytes().to_vec(),
            (Self::Float(value), Dtype::F32) => (*value as f32).to_le_bytes().to_vec(),
            (Self::Float(value), _) => value.to_le_bytes().to_vec(),
            (Self::Text(text), _) => text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(),
        };
        bytes.resize(dtype.size(), 0);
        bytes
    }
}

/// A whole number, also when it is written with a decimal point.
fn integer(number: &Number) -> Option<i128> {
    if let Some(value) = number.as_i64() {
        return Some(value.into());
    }
    if let Some(value) = number.as_u64() {
        return Some(value.into());
    }
    number.as_f64().filter(|value| value.fract() == 0.0 && value.abs() < 1e18).map(|value| value as i128)
}

fn not_a_number(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case::zero(json!(0), Dtype::I16, &[0, 0])]
    #[case::negative(json!(-2), Dtype::I16, &[0xfe, 0xff])]
    #[case::largest(json!(u64::MAX), Dtype::U64, &[0xff; 8])]
    #[case::float(json!(1.0), Dtype::F32, &[0, 0, 0x80, 0x3f])]
    #[case::infinite(json!("-Infinity"), Dtype::F32, &[0, 0, 0x80, 0xff])]
    #[case::text(json!("é"), Dtype::Text(2), &[0xe9, 0, 0, 0, 0, 0, 0, 0])]
    #[case::truth(json!(true), Dtype::Bool, &[1])]
    #[case::nothing(json!(null), Dtype::I32, &[0; 4])]
    fn fill_values_are_read_written_and_laid_down(
        #[case] value: Value,
        #[case] dtype: Dtype,
        #[case] bytes: &[u8],
    ) {
        let fill = Fill::read(&value, dtype).unwrap();
        assert_eq!(fill.bytes(dtype), bytes);
        assert_eq!(fill.value(), value);
    }

    #[rstest]
    #[case::too_large(json!(70_000), Dtype::I16)]
    #[case::negative(json!(-1), Dtype::U8)]
    #[case::fraction(json!(0.5), Dtype::I16)]
    #[case::text_for_number(json!("0"), Dtype::I16)]
    #[case::word(json!("nan"), Dtype::F64)]
    #[case::too_long(json!("abc"), Dtype::Text(2))]
    #[case::list(json!([0]), Dtype::I16)]
    fn a_fill_value_of_another_kind_is_named(#[case] value: Value, #[case] dtype: Dtype) {
        let expected = ZarrError::Fill { value: value.to_string(), dtype };
        assert_eq!(Fill::read(&value, dtype), Err(expected));
    }

    #[test]
    fn not_a_number_is_a_fill_value() {
        let fill = Fill::read(&json!("NaN"), Dtype::F64).unwrap();
        assert!(matches!(fill, Fill::Float(value) if value.is_nan()));
        assert_eq!(fill.value(), json!("NaN"));
    }
}
