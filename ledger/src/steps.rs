use adt_model::Fault;
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::Value;

use crate::{
    FaultRow, JobId, Ledger, RunId,
    columns::{maybe_parsed, parsed, unreadable, word},
};

/// One step of one attempt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepRow {
    /// Its id in the plan.
    pub step: String,
    /// The run that worked on it.
    pub run: RunId,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended, well or not; `None` while it runs, and for ever when it was killed.
    pub ended_at: Option<Timestamp>,
    /// The step's own account of what it did; `None` unless it is done.
    pub outcome: Option<Value>,
    /// Why it failed.
    pub fault: Option<FaultRow>,
}

impl Ledger {
    /// Queued. The job must have been begun in this run.
    pub fn begin_step(&self, job: JobId, run: RunId, step: &str, at: Timestamp) -> Result<(), Fault> {
        let (step, at) = (step.to_owned(), at.to_string());
        self.queue("begin a step", move |connection| {
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO steps (job_id, run_id, step, started_at) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![job.0, run.0, step, at])
                .map(drop)
        })
    }

    /// Queued, behind the objects the step confirmed. `outcome` is what the step wants to be known later (sizes, settings), or
    /// why it failed.
    pub fn end_step(
        &self,
        job: JobId,
        run: RunId,
        step: &str,
        at: Timestamp,
        outcome: Result<&Value, &Fault>,
    ) -> Result<(), Fault> {
        let (step, at) = (step.to_owned(), at.to_string());
        let account = outcome.ok().map(Value::to_string);
        let why = outcome.err().map(|f| (word(f.class()), f.line(), f.advice().map(str::to_owned)));
        self.queue("end a step", move |connection| {
            let (class, line, help) = why.map_or((None, None, None), |(c, l, h)| (Some(c), Some(l), h));
            connection
                .prepare_cached(
                    "UPDATE steps SET ended_at = ?4, outcome = ?5, fault_class = ?6, fault = ?7, help = ?8
                     WHERE job_id = ?1 AND run_id = ?2 AND step = ?3",
                )?
                .execute(params![job.0, run.0, step, at, account, class, line, help])
                .map(drop)
        })
    }

    /// The last time the step was done, in whichever run; `None` if it never was. Sees what is queued.
    pub fn step_done(&self, job: JobId, step: &str) -> Result<Option<StepRow>, Fault> {
        self.flush()?;
        self.read("look up a step", |connection| {
            connection
                .prepare_cached(
                    "SELECT * FROM steps WHERE job_id = ?1 AND step = ?2 AND outcome IS NOT NULL
                     ORDER BY run_id DESC LIMIT 1",
                )?
                .query_row(params![job.0, step], step_row)
                .optional()
        })
    }

    /// When what the step is at was begun: by the first attempt since it was last done that neither failed nor ended. One that was killed,
    /// or whose tasks ran elsewhere, is such an attempt. `None` if there is none. Sees what is queued.
    pub fn step_begun(&self, job: JobId, step: &str) -> Result<Option<Timestamp>, Fault> {
        self.flush()?;
        self.read("look up when a step was begun", |connection| {
            connection
                .prepare_cached(
                    "SELECT started_at FROM steps WHERE job_id = ?1 AND step = ?2 AND ended_at IS NULL AND run_id >
                         (SELECT coalesce(max(run_id), 0) FROM steps
                          WHERE job_id = ?1 AND step = ?2 AND outcome IS NOT NULL)
                     ORDER BY run_id LIMIT 1",
                )?
                .query_row(params![job.0, step], |row| parsed(row, "started_at"))
                .optional()
        })
    }
}

pub(crate) fn step_row(row: &Row<'_>) -> rusqlite::Result<StepRow> {
    let outcome = row
        .get::<_, Option<String>>("outcome")?
        .map(|text| serde_json::from_str(&text).map_err(|error| unreadable(row, "outcome", error)))
        .transpose()?;
    Ok(StepRow {
        step: row.get("step")?,
        run: RunId(row.get("run_id")?),
        started_at: parsed(row, "started_at")?,
        ended_at: maybe_parsed(row, "ended_at")?,
        outcome,
        fault: FaultRow::of(row)?,
    })
}
