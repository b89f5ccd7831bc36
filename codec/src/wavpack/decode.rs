use super::{
    Error,
    block::Block,
    header::{Flags, Header, UNKNOWN},
    lanes::{FEW_PAIRS, STRETCH, Unpacker},
    scalar::{self, Channels},
};

/// Samples of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Channels of a frame.
    pub channels: usize,
    /// Interleaved: the first sample of every channel, then the second of every one.
    pub samples: Vec<i16>,
}

impl Decoded {
    /// Samples of each channel.
    pub fn frames(&self) -> usize {
        self.samples.len() / self.channels
    }
}

/// Reads a WavPack stream of 16-bit samples, if it holds no more than `most` samples.
///
/// Silence packs so well that a few bytes may rightly become many millions of samples, so the caller says what is plausible;
/// no more than that is ever allocated.
pub fn decode(stream: &[u8], most: usize) -> Result<Decoded, Error> {
    let layout = Layout::read(stream)?;
    if layout.frames.saturating_mul(layout.channels) > most {
        return Err(layout.unexpected());
    }
    let mut samples = vec![0; layout.frames * layout.channels];
    layout.decode(stream, &mut samples)?;
    Ok(Decoded { channels: layout.channels, samples })
}

/// Reads a WavPack stream that holds exactly `samples.len()` samples, in any number of channels. Returns that number.
///
/// After an error, what `samples` holds means nothing.
pub fn decode_into(stream: &[u8], samples: &mut [i16]) -> Result<usize, Error> {
    let layout = Layout::read(stream)?;
    if layout.frames.saturating_mul(layout.channels) != samples.len() {
        return Err(layout.unexpected());
    }
    layout.decode(stream, samples)?;
    Ok(layout.channels)
}

/// A block's place in the stream, and in the samples.
#[derive(Debug, Clone, Copy)]
struct Place {
    header: Header,
    /// Bytes before it.
    at: usize,
    /// Blocks before it, those without samples included.
    number: usize,
    /// Frames before it.
    frame: usize,
    /// Its first channel.
    channel: usize,
}

/// What the heads of all blocks say together.
#[derive(Debug)]
struct Layout {
    channels: usize,
    frames: usize,
    places: Vec<Place>,
}

impl Layout {
    /// Reads the heads: the blocks of the first time, from one marked first to one marked last, then as many for each later time.
    fn read(stream: &[u8]) -> Result<Self, Error> {
        let mut layout = Self { channels: 0, frames: 0, places: Vec::new() };
        let (mut at, mut number, mut channel) = (0, 0, 0);
        let mut total = None;
        while at < stream.len() {
            let header = Header::read(&stream[at..], number)?;
            if header.frames > 0 {
                total.get_or_insert(header.total);
                layout.place(Place { header, at, number, frame: layout.frames, channel })?;
                channel += header.flags.channels();
                if header.flags.has(Flags::LAST) {
                    layout.end_time(channel, header.frames, number)?;
                    channel = 0;
                }
            }
            at += header.size;
            number += 1;
        }
        let whole = total.is_some_and(|total| total == UNKNOWN || total as usize == layout.frames);
        if channel == 0 && whole { Ok(layout) } else { Err(Error::Truncated { block: number }) }
    }

    /// A block that must go on where the one before ended.
    fn place(&mut self, place: Place) -> Result<(), Error> {
        let Place { header, number, channel, .. } = place;
        let begins = header.flags.has(Flags::FIRST) == (channel == 0);
        let same_time =
            channel == 0 || self.places.last().is_some_and(|last| last.header.frames == header.frames);
        if !begins || !same_time || header.index as usize != self.frames {
            return Err(Error::Malformed { block: number, what: "place in the stream" });
        }
        self.places.push(place);
        Ok(())
    }

    fn end_time(&mut self, channels: usize, frames: u32, number: usize) -> Result<(), Error> {
        if self.frames > 0 && channels != self.channels {
            return Err(Error::Malformed { block: number, what: "number of channels" });
        }
        self.channels = channels;
        self.frames += frames as usize;
        Ok(())
    }

    fn unexpected(&self) -> Error {
        Error::Unexpected { frames: self.frames as u64, channels: self.channels }
    }

    fn decode(&self, stream: &[u8], samples: &mut [i16]) -> Result<(), Error> {
        for places in self.places.chunk_by(|one, other| one.frame == other.frame) {
            let read = |place: &Place| Block::read(&place.header, &stream[place.at..], place.number);
            let blocks = places.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            self.decode_time(&blocks, places, samples)?;
        }
        Ok(())
    }

    /// The blocks of one time: side by side where they are alike, then alone what could not be, or did not come out right.
    fn decode_time(&self, blocks: &[Block<'_>], places: &[Place], samples: &mut [i16]) -> Result<(), Error> {
        let Place { header, frame, .. } = places[0];
        let frames = header.frames as usize;
        let mut done = vec![false; blocks.len()];
        let mut unpackers = side_by_side(blocks, places);
        let rows = &mut samples[frame * self.channels..][..frames * self.channels];
        for rows in rows.chunks_mut(STRETCH * self.channels) {
            for (_, unpacker) in &mut unpackers {
                unpacker.next(rows, self.channels);
            }
        }
        for (start, unpacker) in &unpackers {
            for (done, verdict) in done[*start..].iter_mut().zip(unpacker.verdicts()) {
                *done = verdict;
            }
        }
        for ((block, place), done) in blocks.iter().zip(places).zip(done) {
            if !done {
                self.put(&scalar::unpack(block, frames, place.number)?, place, samples);
            }
        }
        Ok(())
    }

    fn put(&self, channels: &Channels, place: &Place, samples: &mut [i16]) {
        let rows = samples[place.frame * self.channels..].chunks_exact_mut(self.channels);
        for (at, (row, &left)) in rows.zip(&channels.left).enumerate() {
            row[place.channel] = left as i16;
            if let Some(right) = &channels.right {
                row[place.channel + 1] = right[at] as i16;
            }
        }
    }
}

/// Unpackers for as many blocks as go together, each with the number of its first one.
fn side_by_side<'a>(blocks: &[Block<'a>], places: &[Place]) -> Vec<(usize, Unpacker<'a>)> {
    let mut unpackers = Vec::new();
    let mut start = 0;
    while start < blocks.len() {
        let count = Unpacker::takes(&blocks[start..]);
        if count >= FEW_PAIRS {
            let unpacker = Unpacker::new(&blocks[start..start + count], places[start].channel);
            unpackers.push((start, unpacker));
        }
        start += count.max(1);
    }
    unpackers
}
