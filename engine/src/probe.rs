//! Whether a destination may be written to, found out without leaving anything there.

use adt_model::{Fault, Key, Location};
use adt_plan::RECORD;
use adt_store::{ObjectMeta, Place, StoreOptions};
use camino::Utf8Path;

/// Begins an object below `asset` and throws it away again. In a bucket that is an upload in parts which never gets a part: it needs
/// the right to write, and nothing ever becomes visible. In a folder it is a temporary file in the nearest folder that exists.
pub async fn writable(asset: &Location, id: uuid::Uuid, store: &StoreOptions) -> Result<(), Fault> {
    let (place, key) = match asset {
        Location::Folder(path) => {
            let there = path.ancestors().find(|p| p.is_dir()).unwrap_or(Utf8Path::new("."));
            let name = format!(".adt-check-{}", id.simple());
            (Location::Folder(there.to_owned()), name)
        }
        bucket => (bucket.clone(), RECORD.to_owned()),
    };
    let key = Key::parse(key).expect("a plain file name is a key");
    let place = Place::open(&place, store).await?;
    let upload = place.begin(&key, &ObjectMeta::default()).await?;
    upload.abort().await
}
