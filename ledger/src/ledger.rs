use std::sync::Arc;

use adt_model::{Class, Fault};
use camino::{Utf8Path, Utf8PathBuf};
use rusqlite::Connection;

use crate::{
    connect::{self, Readers},
    refusal::fault,
    schema,
    writer::Writer,
};

/// A handle on the ledger's file; clones share it. Dropping the last one commits everything queued.
#[derive(Clone, Debug)]
pub struct Ledger(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: Utf8PathBuf,
    /// `None` where the file was opened for reading only.
    writer: Option<Writer>,
    readers: Readers,
}

impl Ledger {
    /// Opens a ledger, and makes it where there is none (folders 0700, file 0600 on Unix). Never deletes anything.
    ///
    /// Fails as `Corrupt` where the file is something else, as `Refused` where a newer program wrote it.
    pub fn open(path: &Utf8Path) -> Result<Self, Fault> {
        let connection = connect::create(path)?;
        let writer = Some(Writer::start(path, connection)?);
        Ok(Self(Arc::new(Inner { path: path.to_owned(), writer, readers: Readers::new(path.to_owned()) })))
    }

    /// Opens a ledger for reading; `None` where there is none. Every write to it fails as `Refused`.
    pub fn open_existing(path: &Utf8Path) -> Result<Option<Self>, Fault> {
        if connect::filled(path)? != Some(true) {
            return Ok(None);
        }
        let readers = Readers::new(path.to_owned());
        if readers.lend(|connection| schema::version(path, connection))? == 0 {
            return Ok(None);
        }
        Ok(Some(Self(Arc::new(Inner { path: path.to_owned(), writer: None, readers }))))
    }

    /// The ledger's file.
    pub fn path(&self) -> &Utf8Path {
        &self.0.path
    }

    /// Waits until everything queued so far is committed.
    pub fn flush(&self) -> Result<(), Fault> {
        self.0.writer.as_ref().map_or(Ok(()), Writer::flush)
    }

    /// Puts a write into the queue; blocks only while the queue is full.
    pub(crate) fn queue(
        &self,
        deed: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), Fault> {
        self.writer(deed)?.queue(deed, work)
    }

    /// Writes, and waits until it is committed.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        deed: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Fault> {
        self.writer(deed)?.ask(deed, false, work)
    }

    /// Writes, and waits until it is on the disk.
    pub(crate) fn ask_durably<T: Send + 'static>(
        &self,
        deed: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Fault> {
        self.writer(deed)?.ask(deed, true, work)
    }

    /// Reads what is committed.
    pub(crate) fn read<T>(
        &self,
        deed: &str,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Fault> {
        self.lend(|connection| read(connection).map_err(|error| fault(self.path(), deed, error)))
    }

    /// A reading connection for as long as `read` takes.
    pub(crate) fn lend<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        self.0.readers.lend(read)
    }

    /// Whether it was opened for writing.
    pub(crate) fn writable(&self) -> bool {
        self.0.writer.is_some()
    }

    fn writer(&self, deed: &str) -> Result<&Writer, Fault> {
        self.0.writer.as_ref().ok_or_else(|| {
            Fault::new(
                Class::Refused,
                format!("cannot {deed} in the ledger `{}`: it was opened for reading", self.path()),
            )
        })
    }
}
