//! Imaris as one of the files that images lie in.

use adt_model::Fault;

use super::{Imaris, Reader, hdf5::Layout};
use crate::image::{Dtype, Origin, ReadVoxels, Region, Volume, Voxel};

impl Volume for Imaris {
    fn kind(&self) -> &'static str {
        "Imaris"
    }

    fn shape(&self) -> [u64; 5] {
        self.shape()
    }

    fn dtype(&self) -> Dtype {
        self.dtype()
    }

    fn voxel(&self) -> Voxel {
        self.voxel()
    }

    fn origin(&self) -> Origin {
        self.origin()
    }

    fn piece(&self) -> [u64; 3] {
        let [.., z, y, x] = self.shape();
        match self.first().layout {
            Layout::Chunks { size: [planes, rows, columns], .. } => {
                [planes.min(z), rows.min(y), columns.min(x)]
            }
            Layout::Piece { .. } => [1, 1, x],
        }
    }

    fn channels(&self) -> Vec<String> {
        self.channels().to_vec()
    }

    fn notes(&self) -> Vec<String> {
        self.notes().to_vec()
    }

    fn identity(&self) -> String {
        self.source.file.stamp()
    }

    fn reader(&self) -> Box<dyn ReadVoxels + '_> {
        Box::new(self.reader())
    }

    fn forget(&self) {
        self.forget();
    }

    fn finish(&self) -> Result<(), Fault> {
        self.finish()
    }
}

impl ReadVoxels for Reader<'_> {
    fn read(&mut self, region: &Region, out: &mut [u8]) -> Result<(), Fault> {
        self.read(region, out)
    }
}
