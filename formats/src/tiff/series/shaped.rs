use serde::Deserialize;

use super::{Evidence, Kind, PlaneOrder, Series, Unfit, Voxel, held, product, units};

/// The JSON of tifffile.
#[derive(Deserialize)]
struct Description {
    shape: Vec<u64>,
    axes: Option<String>,
    /// Only the first page has a directory.
    #[serde(default)]
    truncated: bool,
}

/// A description by tifffile: the shape of the array, perhaps its axes.
pub(super) fn series(text: &str, evidence: &Evidence<'_>) -> Result<Series, Unfit> {
    let description: Description = serde_json::from_str(text)
        .map_err(|error| Unfit::Corrupt(format!("its description is no JSON of tifffile ({error})")))?;
    let mut notes = Vec::new();
    let mut leading = leading(&description, evidence)?;
    let planes = product(leading.iter().map(|(_, size)| *size))?;
    if description.truncated && evidence.pages != 1 {
        return Err(Unfit::Corrupt(format!("its description names one page, it has {}", evidence.pages)));
    }
    if planes == 1 && evidence.pages > 1 {
        // A page appended after the other, each with a description of its own.
        leading = vec![('Z', evidence.pages)];
        notes.push("its pages were appended one by one; they are taken as planes along z".to_owned());
    } else if !description.truncated {
        held(planes, evidence.pages)?;
    }
    let axes = named(&leading, description.axes.is_some(), &mut notes)?;
    let along = |axis| axes.iter().find(|(name, _)| *name == axis).map_or(1, |(_, size)| *size);
    let [y, x] = units::from_tags(evidence.resolution, evidence.unit);
    Ok(Series {
        kind: Kind::Shaped,
        sizes: ['T', 'C', 'Z'].map(along),
        order: PlaneOrder::of(&axes),
        one_directory: description.truncated && planes > 1,
        voxel: Voxel { z: None, y, x },
        origin: [None; 3],
        notes,
    })
}

/// The axes in front of those of a page, and their names (`Q` where there is none).
fn leading(description: &Description, evidence: &Evidence<'_>) -> Result<Vec<(char, u64)>, Unfit> {
    let (form, shape) = (evidence.form, &description.shape);
    let page: &[u64] = match (form.samples, evidence.separate) {
        (1, _) => &[form.height, form.width],
        (samples, true) => &[samples, form.height, form.width],
        (samples, false) => &[form.height, form.width, samples],
    };
    // A last axis of one sample may be written out.
    let shape = match shape.as_slice() {
        [front @ .., 1] if form.samples == 1 && !shape.ends_with(page) && front.ends_with(page) => front,
        all => all,
    };
    let Some(front) = shape.strip_suffix(page).filter(|front| front.len() <= 16) else {
        let shape = &shape[..shape.len().min(20)];
        return Err(Unfit::Corrupt(format!(
            "its description promises the shape {shape:?}, its pages have {form}"
        )));
    };
    let names = description.axes.as_deref().unwrap_or_default().to_uppercase();
    let names = names.chars().chain(std::iter::repeat('Q'));
    Ok(names.zip(front.iter().copied()).collect())
}

/// The same with names of ours; axes of one plane that are not ours are gone.
fn named(leading: &[(char, u64)], told: bool, notes: &mut Vec<String>) -> Result<Vec<(char, u64)>, Unfit> {
    let mut axes: Vec<_> =
        leading.iter().copied().filter(|(name, size)| *size > 1 || "TCZ".contains(*name)).collect();
    let free: Vec<_> = "ZCT".chars().filter(|name| axes.iter().all(|(taken, _)| taken != name)).collect();
    let unnamed = axes.iter().filter(|(name, _)| !"TCZ".contains(*name)).count();
    let many = unnamed > if told { 1 } else { 3 };
    if many || unnamed > free.len() || (told && unnamed == 1 && free[0] != 'Z') {
        let names: String = axes.iter().map(|(name, _)| name).collect();
        return Err(Unfit::Unsupported(format!("its axes `{names}YX` are not among T, C, Z, Y and X")));
    }
    let mut free = free.into_iter();
    for (name, _) in axes.iter_mut().rev().filter(|(name, _)| !"TCZ".contains(*name)) {
        *name = free.next().unwrap_or('Z');
    }
    let names: String = axes.iter().map(|(name, _)| *name).collect();
    let twice = axes.iter().any(|(name, _)| axes.iter().filter(|(other, _)| other == name).count() > 1);
    if twice {
        return Err(Unfit::Unsupported(format!("its axes `{names}YX` name one twice")));
    }
    if unnamed > 1 || (told && unnamed > 0) {
        notes.push(format!("its axes are not named as ours; they are taken as `{names}YX`"));
    }
    Ok(axes)
}
