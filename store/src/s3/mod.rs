//! A bucket of S3, or of any server that speaks its language.
//!
//! A small client of our own, because what a general one hides is what we need: the checksum of an answer, the parts a
//! server holds of an unfinished upload, and the signs by which it asks for fewer requests.

mod complaint;
mod complete;
mod copy;
mod list;
mod multipart;
mod proof;
mod put;
mod read;
mod server;
mod site;
mod unanswered;
mod unfinished;

use std::sync::Arc;

use adt_model::{Fault, Key};

use crate::StoreOptions;
pub(crate) use multipart::BucketUpload;
use server::{Client, check_key};

/// A bucket and a prefix inside it.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    client: Arc<Client>,
    prefix: Option<Key>,
}

impl Bucket {
    pub(crate) fn open(bucket: &str, prefix: Option<&Key>, options: &StoreOptions) -> Result<Self, Fault> {
        Ok(Self { client: Arc::new(server::open(bucket, options)?), prefix: prefix.cloned() })
    }

    pub(crate) fn below(&self, tail: &Key) -> Self {
        let prefix = self.prefix.as_ref().map_or_else(|| tail.clone(), |prefix| prefix.join(tail));
        Self { client: Arc::clone(&self.client), prefix: Some(prefix) }
    }

    /// The whole key in the bucket.
    fn full(&self, key: &Key) -> Result<String, Fault> {
        let full = match &self.prefix {
            Some(prefix) => format!("{prefix}/{key}"),
            None => key.to_string(),
        };
        check_key(&self.client.server.bucket, &full)?;
        Ok(full)
    }

    /// What every key below this place begins with.
    fn stem(&self) -> String {
        self.prefix.as_ref().map(|prefix| format!("{prefix}/")).unwrap_or_default()
    }
}
