//! Stacks whose planes are files of their own, PNG or TIFF, in one folder: `SmartSPIM`'s `<channel>/<X>/<X>_<Y>/<zzzzzz>.png`.
//!
//! At the start the folder is listed and the first and the last plane's description are read; every other plane is checked against
//! them when it is read.
//!
//! ```text
//! listing  the files, their order      names  what their numbers tell      png  a header, a plane      read  regions
//! ```

mod listing;
mod names;
mod png;
mod read;
mod volume;

use adt_model::{Class, Fault};
use camino::Utf8Path;

use crate::{
    SteadyFile,
    image::{Dtype, Origin, Voxel},
    tiff::Tiff,
};

use listing::{Listed, Listing, Suffix};
use png::Header;

pub use read::Reader;

/// A larger plane does not fit into the memory of those who read it.
const LARGEST_PLANE: u64 = 4 << 30;

/// An open stack. May be read by many threads at once, each with a [`Reader`].
#[derive(Debug)]
pub struct Planes {
    listing: Listing,
    form: Form,
    voxel: Voxel,
    origin: Origin,
    piece: [u64; 3],
    notes: Vec<String>,
}

/// What all planes have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Form {
    height: u64,
    width: u64,
    dtype: Dtype,
}

impl Form {
    /// `None` beyond 64 bits.
    fn bytes(self) -> Option<u64> {
        self.height.checked_mul(self.width)?.checked_mul(self.dtype.size() as u64)
    }
}

impl std::fmt::Display for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{} of {}", self.width, self.height, self.dtype)
    }
}

impl Planes {
    /// Lists a folder and looks at its first and last plane.
    ///
    /// Planes are in the order of the numbers in their names. Files of other suffixes and hidden ones are no planes. A folder without
    /// planes, with both PNG and TIFF, with two planes of one number or with planes that are not grey is `BadInput`; an empty or
    /// damaged plane, and one that is unlike the first, is `Corrupt`.
    pub fn open(folder: &Utf8Path) -> Result<Self, Fault> {
        let mut listing = Listing::of(folder)?;
        let mut notes = std::mem::take(&mut listing.notes);
        if let Some(empty) = listing.planes.iter().find(|plane| plane.size == 0) {
            return Err(Fault::new(Class::Corrupt, format!("`{}` is empty", empty.path)));
        }
        let z = names::spacing(&listing.planes, &mut notes);
        let (form, mut voxel, mut origin, piece) = match listing.suffix {
            Suffix::Png => {
                let form = Header::read(&listing.planes[0].open()?)?.form;
                (form, Voxel::default(), Origin::default(), [1, form.height, form.width])
            }
            Suffix::Tiff => {
                let (tiff, form) = page(listing.planes[0].open()?)?;
                notes.extend(tiff.notes().iter().cloned());
                (form, tiff.voxel(), tiff.origin(), crate::image::Volume::piece(&tiff))
            }
        };
        voxel.z = z.or(voxel.z);
        // The first plane knows nothing of the stack.
        origin[0] = None;
        let planes = Self { listing, form, voxel, origin, piece, notes };
        let last = &planes.listing.planes[planes.listing.planes.len() - 1];
        match planes.listing.suffix {
            Suffix::Png => drop(planes.header(last)?),
            Suffix::Tiff => drop(planes.tiff(last)?),
        }
        Ok(planes)
    }

    /// An open file, and its header, when it is like the first.
    fn header(&self, plane: &Listed) -> Result<(SteadyFile, Header), Fault> {
        let file = plane.open()?;
        let header = Header::read(&file)?;
        self.alike(plane, header.form)?;
        Ok((file, header))
    }

    /// An open file, when it is like the first.
    fn tiff(&self, plane: &Listed) -> Result<Tiff, Fault> {
        let (tiff, form) = page(plane.open()?)?;
        self.alike(plane, form)?;
        Ok(tiff)
    }

    fn alike(&self, plane: &Listed, form: Form) -> Result<(), Fault> {
        if form == self.form {
            return Ok(());
        }
        let (path, first) = (&plane.path, &self.listing.planes[0]);
        let what = format!("`{path}` is {form}, but `{}` is {}", first.name(), self.form);
        Err(Fault::new(Class::Corrupt, what))
    }

    /// Bytes of a plane: below [`LARGEST_PLANE`], as was checked when the first was opened.
    fn plane_bytes(&self) -> usize {
        self.form.bytes().unwrap_or_default() as usize
    }
}

/// A TIFF of one plane.
fn page(file: SteadyFile) -> Result<(Tiff, Form), Fault> {
    let path = file.path().to_owned();
    let tiff = Tiff::open(file)?;
    let [times, channels, depth, height, width] = tiff.shape();
    if (times, channels, depth) != (1, 1, 1) {
        let count = times.saturating_mul(channels).saturating_mul(depth);
        let what = format!("`{path}` holds {count} planes, as a file of a stack it must hold one");
        return Err(Fault::new(Class::BadInput, what));
    }
    let form = Form { height, width, dtype: tiff.dtype() };
    if form.bytes().is_none_or(|bytes| bytes > LARGEST_PLANE) {
        return Err(too_large(&path, form));
    }
    Ok((tiff, form))
}

fn too_large(path: &Utf8Path, form: Form) -> Fault {
    Fault::new(Class::BadInput, format!("`{path}` is {form}, which is more than the 4 GiB a plane may have"))
}

#[cfg(test)]
mod tests;
