//! Objects read piece by piece, so that none of them need fit into memory.

use adt_codec::{Crc64Digest, Sha256};
use adt_model::{Crc64, Fault};
use adt_store::{Found, Place};
use bytes::Bytes;

/// Bytes that are read at once.
const PIECE: u64 = 8 << 20;

/// One version of an object, from its first byte to its last. An object that is replaced meanwhile is a `Corrupt` fault.
pub(crate) struct Pieces<'a> {
    place: &'a Place,
    found: &'a Found,
    at: u64,
}

impl<'a> Pieces<'a> {
    pub(crate) fn new(place: &'a Place, found: &'a Found) -> Self {
        Self { place, found, at: 0 }
    }

    /// `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        if self.at == self.found.size {
            return Ok(None);
        }
        let end = self.found.size.min(self.at + PIECE);
        let bytes = self.place.get_of(self.found, self.at..end).await?;
        self.at = end;
        Ok(Some(bytes))
    }
}

/// The checksum of the version that was found, from its place where that knows it.
pub(crate) async fn crc64(place: &Place, found: &Found) -> Result<Crc64, Fault> {
    let now = place.head(&found.key).await?.filter(|now| now.etag == found.etag);
    match now.and_then(|now| now.crc64) {
        Some(crc) => Ok(crc),
        None => read_crc64(place, found).await,
    }
}

/// The checksum of the bytes of the version that was found.
pub(crate) async fn read_crc64(place: &Place, found: &Found) -> Result<Crc64, Fault> {
    let mut crc = Crc64Digest::new();
    let mut pieces = Pieces::new(place, found);
    while let Some(bytes) = pieces.next().await? {
        crc.update(&bytes);
    }
    Ok(Crc64(crc.finish()))
}

/// The SHA-256 of the bytes of the version that was found.
pub(crate) async fn sha256(place: &Place, found: &Found) -> Result<String, Fault> {
    let mut sha = Sha256::new();
    let mut pieces = Pieces::new(place, found);
    while let Some(bytes) = pieces.next().await? {
        sha.update(&bytes);
    }
    Ok(sha.finish())
}
