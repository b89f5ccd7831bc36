use std::{fmt, str::FromStr};

use jiff::civil::DateTime;

/// When a session was acquired: local wall-clock time of the rig, without a zone, to the second.
///
/// Two spellings are read, as the original's CSV files use them:
///
/// | form | example |
/// |---|---|
/// | `YYYY-MM-DD HH:MM:SS`, or `T` between date and time | `2023-10-12 08:32:18` |
/// | `M/D/YYYY h:MM:SS AM`, AM/PM in any case | `1/9/2020 2:03:04 pm` |
///
/// A zone, a fraction, missing seconds or a two-digit year are refused: each would be a guess about the data's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AcqDatetime(DateTime);

impl AcqDatetime {
    /// The civil time itself.
    pub fn civil(self) -> DateTime {
        self.0
    }

    /// The form used in asset names: `2023-10-12_08-32-18`.
    pub fn for_name(self) -> String {
        self.0.strftime("%Y-%m-%d_%H-%M-%S").to_string()
    }
}

/// ISO form with `T`, as AIND documents write it.
impl fmt::Display for AcqDatetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%dT%H:%M:%S"))
    }
}

/// The message names both accepted forms, or the part that is out of range.
#[derive(Debug, thiserror::Error)]
pub enum AcqDatetimeError {
    /// Neither of the two forms.
    #[error("not a date and time of the form `YYYY-MM-DD HH:MM:SS` or `M/D/YYYY h:MM:SS AM`")]
    Form,
    /// The form is right, a number in it is not (month 13, 30 February, hour 25).
    #[error("{0}")]
    Range(String),
}

impl FromStr for AcqDatetime {
    type Err = AcqDatetimeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (date, time) = text.split_once([' ', 'T']).ok_or(AcqDatetimeError::Form)?;
        if date.contains('/') { american(date, time) } else { iso(date, time) }
    }
}

fn iso(date: &str, time: &str) -> Result<AcqDatetime, AcqDatetimeError> {
    let date = numbers(date, '-', [4..=4, 2..=2, 2..=2])?;
    let time = numbers(time, ':', [2..=2, 2..=2, 2..=2])?;
    civil(date, time)
}

fn american(date: &str, time: &str) -> Result<AcqDatetime, AcqDatetimeError> {
    let [month, day, year] = numbers(date, '/', [1..=2, 1..=2, 4..=4])?;
    let (clock, half) = time.trim().split_once(' ').ok_or(AcqDatetimeError::Form)?;
    let [hour, minute, second] = numbers(clock, ':', [1..=2, 2..=2, 2..=2])?;
    if !(1..=12).contains(&hour) {
        return Err(AcqDatetimeError::Range(format!("hour {hour} is not in 1..=12 of a 12-hour clock")));
    }
    let hour = match half.trim().to_ascii_lowercase().as_str() {
        "am" => hour % 12,
        "pm" => hour % 12 + 12,
        _ => return Err(AcqDatetimeError::Form),
    };
    civil([year, month, day], [hour, minute, second])
}

/// Exactly three runs of ASCII digits, each of an allowed length, with one separator between them.
fn numbers(
    text: &str,
    separator: char,
    lengths: [std::ops::RangeInclusive<usize>; 3],
) -> Result<[i16; 3], AcqDatetimeError> {
    let mut parts = text.trim().split(separator);
    let mut out = [0; 3];
    for (slot, length) in out.iter_mut().zip(lengths) {
        let part = parts.next().ok_or(AcqDatetimeError::Form)?;
        if !length.contains(&part.len()) || !part.bytes().all(|b| b.is_ascii_digit()) {
            return Err(AcqDatetimeError::Form);
        }
        *slot = part.parse().map_err(|_| AcqDatetimeError::Form)?;
    }
    if parts.next().is_some() { Err(AcqDatetimeError::Form) } else { Ok(out) }
}

fn civil(
    [year, month, day]: [i16; 3],
    [hour, minute, second]: [i16; 3],
) -> Result<AcqDatetime, AcqDatetimeError> {
    let small = |n: i16| i8::try_from(n).unwrap_or(i8::MAX);
    DateTime::new(year, small(month), small(day), small(hour), small(minute), small(second), 0)
        .map(AcqDatetime)
        .map_err(|e| AcqDatetimeError::Range(e.to_string()))
}

impl serde::Serialize for AcqDatetime {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for AcqDatetime {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::iso("2023-10-12 08:32:18", "2023-10-12_08-32-18")]
    #[case::iso_with_t("2023-10-12T08:32:18", "2023-10-12_08-32-18")]
    #[case::american_afternoon("1/9/2020 2:03:04 pm", "2020-01-09_14-03-04")]
    #[case::american_midnight("10/12/2023 12:00:00 AM", "2023-10-12_00-00-00")]
    #[case::american_noon("10/12/2023 12:00:00 PM", "2023-10-12_12-00-00")]
    #[case::spaces_around("  2023-10-12 08:32:18 ", "2023-10-12_08-32-18")]
    fn is_read_and_written_for_names(#[case] text: &str, #[case] name: &str) {
        assert_eq!(text.parse::<AcqDatetime>().unwrap().for_name(), name);
    }

    #[rstest]
    #[case::date_only("2023-10-12")]
    #[case::no_seconds("2023-10-12 08:32")]
    #[case::zone("2023-10-12 08:32:18Z")]
    #[case::offset("2023-10-12T08:32:18+00:00")]
    #[case::fraction("2023-10-12 08:32:18.5")]
    #[case::short_year("1/9/20 2:03:04 PM")]
    #[case::no_half("1/9/2020 2:03:04")]
    #[case::month_13("2023-13-12 08:32:18")]
    #[case::feb_30("2023-02-30 08:32:18")]
    #[case::hour_13_pm("1/9/2020 13:03:04 PM")]
    #[case::signs("+023-10-12 08:32:18")]
    #[case::the_originals_slip("2023-10-12|08:32:18")]
    #[case::empty("")]
    fn is_refused(#[case] text: &str) {
        assert!(text.parse::<AcqDatetime>().is_err());
    }
}
