//! Dates and times as pydantic reads them: a relaxed ISO 8601, or a number since 1970.

use serde_json::Value;

/// 1600-01-01T00:00:00Z and 9999-12-31T23:59:59Z in seconds since 1970: numbers outside are no times.
const SECONDS: std::ops::RangeInclusive<f64> = -11_676_096_000.0..=253_402_300_799.0;
/// A larger number is of milliseconds.
const MILLISECONDS_FROM: f64 = 20_000_000_000.0;
const DAY: f64 = 86_400.0;

/// A date and time of day: `2023-10-12T08:32:18.5+01:00`, without seconds or zone, a bare date, or a number.
pub(super) fn date_time(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            civil(text).is_some() || plain_number(text).is_some_and(|n| since_1970(n).is_some())
        }
        Value::Number(number) => number.as_f64().is_some_and(|n| since_1970(n).is_some()),
        _ => false,
    }
}

/// A date; a time too if it is midnight.
pub(super) fn date(value: &Value) -> bool {
    let midnight = |n: f64| since_1970(n).is_some_and(|seconds| seconds % DAY == 0.0);
    match value {
        Value::String(text) => {
            civil(text).is_some_and(|midnight| midnight) || plain_number(text).is_some_and(midnight)
        }
        Value::Number(number) => number.as_f64().is_some_and(midnight),
        _ => false,
    }
}

/// A time of day, with or without seconds and zone; as a number, seconds since midnight.
pub(super) fn time(value: &Value) -> bool {
    match value {
        Value::String(text) => clock(text.as_bytes()).is_some(),
        Value::Number(number) => number.as_f64().is_some_and(|n| (0.0..DAY).contains(&n)),
        _ => false,
    }
}

/// Seconds since 1970, to the microsecond.
fn since_1970(number: f64) -> Option<f64> {
    let seconds = if number.abs() > MILLISECONDS_FROM { number / 1000.0 } else { number };
    let seconds = (seconds * 1e6).round() / 1e6;
    SECONDS.contains(&seconds).then_some(seconds)
}

/// Digits with a sign and a point at most.
fn plain_number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    (!whole.is_empty() && all_digits(whole) && all_digits(fraction)).then(|| text.parse().ok()).flatten()
}

/// Whether it is midnight; `None` if it is no date at all.
fn civil(text: &str) -> Option<bool> {
    let bytes = text.as_bytes();
    let (day, rest) = bytes.split_at_checked(10)?;
    if day[4] != b'-' || day[7] != b'-' {
        return None;
    }
    let number = |digits: &[u8]| Some(u16::from(two(&digits[..2])?) * 100 + u16::from(two(&digits[2..])?));
    let year = i16::try_from(number(&day[..4])?).ok().filter(|year| *year >= 1)?;
    let [month, day] = [&day[5..7], &day[8..]].map(|d| two(d).and_then(|n| i8::try_from(n).ok()));
    jiff::civil::Date::new(year, month?, day?).ok()?;
    match rest {
        [] => Some(true),
        [b'T' | b't' | b' ' | b'_', rest @ ..] => clock(rest),
        _ => None,
    }
}

/// Reads `08:32`, `08:32:18`, `08:32:18.5` with a zone or without; whether it is midnight.
fn clock(text: &[u8]) -> Option<bool> {
    let (hours, rest) = text.split_at_checked(2)?;
    let (minutes, rest) = rest.strip_prefix(b":")?.split_at_checked(2)?;
    let (hours, minutes) = (two(hours).filter(|h| *h < 24)?, two(minutes).filter(|m| *m < 60)?);
    let (seconds, fraction, rest) = match rest {
        [b':', rest @ ..] => {
            let (seconds, rest) = rest.split_at_checked(2)?;
            let seconds = two(seconds).filter(|s| *s < 60)?;
            match rest {
                [b'.' | b',', rest @ ..] => {
                    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
                    let (fraction, rest) = rest.split_at(digits);
                    // What is below a microsecond is not kept.
                    let kept = fraction.iter().take(6).any(|b| *b != b'0');
                    (digits > 0).then_some((seconds, kept, rest))?
                }
                rest => (seconds, false, rest),
            }
        }
        rest => (0, false, rest),
    };
    zone(rest).then_some(hours == 0 && minutes == 0 && seconds == 0 && !fraction)
}

/// Nothing, `Z`, `+01:00` or `-0800`; the minus may be the typographic one.
fn zone(text: &[u8]) -> bool {
    let offset = match text {
        [] | [b'Z' | b'z'] => return true,
        [b'+' | b'-', offset @ ..] | [0xE2, 0x88, 0x92, offset @ ..] => offset,
        _ => return false,
    };
    let (hours, minutes) = match offset {
        [a, b, b':', c, d] | [a, b, c, d] => (two(&[*a, *b]), two(&[*c, *d])),
        _ => return false,
    };
    hours.is_some_and(|h| h < 24) && minutes.is_some_and(|m| m < 60)
}

fn two(digits: &[u8]) -> Option<u8> {
    match digits {
        [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Some((a - b'0') * 10 + (b - b'0')),
        _ => None,
    }
}
