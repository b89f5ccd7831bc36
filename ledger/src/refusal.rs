use adt_model::{Class, Fault};
use camino::Utf8Path;
use rusqlite::{Error, ErrorCode};

const DAMAGED: &str =
    "move the file away (do not delete it) to start a new ledger, or name another one with --ledger";

/// What SQLite said, as a fault: `deed` is what could not be done, `path` the ledger's file.
pub(crate) fn fault(path: &Utf8Path, deed: &str, error: Error) -> Fault {
    let (class, help) = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => (Class::Corrupt, DAMAGED),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            (Class::Transient, "another process has kept the ledger busy; run the same command again")
        }
        Some(ErrorCode::DiskFull) => (Class::Refused, "free some space, then run the same command again"),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            (Class::Refused, "check that you may read and write the file and its folder")
        }
        Some(ErrorCode::SystemIoFailure | ErrorCode::FileLockingProtocolFailed) => {
            (Class::Refused, "keep the ledger on a local disk; name another place with --ledger")
        }
        None if holds_foreign_words(&error) => (Class::Corrupt, DAMAGED),
        _ => (Class::Bug, ""),
    };
    let fault = Fault::new(class, format!("cannot {deed} in the ledger `{path}`")).because(Said(error));
    if help.is_empty() { fault } else { fault.help(help) }
}

/// Another program's file, or a ledger that has lost its beginning.
pub(crate) fn not_a_database(path: &Utf8Path) -> Fault {
    Fault::new(Class::Corrupt, format!("`{path}` is not a ledger")).help(DAMAGED)
}

/// SQLite's own sentence, once: the chain of its errors says it twice.
#[derive(Debug)]
struct Said(Error);

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Said {}

/// A cell holds what this program never writes there.
fn holds_foreign_words(error: &Error) -> bool {
    matches!(
        error,
        Error::FromSqlConversionFailure(..)
            | Error::InvalidColumnType(..)
            | Error::IntegralValueOutOfRange(..)
    )
}
