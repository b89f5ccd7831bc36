use std::{fmt, str::FromStr};

/// The name of an object, relative to a place: not empty, UTF-8, `/` between its parts.
///
/// There are two ways in. [`Key::parse`] takes names that this program gives or that a person writes: no empty part, no `.` or `..`, never
/// absolute. [`Key::object`] takes whatever a bucket lists, for buckets keep names that no path can have (`a//b`, `end/`, `./x`). A key
/// becomes a path of a folder through [`Rules::below`](crate::Rules::below) only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

/// Why a text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No characters at all.
    #[error("a name cannot be empty")]
    Empty,
    /// `/a`, `a//b`, `a/`.
    #[error("`{0}` has an empty part; names are relative and have single slashes")]
    EmptyPart(String),
    /// A part is `.` or `..`.
    #[error("`{0}` has a part `.` or `..`")]
    Dots(String),
    /// A NUL character, which no file system and no object store keeps.
    #[error("`{0}` holds a NUL character")]
    Nul(String),
}

impl Key {
    /// Checks the rules above.
    pub fn parse(text: impl Into<String>) -> Result<Self, KeyError> {
        let text = text.into();
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        if text.contains('\0') {
            return Err(KeyError::Nul(text.replace('\0', "\\0")));
        }
        if text.split('/').any(str::is_empty) {
            return Err(KeyError::EmptyPart(text));
        }
        if text.split('/').any(|part| part == "." || part == "..") {
            return Err(KeyError::Dots(text));
        }
        Ok(Self(text))
    }

    /// The name of an object as a bucket lists it, whether or not a path can have it.
    pub fn object(text: impl Into<String>) -> Result<Self, KeyError> {
        let text = text.into();
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        if text.contains('\0') {
            return Err(KeyError::Nul(text.replace('\0', "\\0")));
        }
        Ok(Self(text))
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This name, then a slash, then the other.
    #[must_use]
    pub fn join(&self, tail: &Self) -> Self {
        Self(format!("{}/{}", self.0, tail.0))
    }

    /// The part after the last slash.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl serde::Serialize for Key {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// By the strict rules of [`Key::parse`].
impl<'de> serde::Deserialize<'de> for Key {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// For fields that hold the name of an object as a bucket lists it: `#[serde(deserialize_with = "adt_model::object_key")]`.
pub fn object_key<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Key, D::Error> {
    Key::object(<String as serde::Deserialize>::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

/// The same for a list of them.
pub fn object_keys<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Key>, D::Error> {
    let texts = <Vec<String> as serde::Deserialize>::deserialize(deserializer)?;
    texts.into_iter().map(|text| Key::object(text).map_err(serde::de::Error::custom)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::plain("a/b.txt", None)]
    #[case::odd_letters("ü ö/#%+ 1", None)]
    #[case::dots_inside("a..b/.hidden", None)]
    #[case::empty("", Some(KeyError::Empty))]
    #[case::absolute("/a", Some(KeyError::EmptyPart("/a".into())))]
    #[case::trailing("a/", Some(KeyError::EmptyPart("a/".into())))]
    #[case::double("a//b", Some(KeyError::EmptyPart("a//b".into())))]
    #[case::up("a/../b", Some(KeyError::Dots("a/../b".into())))]
    fn rules(#[case] text: &str, #[case] error: Option<KeyError>) {
        assert_eq!(Key::parse(text).err(), error);
    }

    #[rstest]
    fn a_bucket_may_list_any_name_but_none_and_nul(
        #[values("a//b", "end/", "/abs", "./x", "a/../b", "..", "\\", "\n")] text: &str,
    ) {
        assert_eq!(Key::object(text).unwrap().as_str(), text);
        assert_eq!(Key::object(""), Err(KeyError::Empty));
        assert!(matches!(Key::object("a\0"), Err(KeyError::Nul(_))));
    }
}
