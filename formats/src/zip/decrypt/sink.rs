//! Where an entry's content goes: into a new file, or against one that is there.

use std::{
    fs::{File, FileTimes},
    io::{self, BufReader, ErrorKind, Read, Write},
    time::SystemTime,
};

use adt_model::Fault;
use camino::Utf8Path;
use tempfile::NamedTempFile;

use super::STEP;

pub(super) enum Sink {
    /// Under a temporary name; it vanishes unless it is finished.
    New(NamedTempFile),
    /// A file of the same size, and whether it has been the same so far.
    There { file: BufReader<File>, same: bool },
}

impl Sink {
    /// Opens a temporary file beside `target`.
    pub(super) fn create(target: &Utf8Path) -> Result<Self, Fault> {
        let folder = target.parent().unwrap_or(Utf8Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".adt-").suffix(".partial");
        // As any new file: less what the user's mask takes away.
        #[cfg(unix)]
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o666);
        #[cfg(unix)]
        builder.permissions(mode);
        builder.tempfile_in(folder).map(Self::New).map_err(|error| unwritable(target, error))
    }

    /// Opens what is there.
    pub(super) fn compare(target: &Utf8Path) -> Result<Self, Fault> {
        let file = File::open(target).map_err(|error| Fault::io(format!("cannot read `{target}`"), error))?;
        Ok(Self::There { file: BufReader::with_capacity(STEP, file), same: true })
    }

    /// The next bytes of the content.
    pub(super) fn take(&mut self, bytes: &[u8], target: &Utf8Path) -> Result<(), Fault> {
        match self {
            Self::New(file) => file.write_all(bytes).map_err(|error| unwritable(target, error)),
            Self::There { same: false, .. } => Ok(()),
            Self::There { file, same } => {
                let mut there = vec![0; bytes.len()];
                *same = match file.read_exact(&mut there) {
                    Ok(()) => there == bytes,
                    Err(error) if error.kind() == ErrorKind::UnexpectedEof => false,
                    Err(error) => return Err(Fault::io(format!("cannot read `{target}`"), error)),
                };
                Ok(())
            }
        }
    }

    /// Gives a new file its time and its name. False when another stands under that name.
    pub(super) fn finish(self, modified: Option<SystemTime>, target: &Utf8Path) -> Result<bool, Fault> {
        let new = match self {
            Self::There { same, .. } => return Ok(same),
            Self::New(new) => new,
        };
        let file = new.as_file();
        if let Some(time) = modified {
            let times = FileTimes::new().set_modified(time);
            file.set_times(times).map_err(|error| unwritable(target, error))?;
        }
        file.sync_all().map_err(|error| unwritable(target, error))?;
        match new.persist_noclobber(target) {
            Ok(_) => Ok(true),
            Err(failed) if failed.error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(failed) => Err(unwritable(target, failed.error)),
        }
    }
}

fn unwritable(target: &Utf8Path, error: io::Error) -> Fault {
    Fault::io(format!("cannot write `{target}`"), error)
}
