use adt_model::Fault;
use jiff::Timestamp;
use rusqlite::params;
use serde::{Deserialize, Serialize};

use crate::Ledger;

/// One start of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub i64);

impl Ledger {
    /// Awaited. `command` is kept as it is and shown to people, so it must not hold a secret.
    pub fn begin_run(&self, at: Timestamp, command: &str, version: &str) -> Result<RunId, Fault> {
        let (command, version) = (command.to_owned(), version.to_owned());
        self.ask("begin a run", move |connection| {
            connection.execute(
                "INSERT INTO runs (started_at, command, version) VALUES (?1, ?2, ?3)",
                params![at.to_string(), command, version],
            )?;
            Ok(RunId(connection.last_insert_rowid()))
        })
    }

    /// Awaited.
    pub fn end_run(&self, run: RunId, at: Timestamp, exit: i32) -> Result<(), Fault> {
        self.ask("end a run", move |connection| {
            connection.execute(
                "UPDATE runs SET ended_at = ?2, exit_code = ?3 WHERE run_id = ?1",
                params![run.0, at.to_string(), exit],
            )?;
            Ok(())
        })
    }
}
