//! Everything sent is looked for at the destination, and the sources are looked at once more.
//!
//! Each object was proved when it was put; this finds what was removed or replaced since, and files that appeared while the job ran.

use adt_formats::folder::{count, count_file};
use adt_ledger::{JobId, Mismatch};
use adt_model::{Action, Class, Fault, FolderWork, Pulse};

use crate::{
    Stop,
    delivery::off_the_reactor,
    job::Job,
    rules,
    standing::{listed, other_bytes},
};

/// Named in the fault; the rest is counted.
const NAMED: usize = 5;

pub(super) async fn perform(job: &Job) -> Result<(), Fault> {
    sources_are_as_surveyed(job).await?;
    match job.row {
        Some(row) if !job.ctx.settings.no_list => destination_holds_all(row, job).await,
        _ => Ok(()),
    }
}

async fn sources_are_as_surveyed(job: &Job) -> Result<(), Fault> {
    for step in job.plan.stages.iter().flat_map(|stage| &stage.steps) {
        // What is clipped is also compressed, and looked at there.
        let (Some(folder), false) = (step.action.folder(), matches!(step.action, Action::ClipEphys { .. }))
        else {
            continue;
        };
        let (folder, stop) = (folder.clone(), job.ctx.stop.clone());
        off_the_reactor(move || still_the_same(&folder, &stop)).await?;
    }
    Ok(())
}

fn still_the_same(folder: &FolderWork, stop: &Stop) -> Result<(), Fault> {
    let now = if folder.source.is_file() {
        count_file(&folder.source)?
    } else {
        count(&folder.source, &rules::of(folder), &Stoppable(stop))?
    };
    if now.fingerprint == folder.fingerprint {
        return Ok(());
    }
    let (then, files) = (folder.files, now.files);
    let what = format!("`{}` changed while the job ran ({then} files then, {files} now)", folder.source);
    Err(Fault::new(Class::Corrupt, what)
        .help("wait until the rig has finished writing, then run the same command again"))
}

struct Stoppable<'a>(&'a Stop);

impl Pulse for Stoppable<'_> {
    fn beat(&self, _bytes: u64) -> Result<(), Fault> {
        self.0.check()
    }
}

async fn destination_holds_all(row: JobId, job: &Job) -> Result<(), Fault> {
    let (place, ledger, stop) = (job.asset.place(), &job.ctx.ledger, &job.ctx.stop);
    let mut listing = listed(row, place, ledger, stop).await?;
    let wrong = listing.verify(NAMED + 1)?;
    let mut named: Vec<String> = wrong.iter().map(describe).collect();
    if named.is_empty() {
        let other = other_bytes(row, place, ledger, stop, &mut listing).await?;
        named = other.iter().map(|key| format!("`{key}` was replaced")).collect();
        other.iter().try_for_each(|key| ledger.forget(row, key))?;
    }
    if named.is_empty() { Ok(()) } else { Err(not_as_sent(&named, job)) }
}

fn not_as_sent(named: &[String], job: &Job) -> Fault {
    let more = if named.len() > NAMED { ", and more" } else { "" };
    let named = named[..named.len().min(NAMED)].join(", ");
    let what = format!("`{}` does not hold what was sent: {named}{more}", job.plan.asset);
    Fault::new(Class::Corrupt, what)
        .help("another program may be writing there; run the same command again to send what is missing")
}

fn describe(wrong: &Mismatch) -> String {
    match &wrong.found {
        None => format!("`{}` is missing", wrong.key),
        Some(found) if found.size != wrong.expected.size => {
            format!("`{}` has {} bytes, not {}", wrong.key, found.size, wrong.expected.size)
        }
        Some(_) => format!("`{}` was replaced", wrong.key),
    }
}
