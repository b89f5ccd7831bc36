//! What an item of each kind of unit does.

use std::sync::Arc;

use adt_formats::folder::{Entry, EntryKind, Walked, count, count_file, walk};
use adt_model::{Action, Class, Fault, FolderWork, Key, Pulse};
use adt_store::Place;
use serde_json::{Value, json};

use super::{
    batches::Batches,
    plan::{Unit, WorkPlan, marker},
};
use crate::{
    beat::Beat,
    delivery::{Delivery, off_the_reactor},
    ephys, imaging, rules,
    steps::{self, entries::each},
};

/// Fails where a folder is not what it was when the work was planned.
pub(super) async fn as_planned(folder: &FolderWork, beat: Beat) -> Result<(), Fault> {
    let folder = folder.clone();
    off_the_reactor(move || {
        let source = &folder.source;
        let now =
            if source.is_file() { count_file(source)? } else { count(source, &rules::of(&folder), &beat)? };
        if now.fingerprint == folder.fingerprint {
            return Ok(());
        }
        let (then, files) = (folder.files, now.files);
        let what = format!("`{source}` changed since the work was planned ({then} files then, {files} now)");
        Err(Fault::new(Class::BadInput, what)
            .help("submit it again: what is done of what did not change stays"))
    })
    .await
}

/// Files of a folder that belong to some batches, each with its batch.
pub(super) async fn batched(
    folder: &FolderWork,
    is_mine: impl Fn(u64) -> bool + Send + 'static,
    beat: Beat,
) -> Result<(u64, Vec<(u64, Entry)>), Fault> {
    let folder = folder.clone();
    off_the_reactor(move || {
        let (mut batches, mut mine) = (Batches::default(), Vec::new());
        for walked in walk(&folder.source, &rules::of(&folder)) {
            beat.beat(0)?;
            if let Walked::Entry(entry) = walked?
                && entry.kind == EntryKind::File
            {
                let batch = batches.next(entry.size);
                if is_mine(batch) {
                    mine.push((batch, entry));
                }
            }
        }
        Ok((batches.count(), mine))
    })
    .await
}

/// An item of what is no container of images.
pub(super) struct Item<'a> {
    pub unit: &'a Unit,
    pub action: &'a Action,
    pub stage: usize,
    pub number: u64,
    /// Those of its batch, where the unit is a folder.
    pub files: Vec<Entry>,
}

impl Item<'_> {
    /// Does it; its account.
    pub(super) async fn perform(self, out: &Arc<Delivery>) -> Result<Value, Fault> {
        let account = match self.action {
            Action::CopyFolder { under, .. } => {
                copy(self.files, under, out).await?;
                Ok(json!({}))
            }
            Action::ZipFolder { folder, key, entry_root } => {
                serde_json::to_value(steps::zip(folder, key, entry_root, out, Beat::of(out)).await?)
            }
            Action::CompressEphys { .. } => match (recordings(self.action, out)?, self.stage) {
                (Some(work), 0) => serde_json::to_value(ephys::shared::read(&work, self.number).await?),
                (Some(work), _) => {
                    let cuts = ephys::shared::cuts(&work).await?;
                    let cut = cuts.get(self.number as usize).ok_or_else(|| {
                        Fault::new(Class::Corrupt, format!("`{}` is not as it was planned", work.source))
                    })?;
                    let read = first_reading(out.place(), self.unit, cut.stream).await?;
                    ephys::shared::compress_cut(&work, cut, read).await?;
                    Ok(json!({}))
                }
                (None, _) => return Err(uncut()),
            },
            _ => return Err(uncut()),
        };
        Ok(account.expect("a record of plain fields"))
    }
}

fn uncut() -> Fault {
    Fault::new(Class::Bug, "this step is not cut into items")
}

/// What whoever read the stream first has found.
pub(super) async fn first_reading(
    place: &Place,
    unit: &Unit,
    stream: u64,
) -> Result<ephys::shared::Read, Fault> {
    let key = marker(0, unit, stream);
    let made = super::plan::made(place, &key).await?;
    serde_json::from_value(made.account)
        .map_err(|e| Fault::new(Class::Corrupt, format!("`{key}` is no marker")).because(e))
}

/// The recordings of a unit that compresses them.
pub(super) fn recordings(action: &Action, out: &Arc<Delivery>) -> Result<Option<ephys::Work>, Fault> {
    let Action::CompressEphys { folder, under, config, .. } = action else { return Ok(None) };
    ephys::Work::new(folder, under, config, out, Beat::of(out)).map(Some)
}

async fn copy(files: Vec<Entry>, under: &Key, out: &Arc<Delivery>) -> Result<(), Fault> {
    let (sender, arriving) = tokio::sync::mpsc::channel(1);
    let feeding = async move {
        for entry in files {
            // Nobody listens any more: the sending has ended.
            if sender.send(Ok(entry)).await.is_err() {
                break;
            }
        }
    };
    let sending = each(arriving, out, |entry: Entry| {
        let (out, key) = (Arc::clone(out), under.join(&entry.key));
        async move { out.file(&entry, &key).await }
    });
    futures::future::join(feeding, sending).await.1
}

/// The container of a unit that writes images.
pub(super) fn images(action: &Action, plan: &WorkPlan, out: &Arc<Delivery>) -> Option<imaging::Work> {
    let Action::WriteOmeZarr { folder, n5, under, config, .. } = action else { return None };
    let containers = super::plan::heavy(&plan.plan)
        .filter(|(_, action, _)| matches!(action, Action::WriteOmeZarr { .. }))
        .count();
    Some(imaging::Work {
        source: folder.source.clone(),
        rules: rules::of(folder),
        n5: *n5,
        under: under.clone(),
        config: config.clone(),
        home: plan.plan.asset.clone(),
        out: Arc::clone(out),
        only: containers == 1,
        beat: Beat::of(out),
    })
}
