use serde_json::{Map, Value};

use super::Colour;

/// An image at several sizes, with what is written about it. Axes are z, y, x.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// What viewers call it.
    pub name: String,
    /// Micrometres of a voxel of level 0.
    pub voxel: [f64; 3],
    /// Where the centre of the first voxel of level 0 is, in micrometres, if anybody knows.
    pub origin: Option<[f64; 3]>,
    /// Planes of level 0.
    pub depth: u64,
    /// For each level: how many voxels of level 0 are along one of it. The first is `[1, 1, 1]`.
    pub levels: Vec<[u64; 3]>,
    /// At least one.
    pub channels: Vec<Channel>,
    /// How each level is made of the one before.
    pub method: Method,
}

/// How a channel is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// What viewers call it, such as its wavelength.
    pub label: String,
    /// Of its brightest voxels; those without light are black.
    pub colour: Colour,
    /// From black to the full colour.
    pub window: Window,
}

/// Brightness as stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// The least there can be.
    pub min: f64,
    /// The most there can be.
    pub max: f64,
    /// Shown black, such as a low percentile of the voxels.
    pub start: f64,
    /// Shown in full colour, such as a high percentile.
    pub end: f64,
}

/// How smaller levels are made, for people who want to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Method {
    /// The kind, in a word, such as `mean`.
    pub kind: String,
    /// In a sentence.
    pub description: String,
    /// The program and its part.
    pub method: String,
    /// The program's version.
    pub version: String,
    /// Settings.
    pub settings: Map<String, Value>,
}

impl Image {
    /// Micrometres of a voxel of a level.
    ///
    /// Panics for a level there is not.
    pub fn scale(&self, level: usize) -> [f64; 3] {
        std::array::from_fn(|axis| self.voxel[axis] * self.levels[level][axis] as f64)
    }

    /// Where the centre of the first voxel of a level is, in micrometres: half of what its voxel is larger than that of level 0
    /// beyond the origin.
    ///
    /// Panics for a level there is not.
    pub fn translation(&self, level: usize) -> [f64; 3] {
        let (scale, origin) = (self.scale(level), self.origin.unwrap_or_default());
        std::array::from_fn(|axis| origin[axis] + (scale[axis] - self.voxel[axis]) / 2.0)
    }
}
