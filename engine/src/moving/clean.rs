//! Writes that were begun and will not end.

use std::collections::BTreeSet;

use adt_model::{Class, Fault, Key};
use adt_store::Place;

/// Aborts every unfinished write below a place; each is reported before it goes. In a dry run it is only reported.
///
/// The place is asked once more: what it still lists has not gone, whatever it answered.
pub async fn clean(place: &Place, dry_run: bool, tell: &mut dyn FnMut(&Key, &str)) -> Result<u64, Fault> {
    let unfinished = place.unfinished().await?;
    for left in &unfinished {
        tell(&left.key, &left.upload_id);
        if !dry_run {
            place.abort(left).await?;
        }
    }
    if !dry_run && !unfinished.is_empty() {
        let aborted: BTreeSet<_> = unfinished.iter().map(|left| (&left.key, &left.upload_id)).collect();
        let now = place.unfinished().await?;
        let mut still = now.iter().filter(|left| aborted.contains(&(&left.key, &left.upload_id)));
        if let Some(first) = still.next() {
            let (shown, more) = (place.location().join(&first.key), still.count());
            let others = match more {
                0 => String::new(),
                1 => ", and 1 other".to_owned(),
                _ => format!(", and {more} others"),
            };
            let what =
                format!("an unfinished upload of `{shown}` is still listed after it was aborted{others}");
            return Err(Fault::new(Class::Transient, what)
                .help("run the same command again when no other program uploads there"));
        }
    }
    Ok(unfinished.len() as u64)
}
