//! What spreadsheets, tables and the clipboard leave in a cell: nobody wrote it, and it must not become part of a name or a document.

use adt_model::holds_secret;

use crate::draft::Wrong;

/// What a cell holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Never looked at: any text can be a password.
    Secret,
    /// A path, which may hold anything that a file system allows.
    Path,
    /// An id, often made of digits only.
    Id,
    /// A word of a list, a name, a date.
    Word,
    /// Free text, of several lines maybe.
    Text,
    /// Entries separated by `;`, their parts by `|`.
    List,
}

/// What is wrong with a text that nobody can have meant.
pub(crate) fn damage(text: &str, kind: Kind) -> Option<Wrong> {
    if kind == Kind::Secret {
        return None;
    }
    let text = text.trim();
    if holds_secret(text) {
        return Some(Wrong::new(
            "an address with a password or a signature inside",
            "write the address without it; credentials are set as variables, or in their own columns",
        ));
    }
    let address = text.starts_with("https://") || text.starts_with("http://");
    if address && kind == Kind::Word && text.contains('#') {
        return Some(Wrong::new(
            "an address with a `#`; what follows it is never sent to a server",
            "write the address without `#`",
        ));
    }
    let left = || match kind {
        Kind::List => text.split([';', '|']).find_map(|part| leftover(part.trim())),
        _ => leftover(text),
    };
    invisible(text, kind).or_else(left).or_else(|| match kind {
        Kind::Id | Kind::Word if text.starts_with('\'') => Some(Wrong::new(
            "begins with an apostrophe, which a spreadsheet uses to mark text",
            "delete the apostrophe",
        )),
        Kind::Id => number(text),
        _ => None,
    })
}

/// Characters that are not seen and are not blanks.
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffd}')
}

fn invisible(text: &str, kind: Kind) -> Option<Wrong> {
    let odd = |c: &char| match kind {
        Kind::Path | Kind::Text | Kind::List => is_invisible(*c),
        Kind::Id => is_invisible(*c) || c.is_control() || (c.is_whitespace() && *c != ' '),
        _ => is_invisible(*c) || c.is_control(),
    };
    let (found, at) = text.chars().zip(1..).find(|(c, _)| odd(c))?;
    Some(Wrong::new(
        format!("an invisible character (U+{:04X}) at character {at}", u32::from(found)),
        "type the text again, or paste it as plain text",
    ))
}

/// An error of a spreadsheet, a formula, a column that was too narrow, or an empty value of a program.
fn leftover(text: &str) -> Option<Wrong> {
    const ERRORS: [&str; 4] = ["#n/a", "#nv", "#getting_data", "#n/d"];
    const EMPTY: [&str; 9] = ["nan", "nat", "none", "null", "nil", "<na>", "n/a", "undefined", "nan.0"];
    let lower = text.to_lowercase();
    if text.len() > 1 && text.bytes().all(|byte| byte == b'#') {
        return Some(Wrong::new(
            "a column of a spreadsheet that was too narrow to show its number",
            "widen the column, format it as text, and save again",
        ));
    }
    let marked = text.starts_with('#') && text.ends_with(['!', '?']) && !text.contains(char::is_whitespace);
    if marked || ERRORS.contains(&lower.as_str()) {
        return Some(Wrong::new(
            "an error value of a spreadsheet",
            "correct the formula, or write the value itself",
        ));
    }
    if EMPTY.contains(&lower.as_str()) {
        return Some(Wrong::new(
            "how programs write a value that is missing",
            "write the value, or leave the cell empty",
        ));
    }
    text.starts_with('=').then(|| {
        Wrong::new(
            "a formula of a spreadsheet, not its value",
            "write the value itself (copy, then paste as values)",
        )
    })
}

/// A number as a spreadsheet or a program rewrites an id.
fn number(text: &str) -> Option<Wrong> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let what = if let Some((mantissa, exponent)) = text.split_once(['e', 'E']) {
        let signed = exponent.trim_start_matches(['+', '-']);
        let (whole, part) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
        let rewritten = mantissa.contains(['.', ',']) || exponent.starts_with(['+', '-']);
        (rewritten && digits(whole) && digits(part) && digits(signed))
            .then_some("a number in scientific notation, which has lost digits of the id")
    } else {
        let mut parts = text.split(['.', ',']);
        (text.contains(['.', ',']) && parts.all(digits)).then_some(
            "a number with a decimal point or separators, as a spreadsheet or a program rewrites an id",
        )
    };
    what.map(|what| Wrong::new(what, "write the id itself, such as `731015`, and format the column as text"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    fn what_nobody_wrote_is_refused_as_an_id(
        #[values(
            "731015.0",
            "731,015",
            "731.015",
            "731015,0",
            "7.31E+05",
            "7,31E+05",
            "7E+05",
            "7.31e05",
            "=\"731015\"",
            "=A2",
            "'731015",
            "#REF!",
            "#N/A",
            "#NV",
            "#NAME?",
            "#VALUE!",
            "#DIV/0!",
            "#BEZUG!",
            "nan",
            "NaN",
            "NaT",
            "None",
            "null",
            "<NA>",
            "########",
            "##",
            "731\u{200b}015",
            "\u{feff}731015",
            "731015\u{200f}",
            "731\u{a0}015",
            "731\u{ad}015",
            "731\t015"
        )]
        text: &str,
    ) {
        assert!(damage(text, Kind::Id).is_some(), "{text}");
    }

    #[rstest]
    fn what_a_lab_writes_is_an_id(
        #[values("731015", "000123", "662680-CON-R1-ID", "12_34", "A1", "12E3", "e5", "Nana", "#7", "1.2.a")]
        text: &str,
    ) {
        assert_eq!(damage(text, Kind::Id), None);
    }

    #[rstest]
    #[case::error("#REF!", Kind::Path, true)]
    #[case::error_in_text("#NAME?", Kind::Text, true)]
    #[case::empty("None", Kind::Word, true)]
    #[case::formula("=B2&C2", Kind::Text, true)]
    #[case::mark_in_a_path("C:\\da\u{200b}ta", Kind::Path, true)]
    #[case::line_end_in_a_word("Brain\nProject", Kind::Word, true)]
    #[case::line_end_in_a_list("Jane Doe;\nJohn Roe", Kind::List, false)]
    #[case::apostrophe_of_a_name("'t Hooft, Gerard;", Kind::List, false)]
    #[case::error_in_a_list("Jane Doe; #REF!", Kind::List, true)]
    #[case::nothing_in_a_list("nan; Jane Doe", Kind::List, true)]
    #[case::grant_that_is_an_error("NIH | #N/A", Kind::List, true)]
    #[case::narrow_grant("NIH|########|", Kind::List, true)]
    #[case::mark_in_a_list("Jane\u{200b} Doe;", Kind::List, true)]
    #[case::empty_entries(";Jane Doe;; |", Kind::List, false)]
    #[case::address_with_password("https://u:p@host", Kind::Word, true)]
    #[case::signature("az://a/c?sig=x", Kind::Word, true)]
    #[case::fragment("https://host/#token", Kind::Word, true)]
    #[case::fragment_in_a_text("see https://host/#terms", Kind::Text, false)]
    #[case::address("https://host:8080/a@b", Kind::Word, false)]
    #[case::decimal_in_a_word("2.0", Kind::Word, false)]
    #[case::no_break_blank_in_a_name("Brain\u{a0}Project", Kind::Word, false)]
    #[case::folder("/data/none/nan", Kind::Path, false)]
    #[case::secret("#REF!", Kind::Secret, false)]
    #[case::secret_formula("=abc\u{200b}", Kind::Secret, false)]
    fn other_cells(#[case] text: &str, #[case] kind: Kind, #[case] refused: bool) {
        assert_eq!(damage(text, kind).is_some(), refused);
    }
}
