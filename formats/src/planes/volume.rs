use adt_model::Fault;

use super::{Planes, Reader, listing::Suffix};
use crate::image::{Dtype, Origin, ReadVoxels, Volume, Voxel};

impl Volume for Planes {
    fn kind(&self) -> &'static str {
        match self.listing.suffix {
            Suffix::Png => "PNG planes",
            Suffix::Tiff => "TIFF planes",
        }
    }

    fn shape(&self) -> [u64; 5] {
        [1, 1, self.listing.planes.len() as u64, self.form.height, self.form.width]
    }

    fn dtype(&self) -> Dtype {
        self.form.dtype
    }

    fn voxel(&self) -> Voxel {
        self.voxel
    }

    fn origin(&self) -> Origin {
        self.origin
    }

    fn piece(&self) -> [u64; 3] {
        self.piece
    }

    fn channels(&self) -> Vec<String> {
        vec![String::new()]
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn identity(&self) -> String {
        self.listing.identity()
    }

    fn reader(&self) -> Box<dyn ReadVoxels + '_> {
        Box::new(Reader::new(self))
    }

    fn finish(&self) -> Result<(), Fault> {
        self.listing.finish()
    }
}
