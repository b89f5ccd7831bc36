//! One item: its boxes are read one after the other, and each yields its chunks and its part of the next level at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, mpsc},
};

use adt_codec::{
    Crc64Digest, Intensities,
    downscale::{self, Downscale, Plane, PlaneMut},
};
use adt_formats::image::Dtype;
use adt_model::{Class, Edge, Fault, ImagingConfig, Key, Pulse, Rounding};
use adt_plan::imaging::{Extent, Item, Stage};
use adt_store::Place;
use bytemuck::cast_slice;
use bytes::Bytes;
use rayon::prelude::*;

use super::{
    array::{Array, compressor},
    boxes::{Boxes, Parent, Span},
    marker::{Made, Wrote},
    read::{ImageSource, Source},
    sample::{Sample, by_dtype},
    shards::Shards,
    stored::Stored,
    tile::Tile,
};
use crate::{beat::Beat, pack::Packer};

/// Of larger images every fourth voxel along z and y is counted for the percentiles.
const COUNTED_WHOLE: u64 = 1 << 24;
const COUNTED: u64 = 4;

/// Of larger boxes there is one at a time.
const LARGE: u64 = 256 << 20;

/// An item of one timepoint and channel, and everything it takes to make it.
pub(super) struct Task {
    pub tile: Arc<Tile>,
    pub config: Arc<ImagingConfig>,
    pub stage: Stage,
    pub item: Item,
    /// Timepoint and channel.
    pub at: [u64; 2],
    /// Sides of its boxes.
    pub side: Extent,
    /// Where the levels of earlier stages are.
    pub place: Place,
    pub pool: Arc<rayon::ThreadPool>,
    pub beat: Beat,
}

/// Takes the objects of an item as they are made. Blocks while the destination is slow.
pub(super) type Emit<'a> = &'a mut dyn FnMut(Key, Bytes) -> Result<(), Fault>;

impl Task {
    /// Makes all objects of the item. Must be called inside the runtime, on a thread that may wait.
    pub(super) fn make(&self, emit: Emit<'_>) -> Result<Made, Fault> {
        by_dtype!(self.tile.dtype, T => Work::<T>::new(self).perform(emit), else Err(Fault::new(
            Class::Bug,
            format!("nobody writes voxels of {}", self.tile.dtype)
        )))
    }

    fn box_bytes(&self) -> u64 {
        let side = (0..3).map(|axis| self.side[axis].min(self.item.shape[axis]));
        side.product::<u64>() * self.tile.dtype.size() as u64
    }

    /// Boxes that are large because the source is stored in large pieces are not read ahead.
    fn is_large(&self) -> bool {
        self.box_bytes() > LARGE
    }

    /// Bytes that it holds at once, about: a box of each level, two more that are being read, and what leaves.
    pub(super) fn memory(&self) -> u64 {
        let bytes = self.box_bytes();
        let shards = (self.stage.first..=self.stage.last)
            .filter(|_| self.tile.arrays[0].sharded().is_some())
            .map(|level| self.tile.arrays[level].object.iter().product::<u64>() / 2);
        bytes * (4 + (self.stage.last - self.stage.source) as u64)
            + shards.sum::<u64>() * self.tile.dtype.size() as u64
    }

    /// Bytes of its part of the source.
    pub(super) fn bytes(&self) -> u64 {
        self.item.shape.iter().product::<u64>() * self.tile.volume.dtype().size() as u64
    }

    fn source(&self) -> Source<'_> {
        if self.stage.first == 0 {
            Source::Image(ImageSource::new(&self.tile, self.at, &self.pool))
        } else {
            let stored = Stored::new(self.place.clone(), Arc::clone(&self.tile), self.stage.source, self.at);
            Source::Level(Box::new(stored))
        }
    }
}

/// Memory for the next box: what is given back, else fresh; `wait`: there is to be one box only. `None` when the work has ended.
fn reading_again<T>(empty: &mpsc::Receiver<Vec<T>>, wait: bool) -> Option<Vec<T>> {
    if wait { empty.recv().ok() } else { Some(empty.try_recv().unwrap_or_default()) }
}

/// A box that is not complete yet.
struct Open<T> {
    voxels: Vec<T>,
    left: u64,
}

/// What a thread needs to make a chunk.
struct Bench<T> {
    chunk: Vec<T>,
    packer: Packer,
    seen: Intensities<T>,
}

struct Work<'a, T> {
    task: &'a Task,
    boxes: Boxes,
    open: HashMap<(usize, Extent), Open<T>>,
    spare: Vec<Vec<T>>,
    benches: Mutex<Vec<Bench<T>>>,
    shards: Shards,
    wrote: Vec<Wrote>,
}

impl<'a, T: Sample> Work<'a, T> {
    fn new(task: &'a Task) -> Self {
        let Task { tile, config, stage, item, side, .. } = task;
        Self {
            boxes: Boxes::new(&tile.partition, stage, item, *side, config.edge),
            task,
            open: HashMap::new(),
            spare: Vec::new(),
            benches: Mutex::default(),
            shards: Shards::default(),
            wrote: vec![Wrote::default(); stage.last + 1 - stage.first],
        }
    }

    /// A thread reads ahead, one box at most.
    fn perform(mut self, emit: Emit<'_>) -> Result<Made, Fault> {
        let task = self.task;
        let leaves: Vec<(Extent, Span)> =
            self.boxes.leaves().into_iter().map(|at| (at, self.boxes.span(0, at))).collect();
        let runtime = tokio::runtime::Handle::current();
        let done = std::thread::scope(|scope| {
            let (filled, arriving) = mpsc::sync_channel(0);
            let (back, empty) = mpsc::channel::<Vec<T>>();
            let alone = task.is_large();
            let reading = scope.spawn(move || {
                let _inside = runtime.enter();
                let mut source = task.source();
                let mut first = true;
                for (at, span) in leaves {
                    let Some(mut voxels) = reading_again(&empty, alone && !first) else { break };
                    first = false;
                    let read = source.read(span, &mut voxels);
                    let failed = read.is_err();
                    if filled.send(read.map(|()| (at, voxels))).is_err() || failed {
                        break;
                    }
                }
            });
            let mut done = Ok(());
            for arrived in &arriving {
                done = arrived.and_then(|(at, voxels)| self.take(at, voxels, &back, emit));
                if done.is_err() {
                    break;
                }
            }
            // Both, or the thread that reads would wait for ever.
            drop((arriving, back));
            let joined = reading.join();
            done.and_then(|()| joined.map_err(|_| Fault::new(Class::Bug, "reading ended in a panic")))
        });
        done?;
        self.ended()
    }

    fn take(
        &mut self,
        at: Extent,
        voxels: Vec<T>,
        back: &mpsc::Sender<Vec<T>>,
        emit: Emit<'_>,
    ) -> Result<(), Fault> {
        if self.task.stage.first == 0 {
            self.task.beat.beat((voxels.len() * self.task.tile.volume.dtype().size()) as u64)?;
            self.task.beat.samples(voxels.len() as u64);
        } else {
            self.task.beat.beat(0)?;
        }
        let voxels = self.push(0, at, voxels, emit)?;
        // Nobody waits for it once everything is read.
        let _ = back.send(voxels);
        Ok(())
    }

    /// A box is complete: its chunks leave, and its part of the next level is made. Returns its memory.
    fn push(&mut self, level: usize, at: Extent, voxels: Vec<T>, emit: Emit<'_>) -> Result<Vec<T>, Fault> {
        let span = self.boxes.span(level, at);
        if self.task.stage.source + level >= self.task.stage.first {
            self.chunks(self.task.stage.source + level, span, &voxels, emit)?;
        }
        let Some(parent) = self.boxes.parent(level, at) else { return Ok(voxels) };
        let key = (level + 1, parent.at);
        let mut open = match self.open.remove(&key) {
            Some(open) => open,
            None => self.begin(level + 1, parent.at),
        };
        self.reduce(level, span, &voxels, &parent, &mut open.voxels)?;
        open.left -= 1;
        if open.left > 0 {
            self.open.insert(key, open);
        } else {
            let done = self.push(level + 1, parent.at, open.voxels, emit)?;
            self.spare.push(done);
        }
        Ok(voxels)
    }

    fn begin(&mut self, level: usize, at: Extent) -> Open<T> {
        let mut voxels = self.spare.pop().unwrap_or_default();
        let length = self.boxes.span(level, at).shape.iter().product::<u64>() as usize;
        voxels.resize(length, T::zeroed());
        Open { voxels, left: self.boxes.children(level, at) }
    }

    /// A box's part of the next level.
    fn reduce(
        &self,
        level: usize,
        span: Span,
        voxels: &[T],
        parent: &Parent,
        into: &mut [T],
    ) -> Result<(), Fault> {
        let tile = &self.task.tile;
        let number = self.task.stage.source + level + 1;
        let step = tile.partition.levels()[number].step.map(|step| step as usize);
        let downscale = downscale(step, &self.task.config)?;
        let [depth, rows, columns] = span.shape.map(|extent| extent as usize);
        let to = self.boxes.span(level + 1, parent.at).shape.map(|extent| extent as usize);
        let [first, down, right] = parent.offset.map(|extent| extent as usize);
        let [layers, height, width] = parent.shape.map(|extent| extent as usize);
        let plane = to[1] * to[2];
        let part = &mut into[first * plane..(first + layers) * plane];
        self.task
            .pool
            .install(|| {
                part.par_chunks_mut(plane).enumerate().try_for_each(|(layer, to_plane)| {
                    let from = layer * step[0]..((layer + 1) * step[0]).min(depth);
                    let planes: Vec<_> = from
                        .map(|z| {
                            Plane::new(&voxels[z * rows * columns..(z + 1) * rows * columns], [rows, columns])
                        })
                        .collect::<Result<_, _>>()?;
                    let room =
                        PlaneMut::strided(&mut to_plane[down * to[2] + right..], [height, width], to[2])?;
                    downscale.window(&planes, room)
                })
            })
            .map_err(|error| Fault::new(Class::Bug, "a block cannot be reduced").because(error))
    }

    /// All chunks of a box, each compressed and proven on a thread of its own.
    fn chunks(&mut self, level: usize, span: Span, voxels: &[T], emit: Emit<'_>) -> Result<(), Fault> {
        let array = &self.task.tile.arrays[level];
        let first: Extent = std::array::from_fn(|axis| span.start[axis] / array.chunk[axis]);
        let count: Extent = std::array::from_fn(|axis| span.shape[axis].div_ceil(array.chunk[axis]));
        let all = (0..count.iter().product::<u64>()).into_par_iter().map(|number| {
            let [_, rows, columns] = count;
            let within = [number / columns / rows, number / columns % rows, number % columns];
            let at: Extent = std::array::from_fn(|axis| first[axis] + within[axis]);
            self.chunk(level, array, at, span, voxels).map(|packed| (at, packed))
        });
        let made: Vec<(Extent, Vec<u8>)> = self.task.pool.install(|| all.collect::<Result<_, Fault>>())?;
        for (at, packed) in made {
            self.leave(level, at, packed, emit)?;
        }
        Ok(())
    }

    fn leave(&mut self, level: usize, at: Extent, packed: Vec<u8>, emit: Emit<'_>) -> Result<(), Fault> {
        let task = self.task;
        let array = &task.tile.arrays[level];
        let done = match array.sharded() {
            None => Some((array.key(task.at, at), Bytes::from(packed))),
            Some(meta) => self.shards.add(level, array, meta, task.at, at, packed),
        };
        let Some((key, bytes)) = done else { return Ok(()) };
        let wrote = &mut self.wrote[level - task.stage.first];
        wrote.objects += 1;
        wrote.bytes += bytes.len() as u64;
        emit(key, bytes)
    }

    /// A chunk, compressed. What comes back when it is decompressed has the checksum that its voxels had where they were read.
    fn chunk(
        &self,
        level: usize,
        array: &Array,
        at: Extent,
        span: Span,
        voxels: &[T],
    ) -> Result<Vec<u8>, Fault> {
        let mut bench = match self.idle().pop() {
            Some(bench) => bench,
            None => Bench {
                chunk: Vec::new(),
                packer: Packer::new(Some(&compressor(&self.task.config)), size_of::<T>() as u8)?,
                seen: Intensities::new(),
            },
        };
        let done = self.chunk_at(&mut bench, level, array, at, span, voxels);
        self.idle().push(bench);
        done
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Bench<T>>> {
        self.benches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn chunk_at(
        &self,
        bench: &mut Bench<T>,
        level: usize,
        array: &Array,
        at: Extent,
        span: Span,
        voxels: &[T],
    ) -> Result<Vec<u8>, Fault> {
        let [_, height, width] = array.chunk.map(|extent| extent as usize);
        let begin: [usize; 3] =
            std::array::from_fn(|axis| (at[axis] * array.chunk[axis] - span.start[axis]) as usize);
        let shape: [usize; 3] = std::array::from_fn(|axis| {
            (array.chunk[axis] as usize).min(span.shape[axis] as usize - begin[axis])
        });
        let [_, rows, columns] = span.shape.map(|extent| extent as usize);
        let voxel_count = array.chunk_voxels();
        if shape.iter().product::<usize>() < voxel_count {
            bench.chunk.clear();
        }
        bench.chunk.resize(voxel_count, T::zeroed());
        let within = |z: usize, y: usize| (z * height + y) * width;
        let mut sum = Crc64Digest::new();
        let step = if self.task.tile.about.shape[2..].iter().product::<u64>() <= COUNTED_WHOLE {
            1
        } else {
            COUNTED
        };
        for z in 0..shape[0] {
            for y in 0..shape[1] {
                let from = ((begin[0] + z) * rows + begin[1] + y) * columns + begin[2];
                let row = &voxels[from..from + shape[2]];
                sum.update(cast_slice(row));
                if level == 0
                    && (span.start[0] + (begin[0] + z) as u64).is_multiple_of(step)
                    && (span.start[1] + (begin[1] + y) as u64).is_multiple_of(step)
                {
                    bench.seen.count(row);
                }
                bench.chunk[within(z, y)..][..shape[2]].copy_from_slice(row);
            }
        }
        let mut packed = Vec::with_capacity(voxel_count * size_of::<T>() / 2);
        let back = bench.packer.coded(cast_slice(&bench.chunk), &mut packed)?;
        let mut proof = Crc64Digest::new();
        let item = size_of::<T>();
        for z in 0..shape[0] {
            for y in 0..shape[1] {
                proof.update(&back[within(z, y) * item..][..shape[2] * item]);
            }
        }
        if sum.finish() != proof.finish() {
            return Err(crate::pack::unproven("its codec"));
        }
        packed.shrink_to_fit();
        Ok(packed)
    }

    fn ended(self) -> Result<Made, Fault> {
        if !self.open.is_empty() || !self.shards.is_empty() {
            return Err(Fault::new(Class::Bug, "an item ended with levels that are not complete"));
        }
        let mut seen = Intensities::<T>::new();
        for bench in self.benches.into_inner().unwrap_or_else(PoisonError::into_inner) {
            seen.merge(&bench.seen);
        }
        let first = self.task.stage.first;
        let levels = self.wrote.into_iter().enumerate();
        Ok(Made {
            levels: levels.map(|(level, wrote)| (first + level, wrote)).collect(),
            brightness: seen.kinds().collect(),
        })
    }
}

fn downscale(step: [usize; 3], config: &ImagingConfig) -> Result<Downscale, Fault> {
    let edge = match config.edge {
        Edge::Crop => downscale::Edge::Crop,
        Edge::Partial => downscale::Edge::Partial,
    };
    let rounding = match config.rounding {
        Rounding::Floor => downscale::Rounding::Down,
        Rounding::NearestEven => downscale::Rounding::NearestEven,
    };
    Downscale::new(step, edge, rounding)
        .map_err(|error| Fault::new(Class::BadInput, "images cannot be made smaller so").because(error))
}
