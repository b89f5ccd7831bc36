//! Objects read piece by piece, so that none of them need fit into memory.

use adt_codec::{Crc64Digest, Sha256};
use adt_model::{Class, Crc64, Fault, Key};
use adt_store::Place;
use bytes::Bytes;

/// Bytes that are read at once.
pub(super) const PIECE: u64 = 8 << 20;

/// An object of a known size, from its first byte to its last.
pub(super) struct Pieces<'a> {
    place: &'a Place,
    key: &'a Key,
    size: u64,
    at: u64,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(place: &'a Place, key: &'a Key, size: u64) -> Self {
        Self { place, key, size, at: 0 }
    }

    /// `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        if self.at == self.size {
            return Ok(None);
        }
        let end = self.size.min(self.at + PIECE);
        let bytes = self.place.get(self.key, Some(self.at..end)).await?;
        self.at = end;
        Ok(Some(bytes))
    }
}

/// What a file must be.
pub(super) enum Wanted<'a> {
    Sha256(&'a str),
    Crc64(Crc64),
}

/// Whether an object of this size is what is wanted there; `false` if there is none.
///
/// One with another content is a `Conflict`, unless it may be replaced.
pub(super) async fn stands(
    place: &Place,
    key: &Key,
    size: u64,
    wanted: Wanted<'_>,
    replace: bool,
) -> Result<bool, Fault> {
    let Some(found) = place.head(key).await? else { return Ok(false) };
    if found.size == size && holds(place, key, size, wanted).await? {
        return Ok(true);
    }
    if replace {
        return Ok(false);
    }
    let what = format!("`{}` is there already, with another content", place.location().join(key));
    Err(Fault::new(Class::Conflict, what).help("restore into an empty folder, or replace it with `--force`"))
}

async fn holds(place: &Place, key: &Key, size: u64, wanted: Wanted<'_>) -> Result<bool, Fault> {
    let (mut sha, mut crc) = (Sha256::new(), Crc64Digest::new());
    let mut pieces = Pieces::new(place, key, size);
    while let Some(bytes) = pieces.next().await? {
        match wanted {
            Wanted::Sha256(_) => sha.update(&bytes),
            Wanted::Crc64(_) => crc.update(&bytes),
        }
    }
    Ok(match wanted {
        Wanted::Sha256(wanted) => sha.finish() == wanted,
        Wanted::Crc64(wanted) => Crc64(crc.finish()) == wanted,
    })
}

/// The checksum of an object, from its place where that knows it.
pub(super) async fn crc64(place: &Place, key: &Key, size: u64) -> Result<Crc64, Fault> {
    if let Some(crc) = place.head(key).await?.and_then(|found| found.crc64) {
        return Ok(crc);
    }
    let mut crc = Crc64Digest::new();
    let mut pieces = Pieces::new(place, key, size);
    while let Some(bytes) = pieces.next().await? {
        crc.update(&bytes);
    }
    Ok(Crc64(crc.finish()))
}
