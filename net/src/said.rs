use std::{error::Error, fmt};

use adt_model::Redactor;

/// A server's own words, as a cause.
#[derive(Debug)]
pub struct Said(pub String);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Said {}

/// A server's words as a person may see them: without the secrets of the request, on one line.
pub fn said_by(hidden: &Redactor, text: &str) -> String {
    one_line(&hidden.clean(text))
}

/// A server's words on one line, and not too many of them; without a full stop, as they go on in a fault's text.
pub fn one_line(text: &str) -> String {
    const LONGEST: usize = 300;
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("a\nb.", "a b")]
    #[case("\u{0}\u{1}", "")]
    #[case("\u{1b}[31m  red", "[31m red")]
    fn foreign_words_stay_on_their_line(#[case] text: &str, #[case] line: &str) {
        assert_eq!(one_line(text), line);
        assert_eq!(one_line(&"x".repeat(5000)).len(), 300);
    }
}
