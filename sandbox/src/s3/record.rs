use std::{
    collections::BTreeMap,
    io::{self, Read as _},
};

use adt_model::Key;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use camino::Utf8Path;
use fs_err as fs;
use jiff::Timestamp;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use super::{
    bucket::Bucket,
    checksum::{Algorithm, Checksum, hex},
    disk::{Disk, Incoming},
    refusal::Refusal,
};

/// What is kept of an object beside its bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Bytes.
    pub(crate) size: u64,
    /// The file's time when it was stored. With `size` it tells whether a person has changed the file since.
    pub(crate) modified: Timestamp,
    /// Without quotation marks.
    pub(crate) etag: String,
    /// The one checksum the object answers with: the client's choice, else CRC64NVME.
    pub(crate) algorithm: Algorithm,
    /// As it stands in headers.
    pub(crate) checksum: String,
    /// Whether it is a checksum of the parts' checksums.
    pub(crate) composite: bool,
    /// Headers that are given back as they came: content type, `x-amz-meta-*` and the like.
    pub(crate) headers: BTreeMap<String, String>,
}

impl Record {
    pub(crate) fn checksum_type(&self) -> &'static str {
        if self.composite { "COMPOSITE" } else { "FULL_OBJECT" }
    }

    /// Reads the file itself: for a file that a person has put or changed there.
    fn of_file(path: &Utf8Path, size: u64, modified: Timestamp) -> io::Result<Self> {
        let mut file = fs::File::open(path)?;
        let (mut md5, mut crc) = (Md5::new(), Checksum::new(Algorithm::Crc64nvme));
        let mut block = vec![0; 1 << 18];
        loop {
            let n = file.read(&mut block)?;
            if n == 0 {
                break;
            }
            md5.update(&block[..n]);
            crc.update(&block[..n]);
        }
        Ok(Self {
            size,
            modified,
            etag: hex(&md5.finalize()),
            algorithm: Algorithm::Crc64nvme,
            checksum: crc.finish(),
            composite: false,
            headers: BTreeMap::new(),
        })
    }
}

/// Size and time of a plain file; `None` where there is none.
pub(crate) fn standing(path: &Utf8Path) -> Result<Option<(u64, Timestamp)>, Refusal> {
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_file() => meta,
        Ok(_) => return Ok(None),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(e) => return Err(e.into()),
    };
    let modified = Timestamp::try_from(meta.modified()?).map_err(io::Error::other)?;
    Ok(Some((meta.len(), modified)))
}

impl Disk {
    /// The object's record; `None` when there is no such object. Truthful also for files that a person has put there.
    pub(crate) fn find(&self, bucket: &Bucket, key: &Key) -> Result<Option<Record>, Refusal> {
        if let Ok(found) = self.recorded(bucket, key)? {
            return Ok(found);
        }
        // Looked at again: another request may just have stored the bytes and not yet their record.
        let _commit = self.commit();
        match self.recorded(bucket, key)? {
            Ok(found) => Ok(found),
            Err((size, modified)) => {
                let record = Record::of_file(&self.object(bucket, key), size, modified)?;
                self.write_json(&self.record(bucket, key), &record)?;
                Ok(Some(record))
            }
        }
    }

    /// The record that was written when the object was stored; the file's size and time when there is none that fits.
    fn recorded(
        &self,
        bucket: &Bucket,
        key: &Key,
    ) -> Result<Result<Option<Record>, (u64, Timestamp)>, Refusal> {
        let Some(file) = standing(&self.object(bucket, key))? else { return Ok(Ok(None)) };
        let kept = fs::read(self.record(bucket, key)).ok();
        let kept = kept.and_then(|bytes| serde_json::from_slice::<Record>(&bytes).ok());
        Ok(kept.filter(|record| (record.size, record.modified) == file).map(Some).ok_or(file))
    }

    /// Makes received bytes the object. `only_if_new` refuses when there is one already.
    pub(crate) fn store(
        &self,
        bucket: &Bucket,
        key: &Key,
        incoming: Incoming,
        mut record: Record,
        only_if_new: bool,
    ) -> Result<Record, Refusal> {
        let _commit = self.commit();
        self.bucket(bucket)?;
        let path = self.object(bucket, key);
        if only_if_new && standing(&path)?.is_some() {
            return Err(Refusal::precondition(format!("there is an object `{key}` already")));
        }
        if path.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
        }
        let (_, modified) = standing(incoming.path())?
            .ok_or_else(|| io::Error::other("the received file has been taken away"))?;
        record.modified = modified;
        incoming.keep(&path)?;
        self.write_json(&self.record(bucket, key), &record)?;
        Ok(record)
    }

    /// Removes an object; one that is not there is fine.
    pub(crate) fn remove(&self, bucket: &Bucket, key: &Key) -> Result<(), Refusal> {
        let _commit = self.commit();
        for path in [self.object(bucket, key), self.record(bucket, key)] {
            if standing(&path)?.is_some() {
                fs::remove_file(&path)?;
                self.prune(bucket, &path);
            }
        }
        Ok(())
    }
}

/// MD5 of the parts' MD5s, with their number.
pub(crate) fn multipart_etag<'a>(parts: impl ExactSizeIterator<Item = &'a str>) -> String {
    let count = parts.len();
    let mut md5 = Md5::new();
    for etag in parts {
        let bytes: Vec<u8> = (0..etag.len() / 2)
            .filter_map(|i| u8::from_str_radix(etag.get(2 * i..2 * i + 2)?, 16).ok())
            .collect();
        md5.update(&bytes);
    }
    format!("{}-{count}", hex(&md5.finalize()))
}

/// Reads a base64 header.
pub(crate) fn base64_header(text: &str) -> Result<Vec<u8>, Refusal> {
    BASE64_STANDARD
        .decode(text)
        .map_err(|_| Refusal::bad("InvalidDigest", format!("`{text}` is not a checksum in base64")))
}
