//! A session in a bucket comes to a folder of this machine, and is compressed from there.
//!
//! Its samples are read twice, and every file is looked at more than once: from a folder each byte crosses the network once only, and the
//! download is checked and resumed as any other copy. The folder is removed when the work is done.

use std::sync::Arc;

use adt_codec::crc64;
use adt_model::{ByteSize, Class, Fault, Key, Location};
use adt_store::Place;
use camino::{Utf8Path, Utf8PathBuf};
use futures::StreamExt;

use super::open::is_made_by_us;
use crate::{
    Ctx, Summary,
    delivery::off_the_reactor,
    moving::{self, Comparison, End, Selection},
};

/// A session on its way through a folder of this machine.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The session.
    pub session: Utf8PathBuf,
    /// Everything that was made for it.
    root: Utf8PathBuf,
}

/// What a bucket holds of a session.
#[derive(Debug, Default)]
struct Seen {
    bytes: u64,
    has_recording: bool,
    is_made: bool,
    objects: u64,
}

impl Fetched {
    /// Where the session of `from` goes below `work` on its way to `destination`: the same in every run.
    fn of(from: &Location, destination: &Location, work: &Utf8Path) -> Self {
        let both = format!("{from}\n{destination}");
        let root = work.join(format!("adt-ephys-{:016x}", crc64(both.as_bytes())));
        let name = from.to_string();
        let name = name.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let session = root.join(if is_plain(name) { name } else { "session" });
        Self { session, root }
    }

    /// Removes the folder.
    pub fn remove(&self) -> Result<(), Fault> {
        fs_err::remove_dir_all(&self.root)
            .map_err(|error| Fault::io(format!("`{}` could not be removed", self.root), error))
    }
}

/// Whether a part of a prefix names a folder inside of another one, on every system.
fn is_plain(name: &str) -> bool {
    let odd = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    !name.contains(odd) && !name.ends_with(['.', ' ']) && !name.is_empty()
}

/// Copies a session from a bucket into a folder below `work`; what is there already is kept. The summary says what went wrong with the copy.
pub async fn fetch(
    from: &Location,
    destination: &Location,
    work: &Utf8Path,
    ctx: &Arc<Ctx>,
) -> Result<Result<Fetched, Summary>, Fault> {
    let fetched = Fetched::of(from, destination, work);
    let place = Place::open(from, &ctx.source).await?;
    let seen = ctx.stop.or(look(&place)).await?;
    seen.check(from)?;
    let (root, bytes) = (fetched.root.clone(), seen.bytes);
    off_the_reactor(move || has_space(&root, bytes)).await?;
    let to = Location::Folder(fetched.session.clone());
    let asked = moving::Asked {
        shown: from.to_string(),
        source: End::open(from, &ctx.source).await?,
        destination: End::open(&to, &ctx.store).await?,
        called: None,
        selection: Selection::default(),
        comparison: Comparison::Usual,
        delete: None,
        dry_run: false,
        no_list: false,
        ignore_existing: false,
        backup: None,
        within: None,
    };
    let command = format!("adt ephys compress {from} {destination}: download to {to}");
    let summary = moving::copy(asked, &command, Arc::clone(ctx)).await?;
    Ok(if summary.exit_code() == 0 { Ok(fetched) } else { Err(summary) })
}

async fn look(place: &Place) -> Result<Seen, Fault> {
    let mut seen = Seen::default();
    let mut pages = place.list();
    while let Some(page) = pages.next().await {
        for object in page? {
            seen.add(&object.key, object.size);
        }
    }
    Ok(seen)
}

impl Seen {
    fn add(&mut self, key: &Key, size: u64) {
        self.objects += 1;
        self.bytes = self.bytes.saturating_add(size);
        let name = key.file_name();
        self.has_recording |=
            name == "structure.oebin" || name.rsplit_once('.').is_some_and(|(_, end)| end == "meta");
        self.is_made |= key.as_str().split('/').next().is_some_and(is_made_by_us);
    }

    /// Nothing is downloaded that could not be compressed.
    fn check(&self, from: &Location) -> Result<(), Fault> {
        if self.objects == 0 {
            let fault = Fault::new(Class::Missing, format!("there is nothing below `{from}`"));
            return Err(fault.help("name the folder of a session, such as s3://bucket/raw/session"));
        }
        if self.is_made {
            let what = format!("`{from}` holds recordings that are compressed or clipped already");
            return Err(
                Fault::new(Class::BadInput, what).help("name the session's own folder, as the rig wrote it")
            );
        }
        if self.has_recording {
            return Ok(());
        }
        Err(Fault::new(Class::Missing, format!("`{from}` holds no recording of Open Ephys or SpikeGLX"))
            .help("a recording has a `structure.oebin` or a `.meta` file; nothing was downloaded"))
    }
}

/// Whether the rest of a session fits beside what an earlier run has left there.
fn has_space(root: &Utf8Path, bytes: u64) -> Result<(), Fault> {
    fs_err::create_dir_all(root).map_err(|error| Fault::io(format!("cannot make `{root}`"), error))?;
    let there = size_of(root);
    let Some(free) = free(root) else { return Ok(()) };
    let needed = bytes.saturating_sub(there);
    if needed <= free {
        return Ok(());
    }
    if there == 0 {
        let _ = fs_err::remove_dir(root);
    }
    let (needed, free) = (ByteSize(needed), ByteSize(free));
    let what = format!("the download needs {needed} in `{root}`, and {free} are free there");
    Err(Fault::new(Class::BadInput, what).help("name a folder on a larger disk with `--work-folder`"))
}

/// Bytes of all files below a folder.
fn size_of(folder: &Utf8Path) -> u64 {
    let entries = folder.read_dir_utf8().into_iter().flatten().filter_map(Result::ok);
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size_of(entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

/// Bytes that may be written into a folder; `None` where the system does not say.
#[cfg(unix)]
fn free(folder: &Utf8Path) -> Option<u64> {
    let about = rustix::fs::statvfs(folder.as_std_path()).ok()?;
    about.f_bavail.checked_mul(about.f_frsize)
}

/// Bytes that may be written into a folder: not asked for on this system, where a full disk ends the download.
#[cfg(not(unix))]
fn free(_folder: &Utf8Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_one_folder_for_each_destination() {
        let of = |from: &str, to: &str| {
            Fetched::of(&from.parse().unwrap(), &to.parse().unwrap(), Utf8Path::new("/work")).session
        };
        let one = of("s3://raw/day/session", "s3://out/a");
        assert_eq!(one.file_name(), Some("session"));
        assert_eq!(one, of("s3://raw/day/session", "s3://out/a"));
        assert_ne!(one, of("s3://raw/day/session", "s3://out/b"));
        assert_ne!(one, of("s3://raw/other/session", "s3://out/a"));
    }

    /// A prefix may have any name.
    #[test]
    fn no_name_leaves_the_work_folder() {
        for name in ["", ".", "..", "...", "a:b", "C:", "a\\..\\..\\b", "a\nb"] {
            assert!(!is_plain(name), "{name:?}");
        }
        for name in ["session", ".hidden", "731015 2026-01-01", "Mäuse.1", "..a"] {
            assert!(is_plain(name), "{name:?}");
        }
    }

    #[test]
    fn a_download_that_does_not_fit_is_refused_before_it_begins() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap().join("x");
        has_space(&root, 10).unwrap();
        if free(&root).is_some() {
            let fault = has_space(&root, u64::MAX).unwrap_err();
            assert!(fault.class() == Class::BadInput && fault.line().contains("are free there"), "{fault}");
            assert!(!root.exists());
        }
    }
}
