//! Times as pydantic writes them.

use adt_model::{Class, Fault};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// UTC without a zone, to the microsecond, such as `2026-11-22T15:33:30.780786`; no fraction where it is zero.
pub(crate) fn naive(at: Timestamp) -> String {
    let civil = at.to_zoned(TimeZone::UTC).datetime();
    let seconds = civil.strftime("%Y-%m-%dT%H:%M:%S");
    match civil.subsec_nanosecond() / 1000 {
        0 => seconds.to_string(),
        micros => format!("{seconds}.{micros:06}"),
    }
}

/// The same with `Z`.
pub(crate) fn zulu(at: Timestamp) -> String {
    format!("{}Z", naive(at))
}

/// A rig's wall-clock time with its offset from UTC, such as `2023-10-12T08:32:18-07:00`, or `Z` where there is none. An hour that
/// clocks show twice is the first one; one that they skip is as far after the gap.
pub(crate) fn zoned(at: DateTime, zone: &TimeZone) -> Result<String, Fault> {
    let outside =
        |error| Fault::new(Class::BadInput, format!("`{at}` is no time in the rig's zone")).because(error);
    let zoned = zone.to_ambiguous_zoned(at).compatible().map_err(outside)?;
    let offset = zoned.offset();
    let text = zoned.strftime("%Y-%m-%dT%H:%M:%S");
    Ok(if offset.seconds() == 0 { format!("{text}Z") } else { format!("{text}{}", zoned.strftime("%:z")) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("2026-11-22T15:33:30.406887Z", "2026-11-22T15:33:30.406887")]
    #[case("2026-11-22T15:33:30.4Z", "2026-11-22T15:33:30.400000")]
    #[case("2026-11-22T15:33:30Z", "2026-11-22T15:33:30")]
    #[case("2026-11-22T15:33:30.999999999Z", "2026-11-22T15:33:30.999999")]
    #[case("2026-11-22T15:33:30-08:00", "2026-11-22T23:33:30")]
    fn is_written(#[case] at: &str, #[case] text: &str) {
        let at = at.parse().unwrap();
        assert_eq!((naive(at), zulu(at)), (text.to_owned(), format!("{text}Z")));
    }

    #[rstest]
    #[case(TimeZone::UTC, "2023-10-12T08:32:18", "2023-10-12T08:32:18Z")]
    #[case(TimeZone::fixed(jiff::tz::offset(-7)), "2023-10-12T08:32:18", "2023-10-12T08:32:18-07:00")]
    #[case(TimeZone::posix("PST8PDT,M3.2.0,M11.1.0").unwrap(), "2023-10-12T08:32:18", "2023-10-12T08:32:18-07:00")]
    #[case(TimeZone::posix("PST8PDT,M3.2.0,M11.1.0").unwrap(), "2023-11-05T01:30:00", "2023-11-05T01:30:00-07:00")]
    #[case(TimeZone::posix("PST8PDT,M3.2.0,M11.1.0").unwrap(), "2023-03-12T02:30:00", "2023-03-12T03:30:00-07:00")]
    fn a_rigs_time_has_its_offset(#[case] zone: TimeZone, #[case] at: &str, #[case] text: &str) {
        assert_eq!(zoned(at.parse().unwrap(), &zone).unwrap(), text);
    }
}
