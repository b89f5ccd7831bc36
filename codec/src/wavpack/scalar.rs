//! A block's channels one after the other: the plain form of everything, and what is used where there are too few pairs to run
//! side by side.

use super::{
    Error, Level,
    block::Block,
    header::Flags,
    medians::Medians,
    pass::{Direction, Pass, Reach},
    redundancy::{Common, Redundancy},
    words::{WordReader, WordWriter, learn},
};

/// Step of all weights.
pub(super) const DELTA: i32 = 2;

/// Frames that weights are found from, before the block is packed.
pub(super) const WEIGHTS_FROM: usize = 2048;

/// Passes that are tried when all of a level's are too many for a reader's 32 bits.
const CAREFUL: usize = 5;

/// Words between two looks at the room for them.
const STRIDE: usize = 1024;

/// A packed channel or two.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Packed {
    pub(super) flags: Flags,
    pub(super) crc: u32,
    pub(super) passes: Vec<Pass>,
    pub(super) medians: [Medians; 2],
    pub(super) redundancy: Redundancy,
    pub(super) words: Vec<u8>,
}

impl Packed {
    pub(super) fn block(self, words: &mut Vec<u8>) -> Block<'_> {
        let Self { flags, crc, passes, medians, redundancy, .. } = self;
        *words = self.words;
        Block { flags, crc, passes, medians, redundancy, words }
    }
}

/// A channel or two of a block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Channels {
    pub(super) left: Vec<i32>,
    pub(super) right: Option<Vec<i32>>,
}

impl Channels {
    fn each(&mut self) -> impl Iterator<Item = &mut i32> {
        self.left.iter_mut().chain(self.right.iter_mut().flatten())
    }

    /// Residuals or samples in the order of their words, with the channel of each.
    fn interleaved(&self) -> impl Iterator<Item = (usize, i32)> {
        let pair = move |at: usize| {
            [Some((0, self.left[at])), self.right.as_ref().map(|right| (1, right[at]))].into_iter().flatten()
        };
        (0..self.left.len()).flat_map(pair)
    }

    fn crc(&self) -> u32 {
        let of = |sum: u32, factor: u32, value: i32| sum.wrapping_mul(factor).wrapping_add(value as u32);
        match &self.right {
            Some(right) => {
                self.left.iter().zip(right).fold(u32::MAX, |sum, (&left, &right)| {
                    of(sum, 9, left.wrapping_mul(3).wrapping_add(right))
                })
            }
            None => self.left.iter().fold(u32::MAX, |sum, &value| of(sum, 3, value)),
        }
    }

    /// Replaces the channels by their difference and, about, their mean.
    fn join(&mut self) {
        for (left, right) in self.left.iter_mut().zip(self.right.iter_mut().flatten()) {
            *left -= *right;
            *right += *left >> 1;
        }
    }

    fn part(&mut self) {
        for (left, right) in self.left.iter_mut().zip(self.right.iter_mut().flatten()) {
            *right = right.wrapping_sub(*left >> 1);
            *left = left.wrapping_add(*right);
        }
    }

    fn run(&mut self, passes: &mut [Pass], direction: Direction) -> Reach {
        let mut reach = Reach::default();
        let mut run = |pass: &mut Pass| {
            pass.run(direction, &mut self.left, self.right.as_deref_mut(), &mut reach);
        };
        match direction {
            Direction::Forward => passes.iter_mut().for_each(&mut run),
            Direction::Back => passes.iter_mut().rev().for_each(&mut run),
        }
        reach
    }

    fn beginning(&self, frames: usize) -> Self {
        let cut = |channel: &[i32]| channel[..frames.min(channel.len())].to_vec();
        Self { left: cut(&self.left), right: self.right.as_deref().map(cut) }
    }
}

/// Packs a channel or two.
pub(super) fn pack(mut channels: Channels, level: Level) -> Packed {
    let common = Common::of(channels.each().map(|sample| *sample));
    let redundancy = common.redundancy();
    channels.each().for_each(|sample| *sample >>= redundancy.shift());
    let crc = channels.crc();
    let stereo = channels.right.is_some();
    let joint = stereo && !common.silent();
    let flags = Flags::WRITTEN
        .with(Flags::MONO, !stereo)
        .with(Flags::CROSS, stereo)
        .with(Flags::JOINT, joint)
        .with(Flags::REDUNDANT, redundancy.shift() > 0);
    if joint {
        channels.join();
    }
    let (passes, residuals) =
        if common.silent() { (Vec::new(), channels) } else { predict(&channels, level) };
    let mut medians = [learn(&residuals.left), residuals.right.as_deref().map(learn).unwrap_or_default()];
    Block::round(&mut [], &mut medians);
    Packed { flags, crc, passes, medians, redundancy, words: write_words(&residuals, medians) }
}

/// The passes that fit the samples, with their first weights, and what they leave.
fn predict(samples: &Channels, level: Level) -> (Vec<Pass>, Channels) {
    let terms = level.terms().iter().filter(|&&term| term > 0 || samples.right.is_some());
    let mut passes: Vec<_> = terms.map(|&term| Pass::new(term, DELTA)).collect();
    loop {
        samples.beginning(WEIGHTS_FROM).run(&mut passes, Direction::Forward);
        passes.iter_mut().for_each(Pass::forget);
        Block::round(&mut passes, &mut Default::default());
        let mut residuals = samples.clone();
        if residuals.run(&mut passes.clone(), Direction::Forward).safe() || passes.is_empty() {
            return (passes, residuals);
        }
        passes.truncate(if passes.len() > CAREFUL { CAREFUL } else { 0 });
        for pass in &mut passes {
            *pass = Pass::new(pass.term, DELTA);
        }
    }
}

fn write_words(residuals: &Channels, medians: [Medians; 2]) -> Vec<u8> {
    let mut writer = WordWriter::new(medians);
    for (at, (channel, value)) in residuals.interleaved().enumerate() {
        if at % STRIDE == 0 {
            writer.reserve(STRIDE);
        }
        writer.residual(channel, value);
    }
    writer.finish()
}

/// Unpacks a block of so many frames into the channels it gives back. `number` is for errors.
pub(super) fn unpack(block: &Block<'_>, frames: usize, number: usize) -> Result<Channels, Error> {
    let mut channels = read_words(block, frames).ok_or(Error::Malformed { block: number, what: "word" })?;
    channels.run(&mut block.passes.clone(), Direction::Back);
    if block.flags.has(Flags::JOINT) {
        channels.part();
    }
    if channels.crc() != block.crc {
        return Err(Error::Checksum { block: number });
    }
    let shift = block.flags.shift();
    channels.each().for_each(|sample| *sample = block.redundancy.restore(*sample) << shift);
    if block.flags.has(Flags::TWINS) && !block.flags.has(Flags::MONO) {
        channels.right = Some(channels.left.clone());
    }
    Ok(channels)
}

fn read_words(block: &Block<'_>, frames: usize) -> Option<Channels> {
    let stereo = block.flags.packs_two();
    let mut made = Channels { left: vec![0; frames], right: stereo.then(|| vec![0; frames]) };
    if block.words.is_empty() {
        return Some(made);
    }
    let mut reader = WordReader::new(block.words, block.medians);
    for at in 0..frames {
        made.left[at] = reader.residual(0);
        if let Some(right) = &mut made.right {
            right[at] = reader.residual(1);
        }
    }
    reader.sound().then_some(made)
}
