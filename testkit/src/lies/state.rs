use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use jiff::Timestamp;
use md5::{Digest as _, Md5};

/// An object as the server keeps it.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its bytes.
    pub bytes: Bytes,
    /// What is kept beside them: headers, or fields of Google's documents, by lower-case name.
    pub meta: BTreeMap<String, String>,
    /// S3's and Azure's `ETag`, without quotation marks.
    pub etag: String,
    /// Google's generation.
    pub version: u64,
    /// When it was stored.
    pub written: Timestamp,
    /// Azure: the MD5 the service keeps beside it, in base64.
    pub content_md5: Option<String>,
    /// Azure: the names and sizes of the blocks it was put together from.
    pub blocks: Vec<(String, usize)>,
    /// Google: CRC-32C and MD5 of the bytes they were computed for.
    pub sums: Arc<OnceLock<Sums>>,
}

/// Bytes with their CRC-32C and MD5, as Google writes them.
#[derive(Clone, Debug)]
pub struct Sums {
    pub(super) of: Bytes,
    pub(super) crc32c: String,
    pub(super) md5: String,
}

/// An unfinished upload.
#[derive(Clone, Debug, Default)]
pub(super) struct Upload {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) meta: BTreeMap<String, String>,
    pub(super) parts: BTreeMap<String, Bytes>,
    /// S3: the MD5 of each part. Computing it again and again takes long in a debug build.
    pub(super) sums: BTreeMap<String, [u8; 16]>,
    pub(super) begun: Timestamp,
    /// Google: the object that the session ended with.
    pub(super) done: bool,
}

/// Everything a server holds.
#[derive(Debug)]
pub(super) struct State {
    pub(super) buckets: BTreeMap<String, BTreeMap<String, Object>>,
    pub(super) uploads: BTreeMap<String, Upload>,
    /// Most names of a page.
    pub(super) page: usize,
    /// Least bytes of a part that is not the last.
    pub(super) min_part: usize,
    /// Whether the server keeps checksums.
    pub(super) checksums: bool,
    serial: u64,
    pub(super) endpoint: String,
}

/// A page of a listing before it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The keys of objects.
    pub keys: Vec<String>,
    /// What is shown for everything below a delimiter.
    pub folders: Vec<String>,
    /// Where the next page begins.
    pub token: Option<String>,
    /// Whether the page says that more follows.
    pub truncated: bool,
    /// How many names the page says it has.
    pub count: usize,
}

/// What of a bucket is listed.
pub(super) struct Wanted<'a> {
    pub(super) bucket: &'a str,
    pub(super) prefix: &'a str,
    pub(super) delimiter: Option<&'a str>,
    /// Only names beyond this.
    pub(super) after: Option<String>,
    /// Only names before this.
    pub(super) until: Option<&'a str>,
    pub(super) limit: usize,
}

impl State {
    pub(super) fn new(endpoint: String, buckets: &[&str]) -> Self {
        let buckets = buckets.iter().map(|name| ((*name).to_owned(), BTreeMap::new())).collect();
        let (uploads, page, min_part) = (BTreeMap::new(), 1000, 5 << 20);
        Self { buckets, uploads, page, min_part, checksums: true, serial: 1000, endpoint }
    }

    /// A number never given out before.
    pub(super) fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    pub(super) fn object(&self, bucket: &str, key: &str) -> Option<&Object> {
        self.buckets.get(bucket)?.get(key)
    }

    /// The object of this key, or the one whose key is the end of it.
    pub(super) fn called(&self, bucket: &str, key: &str) -> Option<&Object> {
        let ends = |own: &&String| key.ends_with(own.as_str());
        let objects = self.buckets.get(bucket)?;
        objects.get(key).or_else(|| objects.get(objects.keys().find(ends)?))
    }

    /// Stores bytes. Without an `etag` it is their MD5.
    pub(super) fn store(
        &mut self,
        (bucket, key): (&str, &str),
        bytes: Bytes,
        meta: BTreeMap<String, String>,
        etag: Option<String>,
    ) -> Object {
        let version = self.serial();
        let etag = etag.unwrap_or_else(|| hex(&md5(&bytes)));
        let (written, content_md5, blocks, sums) = (Timestamp::now(), None, Vec::new(), Arc::default());
        let object = Object { bytes, meta, etag, version, written, content_md5, blocks, sums };
        self.keep(bucket, key, object)
    }

    pub(super) fn keep(&mut self, bucket: &str, key: &str, object: Object) -> Object {
        self.buckets.entry(bucket.to_owned()).or_default().insert(key.to_owned(), object.clone());
        object
    }

    /// The page of what is wanted.
    pub(super) fn page(&self, wanted: &Wanted<'_>) -> Page {
        self.page_from(wanted, "")
    }

    /// The page of what is wanted, of names from `begin` on.
    pub(super) fn page_from(&self, wanted: &Wanted<'_>, begin: &str) -> Page {
        let mut page = Page::default();
        let mut last = None;
        for key in self.buckets.get(wanted.bucket).into_iter().flat_map(BTreeMap::keys) {
            let early = key.as_str() < begin || !key.starts_with(wanted.prefix);
            if early || wanted.until.is_some_and(|until| key.as_str() >= until) {
                continue;
            }
            let folder = wanted.delimiter.and_then(|delimiter| {
                let rest = &key[wanted.prefix.len()..];
                rest.find(delimiter).map(|at| &key[..wanted.prefix.len() + at + delimiter.len()])
            });
            let name = folder.unwrap_or(key);
            if wanted.after.as_deref().is_some_and(|after| name <= after) || last == Some(name) {
                continue;
            }
            if page.keys.len() + page.folders.len() == wanted.limit {
                page.truncated = true;
                page.token = last.map(token);
                break;
            }
            last = Some(name);
            if folder.is_some() {
                page.folders.push(name.to_owned());
            } else {
                page.keys.push(name.to_owned());
            }
        }
        page.count = page.keys.len() + page.folders.len();
        page
    }
}

/// An opaque token for a name, as servers give.
fn token(name: &str) -> String {
    BASE64_STANDARD.encode(name)
}

/// The name in a token.
pub(super) fn of_token(token: &str) -> Option<String> {
    String::from_utf8(BASE64_STANDARD.decode(token).ok()?).ok()
}

pub(super) fn md5(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}

pub(super) fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// The date as HTTP headers write it.
pub(super) fn http_date(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
