//! Which plan was submitted to each destination from this machine. `adt work` compares: the plan at the destination may have been changed
//! since. One small file for each destination beside the ledger, since tasks may see them over a network file system, where SQLite must not be
//! used.

use std::io::ErrorKind;

use adt_engine::shares::sha256;
use adt_model::{Fault, Location};
use camino::Utf8PathBuf;

use super::Vars;
use crate::{
    args::{Common, Tuning},
    settings,
};

/// The folder of this user's submissions.
pub(super) struct Submissions(Utf8PathBuf);

impl Submissions {
    pub(super) fn of(common: &Common, vars: &Vars) -> Result<Self, Fault> {
        let ledger = settings::resolve(common, &Tuning::default(), vars)?.ledger;
        Ok(Self(ledger.with_file_name("submitted")))
    }

    fn path(&self, destination: &Location) -> Utf8PathBuf {
        self.0.join(sha256(destination.to_string().trim_end_matches('/').as_bytes()))
    }

    /// The plan of this digest was submitted.
    pub(super) fn add(&self, destination: &Location, digest: &str) -> Result<(), Fault> {
        let failed = |error| Fault::io("cannot write down which plan was submitted", error);
        let path = self.path(destination);
        fs_err::create_dir_all(&self.0).map_err(failed)?;
        let fresh = path.with_extension(uuid::Uuid::new_v4().simple().to_string());
        fs_err::write(&fresh, digest).map_err(failed)?;
        fs_err::rename(&fresh, &path).map_err(failed)
    }

    /// The digest of the plan that was submitted last; `None` where none was.
    pub(super) fn get(&self, destination: &Location) -> Result<Option<String>, Fault> {
        match fs_err::read_to_string(self.path(destination)) {
            Ok(digest) => Ok(Some(digest.trim().to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Fault::io("cannot read which plan was submitted", error)),
        }
    }

    /// The work is done. A file that stays does no harm.
    pub(super) fn remove(&self, destination: &Location) {
        let _ = std::fs::remove_file(self.path(destination));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_submission_to_a_destination_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().join("submitted")).unwrap();
        let submissions = Submissions(path);
        let (one, other) = ("s3://b/one".parse().unwrap(), "s3://b/other".parse().unwrap());
        assert_eq!(submissions.get(&one).unwrap(), None);
        for digest in ["first", "second"] {
            submissions.add(&one, digest).unwrap();
            assert_eq!(submissions.get(&one).unwrap().as_deref(), Some(digest));
        }
        assert_eq!(submissions.get(&other).unwrap(), None);
        submissions.remove(&one);
        assert_eq!(submissions.get(&one).unwrap(), None);
    }
}
