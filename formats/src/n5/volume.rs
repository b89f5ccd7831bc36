//! N5 as one of the kinds that images lie in.

use adt_model::{Class, Fault};

use super::{N5, Reader, identity};
use crate::image::{Dtype, Origin, ReadVoxels, Region, Volume, Voxel};

impl Volume for N5 {
    fn kind(&self) -> &'static str {
        "N5"
    }

    fn shape(&self) -> [u64; 5] {
        self.attributes.shape
    }

    fn dtype(&self) -> Dtype {
        self.attributes.dtype
    }

    fn voxel(&self) -> Voxel {
        self.attributes.voxel
    }

    fn origin(&self) -> Origin {
        Origin::default()
    }

    fn piece(&self) -> [u64; 3] {
        let ([.., z, y, x], [.., planes, rows, columns]) = (self.attributes.shape, self.attributes.block);
        [planes.min(z), rows.min(y), columns.min(x)]
    }

    fn channels(&self) -> Vec<String> {
        vec![String::new(); self.attributes.shape[1] as usize]
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn reader(&self) -> Box<dyn ReadVoxels + '_> {
        Box::new(Reader::new(self))
    }

    fn finish(&self) -> Result<(), Fault> {
        let root = self.root.as_path();
        if identity(root, &self.folder)? == self.identity {
            return Ok(());
        }
        Err(Fault::new(Class::Corrupt, format!("the N5 dataset `{}` changed while it was read", self.folder))
            .help("wait until the rig has finished writing, then run again"))
    }
}

impl ReadVoxels for Reader<'_> {
    fn read(&mut self, region: &Region, out: &mut [u8]) -> Result<(), Fault> {
        self.read(region, out)
    }
}
