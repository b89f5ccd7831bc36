use adt_model::{Crc64, Fault, Key};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{
    JobId, Ledger,
    columns::{maybe_parsed, object_key, parsed, time},
};

/// A multipart upload that has begun and not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRow {
    /// The object it will be.
    pub key: Key,
    /// What the destination calls the upload.
    pub upload_id: String,
    /// Bytes in each part but the last.
    pub part_size: u64,
    /// Size of the file it is made from.
    pub source_size: Option<u64>,
    /// Modification time of the file it is made from.
    pub source_modified: Option<Timestamp>,
    /// What its source calls the version it is made from; `None` for files.
    pub source_etag: Option<String>,
    /// When it began.
    pub at: Timestamp,
}

/// One part that the destination has confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartRow {
    /// Counted from 1.
    pub number: u32,
    /// Its bytes.
    pub size: u64,
    /// Its checksum.
    pub crc64: Crc64,
    /// What the destination calls it.
    pub etag: String,
}

impl Ledger {
    /// Durable, so that no upload is paid for and forgotten. Takes the place of an earlier upload of the same key and
    /// forgets its parts; who wants that one aborted at the destination does it before.
    pub fn upload_begun(&self, job: JobId, upload: UploadRow) -> Result<(), Fault> {
        self.ask_durably("record an upload", move |connection| {
            remove(connection, job, &upload.key)?;
            connection
                .prepare_cached(
                    "INSERT INTO uploads (job_id, key, upload_id, part_size, source_size, source_modified, source_etag, at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )?
                .execute(params![
                    job.0,
                    upload.key.as_str(),
                    upload.upload_id,
                    upload.part_size,
                    upload.source_size,
                    time(upload.source_modified),
                    upload.source_etag,
                    upload.at.to_string()
                ])
                .map(drop)
        })
    }

    /// Queued. Of an upload that has been forgotten meanwhile, nothing is kept.
    pub fn part_confirmed(
        &self,
        job: JobId,
        key: &Key,
        number: u32,
        size: u64,
        crc64: Crc64,
        etag: &str,
    ) -> Result<(), Fault> {
        let (key, etag) = (key.clone(), etag.to_owned());
        self.queue("confirm a part", move |connection| {
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO parts (job_id, key, number, size, crc64, etag)
                     SELECT job_id, key, ?3, ?4, ?5, ?6 FROM uploads WHERE job_id = ?1 AND key = ?2",
                )?
                .execute(params![job.0, key.as_str(), number, size, crc64.to_string(), etag])
                .map(drop)
        })
    }

    /// The upload of an object with its parts in order, those queued included.
    pub fn upload(&self, job: JobId, key: &Key) -> Result<Option<(UploadRow, Vec<PartRow>)>, Fault> {
        self.flush()?;
        self.read("look up an upload", |connection| {
            // One transaction, so that upload and parts belong together.
            let snapshot = connection.unchecked_transaction()?;
            let upload = snapshot
                .prepare_cached("SELECT * FROM uploads WHERE job_id = ?1 AND key = ?2")?
                .query_row(params![job.0, key.as_str()], upload_row)
                .optional()?;
            let Some(upload) = upload else { return Ok(None) };
            let mut statement = snapshot
                .prepare_cached("SELECT * FROM parts WHERE job_id = ?1 AND key = ?2 ORDER BY number")?;
            let parts = statement.query_map(params![job.0, key.as_str()], part_row)?;
            Ok(Some((upload, parts.collect::<Result<_, _>>()?)))
        })
    }

    /// Every upload of a job that has not ended, in order of keys.
    pub fn uploads(&self, job: JobId) -> Result<Vec<UploadRow>, Fault> {
        self.flush()?;
        self.read("list uploads", |connection| {
            connection
                .prepare_cached("SELECT * FROM uploads WHERE job_id = ?1 ORDER BY key")?
                .query_map([job.0], upload_row)?
                .collect()
        })
    }

    /// Queued: the upload is completed or aborted. Queue the object's confirmation before it.
    pub fn upload_ended(&self, job: JobId, key: &Key) -> Result<(), Fault> {
        let key = key.clone();
        self.queue("forget an upload", move |connection| remove(connection, job, &key))
    }
}

/// Its parts go with it.
fn remove(connection: &Connection, job: JobId, key: &Key) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM uploads WHERE job_id = ?1 AND key = ?2")?
        .execute(params![job.0, key.as_str()])
        .map(drop)
}

fn upload_row(row: &Row<'_>) -> rusqlite::Result<UploadRow> {
    Ok(UploadRow {
        key: object_key(row, "key")?,
        upload_id: row.get("upload_id")?,
        part_size: row.get("part_size")?,
        source_size: row.get("source_size")?,
        source_modified: maybe_parsed(row, "source_modified")?,
        source_etag: row.get("source_etag")?,
        at: parsed(row, "at")?,
    })
}

fn part_row(row: &Row<'_>) -> rusqlite::Result<PartRow> {
    Ok(PartRow {
        number: row.get("number")?,
        size: row.get("size")?,
        crc64: parsed(row, "crc64")?,
        etag: row.get("etag")?,
    })
}
