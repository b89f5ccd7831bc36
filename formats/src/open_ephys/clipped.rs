//! What the clipped copy of a session is made of.

use std::{collections::BTreeMap, vec};

use adt_model::{Fault, Key};

use super::{
    Session,
    settings::{self, opto},
};
use crate::folder::{Entry, EntryKind, Walk, Walked, walk};

/// A file of the clipped copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClippedFile {
    /// Name in the copy.
    pub key: Key,
    /// Where it comes from. A folder in which nothing is taken along is an entry too, as in a walk.
    pub source: Entry,
    /// How much of it.
    pub content: Content,
}

/// What of a source is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// All of it.
    Whole,
    /// The first frames of a stream's samples: `2 * columns * frames` bytes.
    FirstFrames {
        /// Values in each frame, synchronisation and all.
        columns: usize,
        /// At most as many as asked for.
        frames: u64,
    },
    /// This text instead.
    Replaced(String),
}

/// The clipped copy, file by file, in the order of a walk: everything in the session's folder but what it leaves out, of the samples
/// that were read the first `frames` frames only.
///
/// A `.dat` that no stream was read from is copied whole, so that what is in no store is in the copy. Settings with wrong electrodes
/// of Neuropixels Opto probes are put right; the original lies beside them as `<name>.wrong`.
pub fn clipped(session: &Session, frames: u64) -> Clipped {
    let segments = session.streams().flat_map(|stream| &stream.segments);
    let parts =
        segments.map(|segment| (segment.dat.key.clone(), (segment.columns, segment.frames.min(frames))));
    Clipped {
        walk: walk(&session.root, &session.rules),
        parts: parts.collect(),
        next: Vec::new().into_iter(),
    }
}

/// See [`clipped`]. What is left out is not reported again; after a fault it may go on.
#[derive(Debug)]
pub struct Clipped {
    walk: Walk,
    parts: BTreeMap<Key, (usize, u64)>,
    next: vec::IntoIter<ClippedFile>,
}

impl Iterator for Clipped {
    type Item = Result<ClippedFile, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(file) = self.next.next() {
            return Some(Ok(file));
        }
        loop {
            match self.walk.next()? {
                Ok(Walked::Entry(entry)) => return Some(self.file(entry)),
                Ok(Walked::LeftOut { .. } | Walked::Repeated { .. }) => {}
                Err(fault) => return Some(Err(fault)),
            }
        }
    }
}

impl Clipped {
    fn file(&mut self, entry: Entry) -> Result<ClippedFile, Fault> {
        if entry.kind == EntryKind::File
            && entry.path.extension().is_some_and(|end| end.eq_ignore_ascii_case("xml"))
            && let Some(text) = corrected(&entry)?
        {
            let original = beside(&entry);
            self.next = vec![original].into_iter();
            return Ok(ClippedFile {
                key: entry.key.clone(),
                source: entry,
                content: Content::Replaced(text),
            });
        }
        let content = match self.parts.get(&entry.key) {
            Some(&(columns, frames)) => Content::FirstFrames { columns, frames },
            None => Content::Whole,
        };
        Ok(ClippedFile { key: entry.key.clone(), source: entry, content })
    }
}

/// The original of a corrected file, under a name that nothing else in its folder has.
fn beside(entry: &Entry) -> ClippedFile {
    let mut name = format!("{}.wrong", entry.path);
    while std::fs::exists(&name).unwrap_or(false) {
        name.push_str(".wrong");
    }
    let end = &name[entry.path.as_str().len()..];
    let key = Key::parse(format!("{}{end}", entry.key)).unwrap_or_else(|_| entry.key.clone());
    ClippedFile { key, source: entry.clone(), content: Content::Whole }
}

/// The corrected text of a settings file. One that is no settings file is not ours to correct.
fn corrected(entry: &Entry) -> Result<Option<String>, Fault> {
    if entry.size > settings::LONGEST {
        return Ok(None);
    }
    let text = settings::text(&entry.path)?;
    Ok(opto::corrected(&text).ok().flatten())
}
