//! Times as pydantic writes them.

use jiff::{Timestamp, tz::TimeZone};

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
}
