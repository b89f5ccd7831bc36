//! Objects that fit into one request.

use adt_formats::{SteadyFile, folder::Entry};
use adt_model::{Class, Crc64, Fault, Key};
use adt_store::{Block, ObjectMeta, Receipt};
use bytes::Bytes;

use super::{Delivery, Source, reader::Reader};
use crate::budget::Budget;

/// Read size when only a checksum is wanted.
const STRIDE: usize = 1 << 20;

impl Delivery {
    /// Sends one file as the object `key`, whatever stands there.
    pub(crate) async fn send_file(&self, entry: &Entry, key: &Key) -> Result<(), Fault> {
        if entry.size <= self.whole() {
            return self.small(entry, key).await;
        }
        self.large(Reader::file(entry).await?, Source::file(entry), key).await
    }

    async fn small(&self, entry: &Entry, key: &Key) -> Result<(), Fault> {
        let _permit = self.ctx.budget.take(entry.size).await;
        self.ctx.paced(entry.size).await?;
        let source = Source::file(entry);
        let (entry, budget) = (entry.clone(), self.ctx.budget.clone());
        let block = off_the_reactor(move || read_whole(&entry, &budget)).await?;
        self.counters.read(block.bytes.len() as u64);
        self.send_block(key, block, &source).await.map(drop)
    }

    /// What is kept beside an object that is made from `source`. A file has a time in any case, the copy of an object only one that is
    /// known.
    pub(super) fn beside(&self, key: &Key, source: &Source) -> ObjectMeta {
        let Some(meta) = &source.meta else {
            let content_type = content_type(key).map(Into::into);
            return ObjectMeta { modified: source.modified, content_type, ..ObjectMeta::default() };
        };
        let mut meta = ObjectMeta::clone(meta);
        if self.place.location().is_folder() {
            meta.modified = meta.modified.or(source.modified);
        }
        meta
    }

    pub(super) async fn send_block(
        &self,
        key: &Key,
        block: Block,
        source: &Source,
    ) -> Result<Receipt, Fault> {
        self.unmark().await?;
        let meta = self.beside(key, source);
        let receipt = self.place.put(key, block, &meta).await?;
        self.confirm(key, &receipt, source)?;
        Ok(receipt)
    }
}

/// Bytes with their checksum.
pub(super) fn block(bytes: Bytes) -> Block {
    let crc64 = Crc64(adt_codec::crc64(&bytes));
    Block { bytes, crc64 }
}

fn read_whole(entry: &Entry, budget: &Budget) -> Result<Block, Fault> {
    let file = SteadyFile::open(&entry.path, entry.size, entry.modified)?;
    let mut bytes = budget.buffer(entry.size as usize);
    file.read_at(0, &mut bytes.fill()[..entry.size as usize])?;
    file.finish()?;
    Ok(block(bytes.freeze(entry.size as usize)))
}

/// The CRC-64 of a whole file.
pub(crate) async fn checksum(entry: &Entry) -> Result<Crc64, Fault> {
    let mut digest = adt_codec::Crc64Digest::new();
    let entry = entry.clone();
    off_the_reactor(move || {
        in_strides(&entry, |bytes| digest.update(bytes))?;
        Ok(Crc64(digest.finish()))
    })
    .await
}

/// The SHA-256 of a whole file.
pub(crate) async fn sha256(entry: &Entry) -> Result<String, Fault> {
    let mut digest = adt_codec::Sha256::new();
    let entry = entry.clone();
    off_the_reactor(move || {
        in_strides(&entry, |bytes| digest.update(bytes))?;
        Ok(digest.finish())
    })
    .await
}

/// Reads a file once, from its first byte to its last.
fn in_strides(entry: &Entry, mut take: impl FnMut(&[u8])) -> Result<(), Fault> {
    let file = SteadyFile::open(&entry.path, entry.size, entry.modified)?;
    let mut bytes = vec![0; STRIDE.min(entry.size as usize)];
    let mut at = 0;
    while at < entry.size {
        let n = STRIDE.min((entry.size - at) as usize);
        file.read_at(at, &mut bytes[..n])?;
        take(&bytes[..n]);
        at += n as u64;
    }
    file.finish()
}

/// File reads block; they run beside the network's threads.
pub(crate) async fn off_the_reactor<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Fault::new(Class::Bug, "reading a file ended in a panic").because(e))?
}

/// What browsers and viewers must know; everything else is plain bytes.
fn content_type(key: &Key) -> Option<&'static str> {
    let (_, extension) = key.file_name().rsplit_once('.')?;
    Some(match extension {
        "json" | "zattrs" | "zgroup" | "zarray" | "zmetadata" => "application/json",
        "zip" => "application/zip",
        "html" => "text/html",
        "txt" | "log" | "md" => "text/plain",
        "csv" => "text/csv",
        "xml" => "application/xml",
        "yml" | "yaml" => "application/yaml",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "tif" | "tiff" => "image/tiff",
        "mp4" => "video/mp4",
        "avi" => "video/x-msvideo",
        _ => return None,
    })
}
