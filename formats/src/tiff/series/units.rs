use crate::image::{Size, SizeSource};

/// Tags that say nothing of a microscope (72 pixels per inch, 1 per centimetre) give larger voxels than this.
const LARGEST_FROM_TAGS: f64 = 50.0;

/// A length in micrometres, if it is one that a voxel can have.
pub(super) fn size(micrometres: f64, from: SizeSource) -> Option<Size> {
    (micrometres.is_finite() && micrometres > 0.0).then_some(Size { micrometres, from })
}

/// Micrometres of a unit of length; none for pixels and what is no length.
pub(super) fn micrometres(unit: &str) -> Option<f64> {
    Some(match unit.trim().replace("\\u00B5", "µ").replace("\\u00b5", "µ").replace('μ', "µ").as_str() {
        "pm" => 1e-6,
        "Å" | "\u{212b}" | "angstrom" => 1e-4,
        "nm" | "nanometer" | "nanometre" | "nanometers" => 1e-3,
        "um" | "µm" | "micron" | "microns" | "micrometer" | "micrometre" | "micrometers" => 1.0,
        "mm" | "millimeter" | "millimetre" | "millimeters" => 1e3,
        "cm" | "centimeter" | "centimetre" => 1e4,
        "in" | "inch" | "inches" => 25_400.0,
        "m" | "meter" | "metre" => 1e6,
        _ => return None,
    })
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
