use std::{
    io::ErrorKind,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use adt_model::{Class, Fault};
use camino::{Utf8Path, Utf8PathBuf};
use rusqlite::{Connection, OpenFlags};

use crate::{
    refusal::{fault, not_a_database},
    schema::{migrate, version},
};

/// How long a connection waits for another process: longer than it takes to hold millions of listed keys against the records.
const PATIENCE: Duration = Duration::from_mins(2);

/// Reading connections that are kept for the next reader.
const KEPT: usize = 4;

/// Opens, creates if need be, and brings up to date.
pub(crate) fn create(path: &Utf8Path) -> Result<Connection, Fault> {
    // Nobody else in this process may have SQLite open the file between its making and the closing of it.
    static MAKING: Mutex<()> = Mutex::new(());
    let making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    create_file(path)?;
    drop(making);
    let mut connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    version(path, &connection)?;
    write_ahead(path, &connection)?;
    migrate(path, &mut connection)?;
    Ok(connection)
}

/// Opens for writing what [`create`] has made.
pub(crate) fn writing(path: &Utf8Path) -> Result<Connection, Fault> {
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// Opens for reading what exists.
pub(crate) fn reading(path: &Utf8Path) -> Result<Connection, Fault> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn open(path: &Utf8Path, flags: OpenFlags) -> Result<Connection, Fault> {
    let refused = |error| fault(path, "open a connection", error);
    let connection =
        Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(refused)?;
    connection.busy_timeout(PATIENCE).map_err(refused)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(refused)?;
    connection.pragma_update(None, "synchronous", "NORMAL").map_err(refused)?;
    connection.pragma_update(None, "temp_store", "FILE").map_err(refused)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Readers do not stop the writer and a commit is one append. Kept in the file, so it is changed only once.
fn write_ahead(path: &Utf8Path, connection: &Connection) -> Result<(), Fault> {
    let set =
        || connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
    let mut mode = set();
    // Several processes may do this to a new file at once; SQLite does not wait for its turn here.
    for _ in 0..200 {
        match &mode {
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {
                std::thread::sleep(Duration::from_millis(25));
                mode = set();
            }
            _ => break,
        }
    }
    match mode.map_err(|error| fault(path, "switch to write-ahead logging", error))?.as_str() {
        "wal" => Ok(()),
        _ => Err(Fault::new(Class::Refused, format!("cannot keep a write-ahead log beside `{path}`"))
            .help("keep the ledger on a local disk; name another place with --ledger")),
    }
}

/// The file and its folders, for nobody else's eyes where this call makes them.
///
/// An existing file is not opened here: on Unix, closing it would drop the locks that SQLite holds on it in this process.
fn create_file(path: &Utf8Path) -> Result<(), Fault> {
    if filled(path)?.is_some() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_str().is_empty()) {
        create_folder(parent)?;
    }
    let mut options = fs_err::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    fs_err::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(Fault::io(format!("cannot make the ledger `{path}`"), error))
        }
        _ => Ok(()),
    }
}

/// Whether a file has content, `None` where there is none; fails where it is too short for a database. SQLite alone would take such
/// a file of another program for an empty one, and write over it.
pub(crate) fn filled(path: &Utf8Path) -> Result<Option<bool>, Fault> {
    /// The least page size.
    const LEAST: u64 = 512;
    match fs_err::metadata(path) {
        Ok(about) if about.len() == 0 => Ok(Some(false)),
        Ok(about) if about.len() < LEAST => Err(not_a_database(path)),
        Ok(_) => Ok(Some(true)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Fault::io(format!("cannot look at the ledger `{path}`"), error)),
    }
}

/// A folder and those above it, mode 0700 on Unix where they are new.
pub(crate) fn create_folder(folder: &Utf8Path) -> Result<(), Fault> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|error| Fault::io(format!("cannot create the folder `{folder}` for the ledger"), error))
}

/// Reading connections, as many as there are readers at once.
#[derive(Debug)]
pub(crate) struct Readers {
    path: Utf8PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) fn new(path: Utf8PathBuf) -> Self {
        Self { path, idle: Mutex::new(Vec::new()) }
    }

    /// Runs `read` on a connection that nobody else uses meanwhile, so that it may ask the ledger other things.
    pub(crate) fn lend<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => reading(&self.path)?,
        };
        let result = read(&connection);
        let mut idle = self.idle();
        if idle.len() < KEPT {
            idle.push(connection);
        }
        result
    }

    /// A panic elsewhere cannot leave a list of connections half changed.
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
