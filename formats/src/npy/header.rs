use std::fmt;

use super::literal::{Literal, dictionary};

/// Magic, version and the longest form of the header's length.
pub(super) const PREFIX: usize = 12;
/// No header of a simple array comes near this.
const LONGEST: u64 = 1 << 16;

/// What an array is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Of each value.
    pub dtype: Dtype,
    /// Lengths of the dimensions; empty for a single value.
    pub shape: Vec<u64>,
    /// Product of the dimensions.
    pub items: u64,
    /// Where the first value begins, in bytes.
    pub data_offset: u64,
}

/// How one value lies on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dtype {
    /// What it means.
    pub kind: Kind,
    /// Bytes.
    pub size: u64,
    /// Whether the first byte counts most.
    pub big_endian: bool,
}

/// See [`Dtype`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One byte, 0 or 1.
    Bool,
    /// `i1`, `i2`, `i4`, `i8`.
    Signed,
    /// `u1`, `u2`, `u4`, `u8`.
    Unsigned,
    /// `f4`, `f8`.
    Float,
    /// `S<n>`: n bytes.
    Bytes,
    /// `U<n>`: n UTF-32 units.
    Text,
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self.kind {
            Kind::Bool => 'b',
            Kind::Signed => 'i',
            Kind::Unsigned => 'u',
            Kind::Float => 'f',
            Kind::Bytes => 'S',
            Kind::Text => 'U',
        };
        let size = if self.kind == Kind::Text { self.size / 4 } else { self.size };
        write!(f, "{}{letter}{size}", if self.big_endian { '>' } else { '<' })
    }
}

/// Offset and length of the dictionary, from the first bytes of a file.
pub(super) fn extent(start: &[u8]) -> Result<(u64, u64), String> {
    let Some(rest) = start.strip_prefix(b"\x93NUMPY") else {
        return Err("it does not begin with the magic of `.npy`".to_owned());
    };
    let (offset, length) = match *rest {
        [1, _, a, b, ..] => (10, u64::from(u16::from_le_bytes([a, b]))),
        [2 | 3, _, a, b, c, d, ..] => (12, u64::from(u32::from_le_bytes([a, b, c, d]))),
        [major, minor, ..] if major == 0 || major > 3 => {
            return Err(format!("its format version {major}.{minor} is not known"));
        }
        _ => return Err("it ends inside its header".to_owned()),
    };
    if length > LONGEST {
        return Err(format!("its header of {length} bytes is not one of a simple array"));
    }
    Ok((offset, length))
}

impl Header {
    pub(super) fn parse(text: &[u8], data_offset: u64) -> Result<Self, String> {
        // Versions 1 and 2 are Latin-1, 3 is UTF-8; all that is understood here is ASCII.
        let text = str::from_utf8(text).map_err(|_| "its header is not text".to_owned())?;
        let Some(pairs) = dictionary(text) else {
            return Err(format!("its header is not understood (`{}`)", shortened(text)));
        };
        let value = |key: &str| pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value);
        let (Some(Literal::Text(descr)), Some(Literal::Flag(fortran)), Some(Literal::Row(shape))) =
            (value("descr"), value("fortran_order"), value("shape"))
        else {
            return Err(format!("its header lacks type, order or shape (`{}`)", shortened(text)));
        };
        let Some(dtype) = dtype(descr) else { return Err(format!("the type `{descr}` is not read here")) };
        let length = |item: &Literal| if let Literal::Number(n) = item { Some(*n) } else { None };
        let shape: Option<Vec<u64>> = shape.iter().map(length).collect();
        let product = |shape: &Vec<u64>| shape.iter().try_fold(1u64, |all, n| all.checked_mul(*n));
        let (Some(items), Some(shape)) = (shape.as_ref().and_then(product), shape) else {
            return Err("its shape is not possible".to_owned());
        };
        if *fortran && shape.iter().filter(|n| **n > 1).count() > 1 {
            return Err("it is in Fortran order".to_owned());
        }
        Ok(Self { dtype, shape, items, data_offset })
    }
}

fn dtype(descr: &str) -> Option<Dtype> {
    let (order, rest) = match descr.chars().next()? {
        order @ ('<' | '>' | '|' | '=') => (order, &descr[1..]),
        _ => ('=', descr),
    };
    let letter = rest.chars().next().filter(char::is_ascii)?;
    let count: u64 = rest[1..].parse().ok()?;
    let (kind, size) = match (letter, count) {
        ('b' | '?', 1) => (Kind::Bool, 1),
        ('i', 1 | 2 | 4 | 8) => (Kind::Signed, count),
        ('u', 1 | 2 | 4 | 8) => (Kind::Unsigned, count),
        ('f', 4 | 8) => (Kind::Float, count),
        ('S' | 'a', _) => (Kind::Bytes, count),
        ('U', _) => (Kind::Text, count.checked_mul(4)?),
        _ => return None,
    };
    Some(Dtype { kind, size, big_endian: order == '>' })
}

fn shortened(text: &str) -> String {
    text.trim().chars().take(80).collect()
}
