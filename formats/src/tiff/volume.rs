//! TIFF as one of the files that images lie in.

use adt_model::Fault;

use super::{Compression, Kind, Reader, Tiff};
use crate::image::{Dtype, Origin, ReadVoxels, Region, Volume, Voxel};

impl Volume for Tiff {
    fn kind(&self) -> &'static str {
        match (self.series.kind, self.source.big) {
            (Kind::ImageJ, _) => "ImageJ TIFF",
            (Kind::Ome, _) => "OME-TIFF",
            (Kind::Acquire, _) => "Acquire BigTIFF",
            (_, true) => "BigTIFF",
            (_, false) => "TIFF",
        }
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
        let (layout, [.., height, width]) = (self.layout(), self.shape());
        if layout.tiled {
            [1, layout.rows.min(height), layout.columns.min(width)]
        } else if layout.compression == Compression::None {
            [1, 1, width]
        } else {
            [1, layout.rows.min(height), width]
        }
    }

    fn channels(&self) -> Vec<String> {
        vec![String::new(); self.shape()[1] as usize]
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

    fn finish(&self) -> Result<(), Fault> {
        self.finish()
    }
}

impl ReadVoxels for Reader<'_> {
    fn read(&mut self, region: &Region, out: &mut [u8]) -> Result<(), Fault> {
        self.read(region, out)
    }
}
