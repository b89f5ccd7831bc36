//! What stands at the destination decides whether a job may begin, and what of it is done already.

use adt_ledger::{JobId, Ledger, Listing, ObjectRow, ObjectState};
use adt_model::{Class, Fault, Key, Location, Standing, What};
use adt_plan::RECORD;
use adt_store::{Place, Unfinished};
use futures::StreamExt;

use crate::{Ctx, Stop, delivery::Delivery, pieces::read_crc64};

/// What to do with a job whose asset stands like this.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing is there.
    Begin,
    /// Something is there that may be completed.
    Complete,
    /// It is complete.
    Skip,
}

/// | stands | without force | with force |
/// |---|---|---|
/// | nothing | begin | begin |
/// | begun by this ledger | complete | complete |
/// | done by this ledger, same input | skip | complete |
/// | done by this ledger, other input | refuse | complete |
/// | not begun by this ledger | refuse | complete |
pub(crate) fn judge(standing: Standing, force: bool, asset: &Location) -> Result<Verdict, Fault> {
    let refuse = |what: String| {
        Err(Fault::new(Class::Conflict, what).help(
            "set `force_cloud_sync` to complete it (only what differs is sent), or choose another name",
        ))
    };
    match (standing, force) {
        (Standing::Free, _) => Ok(Verdict::Begin),
        (Standing::Begun, _) | (_, true) => Ok(Verdict::Complete),
        (Standing::Done, false) => Ok(Verdict::Skip),
        (Standing::DoneOtherwise, false) => {
            refuse(format!("`{asset}` is complete since an earlier run, and its input has changed since"))
        }
        (Standing::Foreign, false) => {
            refuse(format!("`{asset}` exists already and was not begun by this ledger"))
        }
    }
}

/// What became of an asset since this ledger completed it.
#[derive(Debug, PartialEq, Eq)]
pub enum Since {
    /// The destination holds everything that was sent.
    Whole,
    /// Some of it is gone.
    Lacking,
    /// Somebody put something else in the place of this object.
    Replaced(Key),
}

/// Looked at before a job that is done is skipped: another endpoint, or somebody's clean-up, may have left less than the ledger says.
pub async fn since_done(job: JobId, place: &Place, ledger: &Ledger, stop: &Stop) -> Result<Since, Fault> {
    let mut listing = listed(job, place, ledger, stop).await?;
    let wrong = listing.verify(LOOKED_THROUGH)?;
    // What a cluster has sent is not in this ledger object by object; the record tells that it is there.
    let unseen = ledger.totals(job)?.objects == 0;
    let record = Key::parse(RECORD).expect("the record's name is a key");
    let lacking = !wrong.is_empty() || (unseen && place.head(&record).await?.is_none());
    let replaced = wrong.into_iter().find(|mismatch| mismatch.found.is_some());
    let replaced = match replaced {
        Some(mismatch) => Some(mismatch.key),
        None => other_bytes(job, place, ledger, stop, &mut listing).await?.into_iter().next(),
    };
    Ok(match replaced {
        Some(key) => Since::Replaced(key),
        None if lacking => Since::Lacking,
        None => Since::Whole,
    })
}

/// Somebody has changed an asset that was complete.
pub fn replaced(key: &Key, asset: &Location) -> Fault {
    Fault::new(
        Class::Conflict,
        format!("`{key}` of `{asset}` was replaced since an earlier run completed it"),
    )
    .help("set `force_cloud_sync` to send what differs again")
}

/// Mismatches looked through for one that was replaced.
const LOOKED_THROUGH: usize = 10_000;

/// Everything that stands at the asset's place, beside what the ledger says of the job.
pub(crate) async fn listed(
    job: JobId,
    place: &Place,
    ledger: &Ledger,
    stop: &Stop,
) -> Result<Listing, Fault> {
    let mut listing = ledger.listing(job)?;
    let mut pages = place.list();
    while let Some(page) = pages.next().await {
        stop.check()?;
        listing.add(page?.into_iter().map(|found| (found.key, found.size, found.etag)))?;
    }
    Ok(listing)
}

/// Confirmed files of a folder whose bytes are not those that were sent, although their sizes and times are. Only those are read of which
/// something was changed since, if only their permissions.
pub(crate) async fn other_bytes(
    job: JobId,
    place: &Place,
    ledger: &Ledger,
    stop: &Stop,
    listing: &mut Listing,
) -> Result<Vec<Key>, Fault> {
    let (mut other, mut after) = (Vec::new(), None);
    loop {
        let batch = listing.touched(after.as_ref(), LOOKED_THROUGH)?;
        let Some(last) = batch.last() else { return Ok(other) };
        after = Some(last.key.clone());
        for touched in batch {
            stop.check()?;
            let Some(row) = ledger.object(job, &touched.key)? else { continue };
            let (Some(sent), Some(found)) = (row.crc64, place.head(&touched.key).await?) else { continue };
            if read_crc64(place, &found).await? == sent {
                ledger.confirmed(job, ObjectRow { etag: found.etag, ..row })?;
            } else {
                other.push(touched.key);
            }
        }
    }
}

/// Holds the destination's listing against the ledger: what is confirmed but gone is forgotten, what is there but not confirmed
/// is kept as seen. Uploads that an earlier run of this ledger began and did not record are aborted.
pub(crate) async fn settle(
    job: JobId,
    name: &str,
    ours: bool,
    place: &Place,
    ctx: &Ctx,
) -> Result<(), Fault> {
    let mut listing = listed(job, place, &ctx.ledger, &ctx.stop).await?;
    let other = other_bytes(job, place, &ctx.ledger, &ctx.stop, &mut listing).await?;
    listing.reconcile()?;
    // What is there is not compared by its time again: it is sent.
    other.iter().try_for_each(|key| ctx.ledger.forget(job, key))?;
    if ours { abort_unknown(job, name, place, ctx).await } else { Ok(()) }
}

async fn abort_unknown(job: JobId, name: &str, place: &Place, ctx: &Ctx) -> Result<(), Fault> {
    let unfinished = match place.unfinished().await {
        Ok(unfinished) => unfinished,
        Err(fault) if fault.class() == Class::Transient => return Err(fault),
        // Not every server lists uploads; then those that the ledger knows are all that can be taken care of.
        Err(fault) => {
            let text = format!("uploads that may be left behind could not be listed: {}", fault.line());
            ctx.tell(name, None, What::Note { text });
            return Ok(());
        }
    };
    let known = ctx.ledger.uploads(job)?;
    let is_known = |u: &Unfinished| known.iter().any(|row| row.key == u.key && row.upload_id == u.upload_id);
    for unfinished in unfinished {
        if !is_known(&unfinished) {
            place.abort(&unfinished).await?;
        }
    }
    Ok(())
}

/// At the end of a job: uploads that no step took up again (their source is gone from the job) are aborted, and so are those that the
/// destination began without our ever hearing of it, because the answer was lost and the request sent again.
pub(crate) async fn abort_left_over(job: JobId, asset: &Delivery) -> Result<(), Fault> {
    let (ctx, place) = (asset.ctx(), asset.place());
    for row in ctx.ledger.uploads(job)? {
        let unfinished = Unfinished::named(row.key.clone(), row.upload_id);
        place.abort(&unfinished).await?;
        ctx.ledger.upload_ended(job, &row.key)?;
    }
    if !asset.has_begun_uploads() {
        return Ok(());
    }
    let left = match place.unfinished().await {
        Ok(left) => left,
        // Not every server lists uploads; the asset is whole all the same.
        Err(fault) => {
            asset.note(format!("uploads that may be left behind could not be listed: {}", fault.line()));
            return Ok(());
        }
    };
    for unfinished in left {
        // Only those to objects that are ours: somebody else may be at work beside us.
        let ours = ctx.ledger.object(job, &unfinished.key)?;
        if ours.is_some_and(|object| object.state == ObjectState::Confirmed) {
            place.abort(&unfinished).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds() {
        let asset = Location::Folder("/x".into());
        let verdict = |standing, force| judge(standing, force, &asset).ok();
        for (standing, plain, forced) in [
            (Standing::Free, Some(Verdict::Begin), Some(Verdict::Begin)),
            (Standing::Begun, Some(Verdict::Complete), Some(Verdict::Complete)),
            (Standing::Done, Some(Verdict::Skip), Some(Verdict::Complete)),
            (Standing::DoneOtherwise, None, Some(Verdict::Complete)),
            (Standing::Foreign, None, Some(Verdict::Complete)),
        ] {
            assert_eq!((verdict(standing, false), verdict(standing, true)), (plain, forced), "{standing:?}");
        }
    }
}
