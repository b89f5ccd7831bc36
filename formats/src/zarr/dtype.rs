use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::ZarrError;

/// The longest fixed-length text of an array, in characters. Foreign metadata may claim any number.
const MAX_TEXT: u32 = 1 << 20;

/// What one item of an array is: little-endian numbers, truth values, texts of a fixed length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Dtype {
    /// `|b1`
    Bool,
    /// `|i1`
    I8,
    /// `<i2`
    I16,
    /// `<i4`
    I32,
    /// `<i8`
    I64,
    /// `|u1`
    U8,
    /// `<u2`
    U16,
    /// `<u4`
    U32,
    /// `<u8`
    U64,
    /// `<f4`
    F32,
    /// `<f8`
    F64,
    /// `<Un`: n characters of UTF-32, little-endian, padded with zeros.
    Text(u32),
}

/// Every dtype of a fixed name.
const NAMED: [(Dtype, &str, usize); 11] = [
    (Dtype::Bool, "|b1", 1),
    (Dtype::I8, "|i1", 1),
    (Dtype::I16, "<i2", 2),
    (Dtype::I32, "<i4", 4),
    (Dtype::I64, "<i8", 8),
    (Dtype::U8, "|u1", 1),
    (Dtype::U16, "<u2", 2),
    (Dtype::U32, "<u4", 4),
    (Dtype::U64, "<u8", 8),
    (Dtype::F32, "<f4", 4),
    (Dtype::F64, "<f8", 8),
];

impl Dtype {
    /// Bytes of one item.
    pub fn size(self) -> usize {
        match self {
            Self::Text(characters) => characters as usize * 4,
            named => NAMED.iter().find(|(dtype, ..)| *dtype == named).map_or(1, |(.., size)| *size),
        }
    }

    /// The integers this dtype holds, if it is one of integers.
    pub(super) fn integers(self) -> Option<(i128, i128)> {
        Some(match self {
            Self::I8 => (i8::MIN.into(), i8::MAX.into()),
            Self::I16 => (i16::MIN.into(), i16::MAX.into()),
            Self::I32 => (i32::MIN.into(), i32::MAX.into()),
            Self::I64 => (i64::MIN.into(), i64::MAX.into()),
            Self::U8 => (0, u8::MAX.into()),
            Self::U16 => (0, u16::MAX.into()),
            Self::U32 => (0, u32::MAX.into()),
            Self::U64 => (0, u64::MAX.into()),
            Self::Bool | Self::F32 | Self::F64 | Self::Text(_) => return None,
        })
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(characters) => write!(f, "<U{characters}"),
            named => {
                f.write_str(NAMED.iter().find(|(dtype, ..)| dtype == named).map_or("", |(_, name, _)| name))
            }
        }
    }
}

impl FromStr for Dtype {
    type Err = ZarrError;

    fn from_str(text: &str) -> Result<Self, ZarrError> {
        if let Some((dtype, ..)) = NAMED.iter().find(|(_, name, _)| *name == text) {
            return Ok(*dtype);
        }
        text.strip_prefix("<U")
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok())
            .filter(|characters| (1..=MAX_TEXT).contains(characters))
            .map(Self::Text)
            .ok_or_else(|| ZarrError::Dtype(text.to_owned()))
    }
}

impl TryFrom<String> for Dtype {
    type Error = ZarrError;

    fn try_from(text: String) -> Result<Self, ZarrError> {
        text.parse()
    }
}

impl From<Dtype> for String {
    fn from(dtype: Dtype) -> Self {
        dtype.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("|b1", Some(Dtype::Bool), 1)]
    #[case("|i1", Some(Dtype::I8), 1)]
    #[case("<i2", Some(Dtype::I16), 2)]
    #[case("<u8", Some(Dtype::U64), 8)]
    #[case("<f4", Some(Dtype::F32), 4)]
    #[case("<U64", Some(Dtype::Text(64)), 256)]
    #[case::big_endian(">i2", None, 0)]
    #[case::half("<f2", None, 0)]
    #[case::object("|O", None, 0)]
    #[case::date("<M8[ns]", None, 0)]
    #[case::no_text("<U0", None, 0)]
    #[case::endless_text("<U4000000000", None, 0)]
    #[case::sign("<U+4", None, 0)]
    #[case::nothing("", None, 0)]
    fn dtypes_are_named_as_numpy_names_them(
        #[case] text: &str,
        #[case] expected: Option<Dtype>,
        #[case] size: usize,
    ) {
        let parsed = text.parse::<Dtype>();
        assert_eq!(parsed.as_ref().ok(), expected.as_ref());
        match parsed {
            Ok(dtype) => assert_eq!((dtype.to_string().as_str(), dtype.size()), (text, size)),
            Err(error) => assert_eq!(error, ZarrError::Dtype(text.to_owned())),
        }
    }
}
