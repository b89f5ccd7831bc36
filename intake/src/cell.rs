//! One text, read as what its column asks for. No message repeats the text.

use std::str::FromStr;

use adt_model::{AcqDatetime, Location, LogLevel, Modality, Platform, ProcessName};

use crate::{draft::Wrong, moment, nearest};

/// The forms of a bucket cell.
pub(crate) const BUCKET_FORM: &str = "a bucket's bare name, or `s3://bucket/prefix`, `gs://bucket/prefix`, `az://account/container`, `file:///folder`";
/// The forms of a date.
pub(crate) const DATE_FORM: &str = "`YYYY-MM-DD HH:MM:SS` or `M/D/YYYY h:MM:SS AM`";
/// The form of a subject id.
pub(crate) const SUBJECT_FORM: &str =
    "the animal's id, such as `123456`, without blanks, slashes, commas and semicolons";

/// The truth values of the original's settings, in any letter case.
pub(crate) fn switch(text: &str) -> Result<bool, Wrong> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "t" | "yes" | "y" | "on" => Ok(true),
        "0" | "false" | "f" | "no" | "n" | "off" => Ok(false),
        _ => Err(Wrong::new(
            "neither true nor false",
            "one of 1, true, t, yes, y, on or 0, false, f, no, n, off; a blank means the default",
        )),
    }
}

/// The list of platforms.
pub(crate) fn platforms() -> String {
    one_of("", Platform::all().map(Platform::abbreviation))
}

pub(crate) fn platform(text: &str) -> Result<Platform, Wrong> {
    text.parse().map_err(|e: adt_model::UnknownPlatform| {
        Wrong::new(e.to_string(), one_of(text, Platform::all().map(Platform::abbreviation)))
    })
}

pub(crate) fn modality(text: &str) -> Result<Modality, Wrong> {
    text.parse().map_err(|e: adt_model::UnknownModality| {
        Wrong::new(e.to_string(), one_of(text, Modality::all().map(Modality::abbreviation)))
    })
}

pub(crate) fn process_name(text: &str) -> Result<ProcessName, Wrong> {
    text.parse().map_err(|e: adt_model::UnknownProcess| {
        Wrong::new(e.to_string(), one_of(text, ProcessName::all().map(ProcessName::as_str)))
    })
}

pub(crate) fn log_level(text: &str) -> Result<LogLevel, Wrong> {
    let names = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];
    text.parse().map_err(|()| Wrong::new("no log level of that name", one_of(text, names)))
}

/// One of a few words.
pub(crate) fn word<T: FromStr<Err = ()>>(text: &str, words: &[&'static str]) -> Result<T, Wrong> {
    text.parse().map_err(|()| Wrong::new("not one of its words", one_of(text, words.iter().copied())))
}

/// `did you mean …?` when something is near, then the whole list.
pub(crate) fn one_of(text: &str, names: impl IntoIterator<Item = &'static str>) -> String {
    let names: Vec<_> = names.into_iter().collect();
    let list = format!("one of {}", names.join(", "));
    match nearest::nearest(text, names) {
        Some(name) => format!("did you mean `{name}`? {list}"),
        None => list,
    }
}

pub(crate) fn bucket(text: &str) -> Result<Location, Wrong> {
    Location::from_bucket_cell(text.trim())
        .map_err(|_| Wrong::new("not a bucket's name and not a location", BUCKET_FORM))
}

/// The id becomes a part of the asset's name, and so of a folder's name on the machines that people download it to. Any other text is taken
/// as it is.
pub(crate) fn subject_id(text: &str) -> Result<String, Wrong> {
    if text.trim() != text {
        return Err(Wrong::new("blanks around a subject id", SUBJECT_FORM));
    }
    if text == "." || text == ".." {
        return Err(Wrong::new("dots are not a subject id", SUBJECT_FORM));
    }
    if text.starts_with(['-', '+', '=']) {
        return Err(Wrong::new("a subject id does not begin with a sign", SUBJECT_FORM));
    }
    let separating = |c: char| match c {
        '/' | '\\' => Some("a slash"),
        ';' => Some("a semicolon"),
        ',' => Some("a comma"),
        '\t' => Some("a tab"),
        '?' | '*' | ':' | '|' | '"' | '<' | '>' => Some("a character that no folder of Windows may have"),
        '\u{ff01}'..='\u{ff5e}' => Some("a full-width character"),
        c if c.is_control() => Some("a control character"),
        c if c.is_whitespace() => Some("a blank"),
        _ => None,
    };
    match text.chars().zip(1..).find_map(|(c, at)| Some((separating(c)?, at))) {
        Some((what, at)) => {
            Err(Wrong::new(format!("{what} inside a subject id, at character {at}"), SUBJECT_FORM))
        }
        None => Ok(text.to_owned()),
    }
}

pub(crate) fn acq_datetime(text: &str) -> Result<AcqDatetime, Wrong> {
    use adt_model::AcqDatetimeError as Error;
    // Some systems write a no-break blank before AM and PM.
    text.replace(['\u{202f}', '\u{a0}'], " ")
        .parse::<AcqDatetime>()
        .map_err(|e| match e {
            Error::Form => moment::refused(text),
            Error::Range(what) => Wrong::new(what, DATE_FORM),
        })
        .and_then(set)
}

/// Clocks that were never set, and empty cells that are formatted as dates, give times such as 1970-01-01 or 1899-12-30.
fn set(at: AcqDatetime) -> Result<AcqDatetime, Wrong> {
    if at.civil().year() < 1980 {
        return Err(Wrong::new(
            "a year before 1980, as a clock that was not set or an empty cell gives it",
            DATE_FORM,
        ));
    }
    Ok(at)
}

/// A parameter's name or its ARN. Anything else is refused here: it could be a mistyped secret on its way to a log.
pub(crate) fn parameter_name(text: &str) -> Result<String, Wrong> {
    let text = text.trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-/:".contains(c);
    if !text.is_empty() && text.chars().all(fits) {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(
        "not the name of a parameter",
        "letters, digits and `.`, `_`, `-`, `/`, such as `/lab/transfer/endpoints`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use adt_model::MetadataMissing;
    use rstest::rstest;

    #[rstest]
    fn true_is_read(#[values("1", "true", "T", "Yes", "y", "ON", " true ")] text: &str) {
        assert_eq!(switch(text), Ok(true));
    }

    #[rstest]
    fn false_is_read(#[values("0", "FALSE", "f", "No", "n", "off")] text: &str) {
        assert_eq!(switch(text), Ok(false));
    }

    #[rstest]
    fn anything_else_is_neither(#[values("2", "1.0", "enable", "")] text: &str) {
        assert!(switch(text).is_err());
    }

    #[rstest]
    #[case::digits("123456", true)]
    #[case::underscore("12_34", true)]
    #[case::hyphens("662680-CON-R1-ID", true)]
    #[case::slash("12/34", false)]
    #[case::backslash("12\\34", false)]
    #[case::blank_before(" 12", false)]
    #[case::blank_behind("12 ", false)]
    #[case::tab("1\t2", false)]
    #[case::blank_inside("73 1015", false)]
    #[case::no_break_blank_inside("73\u{a0}1015", false)]
    #[case::ideographic_blank_inside("73\u{3000}1015", false)]
    #[case::semicolon("731015;731016", false)]
    #[case::comma("731015,731016x", false)]
    #[case::line("731015\n731016", false)]
    #[case::bell("731\u{7}015", false)]
    #[case::letters_of_any_alphabet("мышь-1", true)]
    #[case::dot(".", false)]
    #[case::dots("..", false)]
    #[case::minus("-5", false)]
    #[case::plus("+731015", false)]
    #[case::formula("=731015", false)]
    #[case::full_width_digits("７３１０１５", false)]
    fn subject_ids(#[case] text: &str, #[case] fits: bool) {
        assert_eq!(subject_id(text).is_ok(), fits);
    }

    #[test]
    fn the_place_in_a_subject_id_is_named() {
        let what = |text| subject_id(text).unwrap_err().what;
        assert_eq!(what("73 1015"), "a blank inside a subject id, at character 3");
        assert_eq!(what("ü;2"), "a semicolon inside a subject id, at character 2");
        assert!(
            what("731015?").ends_with("no folder of Windows may have inside a subject id, at character 7")
        );
    }

    #[rstest]
    #[case("1899-12-30 00:00:00", false)]
    #[case("1970-01-01 00:00:00", false)]
    #[case("0000-01-01 00:00:00", false)]
    #[case("1/1/1904 12:00:00 AM", false)]
    #[case("1980-01-01 00:00:00", true)]
    #[case("2038-01-20 00:00:00", true)]
    fn a_clock_that_was_not_set_is_refused(#[case] text: &str, #[case] fits: bool) {
        assert_eq!(acq_datetime(text).is_ok(), fits);
    }

    #[rstest]
    #[case::name("/some/aws/param/store/name", true)]
    #[case::arn("arn:aws:ssm:us-west-2:123456789012:parameter/lab", true)]
    #[case::assignment("codeocean_api_token=abc", false)]
    fn parameter_names(#[case] text: &str, #[case] fits: bool) {
        assert_eq!(parameter_name(text).is_ok(), fits);
    }

    #[rstest]
    #[case::bare("some_bucket", true)]
    #[case::s3("s3://b/p", true)]
    #[case::path("/data", false)]
    #[case::sentence("my bucket", false)]
    fn buckets(#[case] text: &str, #[case] fits: bool) {
        assert_eq!(bucket(text).is_ok(), fits);
    }

    #[test]
    fn the_nearest_name_is_said_before_the_list() {
        let wrong = platform("SmrtSPIM").unwrap_err();
        assert_eq!(wrong.what, "no platform of that name");
        assert!(wrong.valid.starts_with("did you mean `SmartSPIM`? one of behavior, confocal, "));
    }

    #[rstest]
    #[case::word("Allow", Ok(MetadataMissing::Allow))]
    #[case::near("alow", Err("did you mean `allow`? one of require, allow"))]
    #[case::far("perhaps", Err("one of require, allow"))]
    fn words(#[case] text: &str, #[case] read: Result<MetadataMissing, &str>) {
        let word = word(text, MetadataMissing::WORDS).map_err(|wrong| wrong.valid);
        assert_eq!(word, read.map_err(str::to_owned));
    }
}
