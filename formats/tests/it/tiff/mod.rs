//! Files made here, in every layout that is read.

mod bad;
mod described;
mod fuzz;
mod large;
mod layouts;
mod oracle;
mod writer;

use std::{fs, ops::Range};

use adt_formats::{
    SteadyFile,
    tiff::{Region, Tiff},
};
use adt_model::Fault;
use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use writer::{Cut, Place, Style, Tag, Value, Writer};

pub(super) fn open(path: &Utf8Path) -> Result<Tiff, Fault> {
    let seen = fs::metadata(path).unwrap();
    Tiff::open(SteadyFile::open(path, seen.len(), seen.modified().unwrap().try_into().unwrap())?)
}

/// A folder with one file.
pub(super) struct Sample {
    _folder: TempDir,
    pub(super) path: Utf8PathBuf,
}

impl Sample {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::try_from(folder.path().join("tile.tif")).unwrap();
        fs::write(&path, bytes).unwrap();
        Self { _folder: folder, path }
    }

    pub(super) fn open(&self) -> Tiff {
        open(&self.path).unwrap()
    }
}

/// Of a timepoint and channel the ranges along z, y and x.
pub(super) fn region(t: u64, c: u64, [planes, rows, columns]: [Range<u64>; 3]) -> Region {
    Region { t, c, z: planes, y: rows, x: columns }
}

pub(super) fn read(tiff: &Tiff, region: &Region) -> Result<Vec<u8>, Fault> {
    let count = |range: &Range<u64>| (range.end - range.start) as usize;
    let length = count(&region.z) * count(&region.y) * count(&region.x) * tiff.dtype().size();
    let mut out = vec![0x55; length];
    tiff.reader().read(region, &mut out)?;
    Ok(out)
}

/// Everything, t slowest, then c.
pub(super) fn all(tiff: &Tiff) -> Result<Vec<u8>, Fault> {
    let [times, channels, size @ ..] = tiff.shape();
    let mut out = Vec::new();
    for t in 0..times {
        for c in 0..channels {
            out.extend(read(tiff, &region(t, c, size.map(|size| 0..size)))?);
        }
    }
    Ok(out)
}

/// Pages of bytes that differ everywhere and still have runs.
pub(super) fn pages(count: usize, bytes: usize) -> Vec<Vec<u8>> {
    let byte = |at: usize| ((at as u64 / 5).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 57) as u8;
    (0..count).map(|page| (0..bytes).map(|at| byte(at + page * bytes)).collect()).collect()
}
