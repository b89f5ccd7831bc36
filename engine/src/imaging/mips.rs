//! Maximum-intensity projections of images, all three in one pass, each as a TIFF for `ImageJ` and a small PNG to look at.

mod project;
mod shown;

use std::{fmt, str::FromStr, sync::Arc};

use adt_formats::{image::Dtype, tiff};
use adt_model::{Class, Crc64, Fault, ImagingConfig, Key, LeftOut, Location, SourceLinks};
use adt_store::{Block, ObjectMeta, Place};
use bytes::Bytes;
use camino::Utf8PathBuf;
use serde::Serialize;

use super::{look::source_of, opened::passes, sample::by_dtype, tile::Tile};
use crate::{Ctx, delivery::off_the_reactor, rules};

/// The plane that a projection shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Axes {
    /// Looking along z.
    Xy,
    /// Looking along y.
    Xz,
    /// Looking along x.
    Yz,
}

impl Axes {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Xy, Self::Xz, Self::Yz];

    /// The axis that is looked along: 0, 1, 2 for z, y, x.
    fn along(self) -> usize {
        self as usize
    }

    /// Micrometres of a pixel, down and along.
    fn pixel(self, [z, y, x]: [f64; 3]) -> [f64; 2] {
        [[y, x], [z, x], [z, y]][self.along()]
    }
}

impl fmt::Display for Axes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(["XY", "XZ", "YZ"][self.along()])
    }
}

impl FromStr for Axes {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|axes| axes.to_string().eq_ignore_ascii_case(text)).ok_or(())
    }
}

/// What is projected, and where to.
#[derive(Clone, Debug)]
pub struct Asked {
    /// A session's folder, a folder with images, an image, or an N5 dataset.
    pub source: Utf8PathBuf,
    /// The folder of the projections.
    pub destination: Location,
    /// Which.
    pub axes: Vec<Axes>,
    /// Make those that are there already once more.
    pub overwrite: bool,
    /// Images that are left alone, as `fnmatch` has it.
    pub exclude: Vec<String>,
    /// What happens to symbolic links in the source.
    pub links: SourceLinks,
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
pub struct Projected {
    /// Each projection.
    pub projections: Vec<Projection>,
    /// Images of which there is none, and why.
    pub problems: Vec<String>,
    /// What is odd and hinders nothing.
    pub notes: Vec<String>,
    /// What of the source was not read.
    pub left_out: LeftOut,
}

/// A projection of one timepoint and channel of an image.
#[derive(Debug, Serialize)]
pub struct Projection {
    /// The image, relative to the source.
    pub file: String,
    /// What it shows.
    pub axes: Axes,
    /// The TIFF below the destination; the PNG stands beside it.
    pub tiff: Key,
    /// Rows and columns.
    pub shape: [u64; 2],
    /// It was there already.
    pub kept: bool,
}

/// Makes the projections. What is wrong with one image loses no other. Fails when nothing can be begun, when the destination fails,
/// or when a person stops it.
pub async fn mips(asked: Asked, ctx: &Arc<Ctx>) -> Result<Projected, Fault> {
    let Asked { source, destination, mut axes, overwrite, exclude, links } = asked;
    axes.sort_unstable();
    axes.dedup();
    let to = destination.clone();
    let seen = ctx.stop.or(off_the_reactor(move || {
        let config = ImagingConfig { exclude, ..ImagingConfig::default() };
        source_of(&source, &config, &rules::of_command(links, Some(&to))?)
    }));
    let (seen, left_out) = seen.await?;
    let place = Place::open(&destination, &ctx.store).await?;
    let mut projected =
        Projected { projections: Vec::new(), problems: seen.unread, notes: seen.odd, left_out };
    for tile in seen.tiles {
        let file = tile.about.file.clone();
        let work = Work { tile: Arc::new(tile), axes: &axes, overwrite, place: &place, ctx };
        match work.perform(&mut projected.projections).await {
            Err(fault) if passes(&fault) => return Err(fault),
            Err(fault) => projected.problems.push(format!("`{file}`: {}", fault.line())),
            Ok(()) => {}
        }
    }
    Ok(projected)
}

struct Work<'a> {
    tile: Arc<Tile>,
    axes: &'a [Axes],
    overwrite: bool,
    place: &'a Place,
    ctx: &'a Arc<Ctx>,
}

/// A projection as it is seen.
pub(super) struct Seen {
    pub shape: [usize; 2],
    /// Little-endian, row after row.
    pub items: Vec<u8>,
    /// A PNG of it.
    pub preview: Vec<u8>,
}

impl Work<'_> {
    async fn perform(&self, done: &mut Vec<Projection>) -> Result<(), Fault> {
        let [t, c, ..] = self.tile.about.shape;
        for at in (0..t).flat_map(|t| (0..c).map(move |c| [t, c])) {
            self.volume(at, done).await?;
        }
        self.tile.volume.finish()
    }

    async fn volume(&self, at: [u64; 2], done: &mut Vec<Projection>) -> Result<(), Fault> {
        let mut wanted = Vec::new();
        let mut all = Vec::new();
        for axes in self.axes {
            let (tiff, png) = (self.key(at, *axes, "tiff")?, self.key(at, *axes, "png")?);
            let there = !self.overwrite && self.stands(&tiff).await? && self.stands(&png).await?;
            if !there {
                wanted.push((*axes, tiff.clone(), png));
            }
            all.push((*axes, tiff, there));
        }
        let shape = |axes: Axes| {
            let [_, _, z, y, x] = self.tile.about.shape;
            [[y, x], [z, x], [z, y]][axes.along()]
        };
        if !wanted.is_empty() {
            let seen = self.seen(at, wanted.iter().map(|(axes, ..)| *axes).collect()).await?;
            for ((axes, tiff, png), seen) in wanted.into_iter().zip(seen) {
                self.write(axes, &tiff, &png, seen).await?;
            }
        }
        done.extend(all.into_iter().map(|(axes, tiff, kept)| Projection {
            file: self.tile.about.file.clone(),
            axes,
            tiff,
            shape: shape(axes),
            kept,
        }));
        Ok(())
    }

    async fn seen(&self, at: [u64; 2], axes: Vec<Axes>) -> Result<Vec<Seen>, Fault> {
        let (tile, ctx) = (Arc::clone(&self.tile), Arc::clone(self.ctx));
        off_the_reactor(move || {
            by_dtype!(tile.volume.dtype(), T => project::seen::<T>(&tile, at, &axes, &ctx), else Err(Fault::new(
                Class::BadInput,
                format!("voxels of {} are not projected", tile.volume.dtype())
            )))
        })
        .await
    }

    async fn write(&self, axes: Axes, tiff: &Key, png: &Key, seen: Seen) -> Result<(), Fault> {
        let about = &self.tile.about;
        // An image of unknown size has no size in its projection either.
        let known = about.voxel_from.iter().all(|from| from != "nobody");
        let pixel = known.then(|| axes.pixel(about.voxel));
        let file = tiff::plane(self.tile.volume.dtype(), seen.shape, &seen.items, pixel)?;
        self.put(png, seen.preview, "image/png").await?;
        self.put(tiff, file, "image/tiff").await
    }

    async fn put(&self, key: &Key, bytes: Vec<u8>, kind: &'static str) -> Result<(), Fault> {
        let bytes = Bytes::from(bytes);
        let block = Block { crc64: Crc64(adt_codec::crc64(&bytes)), bytes };
        let meta = ObjectMeta { content_type: Some(kind.into()), ..ObjectMeta::default() };
        self.ctx.stop.or(self.place.put(key, block, &meta)).await.map(drop)
    }

    async fn stands(&self, key: &Key) -> Result<bool, Fault> {
        Ok(self.ctx.stop.or(self.place.head(key)).await?.is_some())
    }

    /// `<stem>_mip_XY.tiff`, with timepoint and channel where there are several.
    fn key(&self, [t, c]: [u64; 2], axes: Axes, suffix: &str) -> Result<Key, Fault> {
        let group = self.tile.about.group.as_str();
        let stem = group.strip_suffix(".zarr").unwrap_or(group);
        let stem = stem.strip_suffix(".ome").unwrap_or(stem);
        let stem = if stem.is_empty() { self.tile.about.file.as_str() } else { stem };
        let of = |letter: &str, at: u64, count: u64| {
            if count > 1 { format!("_{letter}{at}") } else { String::new() }
        };
        let [times, channels, ..] = self.tile.about.shape;
        let name = format!("{stem}{}{}_mip_{axes}.{suffix}", of("t", t, times), of("c", c, channels));
        Key::parse(name).map_err(|error| {
            Fault::new(Class::BadInput, "a projection cannot have its image's name").because(error)
        })
    }
}
