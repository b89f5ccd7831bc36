use std::{borrow::Cow, collections::BTreeMap};

use adt_model::{Crc64, Key};
use bytes::Bytes;
use jiff::Timestamp;

/// Bytes to be written, with the checksum that their reader computed. Every later stage holds them against it.
#[derive(Clone, Debug)]
pub struct Block {
    /// The bytes.
    pub bytes: Bytes,
    /// Their CRC-64/NVME.
    pub crc64: Crc64,
}

/// What is kept beside an object's bytes.
#[derive(Clone, Debug, Default)]
pub struct ObjectMeta {
    /// When the source was last changed. In a bucket it is the metadata key `mtime`, in seconds with a fraction as rclone
    /// writes it; on a disk it is the file's own time.
    pub modified: Option<Timestamp>,
    /// The media type; this and what follows is kept by buckets, not by disks.
    pub content_type: Option<Cow<'static, str>>,
    /// How long a browser may keep it.
    pub cache_control: Option<String>,
    /// How the bytes are packed for the way, such as `gzip`. They are moved as they are.
    pub content_encoding: Option<String>,
    /// What a browser does with it, such as `attachment; filename="x.json"`.
    pub content_disposition: Option<String>,
    /// The language of what is in it.
    pub content_language: Option<String>,
    /// Tags by their names, where they were asked for ([`Place::tags`](crate::Place::tags)); without, a copy by the server keeps what it keeps
    /// by itself.
    pub tags: Option<BTreeMap<String, String>>,
    /// Whatever else a person has written beside the object, by lower-case names; without `mtime`.
    pub user: BTreeMap<String, String>,
}

/// How it is known that the destination holds the right bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The server computed the same CRC-64/NVME (or CRC-32C, where that is what it computes).
    Checksum,
    /// The server's `ETag` is the MD5 of what was sent (of the parts' MD5s for a multipart upload).
    EtagMd5,
    /// The object was read back, and its checksum is right.
    ReadBack,
    /// Local: written, synced, renamed, and its size looked at.
    Renamed,
    /// The server made a copy of an object of its own, and it has the right size.
    ServerCopy,
    /// The server has accepted it, and nothing else is known: it stated no checksum, and was not to be asked.
    Accepted,
    /// Nothing was written: a rehearsal.
    Rehearsed,
}

/// What a completed write knows of its object.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Bytes at the destination.
    pub size: u64,
    /// Their checksum.
    pub crc64: Crc64,
    /// The destination's own mark of this version, without quotes; for a local file its time and size.
    pub etag: Option<String>,
    /// How all this is known.
    pub proof: Proof,
}

/// What is known of an object that a server copied.
#[derive(Clone, Debug)]
pub struct Copied {
    /// Its bytes.
    pub size: u64,
    /// The checksum of the whole object, where the server keeps one.
    pub crc64: Option<Crc64>,
    /// The destination's own mark of this version, without quotes.
    pub etag: Option<String>,
    /// How it is known that it is the same as the source.
    pub proof: Proof,
}

/// An object of a place.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its name, relative to the place.
    pub key: Key,
    /// Its bytes.
    pub size: u64,
    /// The place's own mark of this version, without quotes; comparable with [`Receipt::etag`].
    pub etag: Option<String>,
    /// When its source was changed: from our own metadata (of S3 only `head` sees it), or the file's time. Never
    /// the time of the upload.
    pub modified: Option<Timestamp>,
    /// The checksum of the whole object, where the server keeps one; of S3 only `head` sees it.
    pub crc64: Option<Crc64>,
    /// Its CRC-32C, where the server keeps one.
    pub crc32c: Option<u32>,
    /// Its MD5, where the server keeps one and says that it is one. An `etag` that only looks like one is not here.
    pub md5: Option<[u8; 16]>,
    /// An answer about this object (not a listing) gives no reason why an `etag` of 32 hexadecimal digits should not be its MD5, as
    /// S3 does for objects that a key service encrypts.
    pub etag_is_md5: bool,
    /// When the place got it; of a file, its time.
    pub written: Option<Timestamp>,
    /// What is kept beside it; of S3 only `head` sees it.
    pub meta: Option<Box<ObjectMeta>>,
}

impl Found {
    /// An object of which nothing but name and size is known.
    pub fn new(key: Key, size: u64) -> Self {
        let (etag, modified, crc64, crc32c) = (None, None, None, None);
        let (md5, etag_is_md5, written, meta) = (None, false, None, None);
        Self { key, size, etag, modified, crc64, crc32c, md5, etag_is_md5, written, meta }
    }
}

/// All bytes of an object.
#[derive(Clone, Debug)]
pub struct Whole {
    /// The bytes.
    pub bytes: Bytes,
    /// The object, as the answer with its bytes describes it.
    pub found: Found,
    /// The bytes match a checksum that the place keeps; false where it keeps none.
    pub checked: bool,
}

/// What is known of a part that the server has confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartReceipt {
    /// From 1.
    pub number: u32,
    /// Its bytes.
    pub size: u64,
    /// Their checksum.
    pub crc64: Crc64,
    /// The server's mark of it, without quotes.
    pub etag: String,
}

/// A part that the server says it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPart {
    /// From 1.
    pub number: u32,
    /// Its bytes.
    pub size: u64,
    /// The server's mark of it, without quotes.
    pub etag: String,
    /// Its checksum, where the server keeps one.
    pub crc64: Option<Crc64>,
}

/// What a place still holds of an upload that an earlier run began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// These parts, in the order of their numbers.
    Parts(Vec<ListedPart>),
    /// So many bytes from the beginning: the place takes them only one after the other.
    Bytes(u64),
    /// Bytes that may or may not have reached the disk: each part is to be asked for with [`Upload::holds`](crate::Upload::holds).
    Unknown,
}

/// A write that was begun and has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The object that was to be; on a disk the temporary file itself where its name does not tell.
    pub key: Key,
    /// The server's name for the upload; on a disk the temporary file's name.
    pub upload_id: String,
    /// When it was begun, or (on a disk) last written to.
    pub since: Option<Timestamp>,
}

impl Unfinished {
    /// The one of this name for the object `key`.
    pub fn named(key: Key, upload_id: impl Into<String>) -> Self {
        Self { key, upload_id: upload_id.into(), since: None }
    }
}
