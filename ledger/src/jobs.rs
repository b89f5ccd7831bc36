use adt_model::{Class, Fault, JobEnd, Location, Moved, Plan};
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use crate::{
    Ledger, RunId,
    columns::{maybe_parsed, maybe_word, parsed, word},
};

/// One asset that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub i64);

/// Whether an earlier run had begun the job in earnest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resumed(pub bool);

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// Only dry runs so far: nothing at the destination is ours.
    Rehearsed,
    /// Every attempt so far ended before anything was begun: nothing at the destination is ours.
    Refused,
    /// At work, or killed at work; a [`Claim`](crate::Claim) tells which.
    Begun,
    /// Complete.
    Done,
    /// The last attempt failed.
    Failed,
    /// A person stopped the last attempt.
    Interrupted,
}

impl JobState {
    /// Whether something at the destination may be ours.
    pub fn is_begun(self) -> bool {
        !matches!(self, Self::Rehearsed | Self::Refused)
    }
}

/// What is known about one job. Its plan is that of the last attempt that was no dry run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// Its number.
    pub id: JobId,
    /// The asset's name.
    pub name: String,
    /// How it stands.
    pub state: JobState,
    /// What the last attempt said its input and parameters were.
    pub fingerprint: String,
    /// The plan as JSON; an older program may have written it.
    pub plan: String,
    /// The temporary folder it is built in, while there is one.
    pub building: Option<Utf8PathBuf>,
    /// When the last attempt began.
    pub begun_at: Timestamp,
    /// When the last attempt ended.
    pub ended_at: Option<Timestamp>,
}

/// What the work of moving objects there is called: an asset at the very place is another job.
fn moved_to(to: &Location) -> String {
    format!("copy to {to}")
}

impl Ledger {
    /// The job of an asset; `None` if this ledger never heard of it.
    pub fn job(&self, asset: &Location) -> Result<Option<JobRow>, Fault> {
        self.job_called(asset.to_string())
    }

    /// What was moved to `to`, by [`begin_move`](Self::begin_move).
    pub fn moved(&self, to: &Location) -> Result<Option<JobRow>, Fault> {
        self.job_called(moved_to(to))
    }

    fn job_called(&self, asset: String) -> Result<Option<JobRow>, Fault> {
        self.read("look up a job", |connection| {
            connection
                .prepare_cached("SELECT * FROM jobs WHERE asset = ?1")?
                .query_row([asset], job_row)
                .optional()
        })
    }

    /// Durable. A job is its asset's location: what an earlier run recorded for it stays. A dry run leaves a job that was
    /// begun in earnest as it stands.
    pub fn begin_job(
        &self,
        run: RunId,
        plan: &Plan,
        fingerprint: &str,
        at: Timestamp,
    ) -> Result<(JobId, Resumed), Fault> {
        let new = NewJob {
            asset: plan.asset.to_string(),
            name: plan.name.clone(),
            plan: serde_json::to_string(plan).expect("a plan has only string keys"),
            fingerprint: fingerprint.to_owned(),
            dry_run: plan.dry_run,
            at: at.to_string(),
        };
        self.begin(run, new)
    }

    /// Durable: objects are moved to `to`. What earlier moves to the same place recorded stays; an asset that stands at the very
    /// place is another job, and nothing is known of it here.
    pub fn begin_move(
        &self,
        run: RunId,
        to: &Location,
        name: &str,
        dry_run: bool,
        at: Timestamp,
    ) -> Result<JobId, Fault> {
        let new = NewJob {
            asset: moved_to(to),
            name: name.to_owned(),
            plan: "{}".into(),
            fingerprint: String::new(),
            dry_run,
            at: at.to_string(),
        };
        self.begin(run, new).map(|(job, _)| job)
    }

    fn begin(&self, run: RunId, new: NewJob) -> Result<(JobId, Resumed), Fault> {
        self.ask_durably("begin a job", move |connection| {
            let (job, resumed) = upsert(connection, &new)?;
            connection.execute(
                "INSERT INTO attempts (job_id, run_id, dry_run, started_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET dry_run = excluded.dry_run, started_at = excluded.started_at,
                     ended_at = NULL, result = NULL",
                params![job.0, run.0, new.dry_run, new.at],
            )?;
            Ok((job, resumed))
        })
    }

    /// Durable, and everything queued before it too. Without a [`begin_job`](Self::begin_job) in this run (a job that is
    /// skipped) the attempt begins and ends now.
    pub fn end_job(
        &self,
        job: JobId,
        run: RunId,
        at: Timestamp,
        end: JobEnd,
        moved: &Moved,
        fault: Option<&Fault>,
    ) -> Result<(), Fault> {
        let (moved, at) = (*moved, at.to_string());
        let why = fault.map(|f| (word(f.class()), f.line(), f.advice().map(str::to_owned)));
        self.ask_durably("end a job", move |connection| {
            let (class, line, help) = why.map_or((None, None, None), |(c, l, h)| (Some(c), Some(l), h));
            let dry_run: bool = connection.query_row(
                "INSERT INTO attempts (job_id, run_id, dry_run, started_at, ended_at, result, bytes_read, bytes_sent,
                     objects_sent, objects_kept, fault_class, fault, help)
                 VALUES (?1, ?2, ?4 = 'rehearsed', ?3, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                 ON CONFLICT DO UPDATE SET ended_at = excluded.ended_at, result = excluded.result,
                     bytes_read = excluded.bytes_read, bytes_sent = excluded.bytes_sent,
                     objects_sent = excluded.objects_sent, objects_kept = excluded.objects_kept,
                     fault_class = excluded.fault_class, fault = excluded.fault, help = excluded.help
                 RETURNING dry_run",
                params![
                    job.0, run.0, at, word(end), moved.bytes_read, moved.bytes_sent, moved.objects_sent,
                    moved.objects_kept, class, line, help
                ],
                |row| row.get(0),
            )?;
            if dry_run { Ok(()) } else { settle(connection, job, end, &at) }
        })
    }

    /// When the first of the attempts began that neither ended nor were followed by one that ended well: runs that were killed. The run
    /// `now` is not one of them.
    pub fn killed_since(&self, job: JobId, now: RunId) -> Result<Option<Timestamp>, Fault> {
        self.read("look for killed runs", |connection| {
            let text: Option<String> = connection.query_row(
                "SELECT min(started_at) FROM attempts WHERE job_id = ?1 AND run_id < ?2 AND ended_at IS NULL AND run_id >
                     (SELECT coalesce(max(run_id), 0) FROM attempts WHERE job_id = ?1 AND result = 'done')",
                params![job.0, now.0],
                |row| row.get(0),
            )?;
            Ok(text.and_then(|text| text.parse().ok()))
        })
    }

    /// Whether a job of a run of this very command was done.
    pub fn was_done_by(&self, command: &str) -> Result<bool, Fault> {
        self.read("look for an earlier run", |connection| {
            connection.query_row(
                "SELECT EXISTS (SELECT 1 FROM attempts JOIN runs USING (run_id) WHERE command = ?1 AND result = 'done')",
                [command],
                |row| row.get(0),
            )
        })
    }

    /// Durable: an attempt that ended before anything was begun. A job that had been begun or done stands as it stood.
    pub fn refuse_job(
        &self,
        run: RunId,
        asset: &Location,
        name: &str,
        at: Timestamp,
        fault: &Fault,
    ) -> Result<(), Fault> {
        let (asset, name, at) = (asset.to_string(), name.to_owned(), at.to_string());
        let end = if fault.class() == Class::Cancelled { JobEnd::Interrupted } else { JobEnd::Failed };
        let (class, line) = (word(fault.class()), fault.line());
        let help = fault.advice().map(str::to_owned);
        self.ask_durably("record a refused job", move |connection| {
            connection.execute(
                "INSERT INTO jobs (asset, name, state, fingerprint, plan, begun_at, ended_at)
                 VALUES (?1, ?2, ?3, '', '{}', ?4, ?4)
                 ON CONFLICT (asset) DO NOTHING",
                params![asset, name, word(JobState::Refused), at],
            )?;
            connection
                .execute(
                    "INSERT OR REPLACE INTO attempts (job_id, run_id, dry_run, started_at, ended_at, result,
                         fault_class, fault, help)
                     SELECT job_id, ?2, 0, ?3, ?3, ?4, ?5, ?6, ?7 FROM jobs WHERE asset = ?1",
                    params![asset, run.0, at, word(end), class, line, help],
                )
                .map(drop)
        })
    }

    /// Durable: the job will be built in `folder`, which is about to be created.
    pub fn set_building(&self, job: JobId, folder: &Utf8Path) -> Result<(), Fault> {
        let folder = folder.to_string();
        self.ask_durably("record a temporary folder", move |connection| {
            connection
                .execute("UPDATE jobs SET building = ?2 WHERE job_id = ?1", params![job.0, folder])
                .map(drop)
        })
    }

    /// The folder the job is being built in, if there is one.
    pub fn building(&self, job: JobId) -> Result<Option<Utf8PathBuf>, Fault> {
        self.read("look up a temporary folder", |connection| {
            let folder: Option<Option<String>> = connection
                .query_row("SELECT building FROM jobs WHERE job_id = ?1", [job.0], |row| row.get(0))
                .optional()?;
            Ok(folder.flatten().map(Utf8PathBuf::from))
        })
    }

    /// Awaited: the temporary folder is gone.
    pub fn clear_building(&self, job: JobId) -> Result<(), Fault> {
        self.ask("forget a temporary folder", move |connection| {
            connection.execute("UPDATE jobs SET building = NULL WHERE job_id = ?1", [job.0]).map(drop)
        })
    }
}

struct NewJob {
    asset: String,
    name: String,
    plan: String,
    fingerprint: String,
    dry_run: bool,
    at: String,
}

fn upsert(connection: &Connection, new: &NewJob) -> rusqlite::Result<(JobId, Resumed)> {
    let known: Option<(i64, String)> = connection
        .query_row("SELECT job_id, state FROM jobs WHERE asset = ?1", [&new.asset], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let state = if new.dry_run { JobState::Rehearsed } else { JobState::Begun };
    let Some((id, was)) = known else {
        connection.execute(
            "INSERT INTO jobs (asset, name, state, fingerprint, plan, begun_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![new.asset, new.name, word(state), new.fingerprint, new.plan, new.at],
        )?;
        return Ok((JobId(connection.last_insert_rowid()), Resumed(false)));
    };
    let begun = was != word(JobState::Rehearsed) && was != word(JobState::Refused);
    if !(new.dry_run && begun) {
        connection.execute(
            "UPDATE jobs SET name = ?2, state = ?3, fingerprint = ?4, plan = ?5, begun_at = ?6, ended_at = NULL,
                 objects = NULL, bytes = NULL, generation = generation + (state = 'done')
             WHERE job_id = ?1",
            params![id, new.name, word(state), new.fingerprint, new.plan, new.at],
        )?;
    }
    Ok((JobId(id), Resumed(begun)))
}

/// What an attempt's end means for its job.
fn settle(connection: &Connection, job: JobId, end: JobEnd, at: &str) -> rusqlite::Result<()> {
    let state = match end {
        // A skipped job is one that had been done.
        JobEnd::Done | JobEnd::Skipped => JobState::Done,
        JobEnd::Failed => JobState::Failed,
        JobEnd::Interrupted => JobState::Interrupted,
        JobEnd::Rehearsed => return Ok(()),
    };
    let ended = if end == JobEnd::Skipped { "coalesce(ended_at, ?3)" } else { "?3" };
    connection.execute(
        &format!("UPDATE jobs SET state = ?2, ended_at = {ended} WHERE job_id = ?1"),
        params![job.0, word(state), at],
    )?;
    if state == JobState::Done {
        connection.execute(
            "UPDATE jobs SET (objects, bytes) = (SELECT count(*), coalesce(sum(size), 0) FROM objects
                 WHERE objects.job_id = ?1 AND objects.state = 'confirmed')
             WHERE job_id = ?1 AND objects IS NULL",
            [job.0],
        )?;
    }
    Ok(())
}

fn job_row(row: &Row<'_>) -> rusqlite::Result<JobRow> {
    Ok(JobRow {
        id: JobId(row.get("job_id")?),
        name: row.get("name")?,
        state: maybe_word(row, "state")?.unwrap_or(JobState::Begun),
        fingerprint: row.get("fingerprint")?,
        plan: row.get("plan")?,
        building: row.get::<_, Option<String>>("building")?.map(Utf8PathBuf::from),
        begun_at: parsed(row, "begun_at")?,
        ended_at: maybe_parsed(row, "ended_at")?,
    })
}
