use adt_model::{Class, Fault, JobEnd, Moved};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use crate::{
    JobId, JobState, Ledger, RunId, StepRow, TriggerRow,
    columns::{maybe_parsed, maybe_word, parsed},
    steps::step_row,
    triggers,
};

/// Which jobs history tells about; the default is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Part of the asset's name or location, in any letter case.
    pub name: Option<String>,
    /// Only jobs that stand so.
    pub state: Option<JobState>,
    /// Only jobs whose last attempt that has ended, ended so.
    pub last: Option<JobEnd>,
    /// Only jobs whose last attempt began then or later.
    pub since: Option<Timestamp>,
    /// At most so many, the last begun first.
    pub limit: Option<u32>,
}

/// One job with everything that was done about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HistoryRow {
    /// The job.
    pub job: JobId,
    /// The asset's name.
    pub name: String,
    /// The asset's location.
    pub asset: String,
    /// How it stands.
    pub state: JobState,
    /// Objects of the asset, once it is done.
    pub objects: Option<u64>,
    /// Their bytes, once it is done.
    pub bytes: Option<u64>,
    /// What was tried, the first attempt first.
    pub attempts: Vec<AttemptRow>,
    /// Pipelines that were started, or were to be.
    pub triggers: Vec<TriggerRow>,
}

/// One run's work on a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AttemptRow {
    /// The run.
    pub run: RunId,
    /// Whether it wrote nothing by design.
    pub dry_run: bool,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None` while it runs, and for ever when it was killed.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub end: Option<JobEnd>,
    /// What it moved.
    pub moved: Moved,
    /// How long it took, in seconds.
    pub seconds: Option<f64>,
    /// Bytes confirmed in a second, on average.
    pub bytes_per_second: Option<f64>,
    /// Why it failed.
    pub fault: Option<FaultRow>,
    /// Its steps, the first begun first.
    pub steps: Vec<StepRow>,
}

/// A fault as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultRow {
    /// What kind of fault it was.
    pub class: Class,
    /// The whole chain on one line.
    pub line: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl FaultRow {
    /// From the columns `fault_class`, `fault` and `help`.
    pub(crate) fn of(row: &Row<'_>) -> rusqlite::Result<Option<Self>> {
        let Some(class) = maybe_word(row, "fault_class")? else { return Ok(None) };
        let line = row.get::<_, Option<String>>("fault")?.unwrap_or_default();
        Ok(Some(Self { class, line, help: row.get("help")? }))
    }
}

impl Ledger {
    /// What ran, how much it moved and how fast, what failed and why: the jobs that pass the filter, the last begun first.
    pub fn history(&self, filter: &HistoryFilter) -> Result<Vec<HistoryRow>, Fault> {
        self.flush()?;
        self.read("read the history", |connection| {
            // One transaction, so that jobs, attempts and steps belong together.
            let snapshot = connection.unchecked_transaction()?;
            let mut jobs = jobs(&snapshot, filter)?;
            for job in &mut jobs {
                job.attempts = attempts(&snapshot, job.job)?;
                job.triggers = triggers::of(&snapshot, job.job)?;
            }
            Ok(jobs)
        })
    }

    /// The jobs whose last attempt failed, the last begun first.
    pub fn failures(&self) -> Result<Vec<HistoryRow>, Fault> {
        self.history(&HistoryFilter { last: Some(JobEnd::Failed), ..HistoryFilter::default() })
    }

    /// The command of a run, as it was begun.
    pub fn command(&self, run: RunId) -> Result<Option<String>, Fault> {
        self.read("look up a run", |connection| {
            connection
                .query_row("SELECT command FROM runs WHERE run_id = ?1", [run.0], |row| row.get(0))
                .optional()
        })
    }
}

fn jobs(connection: &Connection, filter: &HistoryFilter) -> rusqlite::Result<Vec<HistoryRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT jobs.*, (SELECT max(run_id) FROM attempts WHERE attempts.job_id = jobs.job_id) AS last_run FROM jobs
         WHERE (?1 IS NULL OR instr(lower(name), lower(?1)) OR instr(lower(asset), lower(?1)))
           AND (?2 IS NULL OR state = ?2)
           AND (?3 IS NULL OR julianday(coalesce((SELECT max(started_at) FROM attempts
                    WHERE attempts.job_id = jobs.job_id), begun_at)) >= julianday(?3))
           AND (?5 IS NULL OR (SELECT result FROM attempts WHERE attempts.job_id = jobs.job_id
                    AND result IS NOT NULL ORDER BY run_id DESC LIMIT 1) = ?5)
         ORDER BY last_run DESC, job_id DESC LIMIT ?4",
    )?;
    let limit = filter.limit.map_or(-1, i64::from);
    let rows = statement.query_map(
        params![
            filter.name,
            filter.state.map(crate::columns::word),
            crate::columns::time(filter.since),
            limit,
            filter.last.map(crate::columns::word)
        ],
        |row| {
            Ok(HistoryRow {
                job: JobId(row.get("job_id")?),
                name: row.get("name")?,
                asset: row.get("asset")?,
                state: maybe_word(row, "state")?.unwrap_or(JobState::Begun),
                objects: row.get("objects")?,
                bytes: row.get("bytes")?,
                attempts: Vec::new(),
                triggers: Vec::new(),
            })
        },
    )?;
    rows.collect()
}

fn attempts(connection: &Connection, job: JobId) -> rusqlite::Result<Vec<AttemptRow>> {
    let mut steps = connection
        .prepare_cached("SELECT * FROM steps WHERE job_id = ?1 ORDER BY run_id, julianday(started_at)")?
        .query_map([job.0], step_row)?
        .collect::<Result<Vec<_>, _>>()?;
    let mut attempts = connection
        .prepare_cached("SELECT * FROM attempts WHERE job_id = ?1 ORDER BY run_id")?
        .query_map([job.0], attempt_row)?
        .collect::<Result<Vec<_>, _>>()?;
    for attempt in &mut attempts {
        attempt.steps = steps.extract_if(.., |step| step.run == attempt.run).collect();
    }
    Ok(attempts)
}

fn attempt_row(row: &Row<'_>) -> rusqlite::Result<AttemptRow> {
    let started_at: Timestamp = parsed(row, "started_at")?;
    let ended_at: Option<Timestamp> = maybe_parsed(row, "ended_at")?;
    let moved = Moved {
        bytes_read: row.get("bytes_read")?,
        bytes_sent: row.get("bytes_sent")?,
        objects_sent: row.get("objects_sent")?,
        objects_kept: row.get("objects_kept")?,
        // The ledger counts bytes and objects only.
        ..Moved::default()
    };
    let seconds = ended_at.map(|end| end.duration_since(started_at).as_secs_f64());
    Ok(AttemptRow {
        run: RunId(row.get("run_id")?),
        dry_run: row.get("dry_run")?,
        started_at,
        ended_at,
        end: maybe_word(row, "result")?,
        moved,
        seconds,
        bytes_per_second: seconds.filter(|s| *s > 0.0).map(|s| moved.bytes_sent as f64 / s),
        fault: FaultRow::of(row)?,
        steps: Vec::new(),
    })
}
