//! Voxels of a stage's source level: of the image, or of a level that stands at the destination.

use std::sync::Arc;

use adt_codec::background::{Background, Lit, subtract};
use adt_formats::image::{ReadVoxels, Region};
use adt_model::{Class, Fault};
use bytemuck::cast_slice_mut;
use rayon::prelude::*;

use super::{boxes::Span, sample::Sample, stored::Stored, tile::Tile};

/// Reads boxes of one timepoint and channel.
pub(super) enum Source<'a> {
    Image(ImageSource<'a>),
    Level(Box<Stored>),
}

/// Reads an image.
pub(super) struct ImageSource<'a> {
    tile: &'a Tile,
    at: [u64; 2],
    reader: Box<dyn ReadVoxels + 'a>,
    pool: Arc<rayon::ThreadPool>,
    /// Voxels before the background is subtracted.
    raw: Vec<u8>,
}

impl<'a> ImageSource<'a> {
    pub(super) fn new(tile: &'a Tile, at: [u64; 2], pool: &Arc<rayon::ThreadPool>) -> Self {
        Self { tile, at, reader: tile.volume.reader(), pool: Arc::clone(pool), raw: Vec::new() }
    }

    fn read<T: Sample>(&mut self, span: Span, out: &mut [T]) -> Result<(), Fault> {
        let Some(background) = &self.tile.background else {
            return self.bytes(span, cast_slice_mut(out));
        };
        let mut raw = std::mem::take(&mut self.raw);
        raw.resize(out.len() * self.tile.volume.dtype().size(), 0);
        let done = self.bytes(span, &mut raw).and_then(|()| {
            let out: &mut [u16] = bytemuck::try_cast_slice_mut(out).map_err(|_| unlit())?;
            match self.tile.volume.dtype().size() {
                1 => lighten::<u8>(&raw, span, background, out),
                _ => lighten::<u16>(
                    bytemuck::try_cast_slice(&raw).map_err(|_| unlit())?,
                    span,
                    background,
                    out,
                ),
            }
            Ok(())
        });
        self.raw = raw;
        done
    }

    /// The bytes of a box. Images in compressed pieces are read by all threads.
    fn bytes(&mut self, span: Span, out: &mut [u8]) -> Result<(), Fault> {
        let piece = self.tile.volume.piece();
        if piece[1] == 1 {
            return planes(self.tile, self.at, self.reader.as_mut(), span, out);
        }
        let plane = (span.shape[1] * span.shape[2]) as usize * self.tile.volume.dtype().size();
        let share = span.shape[0].div_ceil(self.pool.current_num_threads() as u64);
        let slab = share.next_multiple_of(piece[0].max(1));
        let (tile, at) = (self.tile, self.at);
        self.pool.install(|| {
            out.par_chunks_mut(slab as usize * plane).enumerate().try_for_each(|(number, out)| {
                let first = number as u64 * slab;
                let depth = (span.shape[0] - first).min(slab);
                let [z, y, x] = span.start;
                let [_, rows, columns] = span.shape;
                let part = Span { start: [z + first, y, x], shape: [depth, rows, columns] };
                planes(tile, at, tile.volume.reader().as_mut(), part, out)
            })
        })
    }
}

/// The planes of a box, one by one where other channels lie between them.
fn planes(
    tile: &Tile,
    [t, c]: [u64; 2],
    reader: &mut dyn ReadVoxels,
    span: Span,
    out: &mut [u8],
) -> Result<(), Fault> {
    let range = |axis: usize| span.start[axis]..span.start[axis] + span.shape[axis];
    let region = |z| Region { t, c, z, y: range(1), x: range(2) };
    let Some([first, step]) = tile.interleaved else { return reader.read(&region(range(0)), out) };
    let plane = (span.shape[1] * span.shape[2]) as usize * tile.volume.dtype().size();
    for (z, out) in range(0).zip(out.chunks_exact_mut(plane)) {
        let z = first + z * step;
        reader.read(&region(z..z + 1), out)?;
    }
    Ok(())
}

fn lighten<T: Lit>(raw: &[T], span: Span, background: &Background, out: &mut [u16]) {
    let [_, rows, columns] = span.shape.map(|extent| extent as usize);
    let (first, from) = (span.start[1] as usize, span.start[2] as usize);
    for (number, (raw, out)) in raw.chunks_exact(columns).zip(out.chunks_exact_mut(columns)).enumerate() {
        let dark = &background.row(first + number % rows)[from..from + columns];
        subtract(raw, dark, out);
    }
}

fn unlit() -> Fault {
    Fault::new(Class::Bug, "a background is subtracted from voxels of another kind")
}

impl Source<'_> {
    /// The voxels of a box, x fastest.
    pub(super) fn read<T: Sample>(&mut self, span: Span, out: &mut Vec<T>) -> Result<(), Fault> {
        out.resize(span.shape.iter().product::<u64>() as usize, T::zeroed());
        match self {
            Self::Image(image) => image.read(span, out),
            Self::Level(stored) => stored.read(span, cast_slice_mut(out)),
        }
    }
}
