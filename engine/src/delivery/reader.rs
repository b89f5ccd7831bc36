//! Where the bytes of a large object come from: a file, or an object of another place. Read by position, many times at once, and steady
//! from the first byte to the last.

use std::sync::{Arc, Mutex, PoisonError};

use adt_formats::{SteadyFile, folder::Entry};
use adt_model::{Class, Crc64, Fault};
use adt_store::{Block, Digests, Found, PartReceipt, Place, Sums};
use bytes::Bytes;
use tokio::sync::watch;

use super::small::{block, off_the_reactor};
use crate::budget::Budget;

#[derive(Clone)]
pub(super) enum Reader {
    File(Arc<SteadyFile>),
    Object(Arc<Foreign>),
}

/// An object of another place, and what its bytes add up to.
pub(super) struct Foreign {
    place: Place,
    found: Found,
    /// What the bytes have to match.
    stated: Sums,
    /// Digests of the bytes in their order, where the checksums of parts do not add up to what is stated.
    ordered: Option<Ordered>,
}

/// Digests that take the pieces of an object in their order, whichever comes first.
struct Ordered {
    /// How far they have come.
    next: watch::Sender<u64>,
    digests: Arc<Mutex<Digests>>,
}

impl Reader {
    pub(super) async fn file(entry: &Entry) -> Result<Self, Fault> {
        let entry = entry.clone();
        let file = off_the_reactor(move || SteadyFile::open(&entry.path, entry.size, entry.modified)).await?;
        Ok(Self::File(Arc::new(file)))
    }

    pub(super) fn object(place: Place, found: Found) -> Self {
        let stated = Sums::stated(&found);
        let ordered = (stated.crc64.is_none() && !stated.is_empty())
            .then(|| Ordered { next: watch::channel(0).0, digests: Arc::new(Mutex::new(stated.like())) });
        Self::Object(Arc::new(Foreign { place, found, stated, ordered }))
    }

    /// The same source, from its first byte.
    pub(super) fn afresh(self) -> Self {
        match self {
            Self::File(file) => Self::File(file),
            Self::Object(object) => Self::object(object.place.clone(), object.found.clone()),
        }
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
            Self::Object(object) => {
                object.place.get_of(&object.found, offset..offset + length).await.map(block)
            }
        }
    }

    /// Whether every byte has to pass through [`digest`](Self::digest), also those of parts that an earlier run has sent.
    pub(super) fn digests(&self) -> bool {
        matches!(self, Self::Object(object) if object.ordered.is_some())
    }

    /// Adds a piece to the checksum of the whole, after all pieces before it: waits for them.
    pub(super) async fn digest(&self, offset: u64, bytes: &Bytes) -> Result<(), Fault> {
        match self {
            Self::Object(object) => match &object.ordered {
                Some(ordered) => ordered.add(offset, bytes).await,
                None => Ok(()),
            },
            Self::File(_) => Ok(()),
        }
    }

    /// After the last read: the source must be what it was, and what was read must be all of it. Says whether the bytes of another place
    /// could be compared with a checksum that is kept there.
    pub(super) async fn finish(&self, parts: impl Iterator<Item = &PartReceipt>) -> Result<bool, Fault> {
        match self {
            Self::File(file) => {
                let file = Arc::clone(file);
                off_the_reactor(move || file.finish()).await.map(|()| true)
            }
            Self::Object(object) => object.finish(parts),
        }
    }
}

impl Ordered {
    async fn add(&self, offset: u64, bytes: &Bytes) -> Result<(), Fault> {
        let mut next = self.next.subscribe();
        let turn = next.wait_for(|next| *next >= offset).await.map(|next| *next);
        if turn.ok() != Some(offset) {
            return Err(Fault::new(Class::Bug, "a piece of an object came twice"));
        }
        let (digests, copy) = (Arc::clone(&self.digests), bytes.clone());
        off_the_reactor(move || {
            digests.lock().unwrap_or_else(PoisonError::into_inner).update(&copy);
            Ok(())
        })
        .await?;
        self.next.send_replace(offset + bytes.len() as u64);
        Ok(())
    }
}

impl Foreign {
    fn finish<'a>(&self, parts: impl Iterator<Item = &'a PartReceipt>) -> Result<bool, Fault> {
        let here = match &self.ordered {
            Some(ordered) => ordered.digests.lock().unwrap_or_else(PoisonError::into_inner).clone().finish(),
            None => Sums {
                crc64: Some(parts.fold(Crc64::EMPTY, |crc, part| {
                    Crc64(adt_codec::crc64_combine(crc.0, part.crc64.0, part.size))
                })),
                ..Sums::default()
            },
        };
        match self.stated.agree(&here) {
            Some(true) => return Ok(true),
            None if self.stated.is_empty() => return Ok(false),
            _ => {}
        }
        let (location, key) = (self.place.location(), &self.found.key);
        let what = format!("the bytes of `{key}` do not match the checksum that `{location}` keeps for it");
        Err(Fault::new(Class::Corrupt, what).help(
            "run the same command again; if it happens again, the object or the connection to it is damaged",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces are read many at a time and end in any order.
    #[tokio::test]
    async fn pieces_are_digested_in_their_order_whichever_comes_first() {
        let like = Sums { md5: Some([0; 16]), ..Sums::default() };
        let whole: Vec<u8> = (0..=255).collect();
        let mut expected = like.like();
        expected.update(&whole);
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            let ordered =
                Arc::new(Ordered { next: watch::channel(0).0, digests: Arc::new(Mutex::new(like.like())) });
            let pieces = order.map(|n: usize| {
                let (ordered, bytes) = (Arc::clone(&ordered), Bytes::copy_from_slice(&whole[n * 64..][..64]));
                tokio::spawn(async move { ordered.add(n as u64 * 64, &bytes).await })
            });
            for piece in pieces {
                piece.await.unwrap().unwrap();
            }
            let digests = ordered.digests.lock().unwrap().clone();
            assert_eq!(digests.finish(), expected.clone().finish(), "{order:?}");
        }
    }
}
