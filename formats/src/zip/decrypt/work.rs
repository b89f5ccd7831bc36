//! One entry on its way to the disk.

use std::{
    fs,
    io::{BufReader, Read},
    time::{Duration, SystemTime},
};

use adt_model::{Class, Fault, Pulse, Rules, Secret};
use camino::{Utf8Path, Utf8PathBuf};
use zip::{ExtraField, HasZipMetadata, read::ZipFile};

use super::{
    Archive, Decrypted,
    fault::{damaged, unreadable, unusable},
    name,
    sink::Sink,
};

/// An entry that may be written.
pub(super) struct Work {
    index: usize,
    /// For a person: the entry and its zip.
    what: String,
    target: Utf8PathBuf,
    folder: bool,
    /// Bytes, by the directory.
    size: u64,
    /// By PKWARE's cipher, which cannot tell a wrong password from damage with certainty.
    traditional: bool,
}

impl Work {
    /// Looks at the entry's name and at what stands in its place; writes nothing.
    pub(super) fn of(
        archive: &Archive,
        index: usize,
        zip: &Utf8Path,
        into: &Utf8Path,
    ) -> Result<Self, Fault> {
        let entry = archive.by_index_data(index).map_err(|error| damaged(zip, error))?;
        let name = entry.name().map_err(|error| damaged(zip, error))?.into_owned();
        let what = format!("`{}` of `{zip}`", name.escape_debug());
        if entry.is_symlink() {
            return Err(Fault::new(Class::Refused, format!("{what} is a link")));
        }
        let Some(below) = name::below(&name) else {
            let fault = Fault::new(Class::Refused, format!("{what} has a name that leads out of its folder"));
            return Err(fault.help("nothing was written; do not trust this zip"));
        };
        let target = Rules::here().below(into, &below).map_err(|reason| {
            Fault::new(Class::Refused, format!("{what} cannot be written here: {reason}"))
                .help("nothing was written; open this zip on another system, or with another tool")
        })?;
        through_no_link(into, &target)?;
        let aes = entry.get_metadata().aes_settings().is_some();
        let work = Self {
            index,
            what,
            target,
            folder: entry.is_dir(),
            size: entry.size(),
            traditional: entry.encrypted() && !aes,
        };
        work.room()?;
        Ok(work)
    }

    /// True when a file stands in its place that may be the same; a `Conflict` when it cannot be.
    fn room(&self) -> Result<bool, Fault> {
        match fs::symlink_metadata(&self.target) {
            Err(_) => Ok(false),
            Ok(there) if self.folder && there.is_dir() => Ok(false),
            Ok(there) if !self.folder && there.is_file() && there.len() == self.size => Ok(true),
            Ok(_) => Err(self.conflict()),
        }
    }

    fn conflict(&self) -> Fault {
        let what = format!("`{}` exists already and is not {}", self.target, self.what);
        Fault::new(Class::Conflict, what).help("move it away, or decrypt into another folder")
    }

    pub(super) fn perform(
        &self,
        archive: &mut Archive,
        password: &Secret,
        buffer: &mut [u8],
        pulse: &dyn Pulse,
        done: &mut Decrypted,
    ) -> Result<(), Fault> {
        let folder = if self.folder { Some(self.target.as_path()) } else { self.target.parent() };
        if let Some(folder) = folder {
            fs::create_dir_all(folder)
                .map_err(|error| Fault::io(format!("cannot make `{folder}`"), error))?;
        }
        if self.folder {
            return Ok(());
        }
        let mut entry = archive
            .by_index_decrypt(self.index, password.expose().as_bytes())
            .map_err(|error| unusable(&self.what, error))?;
        let same = self.room()?;
        let mut sink = if same { Sink::compare(&self.target)? } else { Sink::create(&self.target)? };
        let bytes = self.pour(&mut entry, &mut sink, buffer, pulse)?;
        if !sink.finish(modified(&entry), &self.target)? {
            return Err(self.conflict());
        }
        done.files += 1;
        done.bytes += bytes;
        done.already += u64::from(same);
        Ok(())
    }

    /// Reads the entry to its end, where the library holds it against its checksum or code.
    fn pour(
        &self,
        entry: &mut impl Read,
        sink: &mut Sink,
        buffer: &mut [u8],
        pulse: &dyn Pulse,
    ) -> Result<u64, Fault> {
        let mut bytes = 0;
        loop {
            let length = match entry.read(buffer) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) => return Err(unreadable(&self.what, self.traditional, error)),
            };
            bytes += length as u64;
            sink.take(&buffer[..length], &self.target)?;
            pulse.beat(length as u64)?;
        }
        if bytes == self.size {
            return Ok(bytes);
        }
        let what = format!("{} ends after {bytes} of {} bytes", self.what, self.size);
        Err(Fault::new(Class::Corrupt, what))
    }
}

/// Fails where a folder between `into` and the file is a link; `into` may be one.
fn through_no_link(into: &Utf8Path, target: &Utf8Path) -> Result<(), Fault> {
    let mut above = target.ancestors().skip(1).take_while(|above| *above != into);
    match above.find(|above| above.symlink_metadata().is_ok_and(|data| data.is_symlink())) {
        None => Ok(()),
        Some(link) => {
            let what = format!("`{link}` is a link, and links in a destination are not followed");
            Err(Fault::new(Class::Conflict, what).help("remove the link, or decrypt into another folder"))
        }
    }
}

/// When the file was modified, if the zip tells it in UTC (extra field 0x5455).
fn modified(entry: &ZipFile<'_, BufReader<fs::File>>) -> Option<SystemTime> {
    let seconds = entry.extra_data_fields().find_map(|field| match field {
        ExtraField::ExtendedTimestamp(times) => times.mod_time(),
        _ => None,
    })?;
    let seconds = i64::from(seconds.cast_signed());
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    }
}
