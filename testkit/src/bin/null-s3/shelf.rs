//! What is remembered: everything about an object but its bytes.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::answer::Headers;

/// An object without its bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Object {
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    /// What a later look at the object shows.
    pub headers: Headers,
}

/// An upload in parts.
#[derive(Debug, Default)]
pub(crate) struct Upload {
    /// Bucket, slash, key.
    pub name: String,
    pub headers: Headers,
    /// Sizes by part number.
    pub parts: BTreeMap<u32, u64>,
}

/// All objects, by bucket, slash and key.
#[derive(Debug, Default)]
pub(crate) struct Shelf(Mutex<Kept>);

#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub objects: BTreeMap<String, Object>,
    pub uploads: BTreeMap<String, Upload>,
    /// Uploads ever begun; the next one's name.
    pub begun: u64,
}

impl Shelf {
    pub(crate) fn open(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Begins an upload and gives its name.
    pub(crate) fn begin(&mut self, upload: Upload) -> String {
        self.begun += 1;
        let id = format!("upload-{}", self.begun);
        self.uploads.insert(id.clone(), upload);
        id
    }

    /// Makes an upload's parts one object; `headers` are added to those it began with. `None` if there is no such upload.
    pub(crate) fn complete(&mut self, id: &str, headers: Headers) -> Option<Object> {
        let Upload { name, headers: mut all, parts } = self.uploads.remove(id)?;
        all.extend(headers);
        let etag = format!("{:032x}-{}", self.begun, parts.len());
        let object = Object { size: parts.values().sum(), etag, headers: all };
        self.objects.insert(name, object.clone());
        Some(object)
    }
}
