//! `adt ephys`

mod compress;
mod info;
mod restore;
mod verify;

use std::collections::BTreeMap;

use adt_model::{Class, Fault, Location};
use camino::{Utf8Path, Utf8PathBuf};

use crate::args::{Common, Ephys};

pub(super) use crate::stop::drive;

type Vars = BTreeMap<String, String>;

pub(super) fn run(asked: &Ephys, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    match asked {
        Ephys::Compress(asked) => compress::run(asked, common, vars),
        Ephys::Restore(asked) => restore::run(asked, common, vars),
        Ephys::Verify(asked) => verify::run(asked, common, vars),
        Ephys::Info(asked) => info::run(asked, common, vars),
    }
}

/// A location as a person types it; folders may be relative to the working folder.
pub(super) fn location(text: &str) -> Result<Location, Fault> {
    let wrong = |e| Fault::new(Class::BadInput, format!("`{text}` is no place")).because(e);
    match text.parse().map_err(wrong)? {
        Location::Folder(path) => Ok(Location::Folder(absolute(&path)?)),
        elsewhere => Ok(elsewhere),
    }
}

pub(super) fn absolute(path: &Utf8Path) -> Result<Utf8PathBuf, Fault> {
    let absolute = std::path::absolute(path).map_err(|e| Fault::io("cannot tell the working folder", e))?;
    Utf8PathBuf::from_path_buf(absolute).map_err(|_| {
        Fault::new(Class::BadInput, format!("`{path}` lies in a folder whose name is not UTF-8"))
    })
}
