use std::process::Command;

use adt_model::{Class, Fault};

use super::Keys;

/// Runs a profile's `credential_process` and reads the keys that it prints.
pub(super) async fn keys(command: &str, profile: &str) -> Result<Keys, Fault> {
    let what = format!("the credential_process of profile `{profile}`");
    let mut words = words(command).into_iter();
    let Some(program) = words.next() else {
        return Err(Fault::new(Class::BadInput, format!("{what} is empty")));
    };
    let mut process = Command::new(&program);
    process.args(words);
    let output = tokio::task::spawn_blocking(move || process.output())
        .await
        .map_err(|error| Fault::new(Class::Cancelled, "the program is ending").because(error))?
        .map_err(|error| Fault::io(format!("cannot run {what} (`{program}`)"), error))?;
    // What it prints may be keys; only that it failed is said.
    if !output.status.success() {
        let what = format!("{what} (`{program}`) ended with {}", output.status);
        return Err(Fault::new(Class::Refused, what).help("run it by hand to see why"));
    }
    let document: Option<serde_json::Value> = serde_json::from_slice(&output.stdout).ok();
    document
        .and_then(|document| Keys::from_json(&document, what.clone()))
        .ok_or_else(|| Fault::new(Class::Refused, format!("{what} (`{program}`) printed no keys")))
}

/// A command's words; quotes hold words with blanks together. A backslash is a letter like any other, as in paths of
/// Windows, unless it stands before a quote.
fn words(command: &str) -> Vec<String> {
    let (mut all, mut word, mut quote, mut begun) = (Vec::new(), String::new(), None, false);
    let mut letters = command.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\\', _) if matches!(letters.peek(), Some('"' | '\'')) => word.extend(letters.next()),
            (letter, Some(open)) if letter == open => quote = None,
            ('"' | '\'', None) => (quote, begun) = (Some(letter), true),
            (letter, None) if letter.is_whitespace() => {
                if begun || !word.is_empty() {
                    all.push(std::mem::take(&mut word));
                    begun = false;
                }
            }
            (letter, _) => word.push(letter),
        }
    }
    if begun || !word.is_empty() {
        all.push(word);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", &[])]
    #[case("  /opt/x  --a b ", &["/opt/x", "--a", "b"])]
    #[case(r#""C:\Program Files\x.exe" '' --n "a 'b'""#, &[r"C:\Program Files\x.exe", "", "--n", "a 'b'"])]
    #[case(r#"a\"b c"#, &["a\"b", "c"])]
    fn commands_are_split_at_blanks_outside_quotes(#[case] command: &str, #[case] expected: &[&str]) {
        assert_eq!(words(command), expected);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_prints_keys_or_is_named_in_the_fault() {
        let command = r#"printf '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"S"}'"#;
        assert_eq!(keys(command, "lab").await.unwrap().access_key, "A");
        for (command, class) in
            [("false", Class::Refused), ("echo canary", Class::Refused), ("", Class::BadInput)]
        {
            let fault = keys(command, "lab").await.unwrap_err();
            assert_eq!(fault.class(), class);
            assert!(fault.line().contains("profile `lab`") && !fault.line().contains("canary"), "{fault:?}");
        }
    }
}
