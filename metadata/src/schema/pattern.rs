/// Passes a text, or says what it must not be.
pub(super) type Pattern = fn(&str) -> Result<(), String>;

/// What a pattern of the schemas asks of a text; `None` for one that nobody has looked at, which a test forbids.
pub(super) fn pattern(pattern: &str) -> Option<Pattern> {
    Some(match pattern {
        "^[^_]+$" => |text| without(text, "_"),
        r#"^[^<>:;"/|? \_]+$"# => |text| without(text, "<>:;\"/|? _"),
        r#"^[^<>:;"/|?\\_]+$"# => |text| without(text, "<>:;\"/|?\\_"),
        "^[0-9a-fA-F]{7,60}$" => commit,
        _ => return None,
    })
}

fn without(text: &str, signs: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("it must not be empty".to_owned());
    }
    match text.chars().find(|c| signs.contains(*c)) {
        Some(' ') => Err("it must not hold a blank".to_owned()),
        Some(sign) => Err(format!("it must not hold `{sign}`")),
        None => Ok(()),
    }
}

fn commit(text: &str) -> Result<(), String> {
    let whole = (7..=60).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    if whole { Ok(()) } else { Err("it must be a commit's hash".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::subject("^[^_]+$", "662680-CON-R1 ID", true)]
    #[case::subject_with_an_underscore("^[^_]+$", "a_b", false)]
    #[case::nothing("^[^_]+$", "", false)]
    #[case::project_of_the_first_generation(r#"^[^<>:;"/|? \_]+$"#, "Ephys-Platform", true)]
    #[case::blank_in_the_first(r#"^[^<>:;"/|? \_]+$"#, "Ephys Platform", false)]
    #[case::backslash_in_the_first(r#"^[^<>:;"/|? \_]+$"#, "Ephys\\Platform", true)]
    #[case::blank_in_the_second(r#"^[^<>:;"/|?\\_]+$"#, "Ephys Platform", true)]
    #[case::backslash_in_the_second(r#"^[^<>:;"/|?\\_]+$"#, "Ephys\\Platform", false)]
    #[case::hash("^[0-9a-fA-F]{7,60}$", "ce2068E", true)]
    #[case::short_hash("^[0-9a-fA-F]{7,60}$", "ce2068", false)]
    fn is_followed(#[case] text: &str, #[case] value: &str, #[case] passes: bool) {
        assert_eq!(pattern(text).unwrap()(value).is_ok(), passes);
    }
}
