//! Our metadata key for the time of a source: Unix seconds with a fraction, as rclone writes and reads it.

use jiff::Timestamp;

/// The name of the key, without `x-amz-meta-`.
pub(crate) const KEY: &str = "mtime";

/// `1700000000.123456789`; without a fraction when there is none.
pub(crate) use adt_model::unix_seconds as to_text;

/// The inverse; `None` for anything else. Digits beyond nanoseconds are dropped.
pub(crate) fn from_text(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if seconds.is_empty() || !digits(seconds) || !digits(fraction) {
        return None;
    }
    let seconds: i64 = seconds.parse().ok()?;
    let nanos: i32 = format!("{fraction:0<9.9}").parse().ok()?;
    let sign = if negative { -1 } else { 1 };
    Timestamp::new(i64::from(sign) * seconds, sign * nanos).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("1700000000", "1700000000")]
    #[case("1700000000.5", "1700000000.5")]
    #[case("1700000000.123456789", "1700000000.123456789")]
    #[case::rclone_pads("1700000000.120000000", "1700000000.12")]
    #[case::too_fine("1.0000000019", "1.000000001")]
    #[case::before_the_epoch("-1.25", "-1.25")]
    #[case::just_before_the_epoch("-0.25", "-0.25")]
    fn is_read_and_written(#[case] text: &str, #[case] written: &str) {
        assert_eq!(to_text(from_text(text).unwrap()), written);
    }

    #[rstest]
    fn other_texts_are_no_time(
        #[values("", "-", ".5", "1e9", "2023-01-01", "1.2.3", "+1", "99999999999999999999")] text: &str,
    ) {
        assert_eq!(from_text(text), None);
    }
}
