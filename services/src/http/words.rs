use std::fmt;

use adt_model::Redactor;
use serde_json::Value;

/// Characters of somebody else's text that are shown.
const SHOWN: usize = 160;

/// Somebody else's text on one line, shortened, without control characters.
pub(crate) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = String::new();
    let mut count = 0;
    for word in words {
        if count > 0 {
            line.push(' ');
            count += 1;
        }
        for character in word.chars() {
            if count >= SHOWN {
                line.push('…');
                return line;
            }
            line.push(character);
            count += 1;
        }
    }
    line
}

/// What a body says, for a person: the message in it, or how it begins.
pub(crate) struct Excerpt<'a> {
    pub(super) body: &'a [u8],
    pub(super) hidden: &'a Redactor,
}

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only the beginning is shown, so only a short body is worth parsing.
        let beginning = &self.body[..self.body.len().min(64 << 10)];
        if let Some(said) = (beginning.len() == self.body.len()).then(|| said(self.body)).flatten() {
            return f.write_str(&one_line(&self.hidden.clean(&said)));
        }
        let text = String::from_utf8_lossy(beginning);
        let line = one_line(&self.hidden.clean(&text));
        let start = text.trim_start().to_ascii_lowercase();
        if line.is_empty() {
            f.write_str("an empty answer")
        } else if start.starts_with("<!doctype html") || start.starts_with("<html") {
            write!(f, "an HTML page: `{line}`")
        } else {
            write!(f, "`{line}`")
        }
    }
}

/// The message of an error in JSON: `message` as Code Ocean and the v1 envelope have it, `detail` as `FastAPI` has it.
fn said(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let text =
        ["message", "detail", "error"].iter().find_map(|name| value.get(name).filter(|v| !v.is_null()))?;
    Some(text.as_str().map_or_else(|| text.to_string(), str::to_owned)).filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn shown(body: &str) -> String {
        let mut hidden = Redactor::default();
        hidden.hide("canary-123456");
        Excerpt { body: body.as_bytes(), hidden: &hidden }.to_string()
    }

    #[rstest]
    #[case("", "an empty answer")]
    #[case(" \n", "an empty answer")]
    #[case(r#"{"message": "No Data\nFound.", "data": null}"#, "No Data Found.")]
    #[case(r#"{"detail": "Not found"}"#, "Not found")]
    #[case(r#"{"detail": [{"loc": ["path"]}]}"#, r#"[{"loc":["path"]}]"#)]
    #[case(r#"{"data": 1}"#, r#"`{"data": 1}`"#)]
    #[case("\n<!DOCTYPE html>\n<html>\u{7}x</html>", "an HTML page: `<!DOCTYPE html> <html> x</html>`")]
    #[case("upstream timed out", "`upstream timed out`")]
    #[case(r#"{"message": "no canary-123456"}"#, "no ***")]
    #[case("<html>sent: canary-123456", "an HTML page: `<html>sent: ***`")]
    #[case("Y2FuYXJ5LTEyMzQ1Ng==", "`***==`")]
    fn a_body_is_shown_on_one_line_without_secrets(#[case] body: &str, #[case] said: &str) {
        assert_eq!(shown(body), said);
    }

    #[test]
    fn a_long_body_is_cut() {
        let shown = shown(&"ä".repeat(100_000));
        assert!(shown.chars().count() < 2 * SHOWN && shown.ends_with("…`"), "{shown}");
    }
}
