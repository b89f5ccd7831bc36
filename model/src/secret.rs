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
    /// `ssm:/path`, a parameter of the AWS Parameter Store.
    Ssm(String),
}

impl FromStr for SecretRef {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.split_once(':') {
            Some(("env", name)) => Self::Env(name.to_owned()),
            Some(("file", path)) => Self::File(path.into()),
            Some(("ssm", name)) => Self::Ssm(name.to_owned()),
            _ => Self::Inline(Secret::new(text)),
        })
    }
}

/// What may be shown of it: the reference, never the text.
impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(_) => f.write_str("***"),
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Ssm(name) => write!(f, "ssm:{name}"),
        }
    }
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
        assert_eq!("ssm:/lab/token".parse(), Ok(SecretRef::Ssm("/lab/token".into())));
        assert_eq!("cop_a:b".parse(), Ok(SecretRef::Inline(Secret::new("cop_a:b"))));
    }
}
