//! A bucket of Google Cloud Storage, by its JSON API.
//!
//! Objects in parts go by resumable sessions: they take bytes only in order, and in exchange can be taken up at the very byte where
//! they were left. Sources: "Cloud Storage JSON API" and "Resumable uploads" in Google Cloud's documentation.

mod complaint;
mod complete;
mod copy;
mod list;
mod put;
mod read;
mod resource;
mod server;
mod session;
mod upload;

use std::sync::Arc;

use adt_model::{Fault, Key};

use crate::StoreOptions;
use server::{Client, check_name};
pub(crate) use upload::GoogleUpload;

/// A bucket and a prefix inside it.
#[derive(Clone, Debug)]
pub(crate) struct GoogleBucket {
    client: Arc<Client>,
    prefix: Option<Key>,
}

impl GoogleBucket {
    pub(crate) fn open(bucket: &str, prefix: Option<&Key>, options: &StoreOptions) -> Result<Self, Fault> {
        Ok(Self { client: Arc::new(server::open(bucket, options)?), prefix: prefix.cloned() })
    }

    pub(crate) fn below(&self, tail: &Key) -> Self {
        let prefix = self.prefix.as_ref().map_or_else(|| tail.clone(), |prefix| prefix.join(tail));
        Self { client: Arc::clone(&self.client), prefix: Some(prefix) }
    }

    /// The whole name in the bucket.
    fn full(&self, key: &Key) -> Result<String, Fault> {
        let full = match &self.prefix {
            Some(prefix) => format!("{prefix}/{key}"),
            None => key.to_string(),
        };
        check_name(&self.client.server.bucket, &full)?;
        Ok(full)
    }

    /// What every name below this place begins with.
    fn stem(&self) -> String {
        self.prefix.as_ref().map(|prefix| format!("{prefix}/")).unwrap_or_default()
    }
}
