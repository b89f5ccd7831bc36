//! What is at the destination of a restore already.

use adt_codec::{Crc64Digest, Sha256};
use adt_model::{Class, Crc64, Fault, Key};
use adt_store::{Found, Place};

use crate::pieces::Pieces;

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
    if found.size == size && holds(place, &found, wanted).await? {
        return Ok(true);
    }
    if replace {
        return Ok(false);
    }
    Err(another(place, key))
}

/// A file with another content is where one is to be restored.
pub(super) fn another(place: &Place, key: &Key) -> Fault {
    let what = format!("`{}` is there already, with another content", place.location().join(key));
    Fault::new(Class::Conflict, what).help("restore into an empty folder, or replace it with `--force`")
}

async fn holds(place: &Place, found: &Found, wanted: Wanted<'_>) -> Result<bool, Fault> {
    let (mut sha, mut crc) = (Sha256::new(), Crc64Digest::new());
    let mut pieces = Pieces::new(place, found);
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
