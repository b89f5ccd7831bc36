use adt_model::{Crc64, Fault};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};

use crate::{
    JobId, Ledger,
    columns::{maybe_parsed, maybe_word, parsed, word},
};

/// How the start of a pipeline stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TriggerState {
    /// It was to be started; whether the request arrived is not known.
    Intended,
    /// It was started.
    Started,
    /// The service refused: nothing was started.
    Refused,
}

/// The start of a pipeline for one generation of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerRow {
    /// How often the job had been begun again after it was complete.
    pub generation: u64,
    /// Checksum of the asset's record as it was then.
    pub record: Crc64,
    /// What was asked for, without the token.
    pub request: String,
    /// When it was first meant to be sent.
    pub intended_at: Timestamp,
    /// How it stands.
    pub state: TriggerState,
    /// What the service calls it.
    pub computation: Option<String>,
    /// When it was settled.
    pub at: Option<Timestamp>,
}

impl Ledger {
    /// How often the job was begun again after it was complete; runs that take up an unfinished job do not count.
    pub fn generation(&self, job: JobId) -> Result<u64, Fault> {
        self.read("look up a job's generation", |connection| {
            connection.query_row("SELECT generation FROM jobs WHERE job_id = ?1", [job.0], |row| row.get(0))
        })
    }

    /// The start of the pipeline in each generation of a job, in order.
    pub fn triggers(&self, job: JobId) -> Result<Vec<TriggerRow>, Fault> {
        self.read("look up what was triggered", |connection| of(connection, job))
    }

    /// Durable: call it before the request is sent. The time of the first intent of a generation is kept.
    pub fn trigger_intended(
        &self,
        job: JobId,
        generation: u64,
        record: Crc64,
        request: &str,
        at: Timestamp,
    ) -> Result<(), Fault> {
        let (request, at) = (request.to_owned(), at.to_string());
        self.ask_durably("record that a pipeline is to be started", move |connection| {
            connection
                .execute(
                    "INSERT INTO triggers (job_id, generation, record, request, intended_at, state)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                     ON CONFLICT DO UPDATE SET record = excluded.record, request = excluded.request,
                         state = excluded.state, computation = NULL, at = NULL",
                    params![job.0, generation, record.to_string(), request, at, word(TriggerState::Intended)],
                )
                .map(drop)
        })
    }

    /// Durable: what became of it.
    pub fn trigger_settled(
        &self,
        job: JobId,
        generation: u64,
        state: TriggerState,
        computation: Option<&str>,
        at: Timestamp,
    ) -> Result<(), Fault> {
        let (computation, at) = (computation.map(str::to_owned), at.to_string());
        self.ask_durably("record what became of a pipeline's start", move |connection| {
            connection
                .execute(
                    "UPDATE triggers SET state = ?3, computation = ?4, at = ?5
                     WHERE job_id = ?1 AND generation = ?2",
                    params![job.0, generation, word(state), computation, at],
                )
                .map(drop)
        })
    }
}

pub(crate) fn of(connection: &Connection, job: JobId) -> rusqlite::Result<Vec<TriggerRow>> {
    connection
        .prepare_cached("SELECT * FROM triggers WHERE job_id = ?1 ORDER BY generation")?
        .query_map([job.0], trigger_row)?
        .collect()
}

fn trigger_row(row: &Row<'_>) -> rusqlite::Result<TriggerRow> {
    Ok(TriggerRow {
        generation: row.get("generation")?,
        record: parsed(row, "record")?,
        request: row.get("request")?,
        intended_at: parsed(row, "intended_at")?,
        state: maybe_word(row, "state")?.unwrap_or(TriggerState::Intended),
        computation: row.get("computation")?,
        at: maybe_parsed(row, "at")?,
    })
}
