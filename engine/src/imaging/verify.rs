//! Holds a container against the images that it was made of: every voxel of every level.
//!
//! No plan is believed: chunks, codecs, kinds of voxels and places are read from the container's own documents. Of the image itself every
//! voxel must be the source's, with the background subtracted and channels taken apart as when it was written; every further level must
//! be what its rule makes of the level before.

mod ahead;
pub(super) mod boxes;
mod compare;
mod placement;
mod strangers;
mod tile;

use std::sync::Arc;

use adt_model::{Fault, ImagingConfig, LeftOut, Location, SourceLinks};
use adt_store::Place;
use camino::Utf8PathBuf;
use serde::Serialize;

use super::look::source_of;
use crate::{Ctx, delivery::off_the_reactor, rules};

/// What is held against what.
#[derive(Clone, Debug)]
pub struct Asked {
    /// A session's folder, a folder with images, an image, or an N5 dataset.
    pub source: Utf8PathBuf,
    /// The container.
    pub destination: Location,
    /// What was said of the source when it was written: voxel size, backgrounds, what is excluded. The rest is not looked at.
    pub config: ImagingConfig,
    /// What happens to symbolic links in the source, as when it was written.
    pub links: SourceLinks,
}

/// What was found.
#[derive(Debug, Serialize)]
pub struct Verified {
    /// Each image of the source that can be read.
    pub tiles: Vec<Tile>,
    /// What concerns no tile: images that cannot be read, groups that come of no image.
    pub problems: Vec<String>,
    /// What a person should know although nothing is wrong.
    pub notes: Vec<String>,
    /// What of the source was not read.
    pub left_out: LeftOut,
}

/// An image and its group.
#[derive(Debug, Serialize)]
pub struct Tile {
    /// Below the container.
    pub group: String,
    /// Relative to the source.
    pub file: String,
    /// Voxels along t, c, z, y, x.
    pub shape: [u64; 5],
    /// How many sizes its group has.
    pub levels: usize,
    /// Voxels of all levels that were compared.
    pub voxels: u64,
    /// Bytes of the source and of stored chunks that were read.
    pub bytes: u64,
    /// Nothing where all is right.
    pub differences: Vec<Difference>,
    /// What a person should know although nothing is wrong.
    pub notes: Vec<String>,
}

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The kind.
    pub kind: Kind,
    /// 0 is the image itself; nothing where it concerns the whole group.
    pub level: Option<usize>,
    /// How many voxels or chunks.
    pub count: u64,
    /// The first voxel in the order of t, c, z, y, x.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<First>,
    /// In words.
    pub what: String,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// There is no group, or it is not described.
    Group,
    /// An array lacks, has another shape or kind of voxel, or cannot be used.
    Array,
    /// Voxels differ.
    Voxels,
    /// Chunks are not there whose voxels are not all the fill value.
    MissingChunks,
    /// Chunks cannot be read or decompressed.
    Chunks,
    /// The source cannot be read.
    Source,
    /// Size or place of the voxels.
    Placement,
}

/// A voxel that differs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct First {
    /// Timepoint and channel.
    pub at: [u64; 2],
    /// Along z, y, x.
    pub voxel: [u64; 3],
    /// By the source, or by the rule.
    pub expected: f64,
    /// As stored.
    pub found: f64,
}

impl Verified {
    /// Whether everything is as it must be.
    pub fn is_right(&self) -> bool {
        self.problems.is_empty() && self.tiles.iter().all(|tile| tile.differences.is_empty())
    }
}

/// Reads both and compares them; nothing is written anywhere. Fails when one of them cannot be looked at at all.
pub async fn verify(asked: Asked, ctx: &Arc<Ctx>) -> Result<Verified, Fault> {
    let Asked { source, destination, config, links } = asked;
    let given = config.clone();
    let to = destination.clone();
    let seen = ctx
        .stop
        .or(off_the_reactor(move || source_of(&source, &config, &rules::of_command(links, Some(&to))?)));
    let (seen, left_out) = seen.await?;
    let place = Place::open(&destination, &ctx.store).await?;
    let mut verified = Verified {
        tiles: Vec::new(),
        problems: seen.unread.into_iter().map(|unread| format!("not compared: {unread}")).collect(),
        notes: Vec::new(),
        left_out,
    };
    let tiles: Vec<_> = seen.tiles.into_iter().map(Arc::new).collect();
    let mut groups = Vec::new();
    for tile in tiles {
        let (one, levels) = tile::verify(&tile, given.voxel.is_some(), &place, ctx).await?;
        groups.push((tile.folder.clone(), levels));
        verified.tiles.push(one);
    }
    let strangers = ctx.stop.or(strangers::find(&place, &groups)).await?;
    verified.problems.extend(strangers.problems);
    verified.notes.extend(strangers.notes);
    Ok(verified)
}
