use super::{
    Error, Level,
    block::Position,
    header::UNKNOWN,
    lanes::{self, FEW_PAIRS, LANES},
    scalar::{self, Channels},
};

/// Channels that a stream can have.
const MOST_CHANNELS: usize = 4096;

/// Frames of a block at most; more are halved until they fit, as libwavpack does.
const LONGEST_BLOCK: usize = 120_000;

/// Appends to `out` a WavPack stream of interleaved samples: the first sample of every channel, then the second of every one.
///
/// Any samples can be packed: noise too (the stream is then a little larger than they are), and a single frame. More than 4096
/// channels do not fit a stream; their samples are then packed as one channel, in the same order, which is what
/// `wavpack-numcodecs` does with them. Nothing is appended when there is an error.
pub fn encode(samples: &[i16], channels: usize, level: Level, out: &mut Vec<u8>) -> Result<(), Error> {
    if channels == 0 || samples.is_empty() || !samples.len().is_multiple_of(channels) {
        return Err(Error::Shape { samples: samples.len(), channels });
    }
    let channels = if channels > MOST_CHANNELS { 1 } else { channels };
    let frames = samples.len() / channels;
    let total = u32::try_from(frames).ok().filter(|&total| total < UNKNOWN).ok_or(Error::TooLong)?;
    let start = out.len();
    let mut index = 0;
    for part in samples.chunks(block_length(frames) * channels) {
        let frames = (part.len() / channels) as u32;
        let position = Position { level, channels, total, index, frames, channel: 0 };
        if let Err(error) = encode_part(part, position, out) {
            out.truncate(start);
            return Err(error);
        }
        index += frames;
    }
    Ok(())
}

fn block_length(frames: usize) -> usize {
    let mut length = frames;
    while length > LONGEST_BLOCK {
        length = length.div_ceil(2);
    }
    length
}

/// Appends the blocks of all channels for some time.
fn encode_part(samples: &[i16], start: Position, out: &mut Vec<u8>) -> Result<(), Error> {
    let Position { channels, level, .. } = start;
    let mut words = Vec::new();
    for first in (0..channels).step_by(2 * LANES) {
        let pairs = LANES.min((channels - first) / 2);
        let together =
            if pairs < FEW_PAIRS { Vec::new() } else { lanes::pack(samples, channels, first, pairs, level) };
        let mut together = together.into_iter();
        for channel in (first..channels.min(first + 2 * LANES)).step_by(2) {
            let alone = || scalar::pack(gather(samples, channels, channel), level);
            let packed = together.next().flatten().unwrap_or_else(alone);
            packed.block(&mut words).write(Position { channel, ..start }, out)?;
        }
    }
    Ok(())
}

/// A channel, and the next if there is one.
fn gather(samples: &[i16], channels: usize, channel: usize) -> Channels {
    let of = |channel: usize| samples.iter().skip(channel).step_by(channels).map(|&s| i32::from(s)).collect();
    Channels { left: of(channel), right: (channel + 1 < channels).then(|| of(channel + 1)) }
}
