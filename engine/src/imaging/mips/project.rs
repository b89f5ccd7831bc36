//! One pass over a volume.

use std::sync::{Mutex, PoisonError, mpsc};

use adt_codec::{Projections, downscale::Plane};
use adt_model::{Class, Fault};
use bytemuck::cast_slice;
use rayon::prelude::*;

use super::{
    super::{
        boxes::Span,
        read::{ImageSource, Source},
        sample::Sample,
        tile::Tile,
        verify::boxes,
    },
    Axes, Seen,
    shown::preview,
};
use crate::Ctx;

/// Bytes of a box; and of one that is as large as what the source stores in one piece.
const BOX: u64 = 32 << 20;
const PIECES: u64 = 1 << 30;

/// Each has images of its own, so there are not as many as threads at any price.
const WORKERS: usize = 8;

/// The projections of one timepoint and channel. Must be called inside the runtime, on a thread that may wait.
pub(super) fn seen<T: Sample + Into<f64>>(
    tile: &Tile,
    at: [u64; 2],
    axes: &[Axes],
    ctx: &Ctx,
) -> Result<Vec<Seen>, Fault> {
    let projections = all::<T>(tile, at, ctx)?;
    let one = |axes: &Axes| {
        let (items, shape) = projections.along(*axes as usize);
        Ok(Seen { shape, items: cast_slice(items).to_vec(), preview: preview(items, shape)? })
    };
    axes.iter().map(one).collect()
}

/// A thread reads ahead, one box at most.
fn all<T: Sample>(tile: &Tile, at: [u64; 2], ctx: &Ctx) -> Result<Projections<T>, Fault> {
    let [_, _, z, y, x] = tile.about.shape;
    let shape = [z, y, x];
    let piece = tile.volume.piece();
    let chunk = std::array::from_fn(|axis| piece[axis].min(shape[axis]));
    let side =
        boxes::side(shape, [1, chunk[1], chunk[2]], chunk, tile.volume.dtype().size() as u64, [BOX, PIECES]);
    let workers = ctx.pool.current_num_threads().min(WORKERS);
    let empty = || Mutex::new(Projections::<T>::new(shape.map(|extent| extent as usize)));
    let parts: Vec<Mutex<Projections<T>>> = (0..workers).map(|_| empty()).collect();
    std::thread::scope(|scope| {
        let (filled, arriving) = mpsc::sync_channel(0);
        let reading = scope.spawn(move || -> Result<(), Fault> {
            let mut source = Source::Image(ImageSource::new(tile, at, &ctx.pool));
            for span in boxes::all(shape, side) {
                ctx.stop.check()?;
                let mut voxels: Vec<T> = Vec::new();
                source.read(span, &mut voxels)?;
                if filled.send((span, voxels)).is_err() {
                    break;
                }
            }
            Ok(())
        });
        for (span, voxels) in &arriving {
            let one = |(worker, part): (usize, &Mutex<Projections<T>>)| {
                add(
                    &mut part.lock().unwrap_or_else(PoisonError::into_inner),
                    span,
                    &voxels,
                    [worker, workers],
                )
            };
            ctx.pool.install(|| parts.par_iter().enumerate().try_for_each(one))?;
        }
        reading.join().map_err(|_| Fault::new(Class::Bug, "reading ended in a panic"))?
    })?;
    let mut whole = parts.into_iter().map(|part| part.into_inner().unwrap_or_else(PoisonError::into_inner));
    let mut first =
        whole.next().ok_or_else(|| Fault::new(Class::Bug, "there is a thread for projections"))?;
    whole.for_each(|part| first.merge(&part));
    Ok(first)
}

/// A worker's planes of a box.
fn add<T: Sample>(
    part: &mut Projections<T>,
    span: Span,
    voxels: &[T],
    [worker, workers]: [usize; 2],
) -> Result<(), Fault> {
    let [_, rows, columns] = span.shape.map(|extent| extent as usize);
    let [z, y, x] = span.start.map(|start| start as usize);
    let planes = voxels.chunks_exact(rows * columns).enumerate().skip(worker).step_by(workers);
    for (number, plane) in planes {
        let plane = Plane::new(plane, [rows, columns])
            .map_err(|error| Fault::new(Class::Bug, "a plane is of its shape").because(error))?;
        part.add([z + number, y, x], plane);
    }
    Ok(())
}
