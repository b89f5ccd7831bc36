//! Times as pydantic writes them.

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, Offset, TimeZone},
};

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

/// A rig's wall-clock time with its offset from UTC, such as `2023-10-12T08:32:18-07:00`, or `Z` where there is none.
///
/// The digits are always those of the clock, as in the asset's name. At a change of the clocks the offset is the one before the change, as
/// Python's `datetime` has it: an hour that occurs twice is the first one.
pub(crate) fn zoned(at: DateTime, zone: &TimeZone) -> String {
    let text = at.strftime("%Y-%m-%dT%H:%M:%S");
    let offset = offset(at, zone);
    if offset.seconds() == 0 { format!("{text}Z") } else { format!("{text}{}", written(offset)) }
}

/// What a person should know of a time at which the rig's clocks changed: it occurs twice, or not at all.
pub(crate) fn at_a_change(at: DateTime, zone: &TimeZone) -> Option<String> {
    let how = match zone.to_ambiguous_timestamp(at).offset() {
        AmbiguousOffset::Unambiguous { .. } => return None,
        AmbiguousOffset::Gap { .. } => "does not exist in the rig's time zone: the clocks skip it",
        AmbiguousOffset::Fold { .. } => "occurs twice in the rig's time zone: the clocks go back",
    };
    let (offset, name) = (written(offset(at, zone)), zone.iana_name().map(|name| format!(" ({name})")));
    let name = name.unwrap_or_default();
    let at = at.strftime("%Y-%m-%d %H:%M:%S");
    Some(format!("`{at}` {how}{name}; it is written with the offset before that change, {offset}"))
}

fn offset(at: DateTime, zone: &TimeZone) -> Offset {
    match zone.to_ambiguous_timestamp(at).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset,
        AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => before,
    }
}

/// Such as `-07:00`.
fn written(offset: Offset) -> String {
    let minutes = offset.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
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
    #[case(TimeZone::posix("PST8PDT,M3.2.0,M11.1.0").unwrap(), "2023-03-12T02:30:00", "2023-03-12T02:30:00-08:00")]
    fn a_rigs_time_has_its_offset(#[case] zone: TimeZone, #[case] at: &str, #[case] text: &str) {
        assert_eq!(zoned(at.parse().unwrap(), &zone), text);
    }

    #[rstest]
    #[case::skipped(
        "PST8PDT,M3.2.0,M11.1.0",
        "2024-03-10T02:30:00",
        Some("`2024-03-10 02:30:00` does not exist"),
        "-08:00"
    )]
    #[case::twice(
        "PST8PDT,M3.2.0,M11.1.0",
        "2024-11-03T01:30:00",
        Some("`2024-11-03 01:30:00` occurs twice"),
        "-07:00"
    )]
    #[case::skipped_in_berlin(
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "2024-03-31T02:00:00",
        Some("does not exist"),
        "+01:00"
    )]
    #[case::twice_in_berlin(
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "2024-10-27T02:59:59",
        Some("occurs twice"),
        "+02:00"
    )]
    #[case::of_half_an_hour(
        "LHST-10:30LHDT-11,M10.1.0,M4.1.0",
        "2024-10-06T02:15:00",
        Some("does not exist"),
        "+10:30"
    )]
    #[case::before_it("PST8PDT,M3.2.0,M11.1.0", "2024-03-10T01:59:59", None, "-08:00")]
    #[case::after_it("PST8PDT,M3.2.0,M11.1.0", "2024-03-10T03:00:00", None, "-07:00")]
    #[case::no_changes("UTC0", "2024-03-10T02:30:00", None, "Z")]
    fn a_change_of_the_clocks_is_named(
        #[case] zone: &str,
        #[case] at: &str,
        #[case] says: Option<&str>,
        #[case] offset: &str,
    ) {
        let (zone, civil) = (TimeZone::posix(zone).unwrap(), at.parse().unwrap());
        let note = at_a_change(civil, &zone);
        assert_eq!(note.is_some(), says.is_some(), "{note:?}");
        assert!(note.is_none_or(|note| note.contains(says.unwrap()) && note.ends_with(offset)));
        assert_eq!(zoned(civil, &zone), format!("{at}{offset}"));
    }
}
