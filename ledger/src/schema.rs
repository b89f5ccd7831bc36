use adt_model::{Class, Fault};
use camino::Utf8Path;
use rusqlite::{Connection, TransactionBehavior};

use crate::refusal::fault;

/// Marks the file as ours, so that another program's database is never written to: the letters `adtL`.
const APPLICATION: i32 = i32::from_be_bytes(*b"adtL");

/// Each entry brings a file from the version of its index to the next. Never change one that was released; append.
const MIGRATIONS: [&str; 3] =
    [include_str!("schema.sql"), include_str!("schema_2.sql"), include_str!("schema_3.sql")];

/// Brings a file up to this program's version, whole or not at all; other processes wait meanwhile.
pub(crate) fn migrate(path: &Utf8Path, connection: &mut Connection) -> Result<(), Fault> {
    if version(path, connection)? == MIGRATIONS.len() {
        return Ok(());
    }
    let refused = |error| fault(path, "lay out the tables", error);
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(refused)?;
    // Asked again, for another process may have been faster.
    let from = version(path, &transaction)?;
    for migration in &MIGRATIONS[from..] {
        transaction.execute_batch(migration).map_err(refused)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len()).map_err(refused)?;
    transaction.pragma_update(None, "application_id", APPLICATION).map_err(refused)?;
    transaction.commit().map_err(refused)
}

/// The version a file has, 0 for an empty one; refuses newer ones and what is not a ledger.
pub(crate) fn version(path: &Utf8Path, connection: &Connection) -> Result<usize, Fault> {
    let refused = |error| fault(path, "read the version", error);
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let version = number("user_version").map_err(refused)?;
    let application = number("application_id").map_err(refused)?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(refused)?;
    if application != APPLICATION && (tables > 0 || version != 0 || application != 0) {
        return Err(Fault::new(Class::Corrupt, format!("`{path}` is a database, but not a ledger"))
            .help("name another file with --ledger"));
    }
    match usize::try_from(version) {
        Ok(version) if version <= MIGRATIONS.len() => Ok(version),
        _ => Err(Fault::new(
            Class::Refused,
            format!(
                "the ledger `{path}` has version {version}, this program knows version {} at most",
                MIGRATIONS.len()
            ),
        )
        .help("use the newer program that wrote it, or name another ledger with --ledger")),
    }
}
