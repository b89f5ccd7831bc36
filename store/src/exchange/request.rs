use std::{
    borrow::Cow,
    sync::{Arc, Mutex, PoisonError},
};

use adt_model::Secret;
use adt_net::{body::Room, encode, xml::unquoted};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;

/// The most bytes of a listing.
const LISTING: u64 = 32 << 20;
/// The most bytes of another document: the longest describe one object with what is beside it.
const DOCUMENT: u64 = 1 << 20;
/// The most bytes of an object of which no size is known.
const OBJECT: u64 = 256 << 20;

/// What a request is for: how it is called in messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Put,
    PutPart,
    Begin,
    Complete,
    Abort,
    Head,
    Get,
    Delete,
    List,
    ListParts,
    ListUploads,
    Copy,
    Describe,
    Tags,
}

impl Deed {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::PutPart => "put a part of",
            Self::Begin => "begin an upload of",
            Self::Complete => "complete the upload of",
            Self::Abort => "abort the upload of",
            Self::Head => "look at",
            Self::Get => "get",
            Self::Delete => "delete",
            Self::List => "list",
            Self::ListParts => "list the parts of",
            Self::ListUploads => "list the unfinished uploads of",
            Self::Copy => "copy",
            Self::Describe => "write what is beside",
            Self::Tags => "read the tags of",
        }
    }

    /// Whether it only finds out what is there.
    pub(crate) fn looks(self) -> bool {
        matches!(self, Self::Head | Self::List | Self::ListParts | Self::ListUploads)
    }

    /// The most bytes that a good answer may have.
    fn most(self) -> u64 {
        match self {
            Self::List | Self::ListParts | Self::ListUploads => LISTING,
            Self::Get => OBJECT,
            _ => DOCUMENT,
        }
    }
}

/// Attempts of a request that the server may have carried out, although no answer said so: when each began and ended.
#[derive(Debug, Default)]
pub(crate) struct Lost(Mutex<Vec<(Timestamp, Timestamp)>>);

impl Lost {
    pub(super) fn add(&self, from: Timestamp, until: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((from, until));
    }

    /// All of them, once.
    pub(crate) fn take(&self) -> Vec<(Timestamp, Timestamp)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What is sent with a request.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    None,
    /// An object's bytes; signed only where the connection does not protect them.
    Data(Bytes),
    /// A small document; always signed.
    Document(Bytes),
}

impl Body {
    pub(crate) fn bytes(&self) -> Bytes {
        match self {
            Self::None => Bytes::new(),
            Self::Data(bytes) | Self::Document(bytes) => bytes.clone(),
        }
    }
}

/// One request, ready to be signed as often as it is tried.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) deed: Deed,
    pub(crate) method: Method,
    /// The whole key in the bucket; `None` for the bucket itself.
    pub(crate) key: Option<String>,
    /// Where the server itself said that this goes; what it says is kept to the letter.
    pub(crate) at: Option<Secret>,
    query: Vec<(&'static str, String)>,
    /// Lower-case names.
    pub(crate) headers: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Body,
    /// How many bytes the answer may well have, for the time it is given.
    pub(crate) answer_size: u64,
    /// The most bytes that a good answer may have; a longer one is refused before it is read.
    pub(crate) most: u64,
    /// A status outside 200 to 299 that is an answer all the same.
    pub(crate) welcome: Option<u16>,
    /// Where attempts without an answer are noted.
    pub(super) lost: Option<Arc<Lost>>,
}

impl Request {
    pub(crate) fn new(deed: Deed, method: Method, key: Option<String>) -> Self {
        let (query, headers) = (Vec::new(), Vec::new());
        let (at, body, welcome, lost) = (None, Body::None, None, None);
        Self { deed, method, key, at, query, headers, body, answer_size: 0, most: deed.most(), welcome, lost }
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(crate) fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn at(mut self, url: &Secret) -> Self {
        self.at = Some(url.clone());
        self
    }

    pub(crate) fn welcome(mut self, status: u16) -> Self {
        self.welcome = Some(status);
        self
    }

    /// Attempts without an answer are noted there.
    pub(crate) fn noting(mut self, lost: &Arc<Lost>) -> Self {
        self.lost = Some(Arc::clone(lost));
        self
    }

    pub(crate) fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// How many bytes the answer has, or (where it holds none of an object) how many its time is measured by.
    pub(crate) fn answer_size(mut self, bytes: u64) -> Self {
        self.answer_size = bytes;
        if self.deed == Deed::Get {
            self.most = bytes;
        }
        self
    }

    /// Whether a part of an object is asked for.
    pub(crate) fn is_ranged(&self) -> bool {
        self.headers.iter().any(|(name, _)| name == "range")
    }

    /// The query encoded and sorted, as signatures want it.
    pub(crate) fn encoded_query(&self) -> String {
        let mut pairs: Vec<_> =
            self.query.iter().map(|(name, value)| (encode::query(name), encode::query(value))).collect();
        pairs.sort_unstable();
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    }
}

/// An answer that is no refusal.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// What a large body holds of the account for such; given back with the answer.
    pub(crate) _room: Room,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    pub(crate) fn etag(&self) -> Option<String> {
        self.header("etag").map(unquoted).filter(|etag| !etag.is_empty())
    }
}

/// A header's value, if it is text.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_sorted_after_encoding() {
        let request = Request::new(Deed::List, Method::GET, None)
            .query("prefix", "a b/ü+")
            .query("list-type", "2")
            .query("uploads", "");
        assert_eq!(request.encoded_query(), "list-type=2&prefix=a%20b%2F%C3%BC%2B&uploads=");
    }
}
