use super::refusal::Refusal;

/// A bucket's bare name; one path component that never begins with a dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bucket(String);

impl Bucket {
    /// Letters, digits, `-`, `.`, `_`, first a letter or digit, at most 255: wider than today's S3 rule, as old buckets are.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let fits = text.len() <= 255
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
            && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        if fits {
            return Ok(Self(text.to_owned()));
        }
        Err(Refusal::bad("InvalidBucketName", format!("`{text}` cannot be a bucket's name")))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
