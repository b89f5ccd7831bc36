use crate::image::{Size, SizeSource};

pub(super) use crate::image::micrometres;

/// Tags that say nothing of a microscope (72 pixels per inch, 1 per centimetre) give larger voxels than this.
const LARGEST_FROM_TAGS: f64 = 50.0;

/// A length in micrometres, if it is one that a voxel can have.
pub(super) fn size(micrometres: f64, from: SizeSource) -> Option<Size> {
    (micrometres.is_finite() && micrometres > 0.0).then_some(Size { micrometres, from })
}

/// From the resolution tags alone, along y and x; none when they are missing or not those of a microscope.
pub(super) fn from_tags(resolution: [Option<f64>; 2], unit: Option<u64>) -> [Option<Size>; 2] {
    let scale = match unit {
        None | Some(2) => 25_400.0,
        Some(3) => 10_000.0,
        _ => return [None; 2],
    };
    resolution.map(|per_unit| {
        let found = size(scale / per_unit?, SizeSource::Resolution)?;
        (found.micrometres <= LARGEST_FROM_TAGS).then_some(found)
    })
}
