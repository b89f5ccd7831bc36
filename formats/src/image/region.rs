use std::ops::Range;

/// A block of voxels of one timepoint and channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Region {
    pub t: u64,
    pub c: u64,
    pub z: Range<u64>,
    pub y: Range<u64>,
    pub x: Range<u64>,
}

impl Region {
    /// Voxels of it.
    pub fn voxels(&self) -> u64 {
        [&self.z, &self.y, &self.x].iter().map(|range| range.end.saturating_sub(range.start)).product()
    }
}
