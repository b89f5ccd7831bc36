//! Size and place of the voxels of each level: those of its windows' centres.
//!
//! Source: OME-NGFF, whose coordinates are those of voxel centres: a level whose voxels are larger begins half of the
//! difference later.

use adt_formats::ome::Multiscale;
use adt_plan::imaging::{Extent, Level};

use super::{
    super::{opened::Opened, tile::About},
    Difference, Kind, Tile,
};

/// Lengths that differ by less of a voxel are the same.
const NOTHING: f64 = 1e-6;

/// Notes what is wrong with a group's scales and translations. `told`: a person said how large voxels are.
pub(super) fn check(opened: &Opened, made: &[Level], about: &About, told: bool, found: &mut Tile) {
    let image = &opened.image;
    let (Some(voxel), Some(origin)) = (image.voxel(0), image.origin(0)) else {
        let what = "the unit of an axis is not known, so that its voxels have no size".to_owned();
        found.differences.push(Difference::whole(Kind::Placement, None, what));
        return;
    };
    source(opened, [voxel, origin], about, told, found);
    for (number, level) in made.iter().enumerate().skip(1) {
        let scale: [f64; 3] = std::array::from_fn(|axis| voxel[axis] * level.factor[axis] as f64);
        let place: [f64; 3] = std::array::from_fn(|axis| origin[axis] + (scale[axis] - voxel[axis]) / 2.0);
        let mut one = |name: &str, ought: [f64; 3], stands: Option<[f64; 3]>| {
            let stands = stands.unwrap_or([f64::NAN; 3]);
            if !same(ought, stands, voxel) {
                let what = format!("its {name} is {stands:?} and ought to be {ought:?} (z, y, x in µm)");
                found.differences.push(Difference::whole(Kind::Placement, Some(number), what));
            }
        };
        one("scale", scale, image.voxel(number));
        if opened.placed {
            one("translation", place, image.origin(number));
        }
    }
    if !opened.placed && made.len() > 1 {
        found.notes.push(
            "no level has a translation: viewers that expect one show smaller levels shifted".to_owned(),
        );
    }
}

/// Level 0 and what is known of the source.
fn source(opened: &Opened, [voxel, origin]: [[f64; 3]; 2], about: &About, told: bool, found: &mut Tile) {
    // What nobody tells is not compared.
    let known: [f64; 3] =
        std::array::from_fn(
            |axis| {
                if about.voxel_from[axis] == "nobody" { voxel[axis] } else { about.voxel[axis] }
            },
        );
    if !same(known, voxel, known) {
        let from = about.voxel_from.iter().find(|from| *from != "nobody").map_or("", String::as_str);
        let what = format!("its voxels are {voxel:?} and ought to be {known:?} by {from} (z, y, x in µm)");
        if told {
            found.differences.push(Difference::whole(Kind::Placement, Some(0), what));
        } else {
            found.notes.push(format!("{what}; name their size with `--voxel-size` to have it checked"));
        }
    }
    if !opened.placed {
        return;
    }
    match about.origin {
        Some(ought) if !same(ought, origin, known) => {
            let from = about.origin_from.as_deref().unwrap_or_default();
            let what =
                format!("its translation is {origin:?} and ought to be {ought:?} by {from} (z, y, x in µm)");
            found.differences.push(Difference::whole(Kind::Placement, Some(0), what));
        }
        None if origin.iter().any(|place| *place != 0.0) => {
            found.notes.push(format!("it begins at {origin:?}, of which the source says nothing"));
        }
        _ => {}
    }
}

fn same(a: [f64; 3], b: [f64; 3], voxel: [f64; 3]) -> bool {
    (0..3).all(|axis| (a[axis] - b[axis]).abs() <= NOTHING * voxel[axis].abs())
}

/// The factors that scales tell of: the largest from one level to the next.
pub(super) fn factors(image: &Multiscale) -> Extent {
    let ratios = |axis: usize| {
        let scales =
            (0..image.datasets.len()).filter_map(|level| image.voxel(level)).map(|scale| scale[axis]);
        let scales: Vec<f64> = scales.collect();
        let most = scales.windows(2).map(|two| (two[1] / two[0]).round()).fold(1.0, f64::max);
        if most.is_finite() { most as u64 } else { 1 }
    };
    std::array::from_fn(ratios)
}
