use adt_model::Fault;
use rusqlite::{OptionalExtension, params};

use crate::{JobId, Ledger};

/// What the encrypted objects of a job are made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeedRow {
    /// Random bytes that their salts are drawn from.
    pub seed: [u8; 16],
    /// Tells another password.
    pub check: [u8; 8],
}

impl Ledger {
    /// The job's seed, if it ever encrypted anything.
    pub fn seed(&self, job: JobId) -> Result<Option<SeedRow>, Fault> {
        self.read("look up a seed", |connection| {
            connection
                .query_row("SELECT seed, check_value FROM seeds WHERE job_id = ?1", [job.0], |row| {
                    Ok(SeedRow { seed: row.get(0)?, check: row.get(1)? })
                })
                .optional()
        })
    }

    /// Durable: call it before the first object is begun.
    pub fn keep_seed(&self, job: JobId, row: SeedRow) -> Result<(), Fault> {
        self.ask_durably("record a seed", move |connection| {
            connection
                .execute(
                    "INSERT OR REPLACE INTO seeds (job_id, seed, check_value) VALUES (?1, ?2, ?3)",
                    params![job.0, row.seed, row.check],
                )
                .map(drop)
        })
    }
}
