use super::{Evidence, Kind, PlaneOrder, Series, Size, SizeSource, Unfit, Voxel, product, units};

/// A description by `ImageJ`: lines of `key=value`.
///
/// Its planes follow each other channel by channel, then slice by slice, then frame by frame. Stacks of more than 4 GiB have one
/// directory only, and the pixels of all planes in one piece.
pub(super) fn series(text: &str, evidence: &Evidence<'_>) -> Result<Series, Unfit> {
    let get = |key: &str| text.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='));
    let count = |key: &str| match get(key) {
        None => Ok(None),
        Some(value) => value.trim().parse::<u64>().ok().filter(|n| *n > 0).map(Some).ok_or_else(|| {
            Unfit::Corrupt(format!(
                "its description says `{key}={}`",
                value.chars().take(40).collect::<String>()
            ))
        }),
    };
    let images = count("images")?.unwrap_or(1).max(evidence.pages);
    let (frames, channels) = (count("frames")?.unwrap_or(1), count("channels")?.unwrap_or(1));
    let channels = match channels {
        // The samples of a pixel may be counted as channels.
        n if n == evidence.form.samples && product([frames, n])? > images => 1,
        n => n,
    };
    // tifffile calls planes channels when nobody names their axis; it is known by the version that it writes. The original took
    // every stack of one axis for planes along z.
    let told = count("slices")?;
    let unnamed = text.starts_with("ImageJ=1.11a") && frames == 1 && told.unwrap_or(1) == 1;
    let misnamed = unnamed && channels > 1 && channels == images;
    let mut notes = Vec::new();
    if misnamed {
        notes.push(format!("its {channels} planes are called channels; they are taken as planes along z"));
    }
    let (channels, told) = if misnamed { (1, Some(images)) } else { (channels, told) };
    let outside = product([frames, channels])?;
    let slices = match told {
        Some(slices) => slices,
        None if images % outside == 0 => images / outside,
        None => 1,
    };
    let planes = product([frames, channels, slices])?;
    let one_directory = evidence.pages == 1 && planes > 1;
    if planes != images || !(one_directory || evidence.pages == planes) {
        let pages = evidence.pages;
        return Err(Unfit::Corrupt(format!(
            "its description promises {images} planes, {frames} × {slices} × {channels} of them, it has {pages}"
        )));
    }
    let unit = get("unit").map(str::trim);
    let axis = |key: &str| get(key).map(str::trim).or(unit);
    let voxel = voxel(evidence, &axis, get("spacing"), slices > 1, &mut notes);
    Ok(Series {
        kind: Kind::ImageJ,
        sizes: [frames, channels, slices],
        order: PlaneOrder::of(&[('T', frames), ('Z', slices), ('C', channels)]),
        one_directory,
        origin: origin(&voxel, |key| get(key)?.trim().parse().ok()),
        voxel,
        notes,
    })
}

fn voxel<'a>(
    evidence: &Evidence<'_>,
    unit: &impl Fn(&str) -> Option<&'a str>,
    spacing: Option<&str>,
    stack: bool,
    notes: &mut Vec<String>,
) -> Voxel {
    let Some(x_unit) = unit("xunit") else {
        // Not calibrated: then only tags of a printer, or of another program.
        let [y, x] = units::from_tags(evidence.resolution, evidence.unit);
        return Voxel { z: None, y, x };
    };
    let length = |text: &str| units::micrometres(text);
    if length(x_unit).is_none() {
        let unit: String = x_unit.chars().take(40).collect();
        notes.push(format!("its unit `{unit}` is no length: the size of its voxels is not known"));
    }
    let side = |per_unit: Option<f64>, key: &str| -> Option<Size> {
        units::size(length(unit(key)?)? / per_unit?, SizeSource::ImageJ)
    };
    let [y, x] = evidence.resolution;
    // ImageJ leaves a spacing of 1 out.
    let spacing = match spacing {
        Some(text) => text.trim().parse::<f64>().ok().map(f64::abs),
        None => (stack && x.is_some()).then_some(1.0),
    };
    let z = spacing.and_then(|spacing| units::size(spacing * length(unit("zunit")?)?, SizeSource::ImageJ));
    Voxel { z, y: side(y, "yunit"), x: side(x, "xunit") }
}

/// `ImageJ` tells at which pixel the origin of coordinates lies.
fn origin(voxel: &Voxel, get: impl Fn(&str) -> Option<f64>) -> super::Origin {
    [("zorigin", voxel.z), ("yorigin", voxel.y), ("xorigin", voxel.x)].map(|(key, size)| {
        let place = -get(key)? * size?.micrometres;
        place.is_finite().then_some(place)
    })
}
