//! Checksums of files of this machine.

use adt_formats::{
    SteadyFile,
    folder::{Entry, EntryKind},
};
use adt_model::Fault;
use adt_store::Sums;

use super::item::Item;
use crate::delivery::off_the_reactor;

/// How much of a file is held at once.
const STRIDE: usize = 1 << 20;

/// Reads a file of this machine once, for checksums that can be compared with `other`; objects of buckets are not read.
pub(super) async fn read_like(item: &Item, other: &Sums) -> Result<Option<Sums>, Fault> {
    match item {
        Item::File(entry) if entry.kind == EntryKind::File => read(entry, other).await.map(Some),
        _ => Ok(None),
    }
}

pub(super) async fn read(entry: &Entry, other: &Sums) -> Result<Sums, Fault> {
    let (entry, mut digests) = (entry.clone(), other.like());
    off_the_reactor(move || {
        let file = SteadyFile::open(&entry.path, entry.size, entry.modified)?;
        let mut bytes = vec![0; STRIDE.min(entry.size as usize)];
        let mut at = 0;
        while at < entry.size {
            let n = STRIDE.min((entry.size - at) as usize);
            file.read_at(at, &mut bytes[..n])?;
            digests.update(&bytes[..n]);
            at += n as u64;
        }
        file.finish()?;
        Ok(digests.finish())
    })
    .await
}
