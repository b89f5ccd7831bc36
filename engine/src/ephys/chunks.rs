//! The second reading: the chunks of the traces, each made on a thread of its own.

use std::{ops::Range, sync::Arc};

use adt_formats::{
    ephys::{Samples, Segment},
    ephys_store::{FrameArray, FrameChunk, Layout},
};
use adt_model::{Class, Fault, Key, Pulse};
use bytes::Bytes;
use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    bench::{Bench, Benches, crc64},
    lsb::Coding,
    stream::{FirstReading, StreamWork, Trouble},
};
use crate::delivery::{Made, off_the_reactor};
use crate::pack::Packer;

/// Makes and sends the chunks of the traces that the destination does not hold yet, and whose numbers, through all segments, are in
/// `wanted`.
pub(super) async fn send(
    work: &Arc<StreamWork>,
    layout: &Layout,
    first: &Arc<FirstReading>,
    made: Made,
    wanted: Range<u64>,
) -> Result<(), Trouble> {
    let ctx = work.out.ctx();
    let benches = Arc::new(Benches::default());
    // One more than threads, so that a chunk is read while others are compressed.
    let turns = Arc::new(Semaphore::new(ctx.pool.current_num_threads() + 1));
    // Where the destination is slow, finished chunks must not pile up beside the benches, which stay where they are.
    let leaving = Arc::new(Semaphore::new(2 * ctx.pool.current_num_threads() + 2));
    let mut flying = JoinSet::new();
    let mut before = 0;
    for (k, arrays) in layout.segments().iter().enumerate() {
        let first_of_segment = before;
        before += arrays.traces.chunks().count() as u64;
        if wanted.end <= first_of_segment || before <= wanted.start {
            continue;
        }
        let segment = &work.stream.segments[k];
        let samples = Arc::new(segment.open().map_err(Trouble::of)?);
        for (number, chunk) in arrays.traces.chunks().enumerate() {
            if !wanted.contains(&(first_of_segment + number as u64)) {
                continue;
            }
            let task = Task {
                work: Arc::clone(work),
                first: Arc::clone(first),
                samples: Arc::clone(&samples),
                segment: k,
                number,
                length: chunk_length(&arrays.traces),
                chunk,
            };
            if task.stands(made).map_err(Trouble::Job)? {
                continue;
            }
            let turn = Arc::clone(&turns).acquire_owned().await.expect("the turns are never closed");
            let mut permit = ctx.chunks.take(task.memory()).await;
            ctx.stop.check().map_err(Trouble::Job)?;
            let (benches, leaving) = (Arc::clone(&benches), Arc::clone(&leaving));
            flying.spawn(async move {
                let (work, key) = (Arc::clone(&task.work), task.chunk.key.clone());
                let bytes = off_the_reactor(move || task.make(&benches)).await.map_err(Trouble::of)?;
                let _leaving = leaving.acquire().await.expect("the turns are never closed");
                drop(turn);
                permit.shrink(bytes.len() as u64);
                work.send(&key, bytes, made).await.map_err(Trouble::Job)
            });
            while let Some(landed) = flying.try_join_next() {
                land(landed)?;
            }
        }
        while let Some(landed) = flying.join_next().await {
            land(landed)?;
        }
        samples.finish().map_err(Trouble::of)?;
    }
    Ok(())
}

fn land(landed: Result<Result<(), Trouble>, tokio::task::JoinError>) -> Result<(), Trouble> {
    landed.map_err(|e| Trouble::Job(Fault::new(Class::Bug, "making a chunk ended in a panic").because(e)))?
}

/// Samples of a whole chunk.
fn chunk_length(traces: &FrameArray) -> usize {
    traces.meta().chunk_bytes() / 2
}

/// One chunk of the traces.
struct Task {
    work: Arc<StreamWork>,
    first: Arc<FirstReading>,
    samples: Arc<Samples>,
    segment: usize,
    number: usize,
    /// Samples of the whole chunk, padded.
    length: usize,
    chunk: FrameChunk,
}

impl Task {
    fn segment(&self) -> &Segment {
        &self.work.stream.segments[self.segment]
    }

    fn frames(&self) -> u64 {
        self.chunk.frames.end - self.chunk.frames.start
    }

    /// Samples of the source, all columns counted.
    fn source_length(&self) -> usize {
        self.frames() as usize * self.segment().columns
    }

    fn memory(&self) -> u64 {
        Bench::bytes(self.source_length() as u64, self.length as u64)
    }

    /// Whether an earlier run made it; then it is counted.
    fn stands(&self, made: Made) -> Result<bool, Fault> {
        let key: Key = self.work.store.join(&self.chunk.key);
        let Some(size) = self.work.out.stands(&key, made)? else { return Ok(false) };
        self.work.count(size);
        self.work.out.keeps(&key, size, self.source_length() as u64);
        self.work.beat.samples(self.frames() * self.work.columns.traces.len() as u64);
        Ok(true)
    }

    fn make(&self, benches: &Benches) -> Result<Bytes, Fault> {
        let mut bench = match benches.take() {
            Some(bench) => bench,
            None => Bench::new(Packer::new(self.work.storage.traces.as_ref(), 2)?),
        };
        let made = self.make_at(&mut bench);
        benches.put(bench);
        made
    }

    fn make_at(&self, bench: &mut Bench) -> Result<Bytes, Fault> {
        let ctx = self.work.out.ctx();
        bench.one.resize(self.source_length(), 0);
        self.samples.read(self.chunk.frames.start, &mut bench.one)?;
        ctx.pool.install(|| self.compress(bench, &self.first.coding))?;
        // The other half of each byte; the first reading counted one.
        self.work.beat.beat(self.source_length() as u64)?;
        self.work.beat.samples(self.frames() * self.work.columns.traces.len() as u64);
        let mut buffer = ctx.chunks.buffer(bench.packed.len());
        buffer.fill()[..bench.packed.len()].copy_from_slice(&bench.packed);
        Ok(buffer.freeze(bench.packed.len()))
    }

    fn compress(&self, bench: &mut Bench, coding: &Coding) -> Result<(), Fault> {
        let Bench { one, other, sync, packed, packer } = bench;
        if Some(&crc64(one)) != self.first.sums[self.segment].traces.get(self.number) {
            let what = format!("`{}` changed while it was read", self.segment().dat.path);
            return Err(Fault::new(Class::Corrupt, what)
                .help("wait until the rig has finished writing, then run the same command again"));
        }
        self.work.columns.split(one, other, sync);
        coding.apply(other, one)?;
        other.resize(self.length, 0);
        packed.clear();
        packed.reserve(self.length);
        packer.samples(other, self.work.columns.traces.len(), one, packed)
    }
}
