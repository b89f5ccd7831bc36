//! One block: a channel or two for some time.

use super::{
    Error, Level,
    header::{Flags, HEADER, Header, LARGEST_BLOCK, checksum},
    logarithm::{exp2, log2, restore_weight, store_weight},
    medians::Medians,
    pass::Pass,
    redundancy::Redundancy,
};

/// Most passes a block can have.
pub(super) const MOST_PASSES: usize = 16;

/// Names of the parts of a block.
mod id {
    pub(super) const TERMS: u8 = 0x02;
    pub(super) const WEIGHTS: u8 = 0x03;
    pub(super) const PAST: u8 = 0x04;
    pub(super) const MEDIANS: u8 = 0x05;
    pub(super) const REDUNDANCY: u8 = 0x09;
    pub(super) const WORDS: u8 = 0x0A;
    pub(super) const CHANNELS: u8 = 0x0D;
    pub(super) const CONFIGURATION: u8 = 0x25;
    pub(super) const CHECKSUM: u8 = 0x2F;
    /// The last byte of the part only fills it.
    pub(super) const ODD: u8 = 0x40;
    /// The part's size has three bytes.
    pub(super) const LARGE: u8 = 0x80;
    /// What of the first byte is the name.
    pub(super) const NAME: u8 = 0x3F;
    /// A reader may skip parts with this bit.
    pub(super) const OPTIONAL: u8 = 0x20;
}

/// Bytes of a checksum with its name and size.
const CHECKSUM_PART: usize = 6;

/// What is packed of a channel or two, and what a reader starts from.
#[derive(Debug)]
pub(super) struct Block<'a> {
    pub(super) flags: Flags,
    /// Checksum over the samples, once their redundancy is gone.
    pub(super) crc: u32,
    /// In the encoder's order.
    pub(super) passes: Vec<Pass>,
    pub(super) medians: [Medians; 2],
    pub(super) redundancy: Redundancy,
    pub(super) words: &'a [u8],
}

/// Where a block stands in its stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub(super) level: Level,
    /// Channels of the stream.
    pub(super) channels: usize,
    /// Frames of the stream.
    pub(super) total: u32,
    /// Frames before the block.
    pub(super) index: u32,
    /// Frames of the block.
    pub(super) frames: u32,
    /// The block's first channel.
    pub(super) channel: usize,
}

impl Block<'_> {
    fn channels(&self) -> usize {
        1 + usize::from(self.flags.packs_two())
    }

    /// Rounds the weights and the medians to what the head of a block can say; the encoder must start from these.
    pub(super) fn round(passes: &mut [Pass], medians: &mut [Medians; 2]) {
        for weight in passes.iter_mut().flat_map(|pass| &mut pass.weights) {
            *weight = restore_weight(store_weight(*weight));
        }
        for median in medians.iter_mut().flat_map(|medians| &mut medians.0) {
            *median = exp2(log2(*median).cast_signed()).cast_unsigned();
        }
    }

    /// Appends the block. Its passes begin without a past.
    pub(super) fn write(&self, position: Position, out: &mut Vec<u8>) -> Result<(), Error> {
        let start = out.len();
        let last = position.channel + self.channels() == position.channels;
        let flags = self.flags.with(Flags::FIRST, position.channel == 0).with(Flags::LAST, last);
        let Position { total, index, frames, .. } = position;
        let mut header = Header { size: HEADER, total, index, frames, flags, crc: self.crc };
        header.write(out);
        self.write_start(out);
        if position.channel == 0 {
            write_channels(position.channels, out);
            part(id::CONFIGURATION, &position.level.configuration(), out);
        }
        out.push(id::WORDS | id::LARGE);
        out.extend(&((self.words.len() / 2) as u32).to_le_bytes()[..3]);
        out.extend(self.words);
        header.size = out.len() + CHECKSUM_PART - start;
        if header.size >= LARGEST_BLOCK {
            return Err(Error::TooLong);
        }
        let mut head = Vec::with_capacity(HEADER);
        header.write(&mut head);
        out[start..start + HEADER].copy_from_slice(&head);
        let sum = checksum(&out[start..]);
        part(id::CHECKSUM, &sum.to_le_bytes(), out);
        Ok(())
    }

    /// What a reader starts from.
    fn write_start(&self, out: &mut Vec<u8>) {
        let channels = self.channels();
        let term = |pass: &Pass| ((pass.term + 5) & 31) as u8 | (pass.delta << 5) as u8;
        part(id::TERMS, &self.passes.iter().map(term).collect::<Vec<_>>(), out);
        let weights = self.passes.iter().flat_map(|pass| &pass.weights[..channels]);
        part(id::WEIGHTS, &weights.map(|&weight| store_weight(weight) as u8).collect::<Vec<_>>(), out);
        part(id::PAST, &[], out);
        let medians = self.medians[..channels].iter().flat_map(|medians| medians.0);
        part(id::MEDIANS, &medians.flat_map(|median| log2(median).to_le_bytes()).collect::<Vec<_>>(), out);
        if self.flags.has(Flags::REDUNDANT) {
            let Redundancy { zeros, ones, copies } = self.redundancy;
            part(id::REDUNDANCY, &[0, zeros as u8, ones as u8, copies as u8], out);
        }
    }
}

/// Appends a part of fewer than 512 bytes.
fn part(name: u8, bytes: &[u8], out: &mut Vec<u8>) {
    let odd = bytes.len() % 2 == 1;
    out.push(if odd { name | id::ODD } else { name });
    out.push(bytes.len().div_ceil(2) as u8);
    out.extend(bytes);
    if odd {
        out.push(0);
    }
}

/// Appends how many channels the stream has, and in how many blocks, without saying where they are; a reader of one or two
/// needs no telling.
fn write_channels(channels: usize, out: &mut Vec<u8>) {
    let blocks = channels.div_ceil(2);
    if blocks > 8 {
        let (channels, blocks) = (channels - 1, blocks - 1);
        let high = blocks >> 4 & 0xF0 | channels >> 8 & 0xF;
        part(id::CHANNELS, &[channels as u8, blocks as u8, high as u8, 0, 0, 0], out);
    } else if channels > 2 {
        part(id::CHANNELS, &[channels as u8], out);
    }
}

/// The parts of a block, in order.
struct Parts<'a>(&'a [u8]);

impl<'a> Iterator for Parts<'a> {
    /// Name, content, and bytes that stand behind; none if it is cut short.
    type Item = Option<(u8, &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let part = self.cut();
        if part.is_none() {
            self.0 = &[];
        }
        Some(part)
    }
}

impl<'a> Parts<'a> {
    fn cut(&mut self) -> Option<(u8, &'a [u8])> {
        let (&name, rest) = self.0.split_first()?;
        let (words, rest) = if name & id::LARGE == 0 {
            let (&words, rest) = rest.split_first()?;
            (usize::from(words), rest)
        } else {
            let (words, rest) = rest.split_first_chunk::<3>()?;
            (u32::from_le_bytes([words[0], words[1], words[2], 0]) as usize, rest)
        };
        let (content, rest) = rest.split_at_checked(words * 2)?;
        let content = if name & id::ODD == 0 { content } else { &content[..content.len().checked_sub(1)?] };
        self.0 = rest;
        Some((name & id::NAME, content))
    }
}

impl<'a> Block<'a> {
    /// Reads the block whose head is given from all of its bytes. `block` is its number, for errors.
    pub(super) fn read(header: &Header, bytes: &'a [u8], block: usize) -> Result<Self, Error> {
        let malformed = |what| Error::Malformed { block, what };
        let mut made = Self {
            flags: header.flags,
            crc: header.crc,
            passes: Vec::new(),
            medians: Default::default(),
            redundancy: Redundancy::default(),
            words: &[],
        };
        let mut summed = !header.flags.has(Flags::CHECKSUM);
        let mut whole = false;
        for found in Parts(&bytes[HEADER..header.size]) {
            let (name, content) = found.ok_or(malformed("part"))?;
            match name {
                id::TERMS => made.passes = made.read_terms(content).ok_or(malformed("list of terms"))?,
                id::WEIGHTS => made.read_weights(content).ok_or(malformed("list of weights"))?,
                id::PAST => made.read_past(content).ok_or(malformed("history"))?,
                id::MEDIANS => {
                    made.read_medians(content).ok_or(malformed("list of medians"))?;
                    whole = true;
                }
                id::REDUNDANCY => made.redundancy = redundancy(content).ok_or(malformed("shift"))?,
                id::WORDS => made.words = content,
                id::CHECKSUM => {
                    let before = content.as_ptr() as usize - bytes.as_ptr() as usize - 2;
                    if !sum_matches(content, checksum(&bytes[..before])) {
                        return Err(Error::Checksum { block });
                    }
                    summed = true;
                }
                // Nothing, the encoder's version, and where the channels are.
                0 | 1 | id::CHANNELS => {}
                _ if name & id::OPTIONAL != 0 => {}
                _ => return Err(Error::Unsupported { block, what: "a part" }),
            }
        }
        if !summed {
            Err(malformed("checksum"))
        } else if !whole {
            Err(malformed("list of medians"))
        } else {
            Ok(made)
        }
    }

    fn read_terms(&self, content: &[u8]) -> Option<Vec<Pass>> {
        if content.len() > MOST_PASSES {
            return None;
        }
        let pass = |&byte: &u8| {
            let term = (byte & 31).cast_signed() - 5;
            let known = matches!(term, 1..=8 | 17 | 18) || matches!(term, -3..=-1) && self.flags.packs_two();
            known.then(|| Pass::new(term, i32::from(byte >> 5)))
        };
        content.iter().map(pass).collect()
    }

    fn read_weights(&mut self, content: &[u8]) -> Option<()> {
        let channels = self.channels();
        let mut room = self.passes.iter_mut().flat_map(|pass| &mut pass.weights[..channels]);
        for &weight in content {
            *room.next()? = restore_weight(weight.cast_signed());
        }
        Some(())
    }

    /// The newest sample comes first for terms that make lines, last for those that look back at one; history is told for as many
    /// passes as there is.
    fn read_past(&mut self, content: &[u8]) -> Option<()> {
        let channels = self.channels();
        let mut values =
            content.chunks_exact(2).map(|pair| exp2(i16::from_le_bytes([pair[0], pair[1]]))).peekable();
        for pass in &mut self.passes {
            if values.peek().is_none() {
                break;
            }
            match pass.term {
                17 | 18 => {
                    for past in &mut pass.past[..channels] {
                        past[7] = values.next()?;
                        past[6] = values.next()?;
                    }
                }
                // What the first channel is predicted from comes first, and that is the second one.
                ..0 => {
                    pass.past[1][7] = values.next()?;
                    pass.past[0][7] = values.next()?;
                }
                term => {
                    for frames in (1..=term as usize).rev() {
                        for past in &mut pass.past[..channels] {
                            past[8 - frames] = values.next()?;
                        }
                    }
                }
            }
        }
        values.next().is_none().then_some(())
    }

    fn read_medians(&mut self, content: &[u8]) -> Option<()> {
        let channels = self.channels();
        if content.len() != channels * 6 {
            return None;
        }
        let room = self.medians.iter_mut().flat_map(|medians| &mut medians.0);
        for (median, pair) in room.zip(content.chunks_exact(2)) {
            *median = exp2(i16::from_le_bytes([pair[0], pair[1]])).cast_unsigned();
        }
        Some(())
    }
}

fn redundancy(content: &[u8]) -> Option<Redundancy> {
    let &[sent, zeros, ones, copies] = content else { return None };
    let known = sent == 0 && [zeros, ones, copies].into_iter().all(|bits| bits < 32);
    known.then(|| Redundancy { zeros: zeros.into(), ones: ones.into(), copies: copies.into() })
}

fn sum_matches(content: &[u8], sum: u32) -> bool {
    let folded = (sum ^ sum >> 16) as u16;
    content == sum.to_le_bytes() || content == folded.to_le_bytes()
}
