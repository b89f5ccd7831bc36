//! A ledger for as long as a process lives.

use adt_model::{Class, Fault};
use camino::{Utf8Path, Utf8PathBuf};

/// A folder on this machine's own disk, removed at the end.
#[derive(Debug)]
pub(super) struct Scratch(Utf8PathBuf);

impl Scratch {
    pub(super) fn new() -> Result<Self, Fault> {
        let temp = Utf8PathBuf::from_path_buf(std::env::temp_dir()).map_err(|path| {
            let what = format!("the name of the temporary folder `{}` is not UTF-8", path.display());
            Fault::new(Class::BadInput, what)
        })?;
        let folder = temp.join(format!("adt-work-{}", uuid::Uuid::new_v4().simple()));
        fs_err::create_dir(&folder).map_err(|e| Fault::io("cannot make a temporary folder", e))?;
        Ok(Self(folder))
    }

    pub(super) fn ledger(&self) -> Utf8PathBuf {
        Utf8Path::new(&self.0).join("ledger.sqlite")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A temporary folder that cannot be removed is no reason to fail.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
