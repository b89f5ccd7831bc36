use std::{fs::FileTimes, io::Write};

use adt_model::{Class, Crc64, Fault, temporary};
use camino::Utf8Path;
use jiff::Timestamp;

use super::{base::Base, list::etag};
use crate::{Block, Proof, Receipt, checksum};

/// Writes a whole file: under a temporary name, to the disk, then under its own name.
pub(super) fn put(
    base: &Base,
    target: &Utf8Path,
    number: u64,
    block: &Block,
    modified: Option<Timestamp>,
) -> Result<Receipt, Fault> {
    check(target, block)?;
    let temporary = temporary::beside(target, number);
    let mut file = create(target, &temporary)?;
    let written = file
        .write_all(&block.bytes)
        .map_err(|error| Fault::io(format!("cannot write `{target}`"), error))
        .and_then(|()| {
            let written =
                Written { file, temporary: &temporary, size: block.bytes.len() as u64, crc64: block.crc64 };
            publish(base, written, target, modified)
        });
    discard_on_fault(written, &temporary)
}

/// Fails when the bytes are no longer what their reader saw.
pub(super) fn check(target: &Utf8Path, block: &Block) -> Result<(), Fault> {
    if checksum::crc64(&block.bytes) == block.crc64 {
        return Ok(());
    }
    Err(Fault::new(Class::Corrupt, format!("bytes for `{target}` changed between reading and writing")))
}

/// Opens a new temporary file for `target`, making the folders above it.
pub(super) fn create(target: &Utf8Path, temporary: &Utf8Path) -> Result<fs_err::File, Fault> {
    let failed = |error| Fault::io(format!("cannot write `{target}`"), error);
    match fs_err::File::create_new(temporary) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if let Some(parent) = target.parent() {
                fs_err::create_dir_all(parent).map_err(failed)?;
            }
            fs_err::File::create_new(temporary).map_err(failed)
        }
        other => other.map_err(failed),
    }
}

/// A temporary file that is whole.
pub(super) struct Written<'a> {
    pub(super) file: fs_err::File,
    pub(super) temporary: &'a Utf8Path,
    pub(super) size: u64,
    pub(super) crc64: Crc64,
}

/// Gives a written temporary file its time and its name. What has that name already is replaced in one instant.
pub(super) fn publish(
    base: &Base,
    written: Written<'_>,
    target: &Utf8Path,
    modified: Option<Timestamp>,
) -> Result<Receipt, Fault> {
    let Written { file, temporary, size, crc64 } = written;
    let failed = |error| Fault::io(format!("cannot write `{target}`"), error);
    if let Some(time) = modified {
        let times = FileTimes::new().set_modified(time.into());
        file.file().set_times(times).map_err(failed)?;
    }
    file.sync_all().map_err(failed)?;
    // Windows does not rename over a file that is open.
    drop(file);
    base.publish(target, || fs_err::rename(temporary, target))?.map_err(failed)?;
    let metadata = fs_err::metadata(target).map_err(failed)?;
    if metadata.len() != size {
        let there = metadata.len();
        let what = format!("`{target}` has {there} bytes after {size} were written");
        return Err(Fault::new(Class::Corrupt, what));
    }
    Ok(Receipt { size, crc64, etag: Some(etag(target, &metadata)), proof: Proof::Renamed })
}

/// A write that failed leaves nothing behind; the fault that is told is the write's own.
pub(super) fn discard_on_fault<T>(written: Result<T, Fault>, temporary: &Utf8Path) -> Result<T, Fault> {
    if written.is_err() {
        let _ = fs_err::remove_file(temporary);
    }
    written
}
