use std::fmt;

use serde_json::Value;

/// One thing that keeps a document from passing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    path: String,
    reason: String,
}

impl Finding {
    pub(super) fn new(place: &Place<'_>, reason: String) -> Self {
        Self { path: place.to_string(), reason }
    }

    /// Where it is, such as `funding_source[0].funder.name`; empty for the document itself.
    pub(super) fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "the document {}", self.reason),
            path => write!(f, "`{path}` {}", self.reason),
        }
    }
}

/// A place in a document, known by the way to it.
pub(super) enum Place<'a> {
    Root,
    Key(&'a Place<'a>, &'a str),
    Element(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(Self::Root, key) => f.write_str(key),
            Self::Key(above, key) => write!(f, "{above}.{key}"),
            Self::Element(above, at) => write!(f, "{above}[{at}]"),
        }
    }
}

/// A value in a sentence, cut where it is long.
pub(super) fn shown(value: &Value) -> String {
    const LONGEST: usize = 40;
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) if text.chars().count() > LONGEST => {
            let begin: String = text.chars().take(LONGEST).collect();
            format!("{} …", Value::String(begin))
        }
        other => other.to_string(),
    }
}

/// `a`, `a or b`, `a, b or c`; of many only the first ones.
pub(crate) fn one_of(mut words: Vec<String>) -> String {
    const MOST: usize = 12;
    let more = words.len().saturating_sub(MOST);
    if more > 0 {
        words.truncate(MOST);
        return format!("{} or one of {more} more", words.join(", "));
    }
    let last = words.pop().unwrap_or_default();
    if words.is_empty() { last } else { format!("{} or {last}", words.join(", ")) }
}
