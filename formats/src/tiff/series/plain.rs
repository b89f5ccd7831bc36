use super::{Evidence, Kind, PlaneOrder, Series, Voxel, units};

/// Pages that nobody describes: planes along z.
pub(super) fn series(text: &str, evidence: &Evidence<'_>) -> Series {
    let [y, x] = units::from_tags(evidence.resolution, evidence.unit);
    Series {
        kind: if is_acquire(text) { Kind::Acquire } else { Kind::Plain },
        sizes: [1, 1, evidence.pages],
        order: PlaneOrder::Even([0, 0, 1]),
        one_directory: false,
        voxel: Voxel { z: None, y, x },
        origin: [None; 3],
        notes: Vec::new(),
    }
}

/// Acquire describes each frame by an object with its number.
fn is_acquire(text: &str) -> bool {
    text.starts_with('{') && text.len() < 1 << 20 && text.contains("\"frame_id\"")
}
