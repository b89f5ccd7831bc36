//! Files become compressed pieces, many at once, in an order that is kept.

use std::sync::{
    Arc, Mutex, PoisonError,
    mpsc::{Receiver, sync_channel},
};

use adt_codec::{Deflater, HISTORY, crc32};
use adt_model::{Class, Fault};
use rayon::Scope;

use super::BLOCK;
use crate::{
    SteadyFile,
    folder::{Entry, EntryKind},
};

/// What one thread does at a time.
pub(super) enum Work {
    /// A name without content.
    Folder(Entry),
    /// A file that fits into one block.
    Whole(Entry),
    /// The blocks of a larger file, in order: the first opens its entry, the last closes it.
    Part { file: Arc<SteadyFile>, entry: Option<Entry>, offset: u64, length: usize, last: bool },
}

/// What comes of it.
pub(super) enum Done {
    Folder(Entry),
    Whole {
        entry: Entry,
        crc: u32,
        deflated: bool,
        bytes: Vec<u8>,
    },
    /// The last one brings the file, to see that it has not changed once all parts have been read.
    Part {
        entry: Option<Entry>,
        crc: u32,
        length: u64,
        bytes: Vec<u8>,
        last: Option<Arc<SteadyFile>>,
    },
}

/// The result of a piece of work that was started.
pub(super) type Pending = Receiver<Result<Done, Fault>>;

/// An entry's work, in order.
pub(super) fn plan(entry: Entry) -> Result<Box<dyn Iterator<Item = Work>>, Fault> {
    if entry.kind == EntryKind::EmptyFolder {
        return Ok(Box::new(std::iter::once(Work::Folder(entry))));
    }
    if entry.size <= BLOCK as u64 {
        return Ok(Box::new(std::iter::once(Work::Whole(entry))));
    }
    let file = Arc::new(SteadyFile::open(&entry.path, entry.size, entry.modified)?);
    let size = entry.size;
    let mut opening = Some(entry);
    Ok(Box::new((0..size).step_by(BLOCK).map(move |offset| {
        let length = (size - offset).min(BLOCK as u64) as usize;
        let last = offset + length as u64 == size;
        Work::Part { file: Arc::clone(&file), entry: opening.take(), offset, length, last }
    })))
}

/// Begins a piece of work on the pool. Its result waits until somebody asks.
pub(super) fn start<'scope>(work: Work, scope: &Scope<'scope>, compressors: &'scope Compressors) -> Pending {
    let (sender, receiver) = sync_channel(1);
    scope.spawn(move |_| {
        // Nobody asks any more when an earlier piece has failed.
        let _ = sender.send(perform(work, compressors));
    });
    receiver
}

/// Waits for a result. A worker that panicked is a fault of this zip only.
pub(super) fn wait(pending: &Pending) -> Result<Done, Fault> {
    pending.recv().unwrap_or_else(|_| Err(Fault::new(Class::Bug, "compressing a block ended in a panic")))
}

fn perform(work: Work, compressors: &Compressors) -> Result<Done, Fault> {
    match work {
        Work::Folder(entry) => Ok(Done::Folder(entry)),
        Work::Whole(entry) => whole(entry, compressors),
        Work::Part { file, entry, offset, length, last } => {
            let history = if compressors.deflate() { offset.min(HISTORY as u64) as usize } else { 0 };
            let mut window = vec![0; history + length];
            file.read_at(offset - history as u64, &mut window)?;
            let crc = crc32(&window[history..]);
            let bytes = if compressors.deflate() { compressors.part(&window, history, last) } else { window };
            Ok(Done::Part { entry, crc, length: length as u64, bytes, last: last.then_some(file) })
        }
    }
}

fn whole(entry: Entry, compressors: &Compressors) -> Result<Done, Fault> {
    let file = SteadyFile::open(&entry.path, entry.size, entry.modified)?;
    let mut content = vec![0; entry.size as usize];
    file.read_at(0, &mut content)?;
    file.finish()?;
    let crc = crc32(&content);
    let smaller = compressors.part(&content, 0, true);
    let deflated = smaller.len() < content.len();
    Ok(Done::Whole { entry, crc, deflated, bytes: if deflated { smaller } else { content } })
}

/// Compressors at rest: their tables are large, so each is used again by whichever thread comes next.
pub(super) struct Compressors {
    level: u8,
    /// Whether large files are stored as they are.
    storing: bool,
    resting: Mutex<Vec<Deflater>>,
}

impl Compressors {
    pub(super) fn new(level: u8) -> Self {
        Self { level, storing: false, resting: Mutex::default() }
    }

    /// Leaves files of several blocks as they are.
    pub(super) fn storing_large(level: u8) -> Self {
        Self { storing: true, ..Self::new(level) }
    }

    /// Whether files of several blocks are deflated.
    pub(super) fn deflate(&self) -> bool {
        !self.storing
    }

    fn part(&self, window: &[u8], start: usize, last: bool) -> Vec<u8> {
        let resting = || self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        let found = resting().pop();
        let mut deflater = found.unwrap_or_else(|| Deflater::new(self.level));
        let mut out = Vec::with_capacity((window.len() - start) / 2 + 64);
        deflater.part(window, start, last, &mut out);
        resting().push(deflater);
        out
    }
}
