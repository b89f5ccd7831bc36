//! After deleting: the destination must not list what it said was deleted.

use std::sync::Arc;

use adt_model::{Class, Fault, Key};

use super::{
    copy::Work,
    pairs::{Next, Pairs, nothing},
    superfluous::Superfluous,
};

/// Lists the destination once more. What is still listed is asked for by itself: some servers list a deleted object for a while.
///
/// A folder is not listed again: there, the file system itself has removed the name.
pub(super) async fn all_gone(work: &Arc<Work>, deleted: &Superfluous) -> Result<(), Fault> {
    let mut keys = deleted.iter().peekable();
    if work.asked.dry_run || work.out.place().location().is_folder() || keys.peek().is_none() {
        return Ok(());
    }
    let there = work.asked.destination.items(&work.asked.selection);
    let mut pairs = Pairs::new(nothing(), there, None);
    while let Some(next) = pairs.next().await? {
        work.ctx.stop.check()?;
        let Next::Pair(pair) = next else { continue };
        let Some(found) = &pair.there else { continue };
        let found = found.key();
        while keys.next_if(|(key, _)| key.as_str() < found.as_str()).is_some() {}
        if keys.next_if(|(key, _)| key == found.as_str()).is_some() {
            gone(work, found).await?;
        }
    }
    Ok(())
}

async fn gone(work: &Arc<Work>, key: &Key) -> Result<(), Fault> {
    match work.out.place().head(key).await {
        Ok(None) => Ok(()),
        // Credentials may have the right to list, and not to read.
        Err(fault) if fault.class() != Class::Refused => Err(fault),
        _ => {
            let shown = work.out.place().location().join(key);
            let what = format!("`{shown}` is still there, although the destination confirmed its deletion");
            Err(Fault::new(Class::Corrupt, what).help(
                "run the same command again; if it happens again, another program writes there, or the server deletes nothing",
            ))
        }
    }
}
