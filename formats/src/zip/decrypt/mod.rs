//! Encrypted zips become files again: ours, and what other tools wrote.

mod fault;
mod name;
mod sink;
mod work;

use std::{
    fs::{self, File},
    io::{self, Read, Seek},
};

use adt_model::{Class, Fault, Pulse, Secret};
use camino::Utf8Path;
use zip::{
    ZipArchive,
    read::{ArchiveOffset, Config},
};

use fault::damaged;
use work::Work;

/// Bytes that are read at once.
const STEP: usize = 256 << 10;

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decrypted {
    /// Files, those that stood there already included.
    pub files: u64,
    /// Bytes of the files.
    pub bytes: u64,
    /// How many of the files stood there already, with the same content.
    pub already: u64,
}

/// Writes every entry of the zip at `file` below the folder `into`, which is made when it is missing.
///
/// Reads `WinZip`'s AES (128, 192 and 256 bits, AE-1 and AE-2) and PKWARE's traditional cipher, deflated or stored, ZIP64; entries that
/// are not encrypted are taken along.
///
/// A file gets its name only when all of it has been read and its checksum or authentication code is right; until then it has a
/// temporary name in the same folder. It can be read by its owner only. Times are restored where the zip has them in UTC. A file that exists already is compared with
/// the entry: equal ones count as `already`, anything else is a `Conflict`, and never overwritten.
///
/// Names are looked at before anything is written: one that leads out of `into` (`..`, an absolute path, a drive) or that this system cannot
/// keep, links, and links in the way are
/// `Refused`. So is a wrong password. The traditional cipher knows only 255 of 256 wrong passwords by itself; the rest is found by
/// the checksum and told as `Corrupt`, like any damage and like a zip that was cut short. A file that is not a zip is `BadInput`.
///
/// At most a few hundred KiB are in memory, and the directory; an entry never becomes larger than its directory says.
pub fn decrypt(
    file: &Utf8Path,
    password: &Secret,
    into: &Utf8Path,
    pulse: &dyn Pulse,
) -> Result<Decrypted, Fault> {
    if password.is_empty() {
        return Err(Fault::new(Class::BadInput, format!("cannot decrypt `{file}`: the password is empty")));
    }
    let mut archive = open(file)?;
    let works = look_through(&mut archive, file, into)?;
    fs::create_dir_all(into).map_err(|error| Fault::io(format!("cannot make `{into}`"), error))?;
    let mut done = Decrypted::default();
    let mut buffer = vec![0; STEP];
    for work in &works {
        pulse.beat(0)?;
        work.perform(&mut archive, password, &mut buffer, pulse, &mut done)?;
    }
    Ok(done)
}

type Archive = ZipArchive<io::BufReader<File>>;

fn open(path: &Utf8Path) -> Result<Archive, Fault> {
    let failed = |error| Fault::io(format!("cannot read `{path}`"), error);
    let mut file = File::open(path).map_err(failed)?;
    let mut magic = Vec::with_capacity(4);
    file.by_ref().take(4).read_to_end(&mut magic).map_err(failed)?;
    if !matches!(magic[..], [b'P', b'K', 3, 4] | [b'P', b'K', 5, 6]) {
        return Err(Fault::new(Class::BadInput, format!("`{path}` is not a zip file")));
    }
    file.rewind().map_err(failed)?;
    // Nothing precedes the first entry: it has just been seen.
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    ZipArchive::with_config(config, io::BufReader::with_capacity(STEP, file)).map_err(|e| damaged(path, e))
}

/// Names all entries, or the first that must not be written.
fn look_through(archive: &mut Archive, zip: &Utf8Path, into: &Utf8Path) -> Result<Vec<Work>, Fault> {
    let crooked = |why: &str| Err(Fault::new(Class::Corrupt, format!("`{zip}` {why}")));
    if archive.has_duplicate_names() {
        return crooked("holds two entries of the same name");
    }
    if archive.has_overlapping_entries().map_err(|error| damaged(zip, error))? {
        return crooked("holds entries that lie one over the other");
    }
    (0..archive.len()).map(|index| Work::of(archive, index, zip, into)).collect()
}
