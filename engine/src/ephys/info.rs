//! What is in a folder of recordings, or in the stores made of them.

mod session;
mod stores;

use adt_model::{Aligned, Class, Fault, Location, SourceLinks};
use adt_store::Place;
use serde::Serialize;

pub use session::{Channels, Probe, Recording, Session, Step, Stream};
pub use stores::{Segment, Store, Stores};

use super::open::sessions;
use crate::{Ctx, delivery::off_the_reactor};

/// What was found.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Info {
    /// A folder as Open Ephys or SpikeGLX wrote it.
    Recordings(Session),
    /// An asset, its folder of stores, or one store.
    Stores(Stores),
}

/// Something that is odd, or cannot be used.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// What, and why, with the chain of causes.
    pub fault: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Whether samples cannot be read because of it.
    pub unread: bool,
}

impl Problem {
    fn new(fault: &Fault, unread: bool) -> Self {
        Self { fault: fault.line(), help: fault.advice().map(str::to_owned), unread }
    }
}

impl Info {
    /// Everything odd that was met.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Recordings(session) => &session.problems,
            Self::Stores(stores) => &stores.problems,
        }
    }
}

/// Looks at a place; nothing is written anywhere. `Missing` when no recording is there.
/// Recordings whose timestamps are not `aligned` count as unread.
pub async fn info(
    location: &Location,
    links: SourceLinks,
    aligned: Aligned,
    ctx: &Ctx,
) -> Result<Info, Fault> {
    let place = Place::open(location, &ctx.store).await?;
    let is_folder = matches!(location, Location::Folder(_));
    let (found, unlisted) = match ctx.stop.or(sessions(&place)).await {
        // A place that is not listed whole, such as one with a dangling link, may be a session all the same.
        Err(fault) if is_folder => (Vec::new(), Some(fault)),
        found => (found?, None),
    };
    let in_asset = found.iter().any(super::open::Session::is_of_an_asset);
    if let (Location::Folder(folder), false) = (location, in_asset) {
        let (folder, stop) = (folder.clone(), ctx.stop.clone());
        match ctx.stop.or(off_the_reactor(move || session::look(&folder, links, aligned, &stop))).await {
            Ok(session) => return Ok(Info::Recordings(session)),
            // A folder of stores is no session.
            Err(fault) if fault.class() != Class::Missing => return Err(fault),
            Err(fault) if found.is_empty() => return Err(unlisted.unwrap_or(fault)),
            Err(_) => {}
        }
    }
    if found.is_empty() {
        return Err(Fault::new(Class::Missing, format!("`{location}` holds no compressed recordings"))
            .help("name an asset with a folder `ecephys_compressed`, that folder, or a store, whose name ends in `.zarr`"));
    }
    Ok(Info::Stores(ctx.stop.or(stores::look(&place, &found)).await?))
}
