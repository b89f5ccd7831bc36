use adt_codec::crc64;
use adt_model::Key;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The version of what lies under `adt`, in the tree and in the attributes.
pub const LAYOUT: u32 = 1;

/// What is known only when every sample has been seen, and what is needed to make the source again. It is the attribute
/// `adt` of the store, beside where the columns and sample numbers are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The program and its version.
    pub program: String,
    /// The file of each segment.
    pub sources: Vec<Source>,
    /// Anything more, such as how samples were changed and are changed back.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// The attribute of [`Record::more`] with the checksums of small objects.
const CHECKSUMS: &str = "checksums";

impl Record {
    /// Notes the CRC-64 (as NVM Express has it) of the small arrays' chunks, which have no checksum of their own.
    pub fn note_objects<'a>(&mut self, objects: impl Iterator<Item = &'a (Key, Bytes)>) {
        let sums =
            objects.map(|(key, bytes)| (key.to_string(), Value::from(format!("{:016x}", crc64(bytes)))));
        self.more.insert(CHECKSUMS.to_owned(), Value::Object(sums.collect()));
    }

    /// What was noted so; nothing in stores of other programs.
    pub fn objects(&self) -> impl Iterator<Item = (&str, u64)> {
        let noted = self.more.get(CHECKSUMS).and_then(Value::as_object).into_iter().flatten();
        noted.filter_map(|(key, sum)| Some((key.as_str(), u64::from_str_radix(sum.as_str()?, 16).ok()?)))
    }
}

/// The file that a segment was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Relative to the session's folder, `/` between parts.
    pub path: String,
    /// Of the whole file.
    pub bytes: u64,
    /// SHA-256 of the whole file, 64 hexadecimal digits.
    pub sha256: String,
    /// What followed the last whole frame, hexadecimal; usually nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tail: String,
}
