//! Times and sample numbers: a value for each frame, thin beside the traces.

use adt_codec::crc64;
use adt_formats::{
    ephys::{Segment, TimeFile},
    ephys_store::{FrameArray, FrameChunk, SampleNumbers},
    npy::Npy,
};
use adt_model::Fault;

use crate::pack::Packer;

/// Values that are looked at once.
const BLOCK: u64 = 1 << 16;

/// How the acquisition counted the frames of a segment: nearly always one after the other, which needs no array.
pub(super) fn numbering(segment: &Segment) -> Result<SampleNumbers, Fault> {
    let Some(first) = segment.first_sample else { return Ok(SampleNumbers::Unknown) };
    let Some(file) = segment.sample_numbers.as_ref().filter(|file| file.items == segment.frames) else {
        return Ok(SampleNumbers::From(first));
    };
    let npy = file.open()?;
    let mut values = vec![0; BLOCK.min(file.items) as usize];
    for start in (0..file.items).step_by(BLOCK as usize) {
        let some = &mut values[..BLOCK.min(file.items - start) as usize];
        npy.integers(start, some)?;
        let expected = (start.cast_signed()..).map(|n| first.wrapping_add(n));
        if some.iter().zip(expected).any(|(value, expected)| *value != expected) {
            return Ok(SampleNumbers::Vector);
        }
    }
    npy.finish()?;
    Ok(SampleNumbers::From(first))
}

/// What the values of an array are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Seconds, float64.
    Times,
    /// Counts, int64.
    Numbers,
}

/// An array of a segment that comes from a `.npy` file.
pub(super) struct Thin {
    pub kind: Kind,
    pub array: FrameArray,
    npy: Npy,
    packer: Packer,
}

impl Thin {
    pub(super) fn open(kind: Kind, array: &FrameArray, file: &TimeFile) -> Result<Self, Fault> {
        let packer = Packer::new(array.meta().compressor(), 8)?;
        Ok(Self { kind, array: array.clone(), npy: file.open()?, packer })
    }

    /// The object of a chunk, and the CRC-64 of its values.
    pub(super) fn chunk(&mut self, chunk: &FrameChunk) -> Result<(Vec<u8>, u64), Fault> {
        let count = (chunk.frames.end - chunk.frames.start) as usize;
        let bytes: Vec<u8> = match self.kind {
            Kind::Times => {
                let mut values = vec![0.0; count];
                self.npy.floats(chunk.frames.start, &mut values)?;
                values.into_iter().flat_map(f64::to_le_bytes).collect()
            }
            Kind::Numbers => {
                let mut values = vec![0; count];
                self.npy.integers(chunk.frames.start, &mut values)?;
                values.into_iter().flat_map(i64::to_le_bytes).collect()
            }
        };
        let sum = crc64(&bytes);
        let (mut whole, mut packed) = (Vec::new(), Vec::new());
        let padded = self.array.meta().pad(&chunk.region, &bytes, &mut whole);
        padded.map_err(|error| error.of(chunk.key.as_str()))?;
        self.packer.bytes(&whole, &mut packed)?;
        Ok((packed, sum))
    }

    /// Call after the last chunk: whether the file has stayed as it was.
    pub(super) fn finish(&self) -> Result<(), Fault> {
        self.npy.finish()
    }
}
