//! A container of Azure Blob Storage; block blobs only.
//!
//! What is Azure's own: bytes are confirmed by a CRC-64 that is ours in another byte order; of a blob made of blocks no checksum is kept,
//! so ours stands beside it as metadata; and an upload in parts is nothing but blocks that no list names yet.

mod blocks;
mod complaint;
mod complete;
mod copy;
mod label;
mod list;
mod metadata;
mod proof;
mod put;
mod read;
mod server;
mod tree;
mod unfinished;
mod upload;

use std::sync::Arc;

use adt_model::{Fault, Key};

use crate::StoreOptions;
use server::{Client, check_key};
pub(crate) use upload::ContainerUpload;

/// A container and a prefix inside it.
#[derive(Clone, Debug)]
pub(crate) struct Container {
    client: Arc<Client>,
    prefix: Option<Key>,
}

impl Container {
    pub(crate) fn open(
        account: &str,
        container: &str,
        prefix: Option<&Key>,
        options: &StoreOptions,
    ) -> Result<Self, Fault> {
        let client = Arc::new(server::open(account, container, options)?);
        Ok(Self { client, prefix: prefix.cloned() })
    }

    pub(crate) fn below(&self, tail: &Key) -> Self {
        let prefix = self.prefix.as_ref().map_or_else(|| tail.clone(), |prefix| prefix.join(tail));
        Self { client: Arc::clone(&self.client), prefix: Some(prefix) }
    }

    /// The blob's whole name.
    fn full(&self, key: &Key) -> Result<String, Fault> {
        let full = match &self.prefix {
            Some(prefix) => format!("{prefix}/{key}"),
            None => key.to_string(),
        };
        check_key(&self.client, &full)?;
        Ok(full)
    }

    /// What every name below this place begins with.
    fn stem(&self) -> String {
        self.prefix.as_ref().map(|prefix| format!("{prefix}/")).unwrap_or_default()
    }
}
