use std::{
    collections::BTreeMap,
    io::{Read, Seek, SeekFrom, Write},
    sync::{Arc, Mutex, PoisonError},
};

use adt_model::{Class, Fault, temporary};
use bytes::Bytes;
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::{
    base::Base,
    blocking, remove,
    write::{self, Written},
};
use crate::{Block, PartReceipt, Receipt, checksum, upload::whole};

/// A temporary file that is written at offsets, by many at once.
#[derive(Debug)]
pub(crate) struct FolderUpload(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    base: Base,
    target: Utf8PathBuf,
    temporary: Utf8PathBuf,
    modified: Option<Timestamp>,
    /// Where each part lies, by its number.
    parts: Mutex<BTreeMap<u32, (u64, u64)>>,
}

impl FolderUpload {
    pub(super) fn begin(
        base: Base,
        target: Utf8PathBuf,
        number: u64,
        modified: Option<Timestamp>,
    ) -> Result<Self, Fault> {
        let temporary = temporary::beside(&target, number);
        write::create(&target, &temporary)?;
        Ok(Self(Arc::new(Inner { base, target, temporary, modified, parts: Mutex::default() })))
    }

    /// `None` when the temporary file is gone.
    pub(super) fn resume(
        base: Base,
        target: Utf8PathBuf,
        id: &str,
        modified: Option<Timestamp>,
    ) -> Option<Self> {
        let temporary = target.with_file_name(id);
        let inner = Inner { base, target, temporary, modified, parts: Mutex::default() };
        let is_file = inner.temporary.symlink_metadata().is_ok_and(|data| data.is_file());
        is_file.then(|| Self(Arc::new(inner)))
    }

    /// Whether these bytes stand where a part belongs.
    pub(crate) async fn holds(&self, part: &PartReceipt, offset: u64) -> Result<bool, Fault> {
        let (inner, part) = (Arc::clone(&self.0), part.clone());
        blocking(move || Ok(inner.holds(&part, offset))).await
    }

    /// The bytes that stand there.
    pub(crate) async fn kept(&self, offset: u64, size: u64) -> Result<Bytes, Fault> {
        let inner = Arc::clone(&self.0);
        blocking(move || {
            let read = inner.read(offset, size);
            read.map_err(|error| Fault::io(format!("cannot read `{}`", inner.temporary), error))
        })
        .await
    }

    pub(crate) fn id(&self) -> &str {
        self.0.temporary.file_name().unwrap_or_default()
    }

    pub(crate) async fn put_part(
        &self,
        number: u32,
        offset: u64,
        block: Block,
    ) -> Result<PartReceipt, Fault> {
        let inner = Arc::clone(&self.0);
        blocking(move || inner.put_part(number, offset, &block)).await
    }

    pub(crate) async fn complete(&self, parts: &[PartReceipt]) -> Result<Receipt, Fault> {
        let (inner, parts) = (Arc::clone(&self.0), parts.to_vec());
        blocking(move || inner.complete(&parts)).await
    }

    pub(crate) async fn abort(&self) -> Result<(), Fault> {
        let inner = Arc::clone(&self.0);
        blocking(move || remove(&inner.temporary)).await
    }
}

impl Inner {
    fn put_part(&self, number: u32, offset: u64, block: &Block) -> Result<PartReceipt, Fault> {
        write::check(&self.target, block)?;
        // A handle of its own: the position of a shared one would be everybody's.
        self.open()
            .and_then(|mut file| {
                file.seek(SeekFrom::Start(offset))?;
                file.write_all(&block.bytes)
            })
            .map_err(|error| Fault::io(format!("cannot write `{}`", self.target), error))?;
        let size = block.bytes.len() as u64;
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).insert(number, (offset, size));
        Ok(PartReceipt { number, size, crc64: block.crc64, etag: format!("{offset}-{size}") })
    }

    /// A part of an earlier run counts only when its bytes are read back and have its checksum.
    fn holds(&self, part: &PartReceipt, offset: u64) -> bool {
        let stands = self.read(offset, part.size).is_ok_and(|bytes| checksum::crc64(&bytes) == part.crc64);
        if stands {
            let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
            parts.insert(part.number, (offset, part.size));
        }
        stands
    }

    fn read(&self, offset: u64, size: u64) -> std::io::Result<Bytes> {
        let mut bytes = vec![0; size as usize];
        let mut file = fs_err::File::open(&self.temporary)?;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }

    fn complete(&self, parts: &[PartReceipt]) -> Result<Receipt, Fault> {
        let (size, crc64) = whole(parts);
        self.tile(parts)?;
        // A folder may have been replaced since the beginning.
        self.base.through_no_link(&self.target)?;
        let failed = |error| Fault::io(format!("cannot write `{}`", self.target), error);
        let file = self.open().map_err(failed)?;
        let there = file.metadata().map_err(failed)?.len();
        if there != size {
            return Err(wrong(&self.target, &format!("{there} bytes were written, {size} were meant")));
        }
        let written = Written { file, temporary: &self.temporary, size, crc64 };
        write::publish(&self.base, written, &self.target, self.modified)
    }

    /// Fails unless the named parts are those that were written and lie one after the other from the first byte.
    fn tile(&self, parts: &[PartReceipt]) -> Result<(), Fault> {
        let written = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut end = 0;
        for part in parts {
            match written.get(&part.number) {
                Some((offset, size)) if *offset == end && *size == part.size => end += size,
                _ => return Err(wrong(&self.target, &format!("part {} does not follow", part.number))),
            }
        }
        Ok(())
    }

    fn open(&self) -> std::io::Result<fs_err::File> {
        fs_err::OpenOptions::new().write(true).open(&self.temporary)
    }
}

fn wrong(target: &Utf8Path, why: &str) -> Fault {
    Fault::new(Class::Bug, format!("`{target}` was not put together: {why}"))
}
