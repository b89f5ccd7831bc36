//! A folder becomes one zip object, compressed on all cores and sent while it is made.

use std::sync::Arc;

use adt_formats::{
    folder::{Entry, Walked, walk},
    zip::{ZipOptions, ZipSummary, zip_folder},
};
use adt_ledger::ObjectState;
use adt_model::{Crc64, Fault, FolderWork, Key};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Ctx, beat::Beat, bridge::Outlet, delivery::Delivery, job::Job, rules, touched::touched};

/// What was done, as `processing.json` tells it and the ledger keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Zipped {
    /// Which input it was made from.
    pub fingerprint: String,
    /// Deflate level, 1 to 9.
    pub level: u8,
    /// Files and empty folders.
    pub entries: u64,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes of the zip.
    pub bytes_out: u64,
    /// Checksum of the zip.
    pub crc64: Crc64,
    /// When it began.
    pub started: Timestamp,
    /// When it was confirmed.
    pub ended: Timestamp,
}

pub(super) async fn perform(
    step: &str,
    folder: &FolderWork,
    key: &Key,
    entry_root: &str,
    job: &Job,
) -> Result<Value, Fault> {
    let done = match done_earlier(step, folder, key, job)? {
        // Bytes can be replaced under the same time.
        Some(earlier) if touched(folder, earlier.started, &job.ctx).await?.is_none() => {
            job.asset.keeps(key, earlier.bytes_out, earlier.bytes_in);
            earlier
        }
        _ => zip(folder, key, entry_root, job.out(), Beat::of(&job.asset)).await?,
    };
    let account = serde_json::to_value(&done).expect("a record of plain fields");
    job.zipped.lock().expect("nobody panics while holding it").insert(step.to_owned(), done);
    Ok(account)
}

/// Makes the zip and sends it.
pub(crate) async fn zip(
    folder: &FolderWork,
    key: &Key,
    entry_root: &str,
    out: &Delivery,
    beat: Beat,
) -> Result<Zipped, Fault> {
    let ctx = out.ctx();
    let started = (ctx.clock)();
    let make_zip = || {
        beat.take_back();
        Ok(make(folder, entry_root, ctx, beat.clone()))
    };
    let (summary, receipt) = out.stream(key, &identity(folder, entry_root, ctx), make_zip).await?;
    Ok(Zipped {
        fingerprint: folder.fingerprint.clone(),
        level: ctx.settings.zip_level,
        entries: summary.entries,
        bytes_in: summary.bytes_in,
        bytes_out: summary.bytes_out,
        crc64: receipt.crc64,
        started,
        ended: (ctx.clock)(),
    })
}

/// Whatever decides the zip's bytes.
fn identity(folder: &FolderWork, entry_root: &str, ctx: &Ctx) -> String {
    let (level, version) = (ctx.settings.zip_level, ctx.version);
    let zone = ctx.time_zone.iana_name().unwrap_or_default();
    format!("{} {entry_root} {level} {zone} {version}", folder.fingerprint)
}

/// The work of the CPU side: walks, compresses, writes.
fn make(
    folder: &FolderWork,
    entry_root: &str,
    ctx: &Ctx,
    beat: Beat,
) -> impl FnOnce(&mut Outlet) -> Result<ZipSummary, Fault> + Send + 'static {
    let options = ZipOptions::new(ctx.settings.zip_level, entry_root, ctx.time_zone.clone());
    let (pool, source, rules) = (Arc::clone(&ctx.pool), folder.source.clone(), rules::of(folder));
    move |outlet| {
        let entries = walk(&source, &rules).filter_map(included);
        zip_folder(entries, &mut |piece| outlet.write(&piece), &pool, &beat, &options)
    }
}

/// Files and empty folders; what is left out was reported when the folder was surveyed.
fn included(walked: Result<Walked, Fault>) -> Option<Result<Entry, Fault>> {
    match walked {
        Ok(Walked::Entry(entry)) => Some(Ok(entry)),
        Ok(Walked::LeftOut { .. } | Walked::Repeated { .. }) => None,
        Err(fault) => Some(Err(fault)),
    }
}

/// An earlier run made the same zip from the same input, and the destination still holds it.
fn done_earlier(step: &str, folder: &FolderWork, key: &Key, job: &Job) -> Result<Option<Zipped>, Fault> {
    let Some(row) = job.row else { return Ok(None) };
    let ledger = &job.ctx.ledger;
    let Some(outcome) = ledger.step_done(row, step)?.and_then(|row| row.outcome) else { return Ok(None) };
    let Ok(earlier) = serde_json::from_value::<Zipped>(outcome) else { return Ok(None) };
    let stands = ledger.object(row, key)?.is_some_and(|object| object.state == ObjectState::Confirmed);
    let same = earlier.fingerprint == folder.fingerprint && earlier.level == job.ctx.settings.zip_level;
    Ok((stands && same).then_some(earlier))
}
