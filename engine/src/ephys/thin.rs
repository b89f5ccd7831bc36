//! Times and sample numbers: a value for each frame, thin beside the traces.

use adt_codec::crc64;
use adt_formats::{
    ephys::TimeFile,
    ephys_store::{FrameArray, FrameChunk},
    npy::Npy,
};
use adt_model::Fault;

use crate::pack::Packer;

/// What the values of an array are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// Seconds, float64.
    Times,
    /// Seconds, float64: counts divided by this rate.
    Counted(f64),
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
            Kind::Counted(rate) => {
                let mut values = vec![0; count];
                self.npy.integers(chunk.frames.start, &mut values)?;
                values.into_iter().flat_map(|value| (value as f64 / rate).to_le_bytes()).collect()
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
