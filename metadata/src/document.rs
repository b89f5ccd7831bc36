use serde::{Serialize, Serializer};
use serde_json::{Value, value::RawValue};

use crate::{strict::Strict, text::lay_out};

/// One JSON document: what it says, and the very numbers it says it with.
#[derive(Clone, Debug)]
pub struct Document {
    value: Value,
    raw: Box<RawValue>,
}

impl Document {
    /// Reads valid JSON without a byte order mark; the error names line and column. A key that appears twice in one object is an error.
    pub(crate) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let Strict(value) = serde_json::from_str(text)?;
        Ok(Self { value, raw: serde_json::from_str(text)? })
    }

    /// What serde makes of one of our own documents.
    pub(crate) fn of(document: &impl Serialize) -> Self {
        let json = serde_json::to_string(document).expect("our documents have only text keys");
        Self::parse(&json).expect("serde_json reads what it has written")
    }

    /// The bytes to put: three blanks of indent, no line end at the end.
    pub fn text(&self) -> String {
        lay_out(self.raw.get())
    }

    /// What it says. Numbers that a 64-bit integer or double cannot hold are rounded here, but not in [`text`](Self::text).
    pub fn value(&self) -> &Value {
        &self.value
    }
}

/// Verbatim, so that a document inside a document keeps its numbers.
impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(serializer)
    }
}

/// The same JSON, whatever the blanks.
impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}
