//! A copy of a session with the first frames of every recording only: what readers open to see what was recorded, without the data. A
//! list in it says where each file of the session is, with the SHA-256 of everything in the copy.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use adt_formats::{
    SteadyFile,
    ephys::{self, ClippedFile, Content, Session, clipped},
    folder::{Entry, EntryKind},
    session_files::{self, SessionFile, SessionFiles, Sum},
};
use adt_model::{Action, Class, EphysChoice, Fault, FolderWork, Idle, Key};
use bytes::Bytes;

use super::entries::{arriving, each};
use crate::{
    delivery::{Delivery, off_the_reactor, sha256},
    ephys::choice,
    job::Job,
    rules,
};

pub(super) async fn perform(
    step: &str,
    folder: &FolderWork,
    under: &Key,
    frames: u64,
    choice: &EphysChoice,
    job: &Job,
) -> Result<(), Fault> {
    let (source, rules, chosen) = (folder.source.clone(), rules::of(folder), choice.clone());
    let (session, held) = off_the_reactor(move || {
        let session = ephys::open(&source, &rules, &Idle)?;
        let held = Held::of(&session, &chosen)?;
        Ok((session, held))
    })
    .await?;
    let copying =
        Arc::new(Copying { out: Arc::clone(job.out()), under: under.clone(), held, made: Mutex::default() });
    let all = session.clone();
    send(&copying, move || clipped(&all, frames)).await?;
    // What turned out not to be readable while it was compressed is copied whole.
    let unread = failed(step, job).await;
    if !unread.is_empty() {
        copying.retract(&unread);
        send(&copying, move || {
            clipped(&session, frames).filter_map(move |file| match file {
                Ok(file) if !unread.contains(&file.source.key) => None,
                file => Some(file.map(|file| ClippedFile { content: Content::Whole, ..file })),
            })
        })
        .await?;
    }
    copying.close(job).await
}

/// Recordings whose samples are in no store although they were to be stored; known once the other step has ended.
async fn failed(step: &str, job: &Job) -> BTreeSet<Key> {
    let Some(other) = step.strip_prefix("clip ").map(|folder| format!("compress {folder}")) else {
        return BTreeSet::new();
    };
    let mut steps = job.plan.stages.iter().flat_map(|stage| &stage.steps);
    if !steps.any(|step| step.id == other && matches!(step.action, Action::CompressEphys { .. })) {
        return BTreeSet::new();
    }
    loop {
        let ended = job.ephys_ended.notified();
        tokio::pin!(ended);
        ended.as_mut().enable();
        if let Some(made) = job.ephys.lock().unwrap_or_else(PoisonError::into_inner).get(&other) {
            return made.made.failed.iter().cloned().collect();
        }
        ended.await;
    }
}

async fn send<W>(copying: &Arc<Copying>, files: impl FnOnce() -> W + Send + 'static) -> Result<(), Fault>
where
    W: Iterator<Item = Result<ClippedFile, Fault>>,
{
    each(arriving(files), &copying.out, |file| {
        let copying = Arc::clone(copying);
        async move { copying.one(file).await }
    })
    .await
}

/// Where the samples of a session are.
#[derive(Default)]
struct Held {
    /// The store of each recording.
    stores: BTreeMap<String, String>,
    /// Why a recording is not stored, or not all of it.
    left_out: BTreeMap<String, String>,
}

impl Held {
    fn of(session: &Session, choice: &EphysChoice) -> Result<Self, Fault> {
        let mut held = Self::default();
        let mut chosen = session.clone();
        for left in choice::choose(&mut chosen, choice)? {
            let why = left.to_string();
            held.left_out.extend(left.files.into_iter().map(|file| (file, why.clone())));
        }
        for stream in chosen.streams() {
            let store = format!("{}.zarr", stream.store_name());
            let files = stream.segments.iter().map(|segment| segment.dat.key.to_string());
            held.stores.extend(files.map(|file| (file, store.clone())));
        }
        Ok(held)
    }
}

/// A copy that is being made.
struct Copying {
    out: Arc<Delivery>,
    under: Key,
    held: Held,
    made: Mutex<Made>,
}

#[derive(Default)]
struct Made {
    files: BTreeMap<Key, SessionFile>,
    copy: BTreeMap<String, Sum>,
    empty_folders: BTreeSet<String>,
    /// Files that cannot be read at all.
    unreadable: Vec<String>,
}

impl Copying {
    fn made(&self) -> std::sync::MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These were copied in part, and are copied as a whole now.
    fn retract(&self, files: &BTreeSet<Key>) {
        let mut made = self.made();
        for file in files {
            made.files.remove(file);
            made.copy.remove(file.as_str());
        }
    }

    async fn one(&self, file: ClippedFile) -> Result<(), Fault> {
        if file.source.kind != EntryKind::File {
            self.made().empty_folders.insert(file.source.key.to_string());
            return Ok(());
        }
        if file.key == list_key() {
            let path = &file.source.path;
            let what = format!("`{path}` has the name of the list that is written into the clipped copy");
            return Err(
                Fault::new(Class::BadInput, what).help("rename the file, or move it out of the session")
            );
        }
        // One file that cannot be read loses no other.
        if let Err(fault) = opens(&file.source).await {
            let what = format!("`{}` is not in the copy: {}", self.under.join(&file.key), fault.line());
            self.out.note(what.clone());
            let mut made = self.made();
            made.files.insert(file.source.key.clone(), named(&file.source));
            made.unreadable.push(what);
            return Ok(());
        }
        let sum = self.send(&file).await?;
        let mut made = self.made();
        made.copy.insert(file.key.to_string(), sum);
        let entry = made.files.entry(file.source.key.clone()).or_insert_with(|| named(&file.source));
        let path = file.source.key.as_str();
        match file.content {
            Content::Whole => {
                entry.copy = Some(file.key.to_string());
                entry.unread = is_recording(&file.source.key);
            }
            Content::FirstFrames { .. } => {
                entry.store = self.held.stores.get(path).cloned();
                entry.left_out = self.held.left_out.get(path).cloned();
            }
            // The original is beside it.
            Content::Replaced(_) => {}
        }
        Ok(())
    }

    /// Sends a file of the copy; the checksum of what was sent.
    async fn send(&self, file: &ClippedFile) -> Result<Sum, Fault> {
        let (out, key) = (&self.out, self.under.join(&file.key));
        let modified = Some(file.source.modified);
        let bytes: Bytes = match &file.content {
            Content::Whole => {
                out.file(&file.source, &key).await?;
                return Ok(Sum { bytes: file.source.size, sha256: sha256(&file.source).await? });
            }
            Content::FirstFrames { columns, frames } => {
                first(file.source.clone(), 2 * *columns as u64 * frames).await?
            }
            Content::Replaced(text) => {
                out.counters().read(file.source.size);
                text.clone().into()
            }
        };
        let sum = Sum::of(&bytes);
        out.bytes(&key, bytes, modified).await?;
        Ok(sum)
    }

    /// Sends the list, which says what of the session is where.
    async fn close(&self, job: &Job) -> Result<(), Fault> {
        let Made { files, copy, empty_folders, unreadable } = std::mem::take(&mut *self.made());
        let mut list = SessionFiles {
            program: format!("adt {}", job.ctx.version),
            files: files.into_values().collect(),
            empty_folders: empty_folders.into_iter().collect(),
            copy,
        };
        list.sort();
        let text = list.write().map_err(|error| {
            Fault::new(Class::Bug, "the list of a session's files cannot be written").because(error)
        })?;
        self.out.bytes(&self.under.join(&list_key()), text.into(), None).await?;
        job.missing(&unreadable);
        Ok(())
    }
}

fn named(source: &Entry) -> SessionFile {
    SessionFile { path: source.key.to_string(), bytes: source.size, ..SessionFile::default() }
}

/// Whether a file that is copied whole is a recording that no stream was read from.
fn is_recording(key: &Key) -> bool {
    ephys::holds_samples(key.file_name())
}

/// Where the list is in the copy.
fn list_key() -> Key {
    Key::parse(session_files::NAME).expect("a name is a key")
}

/// Whether a file can be read at all.
async fn opens(entry: &Entry) -> Result<(), Fault> {
    let entry = entry.clone();
    off_the_reactor(move || SteadyFile::open(&entry.path, entry.size, entry.modified).map(drop)).await
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
