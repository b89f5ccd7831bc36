//! Chunks against the voxels that they ought to hold, on all threads; and the other way, chunks to voxels.

use std::{
    cell::RefCell,
    cmp::Ordering,
    sync::{Mutex, PoisonError},
};

use adt_codec::downscale::Downscale;
use adt_model::{Class, Fault};
use adt_plan::imaging::Extent;
use bytemuck::{cast_slice, cast_slice_mut};
use rayon::prelude::*;

use super::{
    super::{boxes::Span, opened::Level, sample::Sample},
    First,
    ahead::Packed,
    boxes::Rows,
};

/// What was found of a level so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub voxels: u64,
    /// Bytes of chunks as stored.
    pub bytes: u64,
    /// Voxels that differ in chunks that are there.
    pub differ: u64,
    pub first: Option<First>,
    /// Chunks that are not there where voxels other than the fill value ought to be.
    pub missing: Chunks,
    /// Chunks that cannot be decoded.
    pub broken: Chunks,
    /// Voxels that could not be worked out, since the level before is broken.
    pub unknown: u64,
}

/// Some chunks, and the first of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunks {
    pub count: u64,
    /// Its name and what is wrong.
    pub first: Option<(Extent, String)>,
}

impl Chunks {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        let earlier = |(at, _): &(Extent, String)| self.first.as_ref().is_none_or(|(first, _)| at < first);
        if let Some(first) = other.first.filter(earlier) {
            self.first = Some(first);
        }
    }

    fn one(at: Extent, what: String) -> Self {
        Self { count: 1, first: Some((at, what)) }
    }
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.voxels += other.voxels;
        self.bytes += other.bytes;
        self.differ += other.differ;
        self.unknown += other.unknown;
        self.missing.add(other.missing);
        self.broken.add(other.broken);
        let place = |first: &First| (first.at, first.voxel);
        if let Some(first) = other.first
            && self.first.as_ref().is_none_or(|own| place(&first) < place(own))
        {
            self.first = Some(first);
        }
    }
}

thread_local! {
    /// A decoded chunk, used again for the next one.
    static CHUNK: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Where a level is looked at.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub level: &'a Level,
    /// Timepoint and channel.
    pub at: [u64; 2],
    pub pool: &'a rayon::ThreadPool,
}

impl Look<'_> {
    fn chunk(&self) -> Extent {
        let [_, _, z, y, x] = self.level.chunk();
        [z, y, x]
    }

    /// The decoded voxels of a chunk at this timepoint and channel, which a chunk may hold several of.
    fn with<T: Sample, R>(&self, stored: Option<&[u8]>, then: impl FnOnce(&[T]) -> R) -> Result<R, Fault> {
        CHUNK.with_borrow_mut(|chunk| {
            self.level.decode(stored, chunk)?;
            let [tc, cc, z, y, x] = self.level.chunk();
            let volume = (z * y * x) as usize * size_of::<T>();
            let number = (self.at[0] % tc * cc + self.at[1] % cc) as usize;
            let bytes = &chunk[number * volume..][..volume];
            if let Ok(voxels) = bytemuck::try_cast_slice(bytes) {
                return Ok(then(voxels));
            }
            // An allocation of bytes need not be aligned for larger voxels.
            let mut voxels = vec![T::zeroed(); bytes.len() / size_of::<T>()];
            cast_slice_mut(&mut voxels).copy_from_slice(bytes);
            Ok(then(&voxels))
        })
    }

    /// Holds chunks against the voxels of a box.
    pub(super) fn compare<T: Sample + Into<f64>>(
        &self,
        span: Span,
        expected: &[T],
        chunks: &[Packed],
    ) -> Tally {
        let one = |packed: &Packed| self.one(span, expected, packed);
        self.pool.install(|| {
            chunks.par_iter().map(one).reduce(Tally::default, |mut all, other| {
                all.add(other);
                all
            })
        })
    }

    fn one<T: Sample + Into<f64>>(&self, span: Span, expected: &[T], packed: &Packed) -> Tally {
        let rows = Rows::of(packed.at, self.chunk(), span);
        let voxels = rows.shape.iter().product();
        let broken = |fault: &Fault| Tally {
            broken: Chunks::one(packed.at, format!("`{}`: {}", packed.key, fault.line())),
            ..Tally::default()
        };
        let stored = match &packed.bytes {
            Ok(stored) => stored.as_deref(),
            Err(fault) => return broken(fault),
        };
        let bytes = stored.map_or(0, |stored| stored.len() as u64);
        match self.with(stored, |found: &[T]| differences(self.at, &rows, found, expected)) {
            Err(fault) => broken(&fault),
            Ok((0, _)) => Tally { voxels, bytes, ..Tally::default() },
            Ok(_) if stored.is_none() => Tally {
                voxels,
                missing: Chunks::one(packed.at, format!("`{}`", packed.key)),
                ..Tally::default()
            },
            Ok((differ, first)) => Tally { voxels, bytes, differ, first, ..Tally::default() },
        }
    }

    /// The voxels of a box; `None` where a chunk cannot be decoded.
    pub(super) fn voxels<T: Sample>(&self, span: Span, chunks: &[Packed]) -> Option<Vec<T>> {
        let into = Mutex::new(vec![T::zeroed(); span.shape.iter().product::<u64>() as usize]);
        let scatter = |packed: &Packed| {
            let stored = packed.bytes.as_ref().map_err(Fault::clone)?.as_deref();
            let rows = Rows::of(packed.at, self.chunk(), span);
            self.with(stored, |found: &[T]| {
                let mut into = into.lock().unwrap_or_else(PoisonError::into_inner);
                for (_, from, to) in rows.each() {
                    into[to..to + rows.length()].copy_from_slice(&found[from..from + rows.length()]);
                }
            })
        };
        let done = self.pool.install(|| chunks.par_iter().try_for_each(scatter));
        done.ok().map(|()| into.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How many voxels of a chunk differ, and the first of them.
fn differences<T: Sample + Into<f64>>(
    at: [u64; 2],
    rows: &Rows,
    found: &[T],
    expected: &[T],
) -> (u64, Option<First>) {
    let (mut count, mut first) = (0, None);
    for (voxel, from, to) in rows.each() {
        let (found, expected) = (&found[from..from + rows.length()], &expected[to..to + rows.length()]);
        if cast_slice::<T, u8>(found) == cast_slice::<T, u8>(expected) {
            continue;
        }
        for (x, (found, expected)) in found.iter().zip(expected).enumerate() {
            if bytemuck::bytes_of(found) == bytemuck::bytes_of(expected) {
                continue;
            }
            let (found, expected): (f64, f64) = ((*found).into(), (*expected).into());
            // A number that is none is as good as another one that is none, and one zero as the other.
            if found.partial_cmp(&expected) == Some(Ordering::Equal) || found.is_nan() && expected.is_nan() {
                continue;
            }
            count += 1;
            let voxel = [voxel[0], voxel[1], voxel[2] + x as u64];
            first.get_or_insert(First { at, voxel, expected, found });
        }
    }
    (count, first)
}

/// What a rule makes of a box.
pub(super) fn reduced<T: Sample>(
    rule: &Downscale,
    voxels: &[T],
    shape: Extent,
    to: Extent,
    pool: &rayon::ThreadPool,
) -> Result<Vec<T>, Fault> {
    let [depth, rows, columns] = shape.map(|extent| extent as usize);
    let mut out = vec![T::zeroed(); to.iter().product::<u64>() as usize];
    let plane = (to[1] * to[2]) as usize;
    let step = rule.factors()[0];
    let layer = |(number, out): (usize, &mut [T])| {
        let planes = number * step..((number + 1) * step).min(depth);
        let part = &voxels[planes.start * rows * columns..planes.end * rows * columns];
        rule.block(part, [planes.len(), rows, columns], out)
    };
    pool.install(|| out.par_chunks_mut(plane.max(1)).enumerate().try_for_each(layer))
        .map_err(|error| Fault::new(Class::Bug, "a block cannot be reduced").because(error))?;
    Ok(out)
}
