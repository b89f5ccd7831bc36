use thiserror::Error;

use super::random::Pcg64;

/// Which chunks of a stream are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Starts {
    /// Frames of each chunk: as asked for, or less where a segment is shorter.
    pub chunk: u64,
    /// For each segment the first frames of its chunks, in the order drawn; repeats count.
    pub starts: Vec<Vec<u64>>,
}

/// Chunks cannot be drawn; the original raises an error here too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("segment {segment} has {frames} frames, from which no chunk of {chunk} can be drawn")]
pub struct NoSample {
    /// Which segment, from 0.
    pub segment: usize,
    /// Its length.
    pub frames: u64,
    /// The length of a chunk by then.
    pub chunk: u64,
}

/// Draws `chunks` chunks of `chunk` frames in each of the segments, which have `frames` frames.
///
/// A chunk longer than a segment becomes one frame shorter than that segment, for all segments; with a segment of one frame
/// all chunks are empty. One as long as a segment, and a segment of no frame, are errors. The original asks for 100 chunks of 10 000 frames with seed 0.
pub fn sample_starts(frames: &[u64], chunk: u64, chunks: usize, seed: u64) -> Result<Starts, NoSample> {
    let shorten = |chunk: u64, &frames: &u64| if chunk > frames { frames.saturating_sub(1) } else { chunk };
    let chunk = frames.iter().fold(chunk, shorten);
    let mut generator = Pcg64::new(seed);
    let mut starts = Vec::new();
    for (segment, &frames) in frames.iter().enumerate() {
        if frames <= chunk {
            return Err(NoSample { segment, frames, chunk });
        }
        starts.push((0..chunks).map(|_| generator.below(frames - chunk)).collect());
    }
    Ok(Starts { chunk, starts })
}
