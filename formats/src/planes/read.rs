use std::ops::Range;

use adt_model::{Class, Fault};

use super::{Planes, listing::Suffix, png};
use crate::{
    image::{ReadVoxels, Region},
    tiff::Tiff,
};

/// Reads voxels. Cheap to make; keep one for each thread, for it keeps the last plane.
#[derive(Debug)]
pub struct Reader<'a> {
    planes: &'a Planes,
    /// The samples of the plane `held`; of planes that were wanted whole none are kept.
    samples: Vec<u8>,
    held: Option<u64>,
    tiff: Option<(u64, Tiff)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(planes: &'a Planes) -> Self {
        Self { planes, samples: Vec::new(), held: None, tiff: None }
    }

    fn png(&mut self, z: u64, region: &Region, out: &mut [u8]) -> Result<(), Fault> {
        let planes = self.planes;
        if self.held != Some(z) {
            let (file, header) = planes.header(&planes.listing.planes[z as usize])?;
            if out.len() == planes.plane_bytes() {
                return png::decode(&file, header, out);
            }
            self.held = None;
            self.samples.resize(planes.plane_bytes(), 0);
            png::decode(&file, header, &mut self.samples)?;
            self.held = Some(z);
        }
        let size = planes.form.dtype.size();
        let row = planes.form.width as usize * size;
        let columns = region.x.start as usize * size..region.x.end as usize * size;
        let rows = self.samples.chunks_exact(row).skip(region.y.start as usize);
        for (to, from) in out.chunks_exact_mut(columns.len()).zip(rows) {
            to.copy_from_slice(&from[columns.clone()]);
        }
        Ok(())
    }

    fn tiff(&mut self, z: u64, region: &Region, out: &mut [u8]) -> Result<(), Fault> {
        let planes = self.planes;
        let tiff = match self.tiff.take() {
            Some((held, tiff)) if held == z => tiff,
            _ => planes.tiff(&planes.listing.planes[z as usize])?,
        };
        let region = Region { z: 0..1, ..region.clone() };
        let result = tiff.reader().read(&region, out);
        self.tiff = Some((z, tiff));
        result
    }
}

impl ReadVoxels for Reader<'_> {
    /// A PNG is decoded whole for each region that takes a part of it, unless it is the plane that was read last.
    fn read(&mut self, region: &Region, out: &mut [u8]) -> Result<(), Fault> {
        let plane = self.planes.check(region, out.len())?;
        if out.is_empty() {
            return Ok(());
        }
        for (z, out) in region.z.clone().zip(out.chunks_exact_mut(plane)) {
            match self.planes.listing.suffix {
                Suffix::Png => self.png(z, region, out)?,
                Suffix::Tiff => self.tiff(z, region, out)?,
            }
        }
        Ok(())
    }
}

impl Planes {
    /// The bytes of the region in each plane, when it lies in the shape and is as long as it should be.
    fn check(&self, region: &Region, length: usize) -> Result<usize, Fault> {
        let shape = [self.listing.planes.len() as u64, self.form.height, self.form.width];
        let ranges = [&region.z, &region.y, &region.x];
        let inside = (region.t, region.c) == (0, 0)
            && ranges.iter().zip(shape).all(|(range, size)| range.start <= range.end && range.end <= size);
        let count = |range: &Range<u64>| u128::from(range.end.saturating_sub(range.start));
        let plane = count(&region.y) * count(&region.x) * self.form.dtype.size() as u128;
        if inside && plane.checked_mul(count(&region.z)) == Some(length as u128) {
            return Ok(plane as usize);
        }
        let first = &self.listing.planes[0].path;
        let what = format!(
            "the planes from `{first}` on have the shape {shape:?}: {region:?} is not in it, or not of {length} bytes"
        );
        Err(Fault::new(Class::Bug, what))
    }
}
