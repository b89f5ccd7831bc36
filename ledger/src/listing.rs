use adt_model::{Class, Fault, Key};
use rusqlite::{Connection, Row, TransactionBehavior, params};
use serde::Serialize;

use crate::{JobId, Ledger, columns::object_key, connect, refusal::fault};

/// What the destination lists, held against what the ledger recorded. The listing goes into a temporary table on disk, so
/// memory does not grow with it.
#[derive(Debug)]
pub struct Listing {
    ledger: Ledger,
    job: JobId,
    connection: Connection,
}

/// What [`Listing::reconcile`] changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Reconciled {
    /// Confirmed objects that the destination does not list as they were sent; they are forgotten.
    pub confirmed_gone: u64,
    /// Listed objects that this ledger did not send.
    pub seen: u64,
}

/// What a listing says about one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stat {
    /// Bytes.
    pub size: u64,
    /// The destination's name for this version.
    pub etag: Option<String>,
}

/// A confirmed object that the destination does not list as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// The object.
    pub key: Key,
    /// As it was confirmed.
    pub expected: Stat,
    /// As it is listed; `None` where it is not.
    pub found: Option<Stat>,
}

/// A listed object is the confirmed one: same size, and same version where both are known. Of files the time of the last change, from `-c` on,
/// is left out: a change of permissions makes no other asset.
const SAME: &str = "listed.key = objects.key AND listed.size = objects.size
     AND (listed.etag IS NULL OR objects.etag IS NULL
          OR substr(listed.etag, 1, instr(listed.etag || '-c', '-c') - 1)
           = substr(objects.etag, 1, instr(objects.etag || '-c', '-c') - 1))";

impl Ledger {
    /// Begins to take down a listing of a job's asset.
    pub fn listing(&self, job: JobId) -> Result<Listing, Fault> {
        // A ledger that was opened for reading can verify, but not reconcile.
        let connection =
            if self.writable() { connect::writing(self.path())? } else { connect::reading(self.path())? };
        connection
            .execute_batch(
                "CREATE TEMPORARY TABLE listed (key TEXT PRIMARY KEY, size INTEGER NOT NULL, etag TEXT)
                 STRICT, WITHOUT ROWID",
            )
            .map_err(|error| fault(self.path(), "begin a listing", error))?;
        Ok(Listing { ledger: self.clone(), job, connection })
    }
}

impl Listing {
    /// Takes down one page: keys relative to the asset, sizes, versions. The last word on a key counts.
    pub fn add(&mut self, found: impl IntoIterator<Item = (Key, u64, Option<String>)>) -> Result<(), Fault> {
        let path = self.ledger.path();
        let add = || {
            let transaction = self.connection.transaction()?;
            let mut insert =
                transaction.prepare_cached("INSERT OR REPLACE INTO temp.listed VALUES (?1, ?2, ?3)")?;
            for (key, size, etag) in found {
                insert.execute(params![key.as_str(), size, etag])?;
            }
            drop(insert);
            transaction.commit()
        };
        add().map_err(|error| fault(path, "take down a listing", error))
    }

    /// Makes the records say what the destination has: confirmed objects that are not listed as they were sent are
    /// forgotten, listed objects that are not confirmed are kept as seen, and nothing else is.
    pub fn reconcile(mut self) -> Result<Reconciled, Fault> {
        if !self.ledger.writable() {
            let what =
                format!("cannot reconcile the ledger `{}`: it was opened for reading", self.ledger.path());
            return Err(Fault::new(Class::Refused, what));
        }
        self.ledger.flush()?;
        let job = self.job.0;
        let mut reconcile = || {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute("DELETE FROM objects WHERE job_id = ?1 AND state = 'seen'", [job])?;
            let gone = transaction.execute(
                &format!(
                    "DELETE FROM objects WHERE job_id = ?1 AND NOT EXISTS (SELECT 1 FROM temp.listed WHERE {SAME})"
                ),
                [job],
            )?;
            let seen = transaction.execute(
                "INSERT INTO objects (job_id, key, state, size, etag)
                 SELECT ?1, key, 'seen', size, etag FROM temp.listed
                 WHERE NOT EXISTS (SELECT 1 FROM objects WHERE objects.job_id = ?1 AND objects.key = listed.key)",
                [job],
            )?;
            transaction.commit()?;
            Ok(Reconciled { confirmed_gone: gone as u64, seen: seen as u64 })
        };
        reconcile().map_err(|error| fault(self.ledger.path(), "reconcile a listing", error))
    }

    /// The first `limit` confirmed files after `after`, in order of keys, whose listed change time is not the recorded one and that are the same
    /// in all else. Changes nothing.
    pub fn touched(&self, after: Option<&Key>, limit: usize) -> Result<Vec<Touched>, Fault> {
        self.ledger.flush()?;
        let touched = || {
            self.connection
                .prepare_cached(&format!(
                    "SELECT objects.key, listed.etag
                     FROM objects JOIN temp.listed ON listed.key = objects.key
                     WHERE objects.job_id = ?1 AND objects.state = 'confirmed' AND objects.key > ?2 AND ({SAME})
                     AND instr(objects.etag, '-c') > 0 AND instr(listed.etag, '-c') > 0 AND objects.etag <> listed.etag
                     ORDER BY objects.key LIMIT ?3"
                ))?
                .query_map(
                    params![self.job.0, after.map_or("", Key::as_str), i64::try_from(limit).unwrap_or(i64::MAX)],
                    |row| Ok(Touched { key: object_key(row, "key")?, etag: row.get("etag")? }),
                )?
                .collect::<Result<Vec<_>, _>>()
        };
        touched().map_err(|error| fault(self.ledger.path(), "look for changed files", error))
    }

    /// The first `limit` confirmed objects, in order of keys, that the destination does not list as they were sent. Changes nothing.
    pub fn verify(&self, limit: usize) -> Result<Vec<Mismatch>, Fault> {
        self.ledger.flush()?;
        let verify = || {
            self.connection
                .prepare_cached(&format!(
                    "SELECT objects.key, objects.size, objects.etag, listed.size AS found, listed.etag AS found_etag
                     FROM objects LEFT JOIN temp.listed ON listed.key = objects.key
                     WHERE objects.job_id = ?1 AND objects.state = 'confirmed' AND ({SAME}) IS NOT TRUE
                     ORDER BY objects.key LIMIT ?2"
                ))?
                .query_map(params![self.job.0, i64::try_from(limit).unwrap_or(i64::MAX)], mismatch)?
                .collect::<Result<Vec<_>, _>>()
        };
        verify().map_err(|error| fault(self.ledger.path(), "verify a listing", error))
    }
}

/// A confirmed file that something was changed of since, although its size and time are the same: its permissions, or its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// The file.
    pub key: Key,
    /// Its version now.
    pub etag: String,
}

fn mismatch(row: &Row<'_>) -> rusqlite::Result<Mismatch> {
    let found_etag = row.get("found_etag")?;
    let found = row.get::<_, Option<u64>>("found")?;
    Ok(Mismatch {
        key: object_key(row, "key")?,
        expected: Stat { size: row.get("size")?, etag: row.get("etag")? },
        found: found.map(|size| Stat { size, etag: found_etag }),
    })
}
