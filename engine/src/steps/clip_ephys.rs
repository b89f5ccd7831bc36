//! A copy of a session with the first frames of every recording only: what readers open to see what was recorded, without the data.

use adt_formats::{
    SteadyFile,
    folder::{Entry, EntryKind},
    open_ephys::{ClippedFile, Content, Session, clipped},
};
use adt_model::{Fault, FolderWork, Idle, Key};
use bytes::Bytes;

use super::entries::{arriving, each};
use crate::{
    delivery::{Delivery, off_the_reactor},
    job::Job,
};

pub(super) async fn perform(folder: &FolderWork, under: &Key, frames: u64, job: &Job) -> Result<(), Fault> {
    let (source, leave_out) = (folder.source.clone(), folder.leave_out.clone());
    let session = off_the_reactor(move || Session::open(&source, &leave_out, &Idle)).await?;
    let files = arriving(move || {
        clipped(&session, frames)
            .filter(|file| !file.as_ref().is_ok_and(|file| file.source.kind != EntryKind::File))
    });
    let out = job.out();
    each(files, out, |file| {
        let (out, key) = (std::sync::Arc::clone(out), under.join(&file.key));
        async move { send(&file, &key, &out).await }
    })
    .await
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
