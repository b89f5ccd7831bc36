//! Every image of a session becomes a group of OME-Zarr. What is wrong with one loses no other.

use std::sync::Arc;

use adt_model::{Action, ByteSize, Fault, FolderWork, ImagingConfig, Key};
use camino::Utf8Path;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    beat::Beat,
    imaging::{Work, Written, unread, write},
    job::Job,
    rules,
};

/// What was done, as `processing.json` tells it and the ledger keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImagesMade {
    /// How they were stored.
    pub config: ImagingConfig,
    /// What came of them.
    #[serde(flatten)]
    pub written: Written,
    /// When it began.
    pub started: Timestamp,
    /// When it was confirmed.
    pub ended: Timestamp,
}

/// What the plan says.
pub(super) struct Asked<'a> {
    pub folder: &'a FolderWork,
    pub n5: bool,
    pub under: Option<&'a Key>,
    pub config: &'a ImagingConfig,
    pub metrics: Option<&'a Utf8Path>,
}

pub(super) async fn perform(step: &str, asked: &Asked<'_>, job: &Job) -> Result<Value, Fault> {
    let started = job.begun(step)?;
    let work = Work {
        source: asked.folder.source.clone(),
        rules: rules::of(asked.folder),
        n5: asked.n5,
        under: asked.under.cloned(),
        config: asked.config.clone(),
        home: job.plan.asset.clone(),
        out: Arc::clone(job.out()),
        only: containers(job) == 1,
        beat: Beat::of(&job.asset),
    };
    if job.plan.dry_run {
        job.note("a dry run reads the headers of images only");
        job.missing(&unread(work).await?);
        return Ok(json!({}));
    }
    let written = write(work).await?;
    job.note(&summary(asked.under, &written));
    if let Some(link) = &written.link {
        job.note(&format!("Neuroglancer: {link}"));
    }
    if let Some(path) = asked.metrics {
        fs_err::write(path, written.csv()).map_err(|e| Fault::io(format!("cannot write `{path}`"), e))?;
    }
    job.missing(&written.missing);
    let done = ImagesMade { config: asked.config.clone(), written, started, ended: (job.ctx.clock)() };
    let account = serde_json::to_value(&done).expect("a record of plain fields");
    job.images.lock().expect("nobody panics while holding it").insert(step.to_owned(), done);
    Ok(account)
}

fn containers(job: &Job) -> usize {
    let steps = job.plan.stages.iter().flat_map(|stage| &stage.steps);
    steps.filter(|step| matches!(step.action, Action::WriteOmeZarr { .. })).count()
}

/// One line: how many images, and how much smaller they are.
fn summary(under: Option<&Key>, written: &Written) -> String {
    let (images, before, after) = (written.tiles.len(), written.bytes_in(), written.bytes_out());
    let word = if images == 1 { "image" } else { "images" };
    let ratio = if after == 0 { 1.0 } else { before as f64 / after as f64 };
    let under = under.map(|under| format!("{under}: ")).unwrap_or_default();
    format!(
        "{under}{images} {word}, {} of voxels in {} (ratio {ratio:.2})",
        ByteSize(before),
        ByteSize(after)
    )
}
