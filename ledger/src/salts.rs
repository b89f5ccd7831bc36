use adt_model::{Fault, Key};
use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use crate::{JobId, Ledger, columns::parsed};

/// What an encrypted object was begun with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaltRow {
    /// Size of the file it is made from.
    pub source_size: u64,
    /// Modification time of the file it is made from.
    pub source_modified: Timestamp,
    /// The salt.
    pub salt: [u8; 16],
    /// Tells another password.
    pub check: [u8; 8],
}

impl Ledger {
    /// What the object `key` was begun with, if it ever was.
    pub fn salt(&self, job: JobId, key: &Key) -> Result<Option<SaltRow>, Fault> {
        self.read("look up a salt", |connection| {
            connection
                .prepare_cached("SELECT * FROM salts WHERE job_id = ?1 AND key = ?2")?
                .query_row(params![job.0, key.as_str()], |row| {
                    Ok(SaltRow {
                        source_size: row.get("source_size")?,
                        source_modified: parsed(row, "source_modified")?,
                        salt: row.get("salt")?,
                        check: row.get("check_value")?,
                    })
                })
                .optional()
        })
    }

    /// Awaited: call it before the object is begun.
    pub fn keep_salt(&self, job: JobId, key: &Key, row: SaltRow) -> Result<(), Fault> {
        let key = key.clone();
        self.ask("record a salt", move |connection| {
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO salts (job_id, key, source_size, source_modified, salt, check_value)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![
                    job.0,
                    key.as_str(),
                    row.source_size,
                    row.source_modified.to_string(),
                    row.salt,
                    row.check
                ])
                .map(drop)
        })
    }
}
