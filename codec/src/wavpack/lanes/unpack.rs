use super::{
    super::{block::Block, header::Flags, redundancy::Redundancy, words::WordReader},
    Frame, LANES, Lanes,
    pass::{BACK, Bounds, LanePass},
};

/// Frames that go through one step after the other while they are in the nearest cache.
const STRETCH: usize = 64;

/// Whether two blocks of one time may be unpacked side by side.
pub(in super::super) fn alike(one: &Block<'_>, other: &Block<'_>) -> bool {
    let same = |flag| one.flags.has(flag) == other.flags.has(flag);
    let passes = || one.passes.iter().map(|pass| (pass.term, pass.delta));
    suits(one)
        && suits(other)
        && same(Flags::JOINT)
        && passes().eq(other.passes.iter().map(|pass| (pass.term, pass.delta)))
}

fn suits(block: &Block<'_>) -> bool {
    block.flags.packs_two() && block.flags.shift() == 0 && !block.words.is_empty()
}

/// Unpacks up to sixteen blocks that are [`alike`] into neighbouring channels from `first` on, of frames of so many channels.
///
/// Says for each block whether its samples are right; those of the others are anything.
pub(in super::super) fn unpack(
    blocks: &[Block<'_>],
    samples: &mut [i16],
    channels: usize,
    first: usize,
) -> Vec<bool> {
    let mut unpacker = Unpacker::new(blocks);
    let mut stretch = [[Lanes::ZERO; 2]; STRETCH];
    for part in samples.chunks_mut(STRETCH * channels) {
        let frames = &mut stretch[..part.len() / channels];
        unpacker.read(frames);
        unpacker.predict(frames);
        for (row, frame) in part.chunks_exact_mut(channels).zip(frames) {
            unpacker.restore(frame);
            put(frame, &mut row[first..first + 2 * blocks.len()]);
        }
    }
    unpacker.verdicts(blocks)
}

/// Sixteen blocks on their way.
struct Unpacker<'a> {
    /// None where a word was malformed.
    readers: Vec<Option<WordReader<'a>>>,
    passes: Vec<LanePass>,
    joint: bool,
    crc: Lanes,
    restorer: Restorer,
}

impl<'a> Unpacker<'a> {
    fn new(blocks: &[Block<'a>]) -> Self {
        let model = &blocks[0];
        let mut passes: Vec<_> =
            model.passes.iter().map(|pass| LanePass::new(pass.term, pass.delta)).collect();
        for (lane, block) in blocks.iter().enumerate() {
            for (pass, from) in passes.iter_mut().zip(&block.passes) {
                pass.set(lane, from);
            }
        }
        Self {
            readers: blocks.iter().map(|block| Some(WordReader::new(block.words, block.medians))).collect(),
            passes,
            joint: model.flags.has(Flags::JOINT),
            crc: Lanes([-1; LANES]),
            restorer: Restorer::new(blocks),
        }
    }

    /// The next residuals.
    fn read(&mut self, frames: &mut [Frame]) {
        for (lane, slot) in self.readers.iter_mut().enumerate() {
            let Some(reader) = slot else { continue };
            let whole =
                reader.pairs(frames.iter_mut().map(|[left, right]| (&mut left.0[lane], &mut right.0[lane])));
            if whole.is_none() || reader.overrun() {
                *slot = None;
            }
        }
    }

    /// Residuals to samples.
    fn predict(&mut self, frames: &mut [Frame]) {
        let mut bounds = Bounds::new();
        for pass in self.passes.iter_mut().rev() {
            pass.run::<BACK>(frames, &mut bounds);
        }
    }

    /// Makes the channels from their difference and mean, sums them up, and adds the bits that were left out.
    #[inline(always)]
    fn restore(&mut self, frame: &mut Frame) {
        let [left, right] = frame;
        if self.joint {
            for lane in 0..LANES {
                right.0[lane] = right.0[lane].wrapping_sub(left.0[lane] >> 1);
                left.0[lane] = left.0[lane].wrapping_add(right.0[lane]);
            }
        }
        for lane in 0..LANES {
            let sum = self.crc.0[lane].wrapping_mul(9);
            self.crc.0[lane] = sum.wrapping_add(left.0[lane].wrapping_mul(3)).wrapping_add(right.0[lane]);
        }
        if self.restorer.needed {
            self.restorer.restore(left);
            self.restorer.restore(right);
        }
    }

    fn verdicts(self, blocks: &[Block<'_>]) -> Vec<bool> {
        let right = |(lane, (reader, block)): (usize, (Option<_>, &Block<'_>))| {
            reader.is_some() && self.crc.0[lane].cast_unsigned() == block.crc
        };
        self.readers.into_iter().zip(blocks).enumerate().map(right).collect()
    }
}

/// [`Redundancy::restore`] for all pairs.
struct Restorer {
    needed: bool,
    shifts: Lanes,
    /// What is added before the shift and taken away after it.
    ones: Lanes,
    /// The bits of the value itself that are too.
    copies: Lanes,
}

impl Restorer {
    fn new(blocks: &[Block<'_>]) -> Self {
        let mut made = Self { needed: false, shifts: Lanes::ZERO, ones: Lanes::ZERO, copies: Lanes::ZERO };
        for (lane, block) in blocks.iter().enumerate() {
            let Redundancy { zeros, ones, copies } = block.redundancy;
            let shift = if zeros > 0 {
                zeros
            } else if ones > 0 {
                ones
            } else {
                copies
            };
            made.needed |= shift > 0;
            made.shifts.0[lane] = shift.cast_signed();
            made.ones.0[lane] = i32::from(zeros == 0 && ones > 0);
            made.copies.0[lane] = i32::from(zeros == 0 && ones == 0);
        }
        made
    }

    #[inline(always)]
    fn restore(&self, values: &mut Lanes) {
        for lane in 0..LANES {
            let value = values.0[lane];
            let added = self.ones.0[lane] | (value & self.copies.0[lane]);
            let shifted = value.wrapping_add(added).wrapping_shl(self.shifts.0[lane].cast_unsigned());
            values.0[lane] = shifted.wrapping_sub(added);
        }
    }
}

#[inline(always)]
fn put(frame: &Frame, row: &mut [i16]) {
    let mut all = [0; 2 * LANES];
    for lane in 0..LANES {
        all[2 * lane] = frame[0].0[lane] as i16;
        all[2 * lane + 1] = frame[1].0[lane] as i16;
    }
    match row.first_chunk_mut::<{ 2 * LANES }>() {
        Some(row) => *row = all,
        None => row.copy_from_slice(&all[..row.len()]),
    }
}
