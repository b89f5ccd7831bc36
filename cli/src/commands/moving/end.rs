//! What a person means by a place: a folder, or one file or object.

use adt_engine::{Ctx, moving::End};
use adt_model::{Class, Fault, Key, Location};
use adt_store::{Place, StoreOptions};
use futures::StreamExt;

use crate::commands::ephys::location;

/// A place as it was typed.
pub(super) struct Typed {
    pub(super) location: Location,
    /// It ends with a slash: a folder is meant, not an object.
    pub(super) folder: bool,
}

impl Typed {
    pub(super) fn read(text: &str) -> Result<Self, Fault> {
        let folder = text.ends_with('/') || (cfg!(windows) && text.ends_with('\\'));
        Ok(Self { location: location(text)?, folder })
    }

    /// The place above it, and the name there; `None` for a bucket, or the root of a disk.
    fn split(&self) -> Option<(Location, Key)> {
        let (above, name) = match &self.location {
            Location::Folder(path) => {
                (Location::Folder(path.parent()?.to_owned()), path.file_name()?.to_owned())
            }
            Location::S3 { bucket, prefix } => {
                let (prefix, name) = cut(prefix.as_ref()?)?;
                (Location::S3 { bucket: bucket.clone(), prefix }, name)
            }
            Location::Gs { bucket, prefix } => {
                let (prefix, name) = cut(prefix.as_ref()?)?;
                (Location::Gs { bucket: bucket.clone(), prefix }, name)
            }
            Location::Az { account, container, prefix } => {
                let (prefix, name) = cut(prefix.as_ref()?)?;
                (Location::Az { account: account.clone(), container: container.clone(), prefix }, name)
            }
        };
        Some((above, Key::parse(name).ok()?))
    }

    /// As a source: everything below it, or the one object of that name.
    pub(super) async fn source(&self, options: &StoreOptions) -> Result<End, Fault> {
        let end = End::open(&self.location, options).await?;
        if let Location::Folder(path) = &self.location {
            let Ok(metadata) = fs_err::metadata(path) else {
                return Err(
                    Fault::new(Class::Missing, format!("there is no `{path}`")).help("check the path")
                );
            };
            return match self.split() {
                Some((above, name)) if metadata.is_file() => Ok(End::open(&above, options).await?.only(name)),
                _ => Ok(end),
            };
        }
        let Some((above, name)) = self.split().filter(|_| !self.folder) else { return Ok(end) };
        let above = End::open(&above, options).await?;
        if above.place.head(&name).await?.is_none() {
            return Ok(end);
        }
        if holds_anything(&end.place).await? {
            let what = format!("`{}` is an object, and other objects are below that name", self.location);
            let help = format!(
                "write `{}/` for those below it; for the object alone `{}/ --include /{name}`",
                self.location,
                above.place.location()
            );
            return Err(Fault::new(Class::BadInput, what).help(help));
        }
        Ok(above.only(name))
    }

    /// Whether there is anything at a source; an empty folder of this machine is something.
    pub(super) async fn holds_anything(&self, ctx: &Ctx) -> Result<bool, Fault> {
        match self.source(&ctx.source).await {
            Err(fault) if fault.class() == Class::Missing => Ok(false),
            // An object, and others below its name.
            Err(fault) if fault.class() == Class::BadInput => Ok(true),
            Err(fault) => Err(fault),
            Ok(end) if end.only.is_some() || self.location.is_folder() => Ok(true),
            Ok(end) => holds_anything(&end.place).await,
        }
    }

    /// As the destination of one object called `name`: where, and under which name. With `unseen`, without a look at what is there.
    pub(super) async fn for_one(
        &self,
        name: &Key,
        unseen: bool,
        options: &StoreOptions,
    ) -> Result<(End, Key), Fault> {
        let end = End::open(&self.location, options).await?;
        let inside = match &self.location {
            Location::Folder(path) => self.folder || path.is_dir(),
            _ => self.folder || self.split().is_none(),
        };
        if inside {
            return Ok((end, name.clone()));
        }
        let Some((above, called)) = self.split() else { return Ok((end, name.clone())) };
        if !(unseen || matches!(self.location, Location::Folder(_))) && holds_anything(&end.place).await? {
            let what = format!(
                "there are objects below `{}`, and the new object would get that very name",
                self.location
            );
            return Err(Fault::new(Class::BadInput, what)
                .help(format!("write `{}/` to put it among them", self.location)));
        }
        Ok((End::open(&above, options).await?, called))
    }
}

fn cut(prefix: &Key) -> Option<(Option<Key>, String)> {
    match prefix.as_str().rsplit_once('/') {
        Some((above, name)) => Some((Some(Key::parse(above).ok()?), name.to_owned())),
        None => Some((None, prefix.to_string())),
    }
}

async fn holds_anything(place: &Place) -> Result<bool, Fault> {
    match place.list().next().await {
        Some(page) => page.map(|page| !page.is_empty()),
        None => Ok(false),
    }
}
