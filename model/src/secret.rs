use std::{fmt, str::FromStr};

use camino::Utf8PathBuf;
use zeroize::Zeroizing;

/// A password or token. It cannot be serialised, its `Debug` prints `***`, and its memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a text out of the open.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The one way to the text; grep for it to see every use.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True for a text of no characters, which no service accepts.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where a secret is to be had: written down as it is, or by a reference that is resolved when the job starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretRef {
    /// The text itself.
    Inline(Secret),
    /// `env:NAME`, an environment variable.
    Env(String),
    /// `file:PATH`, the content of a file without its last line end.
    File(Utf8PathBuf),
    /// `ssm:/path` or `ssm:/path#key`, a parameter of the AWS Parameter Store; with a key, that member of its JSON.
    Ssm {
        /// The parameter.
        name: String,
        /// The member of its JSON.
        key: Option<String>,
    },
    /// `secretsmanager:name` or `secretsmanager:name#key`, a secret of the AWS Secrets Manager; with a key, that member of its JSON.
    SecretsManager {
        /// Name or ARN.
        id: String,
        /// The member of its JSON.
        key: Option<String>,
    },
}

impl FromStr for SecretRef {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.split_once(':') {
            Some(("env", name)) => Self::Env(name.to_owned()),
            Some(("file", path)) => Self::File(path.into()),
            Some(("ssm", rest)) => {
                let (name, key) = keyed(rest);
                Self::Ssm { name, key }
            }
            Some(("secretsmanager", rest)) => {
                let (id, key) = keyed(rest);
                Self::SecretsManager { id, key }
            }
            _ => Self::Inline(Secret::new(text)),
        })
    }
}

/// `name#key`.
fn keyed(text: &str) -> (String, Option<String>) {
    match text.split_once('#') {
        Some((name, key)) if !key.is_empty() => (name.to_owned(), Some(key.to_owned())),
        _ => (text.trim_end_matches('#').to_owned(), None),
    }
}

/// What may be shown of it: the reference, never the text.
impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(_) => f.write_str("***"),
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Ssm { name, key } => write!(f, "ssm:{name}{}", tail(key.as_ref())),
            Self::SecretsManager { id, key } => write!(f, "secretsmanager:{id}{}", tail(key.as_ref())),
        }
    }
}

fn tail(key: Option<&String>) -> String {
    key.map(|key| format!("#{key}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_the_text() {
        let inline: SecretRef = "canary-1234".parse().unwrap();
        assert_eq!(format!("{inline} {inline:?}"), "*** Inline(***)");
    }

    #[test]
    fn references_are_told_from_texts() {
        assert_eq!("env:TOKEN".parse(), Ok(SecretRef::Env("TOKEN".into())));
        assert_eq!("file:/etc/token".parse(), Ok(SecretRef::File("/etc/token".into())));
        let ssm =
            |key: Option<&str>| SecretRef::Ssm { name: "/lab/token".into(), key: key.map(str::to_owned) };
        assert_eq!("ssm:/lab/token".parse(), Ok(ssm(None)));
        assert_eq!("ssm:/lab/token#".parse(), Ok(ssm(None)));
        assert_eq!("ssm:/lab/token#T".parse(), Ok(ssm(Some("T"))));
        let secret = SecretRef::SecretsManager { id: "lab/co".into(), key: Some("T".into()) };
        assert_eq!(secret.to_string().parse(), Ok(secret));
        assert_eq!("cop_a:b".parse(), Ok(SecretRef::Inline(Secret::new("cop_a:b"))));
    }
}
