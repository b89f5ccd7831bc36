use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::state::Page;

/// A change of a page. The number says which of the pages changed so far it is, from 1.
pub(super) type Twist = fn(&mut Page, u64);

/// What a request asks for; the same names for all three clouds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// A page of a listing of objects.
    List,
    /// An object in one request.
    Put,
    /// The start of a multipart upload or of a session.
    Begin,
    /// One part, one chunk of a session, one block.
    Part,
    /// The parts or blocks of an unfinished upload.
    ListParts,
    /// Makes an object of the parts or blocks.
    Complete,
    /// Cancels an unfinished upload.
    Abort,
    /// A copy by the server.
    Copy,
    /// A part that the server copies.
    PartCopy,
    /// What the server says about an object.
    Head,
    /// An object's bytes, or a range of them.
    Get,
    /// The deletion of one object.
    Delete,
    /// The deletion of many objects.
    DeleteMany,
    /// A page of a listing of unfinished uploads.
    ListUploads,
    /// A change of an object's metadata.
    Describe,
    /// A question about a bucket or container itself.
    Bucket,
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// A request, read. A lie may change it before the server handles it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What it asks for.
    pub op: Op,
    /// The bucket or container.
    pub bucket: String,
    /// The whole key; empty for requests about a bucket.
    pub key: String,
    /// The decoded query.
    pub query: Vec<(String, String)>,
    /// All headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// How the page of a listing is changed before it is written, and which of such requests this is (from 1).
    pub(super) twist: Option<(Twist, u64)>,
}

impl Asked {
    /// A query value by name.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// A query value that is a number.
    pub fn number(&self, name: &str) -> Option<usize> {
        self.query(name)?.parse().ok()
    }

    /// A header by name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// As if the client had not sent that query value.
    pub fn without_query(&mut self, name: &str) {
        self.query.retain(|(n, _)| n != name);
    }

    /// As if the client had sent that header with another value.
    pub fn set_header(&mut self, name: &'static str, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
    }

    /// As if the body had been another. Checksums of the original are removed, so that the server accepts it.
    pub fn replace_body(&mut self, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.body.to_vec();
        change(&mut bytes);
        self.body = bytes.into();
        let sums: Vec<_> = self.headers.keys().filter(|name| is_checksum(name.as_str())).cloned().collect();
        for name in sums {
            self.headers.remove(name);
        }
    }

    /// The byte range asked for, of an object of that length: begin and end (exclusive).
    pub(super) fn range(&self, length: usize) -> Option<(usize, usize)> {
        let text = self.header("x-ms-range").or_else(|| self.header("range"))?.strip_prefix("bytes=")?;
        let (first, last) = text.split_once('-')?;
        let first: usize = first.parse().ok()?;
        let last = last.parse().map_or(length, |last: usize| length.min(last.saturating_add(1)));
        (first < last).then_some((first, last))
    }

    pub(super) fn twisted(&self, mut page: Page) -> Page {
        if let Some((twist, turn)) = self.twist {
            twist(&mut page, turn);
        }
        page
    }
}

fn is_checksum(name: &str) -> bool {
    name.starts_with("x-amz-checksum-crc")
        || matches!(
            name,
            "content-md5"
                | "x-goog-hash"
                | "x-ms-content-crc64"
                | "x-ms-blob-content-md5"
                | "x-amz-mp-object-size"
        )
}
