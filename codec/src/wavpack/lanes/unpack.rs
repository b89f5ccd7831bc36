use super::{
    super::{block::Block, header::Flags, words::WordReader},
    Frame, LANES, Lanes, STRETCH, kernels,
    medians::LaneMedians,
    pass::LanePass,
    restore::Restorer,
};

/// Unpacks up to sixteen blocks of one time, of neighbouring pairs of channels, side by side.
#[derive(Debug)]
pub(in super::super) struct Unpacker<'a> {
    readers: Vec<WordReader<'a>>,
    medians: [LaneMedians; 2],
    passes: Vec<LanePass>,
    restorer: Restorer,
    /// The first of the channels.
    first: usize,
    /// What each block's samples must sum up to.
    crcs: Vec<u32>,
}

/// Whether a block can be unpacked beside another.
fn alike(one: &Block<'_>, other: &Block<'_>) -> bool {
    let suits =
        |block: &Block<'_>| block.flags.packs_two() && block.flags.shift() == 0 && !block.words.is_empty();
    let passes = |block: &'_ Block<'_>| -> Vec<_> {
        block.passes.iter().map(|pass| (pass.term, pass.delta)).collect()
    };
    suits(one)
        && suits(other)
        && one.flags.has(Flags::JOINT) == other.flags.has(Flags::JOINT)
        && passes(one) == passes(other)
}

impl<'a> Unpacker<'a> {
    /// Of how many blocks, from the first one on, one unpacker can be made.
    pub(in super::super) fn takes(blocks: &[Block<'_>]) -> usize {
        blocks.iter().take(LANES).take_while(|block| alike(&blocks[0], block)).count()
    }

    /// For blocks that go together, from channel `first` on.
    pub(in super::super) fn new(blocks: &[Block<'a>], first: usize) -> Self {
        let empty = |pass: &super::super::pass::Pass| LanePass::new(pass.term, pass.delta);
        let mut passes: Vec<_> = blocks[0].passes.iter().map(empty).collect();
        let mut medians = [LaneMedians::ZERO; 2];
        for (lane, block) in blocks.iter().enumerate() {
            for (pass, from) in passes.iter_mut().zip(&block.passes) {
                pass.set(lane, from);
            }
            for (medians, &from) in medians.iter_mut().zip(&block.medians) {
                medians.set(lane, from);
            }
        }
        Self {
            readers: blocks.iter().map(|block| WordReader::new(block.words, block.medians)).collect(),
            medians,
            passes,
            restorer: Restorer::new(blocks),
            first,
            crcs: blocks.iter().map(|block| block.crc).collect(),
        }
    }

    /// Fills its channels of the next rows, at most [`STRETCH`] of so many channels.
    pub(in super::super) fn next(&mut self, rows: &mut [i16], channels: usize) {
        let mut stretch: [Frame; STRETCH] = [[Lanes::ZERO; 2]; STRETCH];
        let frames = &mut stretch[..rows.len() / channels];
        kernels::read(&mut self.readers, &mut self.medians, frames);
        kernels::predict_back(&mut self.passes, frames);
        kernels::restore(&mut self.restorer, frames, rows, (channels, self.first, self.readers.len()));
    }

    /// Whether the samples of each block are what was packed, once all rows are filled.
    pub(in super::super) fn verdicts(&self) -> impl Iterator<Item = bool> {
        let right = |(lane, (reader, &crc)): (usize, (&WordReader<'_>, &u32))| {
            reader.sound() && self.restorer.crc(lane) == crc
        };
        self.readers.iter().zip(&self.crcs).enumerate().map(right)
    }
}
