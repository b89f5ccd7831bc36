//! A copy of a session with the first frames of every recording only: what readers open to see what was recorded, without the data.

use std::sync::{Arc, Mutex};

use adt_formats::{
    SteadyFile,
    ephys::{self, ClippedFile, Content, clipped},
    folder::{Entry, EntryKind},
};
use adt_model::{Fault, FolderWork, Idle, Key};
use bytes::Bytes;

use super::entries::{arriving, each};
use crate::{
    delivery::{Delivery, off_the_reactor},
    job::Job,
    rules,
};

pub(super) async fn perform(folder: &FolderWork, under: &Key, frames: u64, job: &Job) -> Result<(), Fault> {
    let (source, rules) = (folder.source.clone(), rules::of(folder));
    let session = off_the_reactor(move || ephys::open(&source, &rules, &Idle)).await?;
    let files = arriving(move || {
        clipped(&session, frames)
            .filter(|file| !file.as_ref().is_ok_and(|file| file.source.kind != EntryKind::File))
    });
    let out = job.out();
    let unreadable = Arc::new(Mutex::new(Vec::new()));
    each(files, out, |file| {
        let (out, key, unreadable) = (Arc::clone(out), under.join(&file.key), Arc::clone(&unreadable));
        async move {
            match opens(&file.source).await {
                Ok(()) => send(&file, &key, &out).await,
                Err(fault) => {
                    let what = format!("`{key}` is not in the copy: {}", fault.line());
                    out.note(what.clone());
                    unreadable.lock().expect("nobody panics while holding it").push(what);
                    Ok(())
                }
            }
        }
    })
    .await?;
    job.missing(&unreadable.lock().expect("nobody panics while holding it"));
    Ok(())
}

/// Whether a file can be read at all: one that cannot loses no other.
async fn opens(entry: &Entry) -> Result<(), Fault> {
    let entry = entry.clone();
    off_the_reactor(move || SteadyFile::open(&entry.path, entry.size, entry.modified).map(drop)).await
}

async fn send(file: &ClippedFile, key: &Key, out: &Delivery) -> Result<(), Fault> {
    let modified = Some(file.source.modified);
    match &file.content {
        Content::Whole => out.file(&file.source, key).await,
        Content::FirstFrames { columns, frames } => {
            let bytes = first(file.source.clone(), 2 * *columns as u64 * frames).await?;
            out.bytes(key, bytes, modified).await
        }
        Content::Replaced(text) => {
            out.counters().read(file.source.size);
            out.bytes(key, text.clone().into(), modified).await
        }
    }
}

/// The first bytes of a file. The step that compresses the recordings counts them.
async fn first(entry: Entry, bytes: u64) -> Result<Bytes, Fault> {
    off_the_reactor(move || {
        let file = SteadyFile::open(&entry.path, entry.size, entry.modified)?;
        let mut first = vec![0; bytes.min(entry.size) as usize];
        file.read_at(0, &mut first)?;
        file.finish()?;
        Ok(first.into())
    })
    .await
}
