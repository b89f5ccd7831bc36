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
    /// The media type; kept by buckets, not by disks.
    pub content_type: Option<&'static str>,
}

/// How it is known that the destination holds the right bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The server computed the same CRC-64/NVME.
    Checksum,
    /// The server's `ETag` is the MD5 of what was sent (of the parts' MD5s for a multipart upload).
    EtagMd5,
    /// The object was read back, and its checksum is right.
    ReadBack,
    /// Local: written, synced, renamed, and its size looked at.
    Renamed,
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

/// An object of a place.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its name, relative to the place.
    pub key: Key,
    /// Its bytes.
    pub size: u64,
    /// The place's own mark of this version, without quotes; comparable with [`Receipt::etag`].
    pub etag: Option<String>,
    /// When its source was changed: from our own metadata (only `head` sees it in a bucket), or the file's time. Never
    /// the time of the upload.
    pub modified: Option<Timestamp>,
    /// The checksum of the whole object, where the server keeps one; only `head` sees it.
    pub crc64: Option<Crc64>,
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

/// A write that was begun and has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The object that was to be; on a disk the temporary file itself.
    pub key: Key,
    /// The server's name for the upload; on a disk the temporary file's name.
    pub upload_id: String,
}
