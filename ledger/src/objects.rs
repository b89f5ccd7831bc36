use adt_codec::Crc64Digest;
use adt_model::{Crc64, Fault, Key};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use crate::{
    JobId, Ledger,
    columns::{maybe_parsed, maybe_word, object_key, time, word},
    refusal::fault,
};

/// What is known about one object of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRow {
    /// Its name in the asset.
    #[serde(deserialize_with = "adt_model::object_key")]
    pub key: Key,
    /// Its bytes at the destination.
    pub size: u64,
    /// Checksum of what was sent.
    pub crc64: Option<Crc64>,
    /// What the destination calls this version of it.
    pub etag: Option<String>,
    /// Modification time of the file it was made from.
    pub source_modified: Option<Timestamp>,
    /// Size of the file it was made from.
    pub source_size: Option<u64>,
    /// What its source calls the version it was made from; `None` for files.
    pub source_etag: Option<String>,
    /// How it is known.
    pub state: ObjectState,
    /// When the destination confirmed it.
    pub at: Option<Timestamp>,
}

/// How an object is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectState {
    /// This ledger's program sent it, and the destination said that it has it.
    Confirmed,
    /// It stood in the destination's listing; nothing is known about how it came there.
    Seen,
}

/// All confirmed objects of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// How many.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// CRC-64/NVME of one line for each object, in byte order of keys: the key, NUL, the size in decimal, NUL, the object's
    /// checksum as 16 hexadecimal digits (nothing where it is not known), LF.
    pub manifest: Crc64,
}

impl Ledger {
    /// Looks up one object, confirmed or seen. Sees what is committed; call [`flush`](Self::flush) first where something
    /// queued a moment ago matters.
    pub fn object(&self, job: JobId, key: &Key) -> Result<Option<ObjectRow>, Fault> {
        self.read("look up an object", |connection| {
            connection
                .prepare_cached("SELECT * FROM objects WHERE job_id = ?1 AND key = ?2")?
                .query_row(params![job.0, key.as_str()], object_row)
                .optional()
        })
    }

    /// Queued. Replaces what was known about the object.
    pub fn confirmed(&self, job: JobId, row: ObjectRow) -> Result<(), Fault> {
        self.queue("confirm an object", move |connection| {
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO objects
                         (job_id, key, state, size, crc64, etag, source_size, source_modified, source_etag, at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                )?
                .execute(params![
                    job.0,
                    row.key.as_str(),
                    word(row.state),
                    row.size,
                    row.crc64.map(|crc| crc.to_string()),
                    row.etag,
                    row.source_size,
                    time(row.source_modified),
                    row.source_etag,
                    time(row.at)
                ])
                .map(drop)
        })
    }

    /// Queued: the object is not there, or not to be trusted.
    pub fn forget(&self, job: JobId, key: &Key) -> Result<(), Fault> {
        let key = key.clone();
        self.queue("forget an object", move |connection| {
            connection
                .prepare_cached("DELETE FROM objects WHERE job_id = ?1 AND key = ?2")?
                .execute(params![job.0, key.as_str()])
                .map(drop)
        })
    }

    /// Every object of a job, confirmed and seen, in byte order of keys, as it stood when the call began (what was queued
    /// included). `each` may use the ledger; the first fault it returns ends the walk and is returned.
    pub fn objects(
        &self,
        job: JobId,
        each: &mut dyn FnMut(ObjectRow) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.flush()?;
        self.lend(|connection| {
            let mut stopped = None;
            let walked =
                walk(connection, job, &mut |row| each(row).map_err(|fault| stopped = Some(fault)).is_ok());
            match stopped {
                Some(fault) => Err(fault),
                None => walked.map_err(|error| fault(self.path(), "read the objects of a job", error)),
            }
        })
    }

    /// Adds up the confirmed objects of a job, those queued included.
    pub fn totals(&self, job: JobId) -> Result<Totals, Fault> {
        let mut totals = Totals { objects: 0, bytes: 0, manifest: Crc64::EMPTY };
        let mut digest = Crc64Digest::new();
        self.objects(job, &mut |row| {
            if row.state == ObjectState::Confirmed {
                totals.objects += 1;
                totals.bytes += row.size;
                let crc64 = row.crc64.map(|crc| crc.to_string()).unwrap_or_default();
                digest.update(format!("{}\0{}\0{crc64}\n", row.key, row.size).as_bytes());
            }
            Ok(())
        })?;
        totals.manifest = Crc64(digest.finish());
        Ok(totals)
    }
}

/// Until `each` says false.
fn walk(
    connection: &Connection,
    job: JobId,
    each: &mut dyn FnMut(ObjectRow) -> bool,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("SELECT * FROM objects WHERE job_id = ?1 ORDER BY key")?;
    let mut rows = statement.query([job.0])?;
    while let Some(row) = rows.next()? {
        if !each(object_row(row)?) {
            break;
        }
    }
    Ok(())
}

fn object_row(row: &Row<'_>) -> rusqlite::Result<ObjectRow> {
    Ok(ObjectRow {
        key: object_key(row, "key")?,
        size: row.get("size")?,
        crc64: maybe_parsed(row, "crc64")?,
        etag: row.get("etag")?,
        source_modified: maybe_parsed(row, "source_modified")?,
        source_size: row.get("source_size")?,
        source_etag: row.get("source_etag")?,
        state: maybe_word(row, "state")?.unwrap_or(ObjectState::Seen),
        at: maybe_parsed(row, "at")?,
    })
}
