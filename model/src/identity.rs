//! Which file it is, whatever its name.

use std::{
    fs::{File, Metadata},
    path::Path,
};

/// A file by its volume and its number there. A file that replaces another has a number of its own.
///
/// File systems that number no files have none. A share may number its files anew each time it is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileIdentity {
    /// The volume, or the device.
    pub volume: u64,
    /// The file's number on the volume.
    pub number: u64,
}

#[cfg(unix)]
mod system {
    use std::os::unix::fs::MetadataExt;

    use super::{File, FileIdentity, Metadata, Path};

    impl FileIdentity {
        /// Of what `path` leads to, which `metadata` describes.
        pub fn at(_path: &Path, metadata: &Metadata) -> Option<Self> {
            Some(Self { volume: metadata.dev(), number: metadata.ino() })
        }

        /// Of an open file, which `metadata` describes.
        pub fn of(_file: &File, metadata: &Metadata) -> Option<Self> {
            Some(Self { volume: metadata.dev(), number: metadata.ino() })
        }
    }

    /// How many names the file has that `path` leads to; `None` where it cannot be looked at.
    pub fn hard_links(path: &Path) -> Option<u64> {
        Some(path.metadata().ok()?.nlink())
    }
}

#[cfg(windows)]
mod system {
    use std::{fs::OpenOptions, os::windows::fs::OpenOptionsExt};

    use winapi_util::file::{Information, information};

    use super::{File, FileIdentity, Metadata, Path};

    impl FileIdentity {
        /// Of what `path` leads to, which `metadata` describes.
        pub fn at(path: &Path, _metadata: &Metadata) -> Option<Self> {
            identity(&look(path)?)
        }

        /// Of an open file, which `metadata` describes.
        pub fn of(file: &File, _metadata: &Metadata) -> Option<Self> {
            identity(&information(file).ok()?)
        }
    }

    /// How many names the file has that `path` leads to; `None` where it cannot be looked at.
    pub fn hard_links(path: &Path) -> Option<u64> {
        Some(look(path)?.number_of_links())
    }

    /// Works on folders, and on files that another program has open for itself.
    fn look(path: &Path) -> Option<Information> {
        const FILE_READ_ATTRIBUTES: u32 = 0x80;
        const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;
        let mut options = OpenOptions::new();
        options.access_mode(FILE_READ_ATTRIBUTES).custom_flags(FILE_FLAG_BACKUP_SEMANTICS);
        information(options.open(path).ok()?).ok()
    }

    fn identity(of: &Information) -> Option<FileIdentity> {
        let (volume, number) = (of.volume_serial_number(), of.file_index());
        (number != 0).then_some(FileIdentity { volume, number })
    }
}

pub use system::hard_links;

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(path: &Path) -> FileIdentity {
        FileIdentity::at(path, &path.metadata().unwrap()).unwrap()
    }

    #[test]
    fn a_file_keeps_it_under_another_name_and_its_replacement_has_another() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        std::fs::write(&one, "x").unwrap();
        let first = identity(&one);
        let open = File::open(&one).unwrap();
        assert_eq!(FileIdentity::of(&open, &open.metadata().unwrap()), Some(first));
        drop(open);
        std::fs::rename(&one, &other).unwrap();
        assert_eq!(identity(&other), first);
        std::fs::write(&one, "x").unwrap();
        assert_ne!(identity(&one), first);
        assert_eq!(hard_links(&one), Some(1));
        std::fs::hard_link(&one, folder.path().join("third")).unwrap();
        assert_eq!(hard_links(&one), Some(2));
        assert_eq!(hard_links(&folder.path().join("none")), None);
    }
}
