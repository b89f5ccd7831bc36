//! How a document is laid out.

/// Lays out valid JSON as the Python original's documents are: three blanks of indent, one line for each member and element,
/// `{}` and `[]` for empty ones, no line end at the end. Numbers stay as they are written; escapes that JSON does not demand
/// become the letters they stand for.
pub(crate) fn lay_out(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0;
    let mut rest = json.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            _ => first.len_utf8(),
        };
        let (token, tail) = rest.split_at(length);
        rest = tail.trim_start();
        match first {
            '"' => push_string(&mut out, token),
            '{' | '[' if rest.starts_with(['}', ']']) => {
                out.push(first);
                out.push_str(&rest[..1]);
                rest = rest[1..].trim_start();
            }
            '{' | '[' => {
                depth += 1;
                out.push(first);
                new_line(&mut out, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(first);
            }
            ',' => {
                out.push(',');
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            other => out.push(other),
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    for _ in 0..depth {
        out.push_str("   ");
    }
}

/// Bytes of the string that `text` begins with, both quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn push_string(out: &mut String, token: &str) {
    let plain = token.contains('\\').then(|| {
        // Half of a surrogate pair is no letter; such a string stays as it was written.
        let letters: String = serde_json::from_str(token).ok()?;
        serde_json::to_string(&letters).ok()
    });
    out.push_str(plain.flatten().as_deref().unwrap_or(token));
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::scalar(" 1 ", "1")]
    #[case::empty("{ }", "{}")]
    #[case::empty_inside("[[], {}]", "[\n   [],\n   {}\n]")]
    #[case::nested(
        r#"{"a":[1,{"b":null}]}"#,
        "{\n   \"a\": [\n      1,\n      {\n         \"b\": null\n      }\n   ]\n}"
    )]
    #[case::numbers(
        "[1.0,1e400,0.10,123456789012345678901]",
        "[\n   1.0,\n   1e400,\n   0.10,\n   123456789012345678901\n]"
    )]
    #[case::signs_in_strings(r#"["a,b:{}[]\"\\"]"#, "[\n   \"a,b:{}[]\\\"\\\\\"\n]")]
    #[case::needless_escapes(r#"["\u00b5m \/ \u000a"]"#, "[\n   \"µm / \\n\"\n]")]
    #[case::half_a_pair(r#"["\ud800"]"#, "[\n   \"\\ud800\"\n]")]
    fn is_laid_out(#[case] json: &str, #[case] text: &str) {
        assert_eq!(lay_out(json), text);
        assert_eq!(lay_out(text), text);
    }
}
