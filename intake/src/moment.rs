//! What is wrong with a time that is not of the two forms.

use crate::{cell::DATE_FORM, draft::Wrong};

/// The seconds and the day are part of the asset's name, so neither is guessed; the reason is named instead.
pub(crate) fn refused(text: &str) -> Wrong {
    let (what, help) = reason(text.trim());
    let valid = if help.is_empty() { DATE_FORM.to_owned() } else { format!("{help}; write {DATE_FORM}") };
    Wrong::new(what, valid)
}

const COLUMN: &str = "in a spreadsheet, format the column as text or as `yyyy-mm-dd hh:mm:ss`";

fn reason(text: &str) -> (&'static str, &'static str) {
    let Some((date, time)) = text.split_once([' ', 'T', '_']) else { return single(text) };
    let time = time.trim();
    let clock_end = time.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(time.len());
    let (clock, behind) = (&time[..clock_end], time[clock_end..].trim());
    let dotted = date.split('.').count() == 3;
    let zoned = behind.ends_with(['Z', 'z'])
        || behind
            .trim_start_matches(['.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
            .starts_with(['+', '-']);
    let year_first = date.split('/').next().is_some_and(|year| date.contains('/') && year.len() == 4);
    if year_first {
        ("a date with slashes that begins with the year", "write it with hyphens")
    } else if dotted {
        ("a date with dots, whose day and month are ambiguous", COLUMN)
    } else if date.rsplit('/').next().is_some_and(|year| date.contains('/') && year.len() == 2) {
        ("a year of two digits", COLUMN)
    } else if !clock.is_empty() && clock.matches(':').count() == 1 && !behind.starts_with(':') {
        ("the seconds are missing", COLUMN)
    } else if zoned && clock.matches(':').count() == 2 {
        ("a time with a zone", "write the rig's local time without a zone")
    } else if behind.starts_with(['.', ',']) {
        ("a fraction of a second", "leave the fraction out")
    } else if date.contains('/') && behind.is_empty() && clock.matches(':').count() == 2 {
        ("AM or PM is missing, so the day and the hour are ambiguous", COLUMN)
    } else if date.contains('/')
        && ["am", "pm"].contains(&behind.to_ascii_lowercase().as_str())
        && !time.contains(' ')
    {
        ("no blank before AM or PM", "")
    } else if clock.matches(':').count() == 2 && clock.find(':') == Some(1) {
        ("an hour of one digit", "write it with two digits")
    } else if clock_end == 2 && behind.starts_with('-') {
        ("hyphens between hours, minutes and seconds", "write colons")
    } else if time.len() == 6 && clock_end == 6 {
        ("a date and time without hyphens and colons", "")
    } else {
        ("not a date and time", "")
    }
}

/// Without anything between a date and a time.
fn single(text: &str) -> (&'static str, &'static str) {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    if digits(whole) && digits(part) && whole.len() == 5 {
        ("a spreadsheet's serial number of a date", COLUMN)
    } else if digits(text) && (9..=19).contains(&text.len()) {
        ("a count of seconds, not a date", "write the rig's local time")
    } else if text.contains(':') {
        ("the date is missing", COLUMN)
    } else if text.split(['-', '/', '.']).count() == 3 {
        ("the time is missing", COLUMN)
    } else {
        ("not a date and time", "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("3/18/2024 9:41", "the seconds are missing")]
    #[case("2024-03-18 09:41", "the seconds are missing")]
    #[case("2024-03-18T09:41", "the seconds are missing")]
    #[case("3/18/2024 9:41 AM", "the seconds are missing")]
    #[case("3/18/2024 9:41:07", "AM or PM is missing, so the day and the hour are ambiguous")]
    #[case("18.03.2024 09:41:07", "a date with dots, whose day and month are ambiguous")]
    #[case("2024-03-18T09:41:07-07:00", "a time with a zone")]
    #[case("2024-03-18T09:41:07Z", "a time with a zone")]
    #[case("2024-03-18T09:41:07.123Z", "a time with a zone")]
    #[case("2024-03-18 09:41:07.123456+00:00", "a time with a zone")]
    #[case("2024-03-18T09:41:07.000", "a fraction of a second")]
    #[case("45369.403553", "a spreadsheet's serial number of a date")]
    #[case("45369,4", "a spreadsheet's serial number of a date")]
    #[case("3/18/24 9:41", "a year of two digits")]
    #[case("2024-03-18", "the time is missing")]
    #[case("41:07.0", "the date is missing")]
    #[case("1710754867", "a count of seconds, not a date")]
    #[case("1710754867123", "a count of seconds, not a date")]
    #[case("3/18/2024 9:41:07AM", "no blank before AM or PM")]
    #[case("2024/03/18 09:41:07", "a date with slashes that begins with the year")]
    #[case("2024-03-18_09-41-07", "hyphens between hours, minutes and seconds")]
    #[case("2024-03-18 9:41:07", "an hour of one digit")]
    #[case("20240318T094107", "a date and time without hyphens and colons")]
    #[case("soon", "not a date and time")]
    fn the_reason_is_named(#[case] text: &str, #[case] what: &str) {
        let wrong = refused(text);
        assert_eq!(wrong.what, what);
        assert!(wrong.valid.ends_with(DATE_FORM), "{}", wrong.valid);
    }
}
