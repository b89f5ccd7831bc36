//! SmartSPIM: `<channel>/<X>/<X>_<Y>/<zzzzzz>.png`, channels called `Ex_488_Em_525`.

use adt_model::{Class, Fault, Key};
use camino::{Utf8Path, Utf8PathBuf};

use super::{Found, FoundKind, Scope, Tiles, excluded, listed, no_group_twice, relative, scope};

/// The stacks of all channels in a folder; each becomes `<channel>/<X>_<Y>.ome.zarr`.
pub(super) fn find(scope: Scope<'_>, folder: &Utf8Path, exclude: &[String]) -> Result<Option<Tiles>, Fault> {
    let channels = listed(folder)?.into_iter().filter_map(|path| Some((channel(path.file_name()?)?, path)));
    let channels: Vec<_> = channels.filter(|(_, path)| path.is_dir() && scope.takes(path)).collect();
    if channels.is_empty() {
        return Ok(None);
    }
    let mut tiles = Tiles {
        folder: folder.to_owned(),
        taken: Vec::new(),
        images: Vec::new(),
        problems: Vec::new(),
        notes: Vec::new(),
    };
    for (wavelength, channel) in channels {
        for column in listed(&channel)?.into_iter().filter(|path| path.is_dir() && scope.takes(path)) {
            let stacks = listed(&column)?.into_iter().filter(|path| path.is_dir() && scope.takes(path));
            for stack in stacks {
                one(scope, &channel, &stack, wavelength, exclude, &mut tiles)?;
            }
        }
    }
    no_group_twice(&mut tiles);
    let any = !tiles.images.is_empty() || !tiles.problems.is_empty();
    Ok(any.then_some(tiles))
}

fn one(
    scope: Scope<'_>,
    channel: &Utf8Path,
    stack: &Utf8Path,
    wavelength: u32,
    exclude: &[String],
    tiles: &mut Tiles,
) -> Result<(), Fault> {
    let (planes, others): (Vec<Utf8PathBuf>, Vec<Utf8PathBuf>) =
        listed(stack)?.into_iter().partition(|path| is_plane(path));
    if planes.is_empty() {
        return Ok(());
    }
    let key = relative(scope.source, stack);
    // What is no plane is sent beside the groups.
    tiles.taken.extend(if others.is_empty() { vec![stack.to_owned()] } else { planes });
    if excluded(stack, &key, exclude, tiles) {
        return Ok(());
    }
    // All planes of a stack are read, so all of them must be part of the session.
    let real = scope::real(stack);
    if let Some(plane) = listed(stack)?.iter().find(|path| is_plane(path) && !scope.takes_of(&real, path)) {
        let what = format!("`{key}` has a plane that is left out: `{}`", relative(scope.source, plane));
        tiles.problems.push(Fault::new(Class::BadInput, what).help(
            "replace the link by the file, or follow links (`links` = follow) that do not lead into `behavior_dir`",
        ));
        return Ok(());
    }
    let (channel, name) = (channel.file_name().unwrap_or_default(), stack.file_name().unwrap_or_default());
    match Key::parse(format!("{channel}/{name}.ome.zarr")) {
        Ok(group) => tiles.images.push(Found {
            path: stack.to_owned(),
            key,
            kind: FoundKind::Planes,
            groups: vec![(Some(group), Some(wavelength))],
        }),
        Err(error) => {
            let what = format!("`{key}` cannot give its name to a group");
            tiles.problems.push(Fault::new(Class::BadInput, what).because(error));
        }
    }
    Ok(())
}

/// The wavelength of `Ex_ddd_Em_ddd`.
fn channel(name: &str) -> Option<u32> {
    let (excited, emitted) = name.strip_prefix("Ex_")?.split_once("_Em_")?;
    let digits = |text: &str| text.len() == 3 && text.bytes().all(|c| c.is_ascii_digit());
    (digits(excited) && digits(emitted)).then(|| excited.parse().ok())?
}

fn is_plane(path: &Utf8Path) -> bool {
    let suffix = path.extension().unwrap_or_default().to_ascii_lowercase();
    matches!(suffix.as_str(), "png" | "tif" | "tiff") && path.is_file()
}
