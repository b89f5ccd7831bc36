//! What is in images, or in the groups of OME-Zarr made of them. Only headers and documents are read.

use std::collections::BTreeSet;

use adt_formats::folder::Rules;
use adt_model::{Class, Fault, ImagingConfig, Key, LeftOut, Location, SourceLinks};
use adt_store::Place;
use camino::{Utf8Path, Utf8PathBuf};
use futures::StreamExt;
use serde::Serialize;

use super::{
    look::{self, look},
    opened::{self, Opened, passes},
    tile::Tile,
};
use crate::{Ctx, delivery::off_the_reactor, rules, survey::canonical};

/// Folders below the one that was named in which groups are looked for: container, channel, group.
const DEPTH: usize = 3;

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct Info {
    /// One for each group that they would become.
    pub images: Vec<Image>,
    /// Images at several sizes, as OME-Zarr.
    pub groups: Vec<Group>,
    /// What cannot be read, and why.
    pub problems: Vec<String>,
    /// What is odd and hinders nothing.
    pub notes: Vec<String>,
    /// What of a folder with images was not read.
    pub left_out: LeftOut,
}

/// An image, or a channel of one that has them plane by plane.
#[derive(Debug, Serialize)]
pub struct Image {
    /// Relative to the folder.
    pub file: String,
    /// What it lies in, such as `BigTIFF`.
    pub kind: String,
    /// Voxels along t, c, z, y, x, of what becomes the group.
    pub shape: [u64; 5],
    /// As `NumPy` names it.
    pub dtype: String,
    /// Micrometres of a voxel along z, y, x.
    pub voxel: [f64; 3],
    /// What told each of them.
    pub voxel_from: [String; 3],
    /// Where the centre of the first voxel is, in micrometres along z, y, x.
    pub origin: Option<[f64; 3]>,
    /// What told it.
    pub origin_from: Option<String>,
    /// Voxels along z, y, x of what is stored in one piece.
    pub piece: [u64; 3],
    /// Names of the channels, where they have any.
    pub channels: Vec<String>,
    /// Nanometres.
    pub wavelength: Option<u32>,
    /// Bytes of the voxels.
    pub bytes: u64,
    /// The group that it would become.
    pub group: String,
    /// How many sizes that would have.
    pub levels: usize,
}

/// A group of OME-Zarr.
#[derive(Debug, Serialize)]
pub struct Group {
    /// Relative to the place; empty where it is the place itself.
    pub group: String,
    /// What viewers call it.
    pub name: Option<String>,
    /// Of OME-NGFF.
    pub version: String,
    /// Such as `t`.
    pub axes: Vec<String>,
    /// What viewers call its channels.
    pub channels: Vec<String>,
    /// The largest first.
    pub levels: Vec<Level>,
}

/// A level of a group.
#[derive(Debug, Serialize)]
pub struct Level {
    /// Below the group.
    pub path: String,
    /// Of its array; nothing where that cannot be read.
    pub array: Option<Array>,
    /// From one item to the next along each axis, in the axis's unit.
    pub scale: Vec<f64>,
    /// Of the first item's centre.
    pub translation: Vec<f64>,
    /// Micrometres of a voxel along z, y, x, where the units are known.
    pub voxel: Option<[f64; 3]>,
    /// Where its first voxel's centre is, in micrometres along z, y, x.
    pub origin: Option<[f64; 3]>,
}

/// What an array's document says.
#[derive(Debug, Serialize)]
pub struct Array {
    /// Items along each axis.
    pub shape: Vec<u64>,
    /// Of a chunk.
    pub chunk: Vec<u64>,
    /// Of a shard, where there are any.
    pub shard: Option<Vec<u64>>,
    /// As Zarr 2 writes it.
    pub dtype: String,
    /// How chunks are compressed.
    pub codec: String,
    /// Of Zarr.
    pub zarr: u8,
    /// Bytes of its items.
    pub bytes: u64,
}

/// Looks at an image, a folder of them, or a place with OME-Zarr; nothing is written anywhere. `Missing` when nothing is there.
pub async fn info(location: &Location, links: SourceLinks, ctx: &Ctx) -> Result<Info, Fault> {
    let mut info = match location {
        Location::Folder(path) => {
            let path = path.clone();
            ctx.stop.or(off_the_reactor(move || images(&path, &rules::of_command(links, None)?))).await?
        }
        _ => Info::default(),
    };
    if !is_file(location) {
        let place = Place::open(location, &ctx.store).await?;
        ctx.stop.or(groups(&place, &mut info)).await?;
    }
    if info.images.is_empty() && info.groups.is_empty() && info.problems.is_empty() {
        return Err(Fault::new(Class::Missing, format!("`{location}` holds no image"))
            .help("TIFF, Imaris, PNG planes of SmartSPIM, N5 and OME-Zarr are read"));
    }
    Ok(info)
}

fn is_file(location: &Location) -> bool {
    matches!(location, Location::Folder(path) if path.is_file())
}

fn images(path: &Utf8Path, rules: &Rules) -> Result<Info, Fault> {
    let source = canonical(path)?;
    let n5 = source.join("attributes.json").is_file();
    let config = ImagingConfig::default();
    let asked = look::Asked { source: &source, rules, n5, under: None, config: &config };
    let Some(seen) = look(&asked)? else { return Ok(Info::default()) };
    Ok(Info {
        images: seen.tiles.iter().map(image).collect(),
        groups: Vec::new(),
        problems: seen.unread,
        notes: seen.odd,
        left_out: if n5 { LeftOut::default() } else { rules::left_out(&source, rules)? },
    })
}

fn image(tile: &Tile) -> Image {
    let about = tile.about.clone();
    Image {
        file: about.file,
        kind: about.kind,
        shape: about.shape,
        dtype: about.dtype,
        voxel: about.voxel,
        voxel_from: about.voxel_from,
        origin: about.origin,
        origin_from: about.origin_from,
        piece: tile.volume.piece(),
        channels: about.channels.into_iter().filter(|name| !name.is_empty()).collect(),
        wavelength: about.wavelength,
        bytes: tile.bytes(),
        group: about.group,
        levels: about.levels,
    }
}

/// The groups of a place, or the place itself.
async fn groups(place: &Place, info: &mut Info) -> Result<(), Fault> {
    let folders = match place.location() {
        Location::Folder(path) => {
            let path = path.clone();
            off_the_reactor(move || described(&path)).await?
        }
        _ => listed(place).await?,
    };
    for folder in folders {
        match opened::open(place, folder.as_ref()).await {
            Ok(opened) => info.groups.push(group(folder.as_ref(), &opened, &mut info.problems)),
            Err(fault) if passes(&fault) => return Err(fault),
            // Groups of groups, and arrays of others, are no images.
            Err(fault) if fault.class() == Class::Missing => {}
            Err(fault) => info.problems.push(fault.line()),
        }
    }
    Ok(())
}

/// Folders of a disk that have a document; what lies in an image is not looked at.
fn described(root: &Utf8Path) -> Result<Vec<Option<Key>>, Fault> {
    let mut found = Vec::new();
    let mut next: Vec<(Utf8PathBuf, Option<Key>)> = vec![(root.to_owned(), None)];
    for _ in 0..=DEPTH {
        let mut below = Vec::new();
        for (path, key) in next {
            let has = |name: &str| path.join(name).is_file();
            if has(".zattrs") || has("zarr.json") {
                found.push(key.clone());
            }
            if has(".zarray") || has("0/.zarray") || has("0/zarr.json") {
                continue;
            }
            below.extend(inside(&path, key.as_ref())?);
        }
        next = below;
    }
    found.sort();
    Ok(found)
}

fn inside(path: &Utf8Path, key: Option<&Key>) -> Result<Vec<(Utf8PathBuf, Option<Key>)>, Fault> {
    let unreadable = |e| Fault::io(format!("cannot list `{path}`"), e);
    let mut found = Vec::new();
    for entry in path.read_dir_utf8().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if !entry.file_type().map_err(unreadable)?.is_dir() {
            continue;
        }
        // What is no key cannot be a group of ours.
        if let Ok(name) = Key::parse(entry.file_name()) {
            let key = key.map_or_else(|| name.clone(), |key| key.join(&name));
            found.push((entry.into_path(), Some(key)));
        }
    }
    Ok(found)
}

/// The same of a bucket, which cannot be asked for folders alone.
async fn listed(place: &Place) -> Result<Vec<Option<Key>>, Fault> {
    let mut pages = std::pin::pin!(place.list());
    let mut found = BTreeSet::new();
    while let Some(page) = pages.next().await {
        for object in page? {
            let (folder, name) = object.key.as_str().rsplit_once('/').unwrap_or(("", object.key.as_str()));
            if matches!(name, ".zattrs" | "zarr.json") && folder.split('/').count() <= DEPTH {
                found.insert(Key::parse(folder).ok());
            }
        }
    }
    Ok(found.into_iter().collect())
}

fn group(key: Option<&Key>, opened: &Opened, problems: &mut Vec<String>) -> Group {
    let image = &opened.image;
    let levels = image.datasets.iter().zip(&opened.levels).enumerate().map(|(number, (dataset, level))| {
        if let Err(fault) = level {
            problems.push(fault.line());
        }
        Level {
            path: dataset.path.clone(),
            array: level.as_ref().ok().map(array),
            scale: dataset.scale.clone(),
            translation: dataset.translation.clone(),
            voxel: image.voxel(number),
            origin: image.origin(number),
        }
    });
    Group {
        group: key.map(ToString::to_string).unwrap_or_default(),
        name: image.name.clone(),
        version: image.version.clone(),
        axes: image.axes.iter().map(|axis| axis.name.clone()).collect(),
        channels: image.channels.iter().filter_map(|channel| channel.label.clone()).collect(),
        levels: levels.collect(),
    }
}

fn array(level: &opened::Level) -> Array {
    let layout = level.layout();
    let items = layout.shape().iter().product::<u64>();
    Array {
        shape: layout.shape().to_vec(),
        chunk: layout.chunks().to_vec(),
        shard: level.sharded().and_then(|meta| meta.shard()).map(<[u64]>::to_vec),
        dtype: layout.dtype().to_string(),
        codec: level.codec(),
        zarr: level.version(),
        bytes: items * layout.dtype().size() as u64,
    }
}
