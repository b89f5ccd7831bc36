use adt_model::Fault;

use super::Volume;
use crate::{
    SteadyFile,
    imaris::Imaris,
    microscope::{Found, FoundKind},
    n5::N5,
    planes::Planes,
    tiff::Tiff,
};

/// Opens an image; only what describes it is read.
pub fn open(found: &Found) -> Result<Box<dyn Volume>, Fault> {
    let file = || SteadyFile::as_it_is(&found.path);
    Ok(match found.kind {
        FoundKind::Tiff => Box::new(Tiff::open(file()?)?),
        FoundKind::Imaris => Box::new(Imaris::open(file()?)?),
        FoundKind::Planes => Box::new(Planes::open(&found.path)?),
        FoundKind::N5 => Box::new(N5::open(&found.path)?),
    })
}
