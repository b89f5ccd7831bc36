//! Words of a person in a script: whatever they are, they stay one word.

use adt_model::{Class, Fault};

/// A word for the shell: as it is where that is safe, else in single quotes.
pub(super) fn quoted(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// A value of an `#SBATCH` line. `sbatch` reads these itself: quotes group, and a backslash takes the next character as it is,
/// within quotes of both kinds too.
pub(super) fn option(what: &str, text: &str) -> Result<String, Fault> {
    let text = one_line(what, text)?;
    if is_plain(text) {
        return Ok(text.to_owned());
    }
    Ok(format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\"")))
}

/// `text`, unless it has more than one line.
pub(super) fn one_line<'a>(what: &str, text: &'a str) -> Result<&'a str, Fault> {
    refuse_nul(what, text)?;
    if text.contains(['\n', '\r']) {
        return Err(bad(format!("{what} `{}` has more than one line", text.escape_default())));
    }
    Ok(text)
}

pub(super) fn refuse_nul(what: &str, text: &str) -> Result<(), Fault> {
    if text.contains('\0') {
        return Err(bad(format!("{what} `{}` has a zero byte", text.escape_default())));
    }
    Ok(())
}

pub(super) fn bad(what: String) -> Fault {
    Fault::new(Class::BadInput, what)
}

fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:@%+,=".contains(&byte);
    !text.is_empty() && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("s3://bucket/a_b-1.zarr", "s3://bucket/a_b-1.zarr")]
    #[case("", "''")]
    #[case("a b", "'a b'")]
    #[case("it's", r"'it'\''s'")]
    #[case("$(reboot)", "'$(reboot)'")]
    #[case("~", "'~'")]
    #[case("a\nb", "'a\nb'")]
    fn a_word_stays_one_word(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(quoted(text), expected);
    }

    #[rstest]
    #[case("/run/logs/%x-%j.out", "/run/logs/%x-%j.out")]
    #[case("a b#c", r#""a b#c""#)]
    #[case(r#"a"b\c"#, r#""a\"b\\c""#)]
    fn an_option_stays_one_value(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(option("the queue", text).unwrap(), expected);
    }

    #[rstest]
    #[case("a\nb", r"the queue `a\nb` has more than one line")]
    #[case("a\rb", r"the queue `a\rb` has more than one line")]
    #[case("a\0b", r"the queue `a\u{0}b` has a zero byte")]
    fn an_option_of_many_lines_is_refused(#[case] text: &str, #[case] line: &str) {
        let fault = option("the queue", text).unwrap_err();
        assert_eq!((fault.class(), fault.line()), (Class::BadInput, line.to_owned()));
    }
}
