use std::{
    io,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use adt_model::{Fault, Key};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::{bucket::Bucket, refusal::Refusal};

/// The folder that is served.
///
/// | path | holds |
/// |---|---|
/// | `<bucket>/<key>` | an object's bytes, whole |
/// | `.s3/objects/<bucket>/<key>` | what the bytes do not say: ETag, checksums, headers |
/// | `.s3/uploads/<id>/` | an unfinished multipart upload |
/// | `.s3/incoming/` | bodies that are being received |
pub(crate) struct Disk {
    root: Utf8PathBuf,
    serial: AtomicU64,
    commit: Mutex<()>,
}

impl Disk {
    /// Opens a folder, making it if need be. Bodies that an earlier server did not finish receiving are removed.
    pub(crate) fn open(root: &Utf8Path) -> Result<Self, Fault> {
        let incoming = root.join(".s3/incoming");
        let prepare = || {
            if incoming.is_dir() {
                fs::remove_dir_all(&incoming)?;
            }
            fs::create_dir_all(&incoming)?;
            fs::create_dir_all(root.join(".s3/objects"))?;
            fs::create_dir_all(root.join(".s3/uploads"))
        };
        prepare().map_err(|e| Fault::io(format!("cannot serve the folder `{root}`"), e))?;
        Ok(Self { root: root.to_owned(), serial: AtomicU64::new(0), commit: Mutex::new(()) })
    }

    /// Names of all buckets in order.
    pub(crate) fn buckets(&self) -> io::Result<Vec<Bucket>> {
        let mut buckets = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            if let (true, Some(name)) = (entry.file_type()?.is_dir(), entry.file_name().to_str()) {
                buckets.extend(Bucket::parse(name).ok());
            }
        }
        buckets.sort();
        Ok(buckets)
    }

    /// The bucket's folder; refused when there is none.
    pub(crate) fn bucket(&self, bucket: &Bucket) -> Result<Utf8PathBuf, Refusal> {
        let folder = self.bucket_folder(bucket);
        if folder.is_dir() {
            return Ok(folder);
        }
        Err(Refusal::missing("NoSuchBucket", format!("there is no bucket `{}`", bucket.as_str())))
    }

    /// Where a bucket's folder is, or would be.
    pub(crate) fn bucket_folder(&self, bucket: &Bucket) -> Utf8PathBuf {
        self.root.join(bucket.as_str())
    }

    /// Where an object's bytes are, or would be.
    pub(crate) fn object(&self, bucket: &Bucket, key: &Key) -> Utf8PathBuf {
        self.bucket_folder(bucket).join(key.as_str())
    }

    /// Where an object's record is, or would be.
    pub(crate) fn record(&self, bucket: &Bucket, key: &Key) -> Utf8PathBuf {
        self.root.join(".s3/objects").join(bucket.as_str()).join(key.as_str())
    }

    /// Where unfinished uploads are.
    pub(crate) fn uploads(&self) -> Utf8PathBuf {
        self.root.join(".s3/uploads")
    }

    /// A number never given out before by this server.
    pub(crate) fn serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }

    /// A file to receive into; removed again unless it is kept.
    pub(crate) fn incoming(&self) -> Incoming {
        Incoming { path: self.root.join(format!(".s3/incoming/{}", self.serial())) }
    }

    /// Writes a small document whole.
    pub(crate) fn write_json(&self, path: &Utf8Path, value: &impl serde::Serialize) -> io::Result<()> {
        let incoming = self.incoming();
        fs::write(incoming.path(), serde_json::to_vec(value).map_err(io::Error::other)?)?;
        incoming.keep(path)
    }

    /// Held while an object appears, changes or goes, so that bytes and record, files and emptied folders, agree.
    pub(crate) fn commit(&self) -> MutexGuard<'_, ()> {
        self.commit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the folders above `path` that have become empty, up to the bucket's or the record tree's own.
    pub(crate) fn prune(&self, bucket: &Bucket, path: &Utf8Path) {
        let tops = [self.bucket_folder(bucket), self.root.join(".s3/objects").join(bucket.as_str())];
        for folder in path.ancestors().skip(1).take_while(|folder| !tops.iter().any(|top| top == folder)) {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
    }
}

/// A file under a temporary name.
pub(crate) struct Incoming {
    path: Utf8PathBuf,
}

impl Incoming {
    pub(crate) fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Gives the file its name, replacing what stood there; folders are made as needed.
    pub(crate) fn keep(self, name: &Utf8Path) -> io::Result<()> {
        if let Some(folder) = name.parent() {
            fs::create_dir_all(folder).map_err(|e| match e.kind() {
                // What a file in the way of a folder is reported as.
                io::ErrorKind::AlreadyExists => io::Error::new(io::ErrorKind::NotADirectory, e),
                _ => e,
            })?;
        }
        fs::rename(&self.path, name)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // Already gone when it was kept.
        let _gone = fs::remove_file(&self.path);
    }
}
