use std::ops::Range;

use adt_codec::{
    Crc64Digest, Sha256,
    lsb::{Histograms, Ragged, spikeinterface::Correction},
};
use adt_formats::{
    ephys::{Samples, Segment},
    ephys_store::{Columns, FrameArray, FrameChunk},
};
use adt_model::{Class, Fault, Pulse};

use serde::{Deserialize, Serialize};

use super::bench::raw;

/// Bytes that are read at once, at most. Small, since allocators keep for themselves what is freed before the long part of the work.
const BLOCK: u64 = 2 << 20;

/// Bytes that a first reading takes: two blocks, their samples, their traces, and a chunk of what is thin. The counts are beside.
pub(super) const MEMORY: u64 = 4 * BLOCK + (8 << 20);

/// Checksums of a segment's chunks, in their order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sums {
    /// CRC-64 of the frames of the source, for each chunk of traces.
    pub traces: Vec<u64>,
    /// Of the values, for each chunk of times.
    pub times: Vec<u64>,
    /// Of the values, for each chunk of sample numbers.
    pub numbers: Vec<u64>,
}

/// What the first reading of a segment's samples has found.
#[derive(Debug)]
pub(super) struct Measured {
    /// Of the whole file.
    pub sha256: String,
    /// What follows the last whole frame.
    pub tail: Vec<u8>,
    /// For each chunk of traces, the CRC-64 of its frames as they lie on disk.
    pub sums: Vec<u64>,
}

/// What is done with the values of the traces while they are read.
#[derive(Debug)]
pub(super) enum Count {
    /// Nothing.
    No,
    /// How often each value occurs.
    Values(Histograms),
    /// How many samples do not come back from this.
    Lost(Correction, u64),
}

/// A segment that is read the first time.
pub(super) struct Reading<'a> {
    pub segment: &'a Segment,
    pub columns: &'a Columns,
    pub traces: &'a FrameArray,
    pub sync: Option<&'a FrameArray>,
    pub pool: &'a rayon::ThreadPool,
    pub pulse: &'a dyn Pulse,
}

/// A chunk of SYNC columns: which, and its values.
pub(super) type SyncChunk<'a> = &'a mut dyn FnMut(&FrameChunk, Vec<i16>) -> Result<(), Fault>;

/// Buffers of the first reading: what is being read, what is being counted.
#[derive(Default)]
struct Buffers {
    next: Vec<u8>,
    frames: Vec<i16>,
    traces: Vec<i16>,
    sync: Vec<i16>,
    spare: Vec<i16>,
}

impl Reading<'_> {
    /// Reads the whole file once, in order. Half of each byte counts as worked on.
    pub(super) fn measure(&self, count: &mut Count, sync: SyncChunk<'_>) -> Result<Measured, Fault> {
        let samples = self.segment.open()?;
        let (mut sha, mut sums) = (Sha256::new(), Vec::new());
        let mut beside = Beside::new(self.sync, self.columns.sync.len());
        let mut buffers = Buffers::default();
        let mut now = Vec::new();
        let mut blocks = self.blocks().peekable();
        if let Some(first) = blocks.peek() {
            self.read(&samples, first, &mut now)?;
        }
        let mut digest = Crc64Digest::new();
        while let Some(block) = blocks.next() {
            let ahead = blocks.peek();
            let (read, counted) = self.pool.install(|| {
                rayon::join(
                    || ahead.map_or(Ok(()), |ahead| self.read(&samples, ahead, &mut buffers.next)),
                    || {
                        let (frames, traces) = (&mut buffers.frames, &mut buffers.traces);
                        let (mixed, spare) = (&mut buffers.sync, &mut buffers.spare);
                        let ((), counted) = rayon::join(
                            || {
                                sha.update(&now);
                                digest.update(&now);
                            },
                            || {
                                raw(&now, frames);
                                self.columns.split(frames, traces, mixed);
                                count.add(traces, spare)
                            },
                        );
                        counted
                    },
                )
            });
            counted
                .map_err(|e| Fault::new(Class::Bug, "a block of samples is no whole frames").because(e))?;
            beside.add(&buffers.sync, sync)?;
            self.pulse.beat(now.len() as u64 / 2)?;
            if block.ends_chunk {
                sums.push(std::mem::take(&mut digest).finish());
            }
            read?;
            std::mem::swap(&mut now, &mut buffers.next);
        }
        let tail = samples.tail()?;
        sha.update(&tail);
        self.pulse.beat(tail.len() as u64)?;
        samples.finish()?;
        Ok(Measured { sha256: sha.finish(), tail, sums })
    }

    fn read(&self, samples: &Samples, block: &Block, out: &mut Vec<u8>) -> Result<(), Fault> {
        let frames = block.frames.end - block.frames.start;
        out.resize((frames * self.segment.row()) as usize, 0);
        samples.read_bytes(block.frames.start, out)
    }

    /// The chunks of the traces, those that are long in several pieces.
    fn blocks(&self) -> impl Iterator<Item = Block> {
        let most = (BLOCK / self.segment.row()).max(1);
        self.traces.chunks().flat_map(move |FrameChunk { frames, .. }| {
            let end = frames.end;
            (frames.start..end).step_by(most as usize).map(move |start| {
                let stop = (start + most).min(end);
                Block { frames: start..stop, ends_chunk: stop == end }
            })
        })
    }
}

struct Block {
    frames: Range<u64>,
    ends_chunk: bool,
}

impl Count {
    fn add(&mut self, traces: &[i16], spare: &mut Vec<i16>) -> Result<(), Ragged> {
        match self {
            Self::No => Ok(()),
            Self::Values(histograms) => histograms.count(traces),
            Self::Lost(correction, lost) => {
                spare.resize(traces.len(), 0);
                *lost += correction.apply(traces, spare)?;
                Ok(())
            }
        }
    }
}

/// Gathers the SYNC columns until a chunk of them is full.
struct Beside<'a> {
    chunks: Box<dyn Iterator<Item = FrameChunk> + 'a>,
    now: Option<FrameChunk>,
    width: usize,
    values: Vec<i16>,
}

impl<'a> Beside<'a> {
    fn new(array: Option<&'a FrameArray>, width: usize) -> Self {
        let mut chunks: Box<dyn Iterator<Item = FrameChunk> + 'a> = match array {
            Some(array) => Box::new(array.chunks()),
            None => Box::new(std::iter::empty()),
        };
        let now = chunks.next();
        Self { chunks, now, width, values: Vec::new() }
    }

    fn add(&mut self, mut frames: &[i16], sync: SyncChunk<'_>) -> Result<(), Fault> {
        while let Some(chunk) = &self.now {
            let wanted = (chunk.frames.end - chunk.frames.start) as usize * self.width - self.values.len();
            let (some, rest) = frames.split_at(wanted.min(frames.len()));
            self.values.extend_from_slice(some);
            if some.len() < wanted {
                return Ok(());
            }
            sync(chunk, std::mem::take(&mut self.values))?;
            self.now = self.chunks.next();
            frames = rest;
        }
        Ok(())
    }
}
