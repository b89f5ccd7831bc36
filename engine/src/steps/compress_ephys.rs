//! Every stream of a session's recordings becomes a Zarr store. What is wrong with one stream loses no other.

use adt_model::{ByteSize, EphysConfig, Fault, FolderWork, Key};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    beat::Beat,
    ephys::{Compressed, Work, compress},
    job::Job,
};

/// What was done, as `processing.json` tells it and the ledger keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EphysMade {
    /// How it was stored.
    pub config: EphysConfig,
    /// What came of it.
    #[serde(flatten)]
    pub made: Compressed,
    /// When it began.
    pub started: Timestamp,
    /// When it was confirmed.
    pub ended: Timestamp,
}

pub(super) async fn perform(
    step: &str,
    folder: &FolderWork,
    under: &Key,
    config: &EphysConfig,
    job: &Job,
) -> Result<Value, Fault> {
    let started = job.begun(step)?;
    let work = Work::new(folder, under, config, job.out(), Beat::of(&job.asset))?;
    let made = compress(work).await?;
    job.note(&summary(under, &made));
    for stream in made.streams.iter().filter(|stream| stream.lost_samples > 0) {
        let (lost, store) = (stream.lost_samples, &stream.store);
        job.note(&format!(
            "LOSSY: {lost} samples of `{store}` do not come back: `lsb = spikeinterface` was asked for"
        ));
    }
    if !config.accept_unread {
        job.missing(&made.missing);
    }
    let done = EphysMade { config: config.clone(), made, started, ended: (job.ctx.clock)() };
    let account = serde_json::to_value(&done).expect("a record of plain fields");
    job.ephys.lock().expect("nobody panics while holding it").insert(step.to_owned(), done);
    job.ephys_ended.notify_waiters();
    Ok(account)
}

/// One line: how many stores, and how much smaller they are.
fn summary(under: &Key, made: &Compressed) -> String {
    let (stores, before, after) = (made.streams.len(), made.bytes_in(), made.bytes_out());
    let word = if stores == 1 { "store" } else { "stores" };
    let ratio = if after == 0 { 1.0 } else { before as f64 / after as f64 };
    format!(
        "{under}: {stores} {word}, {} of samples in {} (ratio {ratio:.2})",
        ByteSize(before),
        ByteSize(after)
    )
}
