//! Where an entry's content goes: into a new file, or against one that is there.

use std::{
    collections::hash_map::RandomState,
    fs::{self, File, FileTimes},
    hash::{BuildHasher, Hasher},
    io::{self, BufReader, ErrorKind, Read, Write},
    time::SystemTime,
};

use adt_model::{Fault, temporary};
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
        let folder =
            target.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
        let owner = adt_codec::crc64(target.as_str().as_bytes()) >> 32;
        remove_left(folder, owner);
        let temporary = temporary::beside(target, owner << 32 | random() >> 32);
        let mut builder = tempfile::Builder::new();
        builder.prefix(temporary.file_name().unwrap_or_default()).rand_bytes(0);
        // It was encrypted for a reason: nobody else reads it unless its owner says so.
        #[cfg(unix)]
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        #[cfg(unix)]
        builder.permissions(mode);
        let new = builder.tempfile_in(folder).map_err(|error| unwritable(target, error))?;
        // Held while it is written. Where files cannot be locked, one that is left behind stays for `adt clean`.
        let _ = new.as_file().try_lock();
        Ok(Self::New(new))
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

/// Removes what killed runs have left of the same file: temporary files that no process holds.
fn remove_left(folder: &Utf8Path, owner: u64) {
    for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
        let ours = temporary::number(entry.file_name()).is_some_and(|number| number >> 32 == owner);
        if ours && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Different every time, without a source of randomness of our own.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn unwritable(target: &Utf8Path, error: io::Error) -> Fault {
    Fault::io(format!("cannot write `{target}`"), error)
}
