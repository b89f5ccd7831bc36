use std::fs;

use adt_codec::crc64;
use adt_model::{Class, Fault};
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::names::{self, Number};
use crate::{SteadyFile, stamp};

/// What the planes of a folder are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Suffix {
    Png,
    Tiff,
}

impl Suffix {
    fn of(path: &Utf8Path) -> Option<Self> {
        match path.extension()?.to_ascii_lowercase().as_str() {
            "png" => Some(Self::Png),
            "tif" | "tiff" => Some(Self::Tiff),
            _ => None,
        }
    }
}

/// A plane, not opened yet.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) path: Utf8PathBuf,
    pub(super) size: u64,
    modified: Timestamp,
    /// What its name says.
    pub(super) number: Number,
}

impl Listed {
    fn new(path: Utf8PathBuf, metadata: &fs::Metadata) -> Self {
        let number = Number::of(path.file_stem().unwrap_or_default());
        Self { path, size: metadata.len(), modified: stamp::modified(metadata), number }
    }

    pub(super) fn name(&self) -> &str {
        self.path.file_name().unwrap_or_default()
    }

    pub(super) fn open(&self) -> Result<SteadyFile, Fault> {
        SteadyFile::open(&self.path, self.size, self.modified)
    }
}

/// The planes of a folder, first to last; at least one.
#[derive(Debug)]
pub(super) struct Listing {
    folder: Utf8PathBuf,
    pub(super) suffix: Suffix,
    pub(super) planes: Vec<Listed>,
    pub(super) notes: Vec<String>,
}

impl Listing {
    pub(super) fn of(folder: &Utf8Path) -> Result<Self, Fault> {
        let unreadable = |error| Fault::io(format!("cannot list `{folder}`"), error);
        let (mut planes, mut hidden) = (Vec::new(), None);
        for entry in folder.read_dir_utf8().map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.into_path();
            if Suffix::of(&path).is_none() {
                continue;
            }
            // A link leads to its file.
            let metadata = fs::metadata(&path)
                .map_err(|error| Fault::io(format!("`{path}` cannot be looked at"), error))?;
            if !metadata.is_file() {
                continue;
            }
            if path.file_name().is_some_and(|name| name.starts_with('.')) {
                hidden = hidden.max(Some(path));
            } else {
                planes.push(Listed::new(path, &metadata));
            }
        }
        planes.sort_by(|a, b| a.path.cmp(&b.path));
        let hidden = hidden.map(|path| {
            format!("hidden files such as `{}` are no planes", path.file_name().unwrap_or_default())
        });
        let suffix = suffix(folder, &planes)?;
        let notes = hidden.into_iter().chain(names::order(&mut planes)?).collect();
        Ok(Self { folder: folder.to_owned(), suffix, planes, notes })
    }

    /// Another text when a plane comes, goes, or has another name, size or time.
    pub(super) fn identity(&self) -> String {
        let mut all = Vec::new();
        for plane in &self.planes {
            // No name holds a zero byte.
            all.extend(plane.name().as_bytes());
            all.extend(format!("\0{} {}\0", plane.size, plane.modified).bytes());
        }
        let (count, sum) = (self.planes.len(), crc64(&all));
        let bytes: u64 = self.planes.iter().map(|plane| plane.size).sum();
        let latest = self.planes.iter().map(|plane| plane.modified).max().unwrap_or_default();
        format!("{} {count} planes {bytes} {latest} {sum:016x}", self.folder)
    }

    /// `Corrupt` when the folder is not as it was.
    pub(super) fn finish(&self) -> Result<(), Fault> {
        let changed = |why: String| {
            let what = format!("`{}` changed while it was read ({why})", self.folder);
            Fault::new(Class::Corrupt, what).help("wait until the rig has finished writing, then run again")
        };
        let now = Self::of(&self.folder).map_err(|fault| changed(fault.line()))?;
        if now.identity() == self.identity() {
            return Ok(());
        }
        let differ = |(then, now): &(&Listed, &Listed)| {
            (then.name(), then.size, then.modified) != (now.name(), now.size, now.modified)
        };
        let (then, now) = (&self.planes, &now.planes);
        let same_count = then.len() == now.len();
        Err(changed(match then.iter().zip(now).find(differ) {
            Some((then, now)) if then.name() == now.name() => format!("`{}` is another", then.name()),
            Some((then, other)) if same_count => format!("`{}` is now `{}`", then.name(), other.name()),
            _ => format!("{} planes were there, now {}", then.len(), now.len()),
        }))
    }
}

/// The one kind of all planes.
fn suffix(folder: &Utf8Path, planes: &[Listed]) -> Result<Suffix, Fault> {
    let first = planes.first().and_then(|plane| Some((plane, Suffix::of(&plane.path)?)));
    let Some((first, suffix)) = first else {
        return Err(Fault::new(Class::BadInput, format!("`{folder}` holds no plane (PNG or TIFF)")));
    };
    match planes.iter().find(|plane| Suffix::of(&plane.path) != Some(suffix)) {
        None => Ok(suffix),
        Some(other) => {
            let (first, other) = (first.name(), other.name());
            let what = format!("`{folder}` holds both PNG and TIFF (`{first}`, `{other}`)");
            Err(Fault::new(Class::BadInput, what).help("move the planes of one kind elsewhere"))
        }
    }
}
