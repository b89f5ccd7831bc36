//! Which images lie in a session's folder, and what their groups are called.
//!
//! The Python original looks into `exaSPIM`, `diSPIM` or `micr` of a session for files; SmartSPIM has a folder of planes for each
//! tile. Names decide: `ch_488_561` in a name says that a file holds two channels, plane by plane.

mod names;
mod scope;
mod smartspim;

use std::collections::BTreeMap;

use adt_model::{Class, Fault, Key};
use camino::{Utf8Path, Utf8PathBuf};

pub use names::background_names;
use scope::Scope;

use crate::{folder::Rules, pattern};

/// Folders of a session that rigs put images into.
const FOLDERS: [&str; 5] = ["exaSPIM", "diSPIM", "mesoSPIM", "micr", "SmartSPIM"];

/// The images of a session.
#[derive(Debug)]
pub struct Tiles {
    /// The folder that holds them.
    pub folder: Utf8PathBuf,
    /// Files and folders whose content becomes groups, and is not sent otherwise.
    pub taken: Vec<Utf8PathBuf>,
    /// In the order of their names.
    pub images: Vec<Found>,
    /// Images that cannot be converted: empty ones, two of one name.
    pub problems: Vec<Fault>,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// An image, not opened yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// A file, a folder of planes, or an N5 dataset.
    pub path: Utf8PathBuf,
    /// Relative to the session, with `/`.
    pub key: String,
    /// What it is by its name.
    pub kind: FoundKind,
    /// The group that it becomes and its wavelength in nanometres; of several the planes follow each other in turn. No group: it
    /// becomes the container itself.
    pub groups: Vec<(Option<Key>, Option<u32>)>,
}

/// What an image is by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum FoundKind {
    Tiff,
    Imaris,
    /// A folder of PNG or TIFF files, each a plane along z.
    Planes,
    N5,
}

/// The images of `source`: a session's folder, a folder of images, or one image. `None` where there is none. Of files only names
/// and sizes are looked at.
///
/// Images that `rules` do not take along belong elsewhere; images whose path matches a pattern of `exclude` are left alone (as `fnmatch` of Python does it: `*`
/// stands for `/` too).
pub fn find(source: &Utf8Path, rules: &Rules, exclude: &[String]) -> Result<Option<Tiles>, Fault> {
    if source.is_file() {
        let name = source.file_name().unwrap_or_default();
        let Some(kind) = kind(name) else { return Ok(None) };
        let folder = source.parent().unwrap_or(source).to_owned();
        let image = (source.to_owned(), name.to_owned(), kind);
        return Ok(Some(gathered(folder, vec![image], &[])?.0));
    }
    let scope = Scope::new(source, rules);
    for name in FOLDERS {
        let folder = source.join(name);
        if folder.is_dir() && scope.takes(&folder) {
            let mut found = within(scope, &folder, exclude)?;
            if let Some(tiles) = &mut found {
                passed_over(scope, name, &mut tiles.notes)?;
            }
            if found.as_ref().is_some_and(|tiles| !tiles.taken.is_empty()) {
                return Ok(found);
            }
        }
    }
    within(scope, source, exclude)
}

/// Tells of other folders of the session that images are put into: one of them is converted.
fn passed_over(scope: Scope<'_>, converted: &str, notes: &mut Vec<String>) -> Result<(), Fault> {
    for name in FOLDERS.iter().filter(|name| **name != converted) {
        let folder = scope.source.join(name);
        if folder.is_dir() && scope.takes(&folder) && holds_images(&folder)? {
            notes.push(format!(
                "`{name}` holds images too, which are not converted: only those of `{converted}` are"
            ));
        }
    }
    Ok(())
}

fn holds_images(folder: &Utf8Path) -> Result<bool, Fault> {
    Ok(listed(folder)?.iter().any(|path| kind(path.file_name().unwrap_or_default()).is_some()))
}

/// An N5 dataset, which becomes the container itself.
pub fn n5(source: &Utf8Path) -> Tiles {
    let image = Found {
        path: source.to_owned(),
        key: source.file_name().unwrap_or_default().to_owned(),
        kind: FoundKind::N5,
        groups: vec![(None, None)],
    };
    let (folder, taken) = (source.to_owned(), vec![source.to_owned()]);
    Tiles { folder, taken, images: vec![image], problems: Vec::new(), notes: Vec::new() }
}

/// The images directly in a folder, else the stacks of planes of SmartSPIM's channels.
fn within(scope: Scope<'_>, folder: &Utf8Path, exclude: &[String]) -> Result<Option<Tiles>, Fault> {
    let source = scope.source;
    let (mut images, mut others, mut nested) = (Vec::new(), false, Vec::new());
    let real = scope::real(folder);
    for path in listed(folder)?.into_iter().filter(|path| scope.takes_of(&real, path)) {
        let name = path.file_name().unwrap_or_default();
        if let Some(kind) = kind(name).filter(|_| path.is_file()) {
            images.push((path.clone(), relative(source, &path), kind));
            continue;
        }
        others = true;
        if path.is_dir() && holds_images(&path)? {
            nested.push(relative(source, &path));
        }
    }
    if images.is_empty() {
        return smartspim::find(scope, folder, exclude);
    }
    let (mut tiles, found) = gathered(folder.to_owned(), images, exclude)?;
    tiles.notes.extend(nested.into_iter().map(|name| {
        format!("`{name}` holds images that are not converted: only those directly beside the others are")
    }));
    tiles.taken = if others || folder == source { found } else { vec![folder.to_owned()] };
    Ok(Some(tiles))
}

type Named = (Utf8PathBuf, String, FoundKind);

/// Files with the groups that they become, and the paths of all of them.
fn gathered(
    folder: Utf8PathBuf,
    images: Vec<Named>,
    exclude: &[String],
) -> Result<(Tiles, Vec<Utf8PathBuf>), Fault> {
    let paths: Vec<_> = images.iter().map(|(path, ..)| path.clone()).collect();
    let mut tiles =
        Tiles { folder, taken: paths.clone(), images: Vec::new(), problems: Vec::new(), notes: Vec::new() };
    for (path, key, kind) in images {
        if excluded(&path, &key, exclude, &mut tiles) {
            continue;
        }
        let size =
            std::fs::metadata(&path).map_err(|e| Fault::io(format!("cannot look at `{path}`"), e))?.len();
        if size == 0 {
            tiles.problems.push(Fault::new(Class::Corrupt, format!("`{key}` is empty")));
            continue;
        }
        match names::groups(path.file_name().unwrap_or_default()) {
            Ok(groups) => {
                let groups =
                    groups.into_iter().map(|(group, wavelength)| (Some(group), wavelength)).collect();
                tiles.images.push(Found { path, key, kind, groups });
            }
            Err(why) => tiles.problems.push(Fault::new(Class::BadInput, format!("`{key}` {why}"))),
        }
    }
    no_group_twice(&mut tiles);
    Ok((tiles, paths))
}

fn excluded(path: &Utf8Path, key: &str, exclude: &[String], tiles: &mut Tiles) -> bool {
    let Some(pattern) = exclude.iter().find(|pattern| pattern::matches(pattern, path.as_str())) else {
        return false;
    };
    tiles.notes.push(format!("`{key}` is excluded by `{pattern}`: it is neither converted nor sent"));
    true
}

/// Two images of one group would overwrite each other: neither is converted.
fn no_group_twice(tiles: &mut Tiles) {
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for image in &tiles.images {
        for (group, _) in &image.groups {
            let group = group.as_ref().map(|group| group.as_str().to_lowercase()).unwrap_or_default();
            seen.entry(group).or_default().push(image.key.clone());
        }
    }
    for (group, keys) in seen.into_iter().filter(|(_, keys)| keys.len() > 1) {
        tiles.images.retain(|image| !keys.contains(&image.key));
        let names: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
        let what = format!("{} would all become `{group}`", names.join(" and "));
        tiles.problems.push(Fault::new(Class::BadInput, what).help("rename all but one, or exclude them"));
    }
}

/// What a file is by its suffix, in any letter case.
fn kind(name: &str) -> Option<FoundKind> {
    let suffix = name.rsplit_once('.')?.1.to_ascii_lowercase();
    match suffix.as_str() {
        "tif" | "tiff" => Some(FoundKind::Tiff),
        "ims" | "h5" => Some(FoundKind::Imaris),
        _ => None,
    }
}

/// What lies directly in a folder, by name.
fn listed(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, Fault> {
    let unreadable = |e| Fault::io(format!("cannot list `{folder}`"), e);
    let mut found = Vec::new();
    for entry in folder.read_dir_utf8().map_err(unreadable)? {
        found.push(entry.map_err(unreadable)?.into_path());
    }
    found.sort();
    Ok(found)
}

fn relative(source: &Utf8Path, path: &Utf8Path) -> String {
    let inside = path.strip_prefix(source).unwrap_or(path);
    inside.components().map(|part| part.as_str()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests;
