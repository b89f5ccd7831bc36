//! Secrets as people write them: the text itself, or a reference to where it is.

use adt_model::{Secret, SecretRef};
use camino::Utf8Path;

use crate::{cell, draft::Wrong, nearest, path};

/// The forms of a secret.
const FORM: &str = "the text itself, or `env:NAME`, `file:PATH`, `ssm:/name`, `ssm:/name#key`, `secretsmanager:name`, \
     `secretsmanager:name#key`; `#key` takes that member of the value's JSON";

/// What references begin with.
const SCHEMES: [&str; 4] = ["env", "file", "ssm", "secretsmanager"];

/// The text as it is, or a reference; blanks around a reference carry no meaning, and a relative `file:` is taken
/// relative to `cwd`. What looks like a reference and is none is refused: nothing is encrypted with the word `env:`.
pub(crate) fn reference(text: &str, cwd: &Utf8Path) -> Result<SecretRef, Wrong> {
    let Ok(read) = text.trim().parse();
    match read {
        SecretRef::Inline(_) => inline(text),
        SecretRef::Env(name) => named(&name).map(SecretRef::Env),
        SecretRef::File(file) => named(file.as_str()).map(|file| SecretRef::File(path::absolute(cwd, &file))),
        SecretRef::Ssm { name, key } => {
            Ok(SecretRef::Ssm { name: cell::parameter_name(&named(&name)?)?, key: member(key)? })
        }
        SecretRef::SecretsManager { id, key } => {
            Ok(SecretRef::SecretsManager { id: secret_name(&named(&id)?)?, key: member(key)? })
        }
    }
}

/// A parameter's name alone, as the original writes it; the secret is the member `key` of that parameter's JSON.
pub(crate) fn nested(text: &str, key: &str) -> Result<SecretRef, Wrong> {
    Ok(SecretRef::Ssm { name: cell::parameter_name(text)?, key: Some(key.to_owned()) })
}

fn inline(text: &str) -> Result<SecretRef, Wrong> {
    let scheme = text.split_once(':').map(|(scheme, _)| scheme.trim()).filter(|scheme| !scheme.is_empty());
    let Some(known) = scheme.and_then(meant) else { return Ok(SecretRef::Inline(Secret::new(text))) };
    let what = format!("a reference begins with `{known}:`, in lower case and without a blank");
    Err(Wrong::new(what, FORM))
}

/// The kind of reference that a word before a colon was probably meant to begin. A password that begins so has to be given another way.
fn meant(word: &str) -> Option<&'static str> {
    let plain: String = word.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let usual = match plain.as_str() {
        "secret" | "secrets" | "secretmanager" | "sm" | "aws" => Some("secretsmanager"),
        "param" | "parameter" | "parameterstore" | "paramstore" => Some("ssm"),
        "environment" | "var" | "variable" => Some("env"),
        "path" => Some("file"),
        _ => None,
    };
    usual.or_else(|| nearest::nearest(&plain, SCHEMES))
}

fn named(name: &str) -> Result<String, Wrong> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Wrong::new("a reference that names nothing", FORM));
    }
    if name.contains(char::is_control) {
        return Err(Wrong::new("a control character in a reference", FORM));
    }
    Ok(name.to_owned())
}

/// A secret's name or its ARN. References are shown in messages, so nothing that could be a secret itself passes.
fn secret_name(name: &str) -> Result<String, Wrong> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-:!".contains(c);
    if name.chars().all(fits) {
        return Ok(name.to_owned());
    }
    Err(Wrong::new(
        "not the name of a secret",
        "letters, digits and `/`, `_`, `+`, `=`, `.`, `@`, `-`, such as `secretsmanager:lab/codeocean#token`",
    ))
}

fn member(key: Option<String>) -> Result<Option<String>, Wrong> {
    key.map(|key| named(&key)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::env("env:TOKEN", "env:TOKEN")]
    #[case::blanks(" env: TOKEN ", "env:TOKEN")]
    #[case::file("file:pw.txt", "file:/here/pw.txt")]
    #[case::ssm("ssm:/lab/t", "ssm:/lab/t")]
    #[case::ssm_key("ssm:/lab/t#CODEOCEAN_READWRITE_TOKEN", "ssm:/lab/t#CODEOCEAN_READWRITE_TOKEN")]
    #[case::ssm_without_key("ssm:/lab/t#", "ssm:/lab/t")]
    #[case::ssm_arn("ssm:arn:aws:ssm:us-west-2:1:parameter/t", "ssm:arn:aws:ssm:us-west-2:1:parameter/t")]
    #[case::secret("secretsmanager:lab/co", "secretsmanager:lab/co")]
    #[case::secret_key("secretsmanager:lab/co#T", "secretsmanager:lab/co#T")]
    #[case::text("hunter2", "***")]
    #[case::text_with_colon("a:b", "***")]
    fn references_and_texts(#[case] text: &str, #[case] shown: &str) {
        let read = reference(text, "/here".into()).unwrap().to_string();
        assert_eq!(read.replace('\\', "/"), shown);
    }

    #[test]
    fn blanks_of_a_text_are_part_of_it() {
        let read = reference(" a b ", "/here".into());
        assert_eq!(read, Ok(SecretRef::Inline(Secret::new(" a b "))));
    }

    #[rstest]
    #[case::env("env:", "a reference that names nothing")]
    #[case::file("file: ", "a reference that names nothing")]
    #[case::ssm("ssm: ", "a reference that names nothing")]
    #[case::ssm_key_only("ssm:#key", "a reference that names nothing")]
    #[case::secret("secretsmanager:", "a reference that names nothing")]
    #[case::secret_key_only("secretsmanager:#key", "a reference that names nothing")]
    #[case::other_case("SSM:/lab/t", "a reference begins with `ssm:`, in lower case and without a blank")]
    #[case::slip("evn:T", "a reference begins with `env:`, in lower case and without a blank")]
    #[case::singular(
        "secretmanager:t",
        "a reference begins with `secretsmanager:`, in lower case and without a blank"
    )]
    #[case::short("secret:t", "a reference begins with `secretsmanager:`, in lower case and without a blank")]
    #[case::blank_before_colon("env :T", "a reference begins with `env:`, in lower case and without a blank")]
    #[case::no_parameter("ssm:hunter2,x", "not the name of a parameter")]
    #[case::no_secret("secretsmanager:hunter2,x", "not the name of a secret")]
    #[case::two_lines("env:A\nB", "a control character in a reference")]
    fn what_only_looks_like_a_reference_is_refused(#[case] text: &str, #[case] what: &str) {
        assert_eq!(reference(text, "/here".into()).map_err(|wrong| wrong.what), Err(what.to_owned()));
    }

    #[rstest]
    #[case::path("/lab/password", true)]
    #[case::sentence("not a path", false)]
    fn a_path_alone_gets_its_key(#[case] text: &str, #[case] fits: bool) {
        let expected = SecretRef::Ssm { name: "/lab/password".into(), key: Some("password".into()) };
        assert_eq!(nested(text, "password").ok(), fits.then_some(expected));
    }
}
