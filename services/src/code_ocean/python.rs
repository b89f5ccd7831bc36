//! JSON as Python writes it, which the trigger capsules have been given for years: a blank after each comma and colon,
//! and nothing but ASCII.

use std::fmt::Write as _;

/// A text in quotes.
pub(super) fn text(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            ' '..='~' => quoted.push(character),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    let _infallible = write!(quoted, "\\u{unit:04x}");
                }
            }
        }
    }
    quoted.push('"');
    quoted
}

/// A list of texts.
pub(super) fn list(texts: &[String]) -> String {
    let items: Vec<String> = texts.iter().map(|item| text(item)).collect();
    format!("[{}]", items.join(", "))
}

/// An object; the values are JSON already.
pub(super) fn object(members: &[(&str, String)]) -> String {
    let members: Vec<String> =
        members.iter().map(|(name, value)| format!("{}: {value}", text(name))).collect();
    format!("{{{}}}", members.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("plain", r#""plain""#)]
    #[case("a\"b\\c/", r#""a\"b\\c/""#)]
    #[case("\n\r\t\u{8}\u{c}\u{0}\u{7f}", r#""\n\r\t\b\f\u0000\u007f""#)]
    #[case("é 😀", r#""\u00e9 \ud83d\ude00""#)]
    fn texts_are_written_as_python_does(#[case] plain: &str, #[case] quoted: &str) {
        assert_eq!(text(plain), quoted);
        assert_eq!(serde_json::from_str::<String>(quoted).unwrap(), plain);
    }

    #[test]
    fn lists_and_objects_are_spaced() {
        let members = [("a", list(&["x".to_owned(), "y".to_owned()])), ("b", "null".to_owned())];
        assert_eq!(object(&members), r#"{"a": ["x", "y"], "b": null}"#);
        assert_eq!(list(&[]), "[]");
    }
}
