use std::ops::Range;

use adt_model::{Class, Fault};

use super::{
    N5,
    block::{self, Decoder},
};
use crate::image::Region;

/// Reads voxels. Cheap to make; keep one for each thread, for it keeps its buffers and the last block.
#[derive(Debug)]
pub struct Reader<'a> {
    n5: &'a N5,
    decoder: Decoder,
    /// Number and size of the block in the decoder, along t, c, z, y and x.
    held: Option<([u64; 5], [u64; 5])>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(n5: &'a N5) -> Self {
        Self { n5, decoder: Decoder::default(), held: None }
    }

    /// Fills `out` with the voxels of `region`, x fastest, then y, then z, little-endian.
    ///
    /// `out` must have exactly as many bytes, and the region must lie in the shape; else it is a `Bug`. What cannot be read is
    /// `Corrupt`, named by the file of its block. Each block that the region touches is read and decompressed once; ask for whole
    /// ones. Voxels without a block, and those that a block ends before, are 0.
    pub fn read(&mut self, region: &Region, out: &mut [u8]) -> Result<(), Fault> {
        check(self.n5, region, out.len())?;
        out.fill(0);
        if out.is_empty() {
            return Ok(());
        }
        let [times, channels, sides @ ..] = self.n5.attributes.block;
        let [planes, rows, columns] = touched(region, sides);
        for z in planes {
            for y in rows.clone() {
                for x in columns.clone() {
                    let number = [region.t / times, region.c / channels, z, y, x];
                    if let Some(size) = self.hold(number)? {
                        self.copy(region, number, size, out);
                    }
                }
            }
        }
        Ok(())
    }

    /// Sees to it that the decoder has a block. Its size, if there is one.
    fn hold(&mut self, number: [u64; 5]) -> Result<Option<[u64; 5]>, Fault> {
        if let Some((held, size)) = self.held
            && held == number
        {
            return Ok(Some(size));
        }
        self.held = None;
        let size = self.decoder.read(&self.n5.attributes, &block::path(self.n5, number))?;
        self.held = size.map(|size| (number, size));
        Ok(size)
    }

    /// Copies what is wanted of the block in the decoder.
    fn copy(&self, region: &Region, number: [u64; 5], size: [u64; 5], out: &mut [u8]) {
        let block = self.n5.attributes.block;
        let start: [u64; 5] = std::array::from_fn(|axis| number[axis] * block[axis]);
        let (t, c) = (region.t - start[0], region.c - start[1]);
        if t >= size[0] || c >= size[1] {
            return;
        }
        let within = |range: &Range<u64>, axis: usize| {
            range.start.max(start[axis])..range.end.min(start[axis] + size[axis])
        };
        let (planes, rows, columns) = (within(&region.z, 2), within(&region.y, 3), within(&region.x, 4));
        if columns.is_empty() {
            return;
        }
        let width = self.n5.attributes.dtype.size();
        let length = (columns.end - columns.start) as usize * width;
        let (high, wide) = (region.y.end - region.y.start, region.x.end - region.x.start);
        for z in planes {
            for y in rows.clone() {
                let from = ((t * size[1] + c) * size[2] + (z - start[2])) * size[3] + (y - start[3]);
                let from = (from * size[4] + (columns.start - start[4])) as usize * width;
                let to = ((z - region.z.start) * high + (y - region.y.start)) * wide;
                let to = (to + (columns.start - region.x.start)) as usize * width;
                out[to..to + length].copy_from_slice(&self.decoder.samples[from..from + length]);
            }
        }
    }
}

/// The blocks of a size that are touched, along each axis.
fn touched(region: &Region, sides: [u64; 3]) -> [Range<u64>; 3] {
    let axes = [&region.z, &region.y, &region.x];
    std::array::from_fn(|axis| axes[axis].start / sides[axis]..axes[axis].end.div_ceil(sides[axis]))
}

/// A region outside of the shape, or a buffer of another length, is the caller's mistake.
fn check(n5: &N5, region: &Region, length: usize) -> Result<(), Fault> {
    let [times, channels, size @ ..] = n5.attributes.shape;
    let inside = |(range, size): (&Range<u64>, u64)| range.start <= range.end && range.end <= size;
    let fits = region.t < times
        && region.c < channels
        && [&region.z, &region.y, &region.x].into_iter().zip(size).all(inside)
        && region.voxels() * n5.attributes.dtype.size() as u64 == length as u64;
    if fits {
        return Ok(());
    }
    Err(Fault::new(Class::Bug, format!("`{}` was asked for {region:?} in {length} bytes", n5.folder)))
}
