//! Stacks of Imaris 5.5 (`.ims`), read in chunks by many threads at once.
//!
//! All timepoints and channels of the finest level; coarser levels are not looked at, for they are made anew. Chunks as they are,
//! or with any of HDF5's filters shuffle, Deflate and Fletcher32, and with LZ4 of the plugin 32004, which the rigs use. What the file
//! says of the size is followed, not the extent of its arrays: these are filled up with zeros to whole chunks.
//!
//! ```text
//! hdf5/     bytes → groups, attributes, datasets, chunks     facts   size, voxel, origin, names, from the attributes
//! find      which dataset is which timepoint and channel     read    regions of voxels
//! ```
//!
//! Source: "Imaris 5.5 file format" as Bitplane publishes it, and what `ImarisWriter` writes.

mod facts;
mod find;
mod hdf5;
mod read;
#[cfg(test)]
mod tests;
mod volume;

use std::sync::{Arc, Mutex, PoisonError};

use adt_model::Fault;

use crate::{
    SteadyFile,
    image::{Dtype, Origin, Voxel},
    ome::Colour,
};
use facts::Facts;
use hdf5::{Bad, Dataset, Layout, Slots, Source, damaged, unfit};

pub use read::Reader;

/// An open file. May be read by many threads at once, each with a [`Reader`].
#[derive(Debug)]
pub struct Imaris {
    source: Source,
    facts: Facts,
    /// Of each timepoint its channels.
    stacks: Vec<Stack>,
}

/// One timepoint and channel.
#[derive(Debug)]
struct Stack {
    data: Dataset,
    /// Where its chunks lie, from the first read on until it is forgotten.
    slots: Mutex<Option<Arc<Slots>>>,
}

impl Imaris {
    /// Reads what the file says of itself. Where chunks lie is read when they are first wanted, 16 bytes for each.
    ///
    /// A file that is damaged, ends too early or contradicts itself is `Corrupt`; one that is sound but cannot be read here (of another
    /// program, with unknown filters, timepoints of several sizes) is `BadInput`.
    pub fn open(file: SteadyFile) -> Result<Self, Fault> {
        Self::within(Source::open(file)?)
    }

    fn within(source: Source) -> Result<Self, Fault> {
        match Self::of(&source) {
            Ok((facts, stacks)) => Ok(Self { source, facts, stacks }),
            Err(bad) => Err(source.fault(bad)),
        }
    }

    fn of(source: &Source) -> Result<(Facts, Vec<Stack>), Bad> {
        let found = find::find(source)?;
        let mut stacks = Vec::new();
        for (address, name) in &found.stacks {
            let data = Dataset::read(source, *address).map_err(|bad| bad.within(&format!("`{name}`")))?;
            stacks.push(Stack { data, slots: Mutex::default() });
        }
        let Some(first) = stacks.first().map(|stack| &stack.data) else {
            return Err(unfit("it has no timepoint"));
        };
        let facts = Facts::of(&found, first)?;
        for (stack, (_, name)) in stacks.iter().zip(&found.stacks) {
            alike(first, &stack.data, &facts).map_err(|bad| bad.within(&format!("`{name}`")))?;
        }
        bounded(source, &stacks)?;
        Ok((facts, stacks))
    }

    /// Voxels along t, c, z, y and x, without those that fill the last chunks.
    pub fn shape(&self) -> [u64; 5] {
        self.facts.shape
    }

    /// What a voxel is.
    pub fn dtype(&self) -> Dtype {
        self.first().dtype
    }

    /// The size of a voxel: what the file says of the extent (`ExtMin`, `ExtMax`), divided by the number of voxels.
    pub fn voxel(&self) -> Voxel {
        self.facts.voxel
    }

    /// `ExtMin` as it is, which the original takes for the place of the first voxel. Strictly it is the place of this voxel's
    /// outer corner, half a voxel before its centre.
    pub fn origin(&self) -> Origin {
        self.facts.origin
    }

    /// The names of channels; empty where there is none.
    pub fn channels(&self) -> &[String] {
        &self.facts.channels
    }

    /// The colours of channels, as far as the file has them.
    pub fn colours(&self) -> &[Option<Colour>] {
        &self.facts.colours
    }

    /// What a person should know of how the file was understood, one fragment each.
    pub fn notes(&self) -> &[String] {
        &self.facts.notes
    }

    /// Something to read voxels with; one for each thread.
    pub fn reader(&self) -> Reader<'_> {
        Reader::new(self)
    }

    /// Call after the last read, see [`SteadyFile::finish`].
    pub fn finish(&self) -> Result<(), Fault> {
        self.source.file.finish()
    }

    fn first(&self) -> &Dataset {
        &self.stacks[0].data
    }

    /// Where the chunks of a stack lie. One thread reads that, others wait for it.
    fn slots(&self, stack: usize) -> Result<Arc<Slots>, Bad> {
        let Stack { data, slots } = &self.stacks[stack];
        let mut known = slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slots) = known.as_ref() {
            return Ok(Arc::clone(slots));
        }
        let Layout::Chunks { size, tree } = data.layout else { return Err(damaged("it has no chunks")) };
        let found = Slots::read(&self.source, tree, size, Slots::grid(data.extent, size))?;
        Ok(Arc::clone(known.insert(Arc::new(found))))
    }

    /// Forgets where chunks lie.
    fn forget(&self) {
        for stack in &self.stacks {
            *stack.slots.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

/// Sees to it that a stack is one with the first.
fn alike(first: &Dataset, data: &Dataset, facts: &Facts) -> Result<(), Bad> {
    if data.dtype != first.dtype {
        let (one, other) = (data.dtype, first.dtype);
        return Err(unfit(format!("its voxels are {one}, those of the first timepoint and channel {other}")));
    }
    let [.., z, y, x] = facts.shape;
    if data.extent.iter().zip([z, y, x]).any(|(held, wanted)| *held < wanted) {
        let [planes, rows, columns] = data.extent;
        return Err(damaged(format!(
            "there are {planes} × {rows} × {columns} voxels instead of {z} × {y} × {x}"
        )));
    }
    let bytes = data.extent.iter().try_fold(data.dtype.size() as u64, |all, axis| all.checked_mul(*axis));
    if bytes.and_then(|bytes| bytes.checked_mul(facts.shape[0] * facts.shape[1])).is_none() {
        return Err(damaged("there are more voxels than any file has"));
    }
    Ok(())
}

/// Sees to it that the tables of all chunks are smaller than the file, but for a megabyte.
fn bounded(source: &Source, stacks: &[Stack]) -> Result<(), Bad> {
    let mut all = 0_u64;
    for Stack { data, .. } in stacks {
        if let Layout::Chunks { size, .. } = data.layout {
            let chunks =
                Slots::grid(data.extent, size).iter().try_fold(1, |all: u64, axis| all.checked_mul(*axis));
            all = all.saturating_add(chunks.unwrap_or(u64::MAX));
        }
    }
    let size = source.file.size();
    if all.saturating_mul(size_of::<hdf5::Slot>() as u64) > size.saturating_add(1 << 20) {
        return Err(unfit(format!("it has places for {all} chunks, too many for its {size} bytes")));
    }
    Ok(())
}
