//! Files as Imaris writes them: those of h5py, and small ones of the same script that lie beside this text.

mod bad;
mod oracle;

use std::{fs, ops::Range};

use adt_formats::{
    SteadyFile,
    image::{Region, Volume},
    imaris::Imaris,
};
use adt_model::Fault;
use camino::{Utf8Path, Utf8PathBuf};

fn open(path: &Utf8Path) -> Result<Imaris, Fault> {
    let seen = fs::metadata(path).unwrap();
    Imaris::open(SteadyFile::open(path, seen.len(), seen.modified().unwrap().try_into().unwrap())?)
}

/// One of the small files.
fn small(name: &str) -> Utf8PathBuf {
    Utf8Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/imaris")).join(name).with_extension("ims")
}

/// Of a timepoint and channel the ranges along z, y and x.
fn region(t: u64, c: u64, [planes, rows, columns]: [Range<u64>; 3]) -> Region {
    Region { t, c, z: planes, y: rows, x: columns }
}

/// Everything, t slowest, then c.
fn all(volume: &dyn Volume) -> Result<Vec<u8>, Fault> {
    let [times, channels, size @ ..] = volume.shape();
    let mut reader = volume.reader();
    let mut out = Vec::new();
    for t in 0..times {
        for c in 0..channels {
            let region = region(t, c, size.map(|size| 0..size));
            let mut stack = vec![0x55; region.voxels() as usize * volume.dtype().size()];
            reader.read(&region, &mut stack)?;
            out.extend(stack);
        }
    }
    Ok(out)
}
