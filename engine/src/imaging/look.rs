//! A session's images, opened: their headers are read, nothing else.

use std::sync::Arc;

use adt_codec::background::Background;
use adt_formats::{
    SteadyFile,
    folder::Rules,
    image::{self, Dtype, Region, Size, Volume},
    microscope::{self, Found, Tiles},
    tiff::Tiff,
};
use adt_model::{self as model, Class, Fault, ImagingConfig, ImagingFacts, Key, LeftOut};
use camino::{Utf8Path, Utf8PathBuf};

use super::{
    acquisition::{Acquisition, Told},
    sample::is_written,
    tile::{About, Parts, Tile},
};
use crate::{rules::left_out, survey::canonical};

/// What is told of an image when it has voxels of no size.
const UNSIZED: &str = "nobody tells the size of its voxels";

/// Images of which that is told one by one.
const TOLD: usize = 3;

/// Where images are looked for, and what is left alone.
pub(crate) struct Asked<'a> {
    /// The session's folder, an image, or an N5 dataset.
    pub source: &'a Utf8Path,
    pub rules: &'a Rules,
    /// The source is an N5 dataset, which becomes the container itself.
    pub n5: bool,
    /// The container's folder.
    pub under: Option<&'a Key>,
    pub config: &'a ImagingConfig,
}

/// A session's images.
pub(crate) struct Seen {
    /// Each becomes a group.
    pub tiles: Vec<Tile>,
    /// Files and folders that become groups, and are not sent otherwise.
    pub taken: Vec<Utf8PathBuf>,
    /// Images that cannot be read, and why.
    pub unread: Vec<String>,
    /// What is odd and hinders nothing.
    pub odd: Vec<String>,
}

impl Seen {
    /// What a plan may know of it.
    pub(crate) fn facts(&self, config: &ImagingConfig) -> ImagingFacts {
        ImagingFacts {
            config: config.clone(),
            taken: self.taken.clone(),
            rest: <_>::default(),
            tiles: self.tiles.iter().map(Tile::facts).collect(),
            unread: self.unread.clone(),
            odd: self.odd.clone(),
        }
    }
}

/// Opens every image; `None` where there is none. What is wrong with one is in [`Seen::unread`], and others are opened.
pub(crate) fn look(asked: &Asked<'_>) -> Result<Option<Seen>, Fault> {
    let found = if asked.n5 {
        Some(microscope::n5(asked.source))
    } else {
        microscope::find(asked.source, asked.rules, &asked.config.exclude)?
    };
    let Some(found) = found else { return Ok(None) };
    let Tiles { taken, images, problems, notes, .. } = found;
    let mut odd = notes;
    let acquisition = Acquisition::read(asked.source, &mut odd)?;
    let mut seen = Seen { tiles: Vec::new(), taken, unread: problems.iter().map(Fault::line).collect(), odd };
    for image in &images {
        let told = acquisition.told(&image.key);
        match tiles(asked, image, told, &mut seen.odd) {
            Ok(tiles) => seen.tiles.extend(tiles),
            Err(fault) if fault.class() == Class::Bug => return Err(fault),
            Err(fault) => seen.unread.push(fault.line()),
        }
    }
    shortened(&mut seen.odd);
    Ok(Some(seen))
}

/// The images of a source that a command names, and what of it is not read. `Missing` where there is none.
pub(crate) fn source_of(
    source: &Utf8Path,
    config: &ImagingConfig,
    rules: &Rules,
) -> Result<(Seen, LeftOut), Fault> {
    let source = canonical(source)?;
    let n5 = source.join("attributes.json").is_file();
    let seen = look(&Asked { source: &source, rules, n5, under: None, config })?;
    let seen = seen.ok_or_else(|| Fault::new(Class::Missing, format!("`{source}` holds no image")))?;
    let left_out = left_out(&source, rules)?;
    if n5 {
        is_whole(&source, &left_out)?;
    }
    Ok((seen, left_out))
}

/// Fails where a part of an N5 dataset would be left out: a block that is not there counts as zeros.
pub(crate) fn is_whole(source: &Utf8Path, left_out: &LeftOut) -> Result<(), Fault> {
    let Some(first) = left_out.lines().into_iter().next() else { return Ok(()) };
    let what = format!("the N5 dataset `{source}` cannot be read whole: {first}");
    Err(Fault::new(Class::BadInput, what).help("restore what is missing, and set `links` to `follow`"))
}

/// What is said of hundreds of tiles is said of the first few, and counted.
fn shortened(odd: &mut Vec<String>) {
    let mut told = 0;
    odd.retain(|note| {
        told += usize::from(note.contains(UNSIZED));
        !note.contains(UNSIZED) || told <= TOLD
    });
    if told > TOLD {
        odd.push(format!("{} more images: {UNSIZED}", told - TOLD));
    }
}

fn tiles(asked: &Asked<'_>, found: &Found, told: Told, odd: &mut Vec<String>) -> Result<Vec<Tile>, Fault> {
    let volume: Arc<dyn Volume> = image::open(found)?.into();
    if !is_written(volume.dtype()) {
        let what =
            format!("`{}` holds voxels of {}, which are not written as OME-Zarr", found.key, volume.dtype());
        return Err(Fault::new(Class::BadInput, what).help("uint8, uint16, int16, uint32 and float32 are"));
    }
    odd.extend(volume.notes().into_iter().map(|note| format!("`{}`: {note}", found.key)));
    let [_, _, planes, ..] = volume.shape();
    let channels = found.groups.len() as u64;
    let mut made = Vec::new();
    for (first, (group, wavelength)) in found.groups.iter().enumerate() {
        let interleaved = (channels > 1).then_some([first as u64, channels]);
        let mut shape = volume.shape();
        if let Some([first, step]) = interleaved {
            shape[2] = planes.saturating_sub(first).div_ceil(step);
        }
        let background = background(asked, found, *wavelength, volume.as_ref(), interleaved.is_some(), odd)?;
        let dtype = match (&background, volume.dtype()) {
            (Some(_), Dtype::U8) => Dtype::U16,
            (_, dtype) => dtype,
        };
        let mut about = about(asked.config, found, volume.as_ref(), told, odd);
        about.group = group.as_ref().map(ToString::to_string).unwrap_or_default();
        about.wavelength = *wavelength;
        about.shape = shape;
        about.dtype = dtype.to_string();
        let folder = match (asked.under, group) {
            (Some(under), Some(group)) => Some(under.join(group)),
            (under, group) => group.clone().or_else(|| under.cloned()),
        };
        let volume = Arc::clone(&volume);
        made.push(Tile::new(Parts { about, folder, volume, interleaved, background, dtype }, asked.config)?);
    }
    Ok(made)
}

/// What is known of an image: by the command, else by `acquisition.json`, else by the image itself.
fn about(
    config: &ImagingConfig,
    found: &Found,
    volume: &dyn Volume,
    told: Told,
    odd: &mut Vec<String>,
) -> About {
    let own = volume.voxel();
    let given = |size: model::VoxelSize, from: &str| size.zyx().map(|side| (side, from.to_owned()));
    let of = |size: Option<Size>| match size {
        Some(size) => (size.micrometres, size.from.as_str().to_owned()),
        None => (1.0, "nobody".to_owned()),
    };
    // The original knows nothing of other sources.
    let strict = config.strict_compat;
    let sides = match (config.voxel, told.voxel.filter(|_| !strict)) {
        (Some(size), _) => given(size, "command"),
        (None, Some(size)) => given(size, "acquisition.json"),
        (None, None) if strict && volume.kind() != "Imaris" => [of(None), of(None), of(None)],
        (None, None) => [of(own.z), of(own.y), of(own.x)],
    };
    if sides.iter().any(|(_, from)| from == "nobody") && !strict {
        odd.push(format!(
            "`{}`: {UNSIZED} along {}: 1 µm is written; name it with `--voxel-size` \
             (`voxel_size` in `extra_configs`)",
            found.key,
            ["z", "y", "x"]
                .iter()
                .zip(&sides)
                .filter(|(_, (_, from))| from == "nobody")
                .map(|(axis, _)| *axis)
                .collect::<Vec<_>>()
                .join(", ")
        ));
    }
    let own = volume.origin();
    let own = (own.iter().any(Option::is_some) && (!strict || volume.kind() == "Imaris"))
        .then(|| own.map(Option::unwrap_or_default));
    let (origin, origin_from) = match (told.origin.filter(|_| !strict), own) {
        (Some(origin), _) => (Some(origin), Some("acquisition.json".to_owned())),
        (None, Some(origin)) => (Some(origin), Some(volume.kind().to_owned())),
        (None, None) => (None, None),
    };
    About {
        group: String::new(),
        file: found.key.clone(),
        kind: volume.kind().to_owned(),
        shape: volume.shape(),
        dtype: String::new(),
        voxel: [0, 1, 2].map(|axis| sides[axis].0),
        voxel_from: sides.map(|(_, from)| from),
        origin,
        origin_from,
        wavelength: None,
        channels: volume.channels(),
        levels: 0,
        chunk: [0; 3],
    }
}

/// The background of a tile, where backgrounds are subtracted and there is one.
fn background(
    asked: &Asked<'_>,
    image: &Found,
    wavelength: Option<u32>,
    volume: &dyn Volume,
    interleaved: bool,
    odd: &mut Vec<String>,
) -> Result<Option<Arc<Background>>, Fault> {
    let folder = match &asked.config.background {
        None => return Ok(None),
        Some(model::Background::Folder(folder)) => folder.clone(),
        Some(model::Background::Derivatives) => asked.source.join("derivatives"),
    };
    if !folder.is_dir() {
        return Err(Fault::new(Class::BadInput, format!("there is no folder `{folder}` with backgrounds")));
    }
    let name = image.path.file_name().unwrap_or_default();
    if interleaved {
        return Err(Fault::new(
            Class::BadInput,
            format!("`{}` holds several channels, of which no background is subtracted", image.key),
        ));
    }
    let names = microscope::background_names(name, wavelength);
    let found = names.iter().map(|(name, own)| (folder.join(name), own)).find(|(path, _)| path.is_file());
    let Some((path, own)) = found else {
        let wanted: Vec<_> = names.iter().map(|(name, _)| name.as_str()).collect();
        return Err(Fault::new(Class::BadInput, format!("`{}` has no background in `{folder}`", image.key))
            .help(if wanted.is_empty() {
                "a name like `tile_x_0000_y_0000_z_0000_ch_488` tells which one it is".to_owned()
            } else {
                format!("it would be called {}", wanted.join(" or "))
            }));
    };
    if !own {
        odd.push(format!(
            "`{}` has no background of its own: that of the first tile is subtracted (`{path}`)",
            image.key
        ));
    }
    let [.., rows, columns] = volume.shape();
    let dark = dark(&canonical(&path)?)?;
    if !matches!(volume.dtype(), Dtype::U8 | Dtype::U16) {
        return Err(Fault::new(
            Class::BadInput,
            format!(
                "`{}` holds {}: backgrounds are subtracted from uint8 and uint16",
                image.key,
                volume.dtype()
            ),
        ));
    }
    let (dark, fitted) = dark.fit([rows as usize, columns as usize]);
    if fitted.cropped {
        odd.push(format!("`{path}` is larger than `{}`: it is cropped from the origin", image.key));
    }
    if fitted.padded {
        odd.push(format!("`{path}` is smaller than `{}`: its edge is continued", image.key));
    }
    Ok(Some(Arc::new(dark)))
}

fn tiff(path: &Utf8Path) -> Result<Tiff, Fault> {
    Tiff::open(SteadyFile::as_it_is(path)?)
}

fn dark(path: &Utf8Path) -> Result<Background, Fault> {
    let unfit = |why: &str| Fault::new(Class::BadInput, format!("`{path}` is no background: {why}"));
    let volume = tiff(path)?;
    let [.., y, x] = volume.shape();
    if volume.shape()[..3] != [1; 3] {
        return Err(unfit("it holds more than one plane"));
    }
    let mut bytes = vec![0; (y * x) as usize * volume.dtype().size()];
    volume.reader().read(&Region { t: 0, c: 0, z: 0..1, y: 0..y, x: 0..x }, &mut bytes)?;
    volume.finish()?;
    let items = match volume.dtype() {
        Dtype::U8 => bytes.into_iter().map(u16::from).collect(),
        Dtype::U16 => bytes.as_chunks().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect(),
        _ => return Err(unfit("its voxels are neither uint8 nor uint16")),
    };
    Background::new(items, [y as usize, x as usize]).map_err(|error| unfit("it is empty").because(error))
}
