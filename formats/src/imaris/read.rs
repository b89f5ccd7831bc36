use std::ops::Range;

use adt_model::{Class, Fault};

use super::{
    Imaris,
    hdf5::{Bad, Dataset, Decoder, Layout, Slots, damaged},
};
use crate::image::Region;

/// Reads voxels. Cheap to make; keep one for each thread, for it keeps its buffers and the last chunk.
#[derive(Debug)]
pub struct Reader<'a> {
    imaris: &'a Imaris,
    decoder: Decoder,
    /// Stack and number of the chunk in the decoder.
    held: Option<(usize, u64)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(imaris: &'a Imaris) -> Self {
        Self { imaris, decoder: Decoder::default(), held: None }
    }

    /// Fills `out` with the voxels of `region`, x fastest, then y, then z, little-endian.
    ///
    /// `out` must have exactly as many bytes, and the region must lie in the shape; else it is a `Bug`. What cannot be read is
    /// `Corrupt`, named with its chunk. Each chunk that the region touches is read and decompressed once; ask for whole ones. Chunks
    /// that were never written have the value that the file says for them, usually 0.
    pub fn read(&mut self, region: &Region, out: &mut [u8]) -> Result<(), Fault> {
        let imaris = self.imaris;
        check(imaris, region, out.len())?;
        if out.is_empty() {
            return Ok(());
        }
        let stack = (region.t * imaris.shape()[1] + region.c) as usize;
        let data = &imaris.stacks[stack].data;
        let target = Target { region, width: data.dtype.size() };
        let result = match data.layout {
            Layout::Chunks { size, .. } => self.chunks(stack, data, size, &target, out),
            Layout::Piece { address, length } => piece(imaris, data, (address, length), &target, out),
        };
        let name = || format!("`TimePoint {}/Channel {}`", region.t, region.c);
        result.map_err(|bad| imaris.source.fault(bad.within(&name())))
    }

    fn chunks(
        &mut self,
        stack: usize,
        data: &Dataset,
        size: [u64; 3],
        target: &Target<'_>,
        out: &mut [u8],
    ) -> Result<(), Bad> {
        let slots = self.imaris.slots(stack)?;
        let [_, down, across] = Slots::grid(data.extent, size);
        let [planes, rows, columns] = target.region_in(size);
        for z in planes {
            for y in rows.clone() {
                for x in columns.clone() {
                    let number = (z * down + y) * across + x;
                    let start = [z * size[0], y * size[1], x * size[2]];
                    let held = self.hold(stack, data, size, &slots, number).map_err(|bad| {
                        bad.within(&format!("the chunk at z {}, y {}, x {}", start[0], start[1], start[2]))
                    })?;
                    let chunk = held.then_some(&self.decoder.chunk[..]);
                    target.copy(chunk, start, size, data.fill, out);
                }
            }
        }
        Ok(())
    }

    /// Sees to it that the decoder has a chunk. Whether there is one.
    fn hold(
        &mut self,
        stack: usize,
        data: &Dataset,
        size: [u64; 3],
        slots: &Slots,
        number: u64,
    ) -> Result<bool, Bad> {
        if self.held == Some((stack, number)) {
            return Ok(true);
        }
        let Some(slot) = slots.get(number) else { return Ok(false) };
        self.held = None;
        let length = size.iter().product::<u64>() as usize * data.dtype.size();
        self.decoder.read(&self.imaris.source, &data.filters, slot, length)?;
        self.held = Some((stack, number));
        Ok(true)
    }
}

/// What is wanted, and bytes of a voxel.
struct Target<'a> {
    region: &'a Region,
    width: usize,
}

impl Target<'_> {
    fn axes(&self) -> [Range<u64>; 3] {
        [self.region.z.clone(), self.region.y.clone(), self.region.x.clone()]
    }

    /// The chunks of a size that are touched, along each axis.
    fn region_in(&self, size: [u64; 3]) -> [Range<u64>; 3] {
        let mut axes = self.axes();
        for (axis, side) in axes.iter_mut().zip(size) {
            *axis = axis.start / side..axis.end.div_ceil(side);
        }
        axes
    }

    /// Where the row of a plane begins, from some column on.
    fn place(&self, z: u64, y: u64, x: u64) -> usize {
        let Region { z: planes, y: rows, x: columns, .. } = self.region;
        let (height, width) = (rows.end - rows.start, columns.end - columns.start);
        let voxel = ((z - planes.start) * height + (y - rows.start)) * width + (x - columns.start);
        voxel as usize * self.width
    }

    /// Copies what is wanted of a chunk, or the fill value where there is none.
    fn copy(&self, chunk: Option<&[u8]>, start: [u64; 3], size: [u64; 3], fill: [u8; 8], out: &mut [u8]) {
        let mut axes = self.axes();
        for ((axis, start), side) in axes.iter_mut().zip(start).zip(size) {
            *axis = axis.start.max(start)..axis.end.min(start + side);
        }
        let [planes, rows, columns] = axes;
        let length = (columns.end - columns.start) as usize * self.width;
        for z in planes {
            for y in rows.clone() {
                let to = self.place(z, y, columns.start);
                let to = &mut out[to..to + length];
                if let Some(chunk) = chunk {
                    let row =
                        ((z - start[0]) * size[1] + (y - start[1])) * size[2] + (columns.start - start[2]);
                    to.copy_from_slice(&chunk[row as usize * self.width..][..length]);
                } else {
                    filled(to, &fill[..self.width]);
                }
            }
        }
    }
}

fn filled(out: &mut [u8], fill: &[u8]) {
    if fill.iter().all(|byte| *byte == 0) {
        out.fill(0);
    } else {
        out.chunks_exact_mut(fill.len()).for_each(|voxel| voxel.copy_from_slice(fill));
    }
}

/// Voxels that lie in one piece: rows, or whole planes where these are wanted.
fn piece(
    imaris: &Imaris,
    data: &Dataset,
    (address, length): (u64, u64),
    target: &Target<'_>,
    out: &mut [u8],
) -> Result<(), Bad> {
    if address == u64::MAX {
        filled(out, &data.fill[..target.width]);
        return Ok(());
    }
    let [_, height, width] = data.extent;
    let wanted = data.extent.iter().product::<u64>() * target.width as u64;
    let place = imaris.source.place(address, wanted).filter(|_| length >= wanted);
    let place = place.ok_or_else(|| damaged(format!("there are no {wanted} bytes of voxels")))?;
    let Region { z: planes, y: rows, x: columns, .. } = target.region;
    let whole = *columns == (0..width);
    let step = if whole { rows.end - rows.start } else { 1 };
    let bytes = (step * (columns.end - columns.start)) as usize * target.width;
    for z in planes.clone() {
        for y in rows.clone().step_by(step as usize) {
            let to = target.place(z, y, columns.start);
            let from = ((z * height + y) * width + columns.start) * target.width as u64;
            imaris.source.file.read_at(place + from, &mut out[to..to + bytes])?;
        }
    }
    Ok(())
}

/// A region outside of the shape, or a buffer of another length, is the caller's mistake.
fn check(imaris: &Imaris, region: &Region, length: usize) -> Result<(), Fault> {
    let [times, channels, size @ ..] = imaris.shape();
    let inside = |(range, size): (&Range<u64>, u64)| range.start <= range.end && range.end <= size;
    let fits = region.t < times
        && region.c < channels
        && [&region.z, &region.y, &region.x].into_iter().zip(size).all(inside)
        && region.voxels() * imaris.dtype().size() as u64 == length as u64;
    if fits {
        return Ok(());
    }
    let path = imaris.source.file.path();
    Err(Fault::new(Class::Bug, format!("`{path}` was asked for {region:?} in {length} bytes")))
}
