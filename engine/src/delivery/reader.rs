//! Where the bytes of a large object come from: a file, or an object of another place. Read by position, many times at once, and steady
//! from the first byte to the last.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use adt_formats::{SteadyFile, folder::Entry};
use adt_model::{Class, Crc64, Fault};
use adt_store::{Block, Found, PartReceipt, Place};

use super::small::{block, off_the_reactor};
use crate::budget::Budget;

pub(super) enum Reader {
    File(Arc<SteadyFile>),
    Object(Box<Foreign>),
}

/// An object of another place, and what its pieces add up to.
pub(super) struct Foreign {
    place: Place,
    found: Found,
    /// CRC-32C and length of each piece by its offset, where that is what the other place keeps.
    pieces: Mutex<BTreeMap<u64, (u32, u64)>>,
}

impl Reader {
    pub(super) async fn file(entry: &Entry) -> Result<Self, Fault> {
        let entry = entry.clone();
        let file = off_the_reactor(move || SteadyFile::open(&entry.path, entry.size, entry.modified)).await?;
        Ok(Self::File(Arc::new(file)))
    }

    pub(super) fn object(place: Place, found: Found) -> Self {
        Self::Object(Box::new(Foreign { place, found, pieces: Mutex::default() }))
    }

    pub(super) fn size(&self) -> u64 {
        match self {
            Self::File(file) => file.size(),
            Self::Object(object) => object.found.size,
        }
    }

    /// The bytes of a range, with their checksum.
    pub(super) async fn read(&self, offset: u64, length: u64, budget: &Budget) -> Result<Block, Fault> {
        match self {
            Self::File(file) => {
                let (file, budget) = (Arc::clone(file), budget.clone());
                off_the_reactor(move || {
                    let mut bytes = budget.buffer(length as usize);
                    file.read_at(offset, &mut bytes.fill()[..length as usize])?;
                    Ok(block(bytes.freeze(length as usize)))
                })
                .await
            }
            Self::Object(object) => object.read(offset, length).await,
        }
    }

    /// After the last read: the source must be what it was, and what was read must be all of it. `whole` says whether every part was
    /// read in this run.
    pub(super) async fn finish(
        &self,
        parts: impl Iterator<Item = &PartReceipt>,
        whole: bool,
    ) -> Result<(), Fault> {
        match self {
            Self::File(file) => {
                let file = Arc::clone(file);
                off_the_reactor(move || file.finish()).await
            }
            Self::Object(object) => object.finish(parts, whole),
        }
    }
}

impl Foreign {
    async fn read(&self, offset: u64, length: u64) -> Result<Block, Fault> {
        let bytes = self.place.get_of(&self.found, offset..offset + length).await?;
        if self.found.crc64.is_none() && self.found.crc32c.is_some() {
            let crc = adt_codec::crc32c(&bytes);
            let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
            pieces.insert(offset, (crc, length));
        }
        Ok(block(bytes))
    }

    fn finish<'a>(&self, parts: impl Iterator<Item = &'a PartReceipt>, whole: bool) -> Result<(), Fault> {
        let right = match (self.found.crc64, self.found.crc32c) {
            (Some(there), _) => {
                let here = parts.fold(Crc64::EMPTY, |crc, part| {
                    Crc64(adt_codec::crc64_combine(crc.0, part.crc64.0, part.size))
                });
                here == there
            }
            (None, Some(there)) if whole => {
                let pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
                let here = pieces
                    .values()
                    .fold(0, |crc, (piece, length)| adt_codec::crc32c_combine(crc, *piece, *length));
                here == there
            }
            // The other place keeps no checksum that pieces add up to; each came as a piece of the one version that was found.
            _ => true,
        };
        if right {
            return Ok(());
        }
        let (location, key) = (self.place.location(), &self.found.key);
        let what = format!("what came of `{key}` from `{location}` has another checksum than is kept there");
        Err(Fault::new(Class::Corrupt, what)
            .help("run the same command again; if it happens again, the object there is damaged"))
    }
}
