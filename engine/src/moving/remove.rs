//! What the source does not have is removed from the destination.

use std::sync::Arc;

use adt_model::{Class, Fault, Key};
use tokio::task::JoinSet;

use super::{
    copy::Work,
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
    let mut spared: Vec<String> = Vec::new();
    while let Some(next) = pairs.next().await? {
        work.ctx.stop.check()?;
        match next {
            Next::Remark(Remark::Fault(fault)) => return Err(fault),
            // A link that leads nowhere, a socket: what is at or below that name over there is not known to be superfluous.
            Next::Remark(Remark::LeftOut { path, .. }) => spared.push(path),
            Next::Remark(Remark::There(_)) => {}
            Next::Pair(pair) => {
                if let (None, Some(there)) = (&pair.source, &pair.there)
                    && !spared.iter().any(|name| lies_at(there.key(), name))
                {
                    gone += 1;
                    if gone > most {
                        break;
                    }
                    let (work, key) = (Arc::clone(work), there.key().clone());
                    flying.spawn(async move { work.remove(&key).await });
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

fn lies_at(key: &Key, name: &str) -> bool {
    key.as_str().strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

async fn land(flying: &mut JoinSet<Result<(), Fault>>) -> Result<(), Fault> {
    match flying.join_next().await {
        Some(Ok(result)) => result,
        Some(Err(panic)) => Err(Fault::new(Class::Bug, "removing an object ended in a panic").because(panic)),
        None => Ok(()),
    }
}

impl Work {
    async fn remove(&self, key: &Key) -> Result<(), Fault> {
        self.out.remove(key).await?;
        // Folders count for nothing by themselves, so one that has been emptied here does not stay behind.
        if !self.asked.selection.empty_dirs {
            self.out.place().prune_above(key).await?;
        }
        self.out.counters().deleted();
        self.tell_deleted(key);
        Ok(())
    }
}
