//! What the names of tiles say, by the patterns of the Python original and of the rigs.

use adt_model::Key;

/// The groups of a file: one, or one for each wavelength. A fragment that says why there are none.
pub(super) fn groups(name: &str) -> Result<Vec<(Key, Option<u32>)>, String> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let key =
        |text: String| Key::parse(text).map_err(|error| format!("cannot give its name to a group: {error}"));
    let wavelengths = wavelengths(name);
    if wavelengths.len() < 2 {
        let one = wavelengths.first().copied().or_else(|| crate::ome::neuroglancer::channel_of(name));
        return Ok(vec![(key(format!("{stem}.zarr"))?, one)]);
    }
    let Some(prefix) = prefix(name) else {
        return Err(
            "holds several channels by its name, which does not tell its place (`…_X_0000_Y_0000_Z_0000`)"
                .to_owned(),
        );
    };
    wavelengths
        .into_iter()
        .map(|wavelength| Ok((key(format!("{prefix}_ch_{wavelength}.zarr"))?, Some(wavelength))))
        .collect()
}

/// What `ch_([0-9_]{3,})(_cam(0|1))?\.` finds, split at `_`.
fn wavelengths(name: &str) -> Vec<u32> {
    let found = name.match_indices("ch_").find_map(|(at, found)| {
        let rest = &name[at + found.len()..];
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(rest.len());
        // The pattern takes `_` greedily, and gives it back before `cam`.
        let (numbers, after) = rest.split_at(end);
        let (numbers, after) = match after.strip_prefix("cam0").or_else(|| after.strip_prefix("cam1")) {
            Some(after) => (numbers.strip_suffix('_')?, after),
            None => (numbers, after),
        };
        (numbers.len() >= 3 && after.starts_with('.')).then_some(numbers)
    });
    let parts = found.into_iter().flat_map(|numbers| numbers.split('_'));
    parts.filter_map(|part| part.parse().ok()).collect()
}

/// What `[a-zA-Z0-9_]+_[xX]_\d{4}_[yY]_\d{4}_[zZ]_\d{4}` finds.
fn prefix(name: &str) -> Option<&str> {
    let end = place(name)?;
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let start = name[..end].trim_end_matches(word).len();
    // Something stands before the place.
    (name[start..end].len() > PLACE.len()).then_some(&name[start..end])
}

/// Digits stand for `0`.
const PLACE: &str = "_x_0000_y_0000_z_0000";

/// Where the last place in a name ends.
fn place(name: &str) -> Option<usize> {
    let is = |text: &[u8]| {
        text.iter().zip(PLACE.as_bytes()).all(|(c, p)| match p {
            b'0' => c.is_ascii_digit(),
            other => c.to_ascii_lowercase() == *other,
        })
    };
    let windows = name.as_bytes().windows(PLACE.len()).enumerate();
    windows.rev().find(|(_, window)| is(window)).map(|(at, _)| at + PLACE.len())
}

/// What the background of a tile may be called, best first: as the original looks for it, and as the rig writes it. Of each name whether
/// it is the tile's own, else that of the first tile, which the rig takes for all of a channel.
pub fn background_names(tile: &str, wavelength: Option<u32>) -> Vec<(String, bool)> {
    let Some(end) = place(tile) else { return Vec::new() };
    let mut names = Vec::new();
    let start = end - PLACE.len();
    if let Some(before) = tile[..start].strip_suffix("tile") {
        let place = &tile[before.len()..end];
        names.extend(["tiff", "tif"].map(|suffix| (format!("bkg_{place}.{suffix}"), true)));
    }
    let prefix = prefix(tile).unwrap_or(&tile[..end]);
    if let Some(wavelength) = wavelength {
        names.extend(["tiff", "tif"].map(|suffix| (format!("bkg_{prefix}_ch_{wavelength}.{suffix}"), true)));
        let rig = format!("{}_x_0000_y_0000_z_0000", &prefix[..prefix.len() - PLACE.len()]);
        if !rig.eq_ignore_ascii_case(prefix) {
            names
                .extend(["tiff", "tif"].map(|suffix| (format!("bkg_{rig}_ch_{wavelength}.{suffix}"), false)));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("a.ome.tif", &["a.ome.zarr"])]
    #[case("tile_X_0000_Y_0001_Z_0000_ch_488.ims", &["tile_X_0000_Y_0001_Z_0000_ch_488.zarr"])]
    #[case("tile_x_0000_y_0001_z_0000_ch_488_561_cam1.tiff", &[
        "tile_x_0000_y_0001_z_0000_ch_488.zarr", "tile_x_0000_y_0001_z_0000_ch_561.zarr",
    ])]
    #[case("tile_X_0000_Y_0001_Z_0000_ch_405_488_561.tiff", &[
        "tile_X_0000_Y_0001_Z_0000_ch_405.zarr", "tile_X_0000_Y_0001_Z_0000_ch_488.zarr",
        "tile_X_0000_Y_0001_Z_0000_ch_561.zarr",
    ])]
    #[case("Müller_X_0000_Y_0001_Z_0000_ch_488_561.tiff", &[
        "ller_X_0000_Y_0001_Z_0000_ch_488.zarr", "ller_X_0000_Y_0001_Z_0000_ch_561.zarr",
    ])]
    // Something between the numbers and the dot: no channels.
    #[case("tile_X_0000_Y_0001_Z_0000_ch_488_561_b.tiff", &["tile_X_0000_Y_0001_Z_0000_ch_488_561_b.zarr"])]
    fn names_tell_groups(#[case] name: &str, #[case] expected: &[&str]) {
        let groups = groups(name).unwrap();
        assert_eq!(groups.iter().map(|(group, _)| group.as_str()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn several_channels_without_a_place_are_refused() {
        assert!(groups("a_ch_488_561.tiff").unwrap_err().contains("does not tell its place"));
    }

    #[test]
    fn backgrounds_are_called_as_the_original_or_as_the_rig_calls_them() {
        let names = background_names("tile_X_0001_Y_0002_Z_0000_ch_488.tiff", Some(488));
        assert_eq!(names[0], ("bkg_tile_X_0001_Y_0002_Z_0000.tiff".to_owned(), true));
        assert!(names.contains(&("bkg_tile_x_0000_y_0000_z_0000_ch_488.tiff".to_owned(), false)));
        assert!(background_names("a.tiff", Some(488)).is_empty());
        assert!(!background_names("µ_x_0001_y_0002_z_0000.tiff", Some(488)).is_empty());
    }
}
