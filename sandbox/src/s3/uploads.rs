use std::{collections::BTreeMap, io};

use adt_model::Key;
use camino::Utf8PathBuf;
use fs_err as fs;
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{bucket::Bucket, checksum::Algorithm, disk::Disk, receive::Received, refusal::Refusal};

/// An unfinished multipart upload, as kept in `upload.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) bucket: String,
    pub(crate) key: Key,
    pub(crate) begun: Timestamp,
    pub(crate) algorithm: Algorithm,
    /// Whether the whole's checksum will be one of the parts' checksums.
    pub(crate) composite: bool,
    pub(crate) headers: BTreeMap<String, String>,
}

/// One part of it, as kept in `<number>.json` beside the bytes in `<number>`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) size: u64,
    pub(crate) etag: String,
    pub(crate) crc64: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) checksum: String,
    pub(crate) stored: Timestamp,
}

impl Disk {
    /// Begins an upload; its id sorts by time.
    pub(crate) fn begin_upload(&self, upload: &Upload) -> Result<String, Refusal> {
        let id = format!("{:016x}-{:x}", upload.begun.as_nanosecond(), self.serial());
        fs::create_dir(self.uploads().join(&id))?;
        self.write_json(&self.uploads().join(&id).join("upload.json"), upload)?;
        Ok(id)
    }

    /// The upload of that id to that object.
    pub(crate) fn upload(
        &self,
        bucket: &Bucket,
        key: &Key,
        id: &str,
    ) -> Result<(Upload, Utf8PathBuf), Refusal> {
        let missing = || Refusal::missing("NoSuchUpload", format!("there is no unfinished upload `{id}`"));
        // An id names a folder, so it may hold nothing that a path is made of.
        if id.is_empty() || !id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
            return Err(missing());
        }
        let folder = self.uploads().join(id);
        let upload: Upload = read_json(folder.join("upload.json"))?.ok_or_else(missing)?;
        if upload.bucket != bucket.as_str() || upload.key != *key {
            return Err(missing());
        }
        Ok((upload, folder))
    }

    /// Unfinished uploads to a bucket, by key and then by age.
    pub(crate) fn uploads_to(&self, bucket: &Bucket) -> Result<Vec<(String, Upload)>, Refusal> {
        let mut found = Vec::new();
        for entry in fs::read_dir(self.uploads())? {
            let Ok(id) = entry?.file_name().into_string() else { continue };
            let upload: Option<Upload> = read_json(self.uploads().join(&id).join("upload.json"))?;
            found.extend(upload.filter(|u| u.bucket == bucket.as_str()).map(|u| (id, u)));
        }
        found.sort_by(|a, b| (&a.1.key, &a.0).cmp(&(&b.1.key, &b.0)));
        Ok(found)
    }

    /// Keeps a received part, replacing an earlier one of the same number.
    pub(crate) fn keep_part(
        &self,
        folder: &Utf8PathBuf,
        number: usize,
        received: Received,
        at: Timestamp,
    ) -> Result<Part, Refusal> {
        let Received { file, size, etag, crc64, algorithm, checksum } = received;
        let part = Part { size, etag, crc64, algorithm, checksum, stored: at };
        let _commit = self.commit();
        // Completed or aborted while the bytes came: keeping them would bring the folder back.
        if !folder.is_dir() {
            return Err(Refusal::missing("NoSuchUpload", "the upload was finished meanwhile"));
        }
        file.keep(&folder.join(number.to_string()))?;
        self.write_json(&folder.join(format!("{number}.json")), &part)?;
        Ok(part)
    }

    /// The parts that have come, by number.
    pub(crate) fn parts(&self, folder: &Utf8PathBuf) -> Result<BTreeMap<usize, Part>, Refusal> {
        let _commit = self.commit();
        let mut parts = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let Ok(name) = entry?.file_name().into_string() else { continue };
            let Some(number) = name.strip_suffix(".json").and_then(|n| n.parse().ok()) else { continue };
            if let Some(part) = read_json(folder.join(&name))? {
                parts.insert(number, part);
            }
        }
        Ok(parts)
    }

    /// Forgets an upload with its parts.
    pub(crate) fn end_upload(&self, folder: &Utf8PathBuf) -> Result<(), Refusal> {
        let _commit = self.commit();
        Ok(fs::remove_dir_all(folder)?)
    }
}

fn read_json<T: DeserializeOwned>(path: Utf8PathBuf) -> Result<Option<T>, Refusal> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(e.into()),
    }
}
