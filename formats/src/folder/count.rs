use adt_codec::Crc64Digest;
use adt_model::{Crc64, Fault, LeftOut, Pulse};
use camino::Utf8Path;

use super::{Entry, EntryKind, Rules, Walked, walk};
use crate::stamp;

/// What a walk through a folder met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Files taken along.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Folders kept though nothing lies in them.
    pub empty_folders: u64,
    /// What is left out although [`Rules::leave_out`] does not name it.
    pub left_out: LeftOut,
    /// What of [`Rules::leave_out`] was met, as paths.
    pub set_aside: LeftOut,
    /// Links to folders that are taken along under another name too, as `path: target`.
    pub repeated: LeftOut,
    /// See [`Fingerprint`].
    pub fingerprint: String,
}

/// Walks through `root` as [`walk`] does. Stops at the first fault; beats once for each thing met, with 0 bytes.
pub fn count(root: &Utf8Path, rules: &Rules, pulse: &dyn Pulse) -> Result<Counted, Fault> {
    let mut counted = Counted::default();
    let mut fingerprint = Fingerprint::default();
    for walked in walk(root, rules) {
        pulse.beat(0)?;
        match walked? {
            Walked::Entry(entry) => {
                fingerprint.add(&entry);
                match entry.kind {
                    EntryKind::File | EntryKind::Link => counted.files += 1,
                    EntryKind::EmptyFolder => counted.empty_folders += 1,
                }
                counted.bytes += entry.size;
            }
            Walked::LeftOut { path, asked: true, .. } => counted.set_aside.add(|| path),
            Walked::LeftOut { path, why, .. } => counted.left_out.add(|| format!("`{path}`: {why}")),
            Walked::Repeated { path, target } => counted.repeated.add(|| format!("`{path}`: `{target}`")),
        }
    }
    counted.fingerprint = fingerprint.finish();
    Ok(counted)
}

/// The same of a file that stands for a folder: a source that is one image.
pub fn count_file(path: &Utf8Path) -> Result<Counted, Fault> {
    let unseen = |e| Fault::io(format!("cannot look at `{path}`"), e);
    let metadata = std::fs::metadata(path).map_err(unseen)?;
    let text = format!("{} {}", metadata.len(), stamp::modified(&metadata));
    let fingerprint = Crc64(adt_codec::crc64(text.as_bytes())).to_string();
    Ok(Counted { files: 1, bytes: metadata.len(), fingerprint, ..Counted::default() })
}

/// Checksum of a listing in its order: keys, kinds, sizes and modification times to the nanosecond.
#[derive(Clone, Debug, Default)]
pub struct Fingerprint(Crc64Digest);

impl Fingerprint {
    /// Appends an entry.
    pub fn add(&mut self, entry: &Entry) {
        self.0.update(entry.key.as_str().as_bytes());
        // NUL is in no key, so two entries never read as one.
        self.0.update(&[0, u8::from(entry.kind == EntryKind::File)]);
        self.0.update(&entry.size.to_le_bytes());
        self.0.update(&entry.modified.as_nanosecond().to_le_bytes());
    }

    /// 16 hexadecimal digits.
    pub fn finish(&self) -> String {
        Crc64(self.0.finish()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adt_model::{Class, Idle};
    use camino::Utf8PathBuf;
    use rstest::rstest;
    use std::fs;

    fn sample() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::try_from(folder.path().to_owned()).unwrap();
        fs::create_dir_all(root.join("sub/empty")).unwrap();
        fs::write(root.join("sub/a"), b"12345").unwrap();
        fs::write(root.join("b"), b"123").unwrap();
        (folder, root)
    }

    #[test]
    fn files_bytes_and_empty_folders_are_counted() {
        let (_folder, root) = sample();
        let counted = count(&root, &Rules::without(vec![root.join("b")]), &Idle).unwrap();
        assert_eq!((counted.files, counted.bytes, counted.empty_folders), (1, 5, 1));
        assert_eq!((counted.set_aside.named.as_slice(), counted.left_out.count), (&["b".to_owned()][..], 0));
    }

    #[rstest]
    #[case::nothing(|_: &Utf8Path| {}, true)]
    #[case::size(|root: &Utf8Path| fs::write(root.join("b"), b"1234").unwrap(), false)]
    #[case::time(|root: &Utf8Path| {
        let time = std::time::SystemTime::UNIX_EPOCH;
        fs::File::options().write(true).open(root.join("b")).unwrap().set_modified(time).unwrap();
    }, false)]
    #[case::name(|root: &Utf8Path| fs::rename(root.join("b"), root.join("c")).unwrap(), false)]
    #[case::empty_folder(|root: &Utf8Path| fs::remove_dir(root.join("sub/empty")).unwrap(), false)]
    fn a_change_changes_the_fingerprint(#[case] change: fn(&Utf8Path), #[case] same: bool) {
        let (_folder, root) = sample();
        let before = count(&root, &Rules::default(), &Idle).unwrap().fingerprint;
        change(&root);
        assert_eq!(before == count(&root, &Rules::default(), &Idle).unwrap().fingerprint, same);
        assert_eq!(before.len(), 16);
    }

    #[test]
    fn a_stopped_pulse_stops() {
        struct Stopped;
        impl Pulse for Stopped {
            fn beat(&self, _bytes: u64) -> Result<(), Fault> {
                Err(Fault::new(Class::Cancelled, "stopped"))
            }
        }
        let (_folder, root) = sample();
        assert_eq!(count(&root, &Rules::default(), &Stopped).unwrap_err().class(), Class::Cancelled);
    }
}
