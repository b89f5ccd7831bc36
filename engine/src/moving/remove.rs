//! What the source does not have is deleted at the destination.

use std::{collections::BTreeSet, sync::Arc};

use adt_model::{Class, Fault, Key};
use tokio::task::JoinSet;

use super::{
    confirm::Confirming,
    copy::{Account, Work},
    deletion::{Deletion, Seen, may_delete, permitted, would_be_permitted},
    gone::all_gone,
    item::Selection,
    pairs::{Next, Remark},
};

/// Deletes what both the listing that `first` saw and a second one show as superfluous, once that second one is complete. The first doubt
/// ends it: a listing that fails, a name that cannot be read. The same listing confirms what was sent, and a third one what was deleted.
pub(super) async fn extra(work: &Arc<Work>, first: Seen, allowed: Deletion) -> Result<(), Fault> {
    let (here, there) = (&work.asked.source, &work.asked.destination);
    let of_disk = here.folder().map(|_| here.folders(&Selection::default()));
    let empty: BTreeSet<_> = of_disk.into_iter().flatten().map(|key| key.to_string()).collect();
    let first = first.with_empty_folders(|folder| empty.contains(folder));
    if !work.asked.dry_run {
        permitted(&first, allowed)?;
    }
    let folders = work.empty_folders();
    if first.extra == 0 && folders.is_empty() {
        return if work.has_sent() { confirmed(work, work.confirm_all().await?) } else { Ok(()) };
    }
    here.forget_folders();
    there.forget_folders();
    let second = again(work, allowed).await?;
    if work.asked.dry_run {
        // All of them are named, also where the limits would stop the deletion.
        let named = first.superfluous().in_both(second.superfluous());
        let rehearsed = delete_all(work, named.iter().map(|(key, _)| key)).await;
        return rehearsed.and(would_be_permitted(&first, allowed));
    }
    let keys = may_delete(&first, &second, allowed)?;
    delete_all(work, keys.iter().map(|(key, _)| key)).await?;
    all_gone(work, &keys).await?;
    for key in folders.intersection(&work.empty_folders()) {
        work.out.place().prune(key).await?;
        work.out.counters().deleted();
        work.tell_deleted(key);
    }
    Ok(())
}

fn confirmed(work: &Work, account: Account) -> Result<(), Fault> {
    if account.failed > 0 { Err(work.not_whole(account)) } else { Ok(()) }
}

/// The second listing of both sides, to its end.
async fn again(work: &Arc<Work>, allowed: Deletion) -> Result<Seen, Fault> {
    let mut pairs = if work.has_sent() { work.pairs().led() } else { work.pairs() };
    let mut seen = Seen::new(Some(allowed), work.asked.dry_run);
    let mut confirming = Confirming::new(work);
    while let Some(next) = pairs.next().await? {
        work.ctx.stop.check()?;
        match next {
            Next::Remark(Remark::Fault(fault)) => return Err(fault),
            Next::Remark(Remark::LeftOut { path, .. }) => seen.left_out(&path),
            // It has no key, so it is never deleted.
            Next::Remark(Remark::There(_)) => {}
            Next::Pair(pair) => {
                seen.meet(&pair, work.means(&pair));
                if work.has_sent() {
                    confirming.meet(&pair).await?;
                }
            }
        }
    }
    confirmed(work, confirming.finish().await?)?;
    Ok(seen)
}

async fn delete_all(work: &Arc<Work>, keys: impl Iterator<Item = String>) -> Result<(), Fault> {
    let mut flying = JoinSet::new();
    for key in keys {
        work.ctx.stop.check()?;
        let key = Key::parse(key)
            .map_err(|error| Fault::new(Class::Bug, "a listed name is not a name any more").because(error))?;
        let work = Arc::clone(work);
        let lanes = work.ctx.settings.lanes;
        flying.spawn(async move { work.remove(&key).await });
        while flying.len() >= lanes {
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
    /// Empty folders of the destination that the source does not have, as far as the listings have come. The marker of a folder in a
    /// bucket stays: it costs nothing, and may be somebody's.
    fn empty_folders(&self) -> BTreeSet<Key> {
        if !self.asked.selection.empty_dirs || self.asked.destination.folder().is_none() {
            return BTreeSet::new();
        }
        let selection = &self.asked.selection;
        let here = self.asked.source.folders(selection);
        self.asked.destination.folders(selection).difference(&here).cloned().collect()
    }

    async fn remove(&self, key: &Key) -> Result<(), Fault> {
        self.keep_old(key).await?;
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
