use adt_model::{Class, Fault};

use super::Volume;
use crate::{
    SteadyFile,
    imaris::Imaris,
    microscope::{Found, FoundKind},
    n5::N5,
    tiff::Tiff,
};

/// Opens an image; only what describes it is read.
pub fn open(found: &Found) -> Result<Box<dyn Volume>, Fault> {
    let file = || SteadyFile::as_it_is(&found.path);
    Ok(match found.kind {
        FoundKind::Tiff => Box::new(Tiff::open(file()?)?),
        FoundKind::Imaris => Box::new(Imaris::open(file()?)?),
        FoundKind::N5 => Box::new(N5::open(&found.path)?),
        FoundKind::Planes => {
            return Err(Fault::new(Class::BadInput, format!("`{}` is not read yet", found.key)));
        }
    })
}
