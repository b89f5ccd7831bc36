//! Writes that were begun and will not end.

use adt_model::{Fault, Key};
use adt_store::Place;

/// Throws away every unfinished write below a place; each is told before it goes. In a dry run it is only told.
pub async fn clean(place: &Place, dry_run: bool, tell: &mut dyn FnMut(&Key, &str)) -> Result<u64, Fault> {
    let unfinished = place.unfinished().await?;
    for left in &unfinished {
        tell(&left.key, &left.upload_id);
        if !dry_run {
            place.abort(left).await?;
        }
    }
    Ok(unfinished.len() as u64)
}
