//! What the source does not have is removed from the destination.

use std::sync::Arc;

use adt_model::{Class, Fault, Key};
use tokio::task::JoinSet;

use super::{
    copy::Work,
    item::Item,
    pairs::{Next, Remark},
};

/// Removes what only the destination has, unless that is more than `most` objects.
///
/// Both sides are listed once more: what has come to the source meanwhile stays, and the list of what goes is never held. The first
/// doubt ends it: a listing that fails, a name that cannot be read.
pub(super) async fn extra(work: &Arc<Work>, expected: u64, most: u64) -> Result<(), Fault> {
    if expected > most {
        let what = format!(
            "{expected} objects of `{}` are not in the source, more than `--max-delete {most}` lets go; nothing was removed",
            work.asked.destination.place.location()
        );
        return Err(Fault::new(Class::Conflict, what)
            .help("look at them with `--dry-run`; a larger `--max-delete` removes them"));
    }
    let mut pairs = work.pairs();
    let mut flying = JoinSet::new();
    let mut gone = 0;
    while let Some(next) = pairs.next().await? {
        work.ctx.stop.check()?;
        match next {
            Next::Remark(Remark::Fault(fault)) => return Err(fault),
            // A link that leads nowhere, a socket: whatever is below that name over there is not known to be superfluous.
            Next::Remark(Remark::LeftOut { .. } | Remark::There(_)) => {}
            Next::Pair(pair) => {
                if let (None, Some(there)) = (&pair.source, &pair.there) {
                    gone += 1;
                    if gone > most {
                        break;
                    }
                    let (work, key) = (Arc::clone(work), there.key().clone());
                    let folder = matches!(there, Item::File(_)) && !there.has_bytes();
                    flying.spawn(async move { work.remove(&key, folder).await });
                }
            }
        }
        while flying.len() >= work.ctx.settings.lanes {
            land(&mut flying).await?;
        }
    }
    while !flying.is_empty() {
        land(&mut flying).await?;
    }
    Ok(())
}

async fn land(flying: &mut JoinSet<Result<(), Fault>>) -> Result<(), Fault> {
    match flying.join_next().await {
        Some(Ok(result)) => result,
        Some(Err(panic)) => Err(Fault::new(Class::Bug, "removing an object ended in a panic").because(panic)),
        None => Ok(()),
    }
}

impl Work {
    async fn remove(&self, key: &Key, folder: bool) -> Result<(), Fault> {
        if folder {
            self.out.place().prune(key).await?;
        } else {
            self.out.remove(key).await?;
            // Folders count for nothing by themselves, so one that has been emptied here does not stay behind.
            if !self.asked.selection.empty_dirs {
                self.out.place().prune_above(key).await?;
            }
        }
        self.out.counters().deleted();
        self.tell_deleted(key);
        Ok(())
    }
}
