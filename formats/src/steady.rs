use std::{fs, fs::File, io, io::ErrorKind};

use adt_model::{Change, Class, Fault, FileIdentity, FileVersion};
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use crate::stamp;

/// A source file that must not change between its listing and its last read. May be read from several threads at once.
#[derive(Debug)]
pub struct SteadyFile {
    path: Utf8PathBuf,
    file: File,
    size: u64,
    modified: Timestamp,
    identity: Option<FileIdentity>,
    /// What marked it before it was opened: when something of it was last changed, if only its permissions.
    changed: Option<Change>,
}

impl SteadyFile {
    /// Opens `path`, which the listing saw with `size` bytes, last modified at `modified`.
    ///
    /// A file that is gone or different by now is `Corrupt`, one that may not be opened `Refused`.
    pub fn open(path: &Utf8Path, size: u64, modified: Timestamp) -> Result<Self, Fault> {
        let file = File::open(path).map_err(|error| lost(path, "opened", error))?;
        let metadata = file.metadata().map_err(|error| lost(path, "looked at", error))?;
        let identity = FileIdentity::of(&file, &metadata);
        let changed = FileVersion::at(path.as_std_path(), &metadata).changed;
        let steady = Self { path: path.to_owned(), file, size, modified, identity, changed };
        steady.compare(&metadata, identity)?;
        Ok(steady)
    }

    /// Opens a file that no listing saw: it must stay as it is from now on.
    pub fn as_it_is(path: &Utf8Path) -> Result<Self, Fault> {
        let metadata = fs::metadata(path).map_err(|error| lost(path, "looked at", error))?;
        Self::open(path, metadata.len(), stamp::modified(&metadata))
    }

    /// The size the listing saw, in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Place, size and time in one text, for what is known by what it is made from.
    pub(crate) fn stamp(&self) -> String {
        format!("{} {} {}", self.path, self.size, self.modified)
    }

    /// Where the file lies.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Fills `buffer` with the bytes that start at `offset`. A file that ends before is `Corrupt`.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Fault> {
        match read_exact_at(&self.file, offset, buffer) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                self.compare_open()?;
                let end = offset + buffer.len() as u64;
                Err(Fault::new(Class::Corrupt, format!("`{}` ends before byte {end}", self.path)))
            }
            Err(error) => Err(Fault::io(format!("cannot read `{}` at byte {offset}", self.path), error)),
        }
    }

    /// Call after the last read: `Corrupt` when the file has another size, time or identity than at the start, or is gone, and when it was
    /// changed in any other way: bytes can be replaced under the old time.
    pub fn finish(&self) -> Result<(), Fault> {
        let now = self.compare_open()?;
        let there = fs::metadata(&self.path).map_err(|error| lost(&self.path, "looked at", error))?;
        self.compare(&there, FileIdentity::at(self.path.as_std_path(), &there))?;
        if FileVersion::at(self.path.as_std_path(), &now).changed == self.changed {
            return Ok(());
        }
        let what = "changed while it was read, with the same size and time (perhaps only its permissions)";
        Err(restless(format!("`{}` {what}", self.path)))
    }

    fn compare_open(&self) -> Result<fs::Metadata, Fault> {
        let now = self.file.metadata().map_err(|error| lost(&self.path, "looked at", error))?;
        self.compare(&now, self.identity).map(|()| now)
    }

    fn compare(&self, now: &fs::Metadata, identity: Option<FileIdentity>) -> Result<(), Fault> {
        let (size, modified) = (now.len(), stamp::modified(now));
        if size != self.size || modified != self.modified {
            return Err(restless(format!(
                "`{}` changed while it was read (was {} bytes modified {}, now {size} bytes modified {modified})",
                self.path, self.size, self.modified
            )));
        }
        if !now.is_file() || identity != self.identity {
            return Err(restless(format!(
                "`{}` changed while it was read (another file of {size} bytes has taken its place)",
                self.path
            )));
        }
        Ok(())
    }
}

fn restless(what: String) -> Fault {
    Fault::new(Class::Corrupt, what).help("wait until the rig has finished writing, then run again")
}

fn lost(path: &Utf8Path, deed: &str, error: io::Error) -> Fault {
    if error.kind() == ErrorKind::NotFound {
        restless(format!("`{path}` vanished while it was read")).because(error)
    } else {
        Fault::io(format!("`{path}` cannot be {deed}"), error)
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !buffer.is_empty() {
        match file.seek_read(buffer, offset) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                buffer = &mut buffer[read..];
                offset += read as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::time::{Duration, SystemTime};

    fn open(path: &Utf8Path) -> SteadyFile {
        let metadata = fs::metadata(path).unwrap();
        SteadyFile::open(path, metadata.len(), stamp::modified(&metadata)).unwrap()
    }

    fn sample() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::try_from(folder.path().join("trace.bin")).unwrap();
        fs::write(&path, b"0123456789").unwrap();
        let past = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        File::options().write(true).open(&path).unwrap().set_modified(past).unwrap();
        (folder, path)
    }

    #[test]
    fn reads_by_position() {
        let (_folder, path) = sample();
        let file = open(&path);
        let mut buffer = [0; 4];
        file.read_at(5, &mut buffer).unwrap();
        assert_eq!(&buffer, b"5678");
        file.finish().unwrap();
    }

    #[rstest]
    #[case::grows(|path: &Utf8Path| fs::write(path, b"0123456789more").unwrap())]
    #[case::same_size_new_content(|path: &Utf8Path| fs::write(path, b"9876543210").unwrap())]
    #[case::shrinks(|path: &Utf8Path| fs::write(path, b"0123").unwrap())]
    #[cfg_attr(unix, case::vanishes(|path: &Utf8Path| fs::remove_file(path).unwrap()))]
    #[cfg_attr(unix, case::new_content_under_the_old_time(|path: &Utf8Path| {
        let time = fs::metadata(path).unwrap().modified().unwrap();
        fs::write(path, b"9876543210").unwrap();
        File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    }))]
    #[cfg_attr(unix, case::is_replaced_by_an_equal(|path: &Utf8Path| {
        let time = fs::metadata(path).unwrap().modified().unwrap();
        let other = path.with_extension("new");
        fs::write(&other, b"0123456789").unwrap();
        File::options().write(true).open(&other).unwrap().set_modified(time).unwrap();
        fs::rename(other, path).unwrap();
    }))]
    fn a_change_is_found_at_the_end(#[case] change: fn(&Utf8Path)) {
        let (_folder, path) = sample();
        let file = open(&path);
        change(&path);
        let fault = file.finish().unwrap_err();
        assert_eq!(fault.class(), Class::Corrupt);
        assert!(fault.line().contains(path.as_str()), "{fault}");
        assert!(fault.advice().is_some());
    }

    #[test]
    fn a_file_that_shrank_is_found_when_read() {
        let (_folder, path) = sample();
        let file = open(&path);
        fs::write(&path, b"0123").unwrap();
        let fault = file.read_at(0, &mut [0; 10]).unwrap_err();
        assert_eq!(fault.class(), Class::Corrupt);
        assert!(fault.line().contains("now 4 bytes"), "{fault}");
    }

    #[test]
    fn a_change_since_the_listing_is_found_at_the_start() {
        let (_folder, path) = sample();
        let modified = stamp::modified(&fs::metadata(&path).unwrap());
        assert_eq!(SteadyFile::open(&path, 9, modified).unwrap_err().class(), Class::Corrupt);
        fs::remove_file(&path).unwrap();
        assert_eq!(SteadyFile::open(&path, 10, modified).unwrap_err().class(), Class::Corrupt);
    }
}
