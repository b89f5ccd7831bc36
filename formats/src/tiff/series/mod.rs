//! What the planes of a file are, as its description tells.

mod imagej;
mod ome;
mod plain;
mod shaped;
mod units;

use super::page::Form;

pub(super) use crate::image::{Origin, Size, SizeSource, Voxel};

/// Who described the file, and so how its pages are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Nobody: its pages are planes along z.
    Plain,
    /// `ImageJ` or Fiji, or a program that writes as they do.
    ImageJ,
    /// XML of the Open Microscopy Environment.
    Ome,
    /// The JSON of tifffile.
    Shaped,
    /// Acquire: a frame on every page, planes along z.
    Acquire,
}

/// What is known of a file before its description is read.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    pub(super) description: &'a str,
    pub(super) file_name: &'a str,
    pub(super) form: Form,
    pub(super) separate: bool,
    /// Directories in the file.
    pub(super) pages: u64,
    /// Pixels per unit along y and x, and the code of that unit (1 none, 2 inch, 3 centimetre).
    pub(super) resolution: [Option<f64>; 2],
    pub(super) unit: Option<u64>,
}

/// What the planes of a file are.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) kind: Kind,
    /// Planes along t, c (samples of a pixel not counted) and z.
    pub(super) sizes: [u64; 3],
    pub(super) order: PlaneOrder,
    /// Only the first plane has a directory; the others follow it without a gap.
    pub(super) one_directory: bool,
    pub(super) voxel: Voxel,
    pub(super) origin: Origin,
    pub(super) notes: Vec<String>,
}

/// On which page a plane is.
#[derive(Debug)]
pub(super) enum PlaneOrder {
    /// Pages from one plane to the next along t, c and z.
    Even([u64; 3]),
    /// The page of each plane, z fastest, then c, then t.
    Table(Vec<u64>),
}

impl PlaneOrder {
    /// For axes from slow to fast with their sizes, such as `('T', 2), ('Z', 5)`.
    fn of(axes: &[(char, u64)]) -> Self {
        let (mut strides, mut stride) = ([0; 3], 1);
        for (axis, size) in axes.iter().rev() {
            if let Some(at) = "TCZ".find(*axis) {
                strides[at] = stride;
            }
            stride *= size;
        }
        Self::Even(strides)
    }

    /// The page of a plane.
    pub(super) fn page(&self, sizes: [u64; 3], [t, c, z]: [u64; 3]) -> u64 {
        match self {
            Self::Even(strides) => t * strides[0] + c * strides[1] + z * strides[2],
            Self::Table(pages) => pages[((t * sizes[1] + c) * sizes[2] + z) as usize],
        }
    }
}

/// Why a description cannot be followed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    Corrupt(String),
    Unsupported(String),
}

impl Series {
    /// Reads the description.
    pub(super) fn of(evidence: &Evidence<'_>) -> Result<Self, Unfit> {
        let text = evidence.description.trim_start_matches('\u{feff}').trim();
        if text.starts_with("ImageJ=") {
            imagej::series(text, evidence)
        } else if text.starts_with('<') && ome::is_ome(text) {
            ome::series(text, evidence)
        } else if text.starts_with("{\"shape\":") {
            shaped::series(text, evidence)
        } else {
            Ok(plain::series(text, evidence))
        }
    }

    /// Number of planes.
    pub(super) fn planes(&self) -> u64 {
        self.sizes.iter().product()
    }

    /// A number beyond the count of pages that a plane is on.
    pub(super) fn last_page(&self) -> u64 {
        match &self.order {
            PlaneOrder::Even(_) => self.planes(),
            PlaneOrder::Table(pages) => pages.iter().max().map_or(0, |page| page + 1),
        }
    }
}

/// The product, when it is a number of planes that a file can have.
fn product(sizes: impl IntoIterator<Item = u64>) -> Result<u64, Unfit> {
    let all = sizes.into_iter().try_fold(1_u64, u64::checked_mul).filter(|n| (1..1 << 40).contains(n));
    all.ok_or_else(|| Unfit::Corrupt("its description promises no planes, or too many".to_owned()))
}

/// Fewer planes than promised are a file that ends too early; more of them are another image.
fn held(promised: u64, pages: u64) -> Result<(), Unfit> {
    if promised > pages {
        return Err(Unfit::Corrupt(format!("its description promises {promised} planes, it has {pages}")));
    }
    if promised < pages {
        let more = pages - promised;
        return Err(Unfit::Unsupported(format!(
            "behind its {promised} planes it has {more} of another image"
        )));
    }
    Ok(())
}
