//! One file of samples, made again from its chunks while it is sent.

use std::sync::{Arc, Mutex, PoisonError};

use adt_codec::{Crc64Digest, Sha256};
use adt_formats::ephys_store::{FrameArray, FrameChunk, Source};
use adt_model::{Class, Fault, Key, Pulse};
use bytes::Bytes;

use super::{
    ahead::{Ahead, Reader, Window},
    damage::Damage,
    store::{Store, tail},
};
use crate::{beat::Beat, bridge::Outlet, ephys::unpack::samples_into};

/// Values that are put together at once.
const STRIPE: usize = 1 << 16;

/// Chunks of SYNC columns ahead: they are thin.
const THIN: usize = 2;

/// Everything to make one file.
pub(super) struct Remake {
    store: Store,
    segment: usize,
    source: Source,
    tail: Vec<u8>,
    traces: Ahead<Vec<i16>>,
    sync: SyncRows,
    sums: Option<Vec<i64>>,
    spares: Spares,
    beat: Beat,
    damage: Damage,
}

impl Remake {
    /// Begins to fetch at once. A record that contradicts itself is refused.
    pub(super) fn begin(
        store: &Store,
        segment: usize,
        reader: &Reader,
        window: Window,
        beat: Beat,
    ) -> Result<Self, Fault> {
        let (arrays, source) = (&store.stored.segments()[segment], &store.sources()[segment]);
        let frames = arrays.traces.frames();
        let made = frames.checked_mul(2 * store.columns.count() as u64);
        let tail = tail(source);
        let sum = tail.as_ref().and_then(|tail| made?.checked_add(tail.len() as u64));
        let (Some(tail), true) = (tail, sum == Some(source.bytes)) else {
            let what = format!(
                "`{}`, segment {segment}: {frames} frames do not make the {} bytes of `{}`",
                store.name, source.bytes, source.path
            );
            return Err(Fault::new(Class::Corrupt, what));
        };
        let sums = store.sums("traces", segment, arrays.traces.meta().chunk_count())?;
        let spares = Spares::default();
        Ok(Self {
            sums: sums.map(<[i64]>::to_vec),
            traces: traces(store, &arrays.traces, reader, window, &spares),
            sync: SyncRows::begin(arrays.sync.as_ref(), reader),
            spares,
            store: store.clone(),
            segment,
            source: source.clone(),
            tail,
            beat,
            damage: Damage::default(),
        })
    }

    /// Writes the file. Succeeds only if all of it is what was recorded; else the fault names what is damaged.
    pub(super) fn write(mut self, out: &mut Outlet) -> Result<(), Fault> {
        let mut sha = Sha256::new();
        let mut number = 0;
        while let Some(read) = self.traces.next() {
            self.chunk(number, &read.chunk, read.made, &mut sha, out)?;
            number += 1;
        }
        std::mem::take(&mut self.damage).end(&self.store.name, self.segment)?;
        sha.update(&self.tail);
        out.write(&Bytes::from(std::mem::take(&mut self.tail)))?;
        if sha.finish() == self.source.sha256 {
            return Ok(());
        }
        let what = format!(
            "`{}`, segment {}: what its chunks hold is not `{}` as it was recorded (SHA-256), or the record of it is damaged",
            self.store.name, self.segment, self.source.path
        );
        Err(Fault::new(Class::Corrupt, what).help("take the store from another copy of the asset"))
    }

    /// The frames of one chunk of traces. After the first damage nothing is written any more, and the rest is only looked at.
    fn chunk(
        &mut self,
        number: usize,
        chunk: &FrameChunk,
        made: Result<Vec<i16>, Fault>,
        sha: &mut Sha256,
        out: &mut Outlet,
    ) -> Result<(), Fault> {
        let rows = (chunk.frames.end - chunk.frames.start) as usize;
        let samples = match made {
            Ok(samples) => samples,
            Err(fault) => {
                self.damage.add(&chunk.key, fault)?;
                self.sync.skip(rows, &mut self.damage)?;
                return Ok(());
            }
        };
        let width = self.store.columns.traces.len();
        let stripe = (STRIPE / self.store.columns.count()).max(1);
        let (mut beside, mut frames) = (Vec::new(), Vec::new());
        let mut digest = Crc64Digest::new();
        let mut sync_is_whole = true;
        for some in samples.chunks(stripe * width) {
            sync_is_whole &= self.sync.take(some.len() / width, &mut beside, &mut self.damage)?;
            self.store.columns.join(some, &beside, &mut frames);
            let bytes = little_endian(&frames);
            digest.update(&bytes);
            self.beat.beat(bytes.len() as u64)?;
            if self.damage.is_none() {
                sha.update(&bytes);
                out.write(&bytes)?;
            }
        }
        self.spares.put(samples);
        let sum = self.sums.as_ref().and_then(|sums| sums.get(number));
        if sync_is_whole && sum.is_some_and(|sum| sum.cast_unsigned() != digest.finish()) {
            self.damage.add(&chunk.key, self.sync.doubt())?;
        }
        Ok(())
    }
}

fn little_endian(samples: &[i16]) -> Bytes {
    let mut bytes = vec![0; 2 * samples.len()];
    for (bytes, sample) in bytes.as_chunks_mut().0.iter_mut().zip(samples) {
        *bytes = sample.to_le_bytes();
    }
    bytes.into()
}

/// Decoded samples, chunk by chunk.
fn traces(
    store: &Store,
    array: &FrameArray,
    reader: &Reader,
    window: Window,
    spares: &Spares,
) -> Ahead<Vec<i16>> {
    let (meta, back, spares) = (array.meta().clone(), Arc::clone(&store.back), spares.clone());
    let items = meta.chunk_bytes() / 2;
    let width = array.columns() as usize;
    Ahead::start(reader.clone(), array.clone(), window, move |chunk, object| {
        let mut samples = spares.take();
        samples.resize(items, 0);
        samples_into(meta.compressor(), object, &mut samples)?;
        samples.truncate((chunk.frames.end - chunk.frames.start) as usize * width);
        back.restore(&mut samples)?;
        Ok(samples)
    })
}

/// Buffers of chunks, used again.
#[derive(Clone, Default)]
struct Spares(Arc<Mutex<Vec<Vec<i16>>>>);

impl Spares {
    fn take(&self) -> Vec<i16> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn put(&self, samples: Vec<i16>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(samples);
    }
}

/// The columns that are no channels, row by row.
struct SyncRows {
    chunks: Option<Ahead<Vec<i16>>>,
    width: usize,
    key: Option<Key>,
    held: Vec<i16>,
    at: usize,
    /// Whether what is held was read.
    whole: bool,
}

impl SyncRows {
    fn begin(array: Option<&FrameArray>, reader: &Reader) -> Self {
        let chunks = array.map(|array| {
            let (meta, width) = (array.meta().clone(), array.columns() as usize);
            let window = Window { chunks: THIN, account: None };
            Ahead::start(reader.clone(), array.clone(), window, move |chunk, object| {
                let mut values = vec![0; meta.chunk_bytes() / 2];
                samples_into(meta.compressor(), object, &mut values)?;
                values.truncate((chunk.frames.end - chunk.frames.start) as usize * width);
                Ok(values)
            })
        });
        let width = array.map_or(0, |array| array.columns() as usize);
        Self { chunks, width, key: None, held: Vec::new(), at: 0, whole: true }
    }

    /// The next rows into `values`; whether they are what the store holds, and not zeros for a chunk that cannot be read.
    fn take(&mut self, rows: usize, values: &mut Vec<i16>, damage: &mut Damage) -> Result<bool, Fault> {
        values.clear();
        let wanted = rows * self.width;
        let mut whole = true;
        while values.len() < wanted {
            if self.at == self.held.len() && !self.next(damage)? {
                values.resize(wanted, 0);
                return Ok(false);
            }
            let end = self.held.len().min(self.at + wanted - values.len());
            values.extend_from_slice(&self.held[self.at..end]);
            self.at = end;
            whole &= self.whole;
        }
        Ok(whole)
    }

    fn skip(&mut self, rows: usize, damage: &mut Damage) -> Result<(), Fault> {
        let mut values = Vec::new();
        for begin in (0..rows).step_by(STRIPE) {
            self.take(STRIPE.min(rows - begin), &mut values, damage)?;
        }
        Ok(())
    }

    /// Whether there is one more chunk, which is held then.
    fn next(&mut self, damage: &mut Damage) -> Result<bool, Fault> {
        let Some(read) = self.chunks.as_mut().and_then(Ahead::next) else { return Ok(false) };
        self.at = 0;
        self.whole = read.made.is_ok();
        self.held = match read.made {
            Ok(values) => values,
            Err(fault) => {
                damage.add(&read.chunk.key, fault)?;
                vec![0; (read.chunk.frames.end - read.chunk.frames.start) as usize * self.width]
            }
        };
        self.key = Some(read.chunk.key);
        Ok(true)
    }

    /// Why frames are not what they were.
    fn doubt(&self) -> Fault {
        let what = "its frames are not those that were recorded (CRC-64)";
        Fault::new(
            Class::Corrupt,
            match &self.key {
                Some(key) => format!("{what}; the damage may be in the SYNC columns (`{key}`) instead"),
                None => what.to_owned(),
            },
        )
    }
}
