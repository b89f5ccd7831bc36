use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A number of bytes. Shown with binary units (`1.5 GiB`), read with binary or decimal ones (`8MiB`, `500 MB`, `4096`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByteSize(pub u64);

const UNITS: [(&str, u64); 9] = [
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("b", 1),
];

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value = self.0 as f64;
        let mut unit = "B";
        for next in ["KiB", "MiB", "GiB", "TiB", "PiB"] {
            if value < 1024.0 {
                break;
            }
            value /= 1024.0;
            unit = next;
        }
        let text = if unit == "B" {
            format!("{} B", self.0)
        } else if value < 10.0 {
            format!("{value:.2} {unit}")
        } else {
            format!("{value:.1} {unit}")
        };
        f.pad(&text)
    }
}

/// The text is not a number of bytes.
#[derive(Debug, thiserror::Error)]
#[error("not a size: write a number with an optional unit, such as `8MiB`, `500MB` or `4096`")]
pub struct ByteSizeError;

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim().to_ascii_lowercase();
        let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = (&text[..split], text[split..].trim());
        let factor = match unit {
            "" => 1,
            unit => UNITS.iter().find(|(name, _)| *name == unit).ok_or(ByteSizeError)?.1,
        };
        let value = number.parse::<f64>().map_err(|_| ByteSizeError)? * factor as f64;
        if value.is_finite() && value <= u64::MAX as f64 {
            Ok(Self(value as u64))
        } else {
            Err(ByteSizeError)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("0", 0, "0 B")]
    #[case("4096", 4096, "4.00 KiB")]
    #[case("8MiB", 8 << 20, "8.00 MiB")]
    #[case("1.5 GiB", 3 << 29, "1.50 GiB")]
    #[case("500MB", 500_000_000, "476.8 MiB")]
    fn reads_and_shows(#[case] text: &str, #[case] bytes: u64, #[case] shown: &str) {
        let size: ByteSize = text.parse().unwrap();
        assert_eq!((size.0, size.to_string().as_str()), (bytes, shown));
    }

    #[rstest]
    fn refuses(#[values("", "MiB", "1 parsec", "-1", "1.2.3")] text: &str) {
        assert!(text.parse::<ByteSize>().is_err());
    }
}
