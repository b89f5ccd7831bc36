//! Residuals as words of few bits: an adaptive Golomb code, with runs of silence.

use super::{
    bits::{BitReader, BitWriter},
    medians::Medians,
};

/// From this count on, ones are told as a number.
const MOST_ONES: u32 = 16;

/// Bytes that a word, with a run before it, never takes.
pub(super) const LONGEST_WORD: usize = 24;

/// Words of a channel from which its first medians are found.
pub(super) const MEDIANS_FROM: usize = 1024;

/// A residual taken apart: how many medians it passed (beyond the third, each width of it counts again), and the bits that say
/// the rest and the sign.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Word {
    pub(super) ones: u32,
    pub(super) bits: u64,
    pub(super) count: u32,
}

/// Bits that tell a number up to `largest`: so many, or one more from `spare` on.
fn truncated_binary(largest: u32) -> (u32, u32) {
    let length = 32 - largest.leading_zeros();
    let spare = ((1_u64 << length) - 1) as u32 - largest;
    (length.saturating_sub(1), spare)
}

/// Takes a residual apart by its channel's medians, which learn from it.
fn split(value: i32, medians: &mut Medians) -> Word {
    let mut rest = (value ^ value >> 31) as u32;
    let mut rank = 0;
    let mut again = 0;
    let width = loop {
        let width = medians.width(rank);
        if rest < width {
            medians.fall(rank);
            break width;
        }
        medians.rise(rank);
        if rank == 2 {
            again = rest / width;
            rest %= width;
            break width;
        }
        rest -= width;
        rank += 1;
    };
    let (length, spare) = truncated_binary(width - 1);
    let (bits, count) = if width == 1 {
        (0, 0)
    } else if rest < spare {
        (rest, length)
    } else {
        let code = rest + spare;
        (code >> 1 | (code & 1) << length, length + 1)
    };
    let sign = u64::from(value < 0);
    Word { ones: rank as u32 + again, bits: u64::from(bits) | sign << count, count: count + 1 }
}

/// The medians after some words of a channel.
pub(super) fn learn(values: &[i32]) -> Medians {
    let mut medians = Medians::default();
    for &value in values.iter().take(MEDIANS_FROM) {
        split(value, &mut medians);
    }
    medians
}

/// Writes the words of a block.
///
/// The counts of two words share one run of ones: an odd length says that the next word has at least one, an even length that it
/// has none. So a word is held until the next one is known.
#[derive(Debug, Default)]
pub(super) struct WordWriter {
    bits: BitWriter,
    pub(super) medians: [Medians; 2],
    held: Option<Word>,
    /// Zeros of a run that is not written yet.
    silence: u32,
}

impl WordWriter {
    pub(super) fn new(medians: [Medians; 2]) -> Self {
        Self { medians, ..Self::default() }
    }

    /// Makes room for so many words.
    pub(super) fn reserve(&mut self, words: usize) {
        self.bits.reserve(words * LONGEST_WORD);
    }

    /// Adds a residual, for which there is room.
    pub(super) fn residual(&mut self, channel: usize, value: i32) {
        if self.held.is_none() && self.medians.iter().all(|medians| medians.quiet()) {
            if self.silence > 0 {
                if value == 0 {
                    self.silence += 1;
                    return;
                }
                self.end_silence();
            } else if value == 0 {
                self.medians = Default::default();
                self.silence = 1;
                return;
            } else {
                self.bits.put(0, 1);
            }
        }
        let word = split(value, &mut self.medians[channel]);
        self.word(word);
    }

    /// Adds a word of a time that is not quiet.
    #[inline]
    pub(super) fn word(&mut self, word: Word) {
        let Some(held) = self.held else {
            self.held = Some(word);
            return;
        };
        if word.ones > 0 {
            self.release(held, 1);
            self.held = Some(Word { ones: word.ones - 1, ..word });
        } else {
            self.release(held, 0);
            self.bits.put(word.bits, word.count);
            self.held = None;
        }
    }

    #[inline]
    fn release(&mut self, held: Word, next: u32) {
        let ones = held.ones * 2 + next;
        if ones < MOST_ONES {
            self.bits.put(((1 << ones) - 1) | (held.bits << (ones + 1)), ones + 1 + held.count);
        } else {
            self.bits.put(0xFFFF, MOST_ONES + 1);
            self.bits.put_gamma(ones - MOST_ONES);
            self.bits.put(held.bits, held.count);
        }
    }

    fn end_silence(&mut self) {
        self.bits.put_gamma(self.silence);
        self.silence = 0;
    }

    /// All words, as the bytes of their sub-block.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.reserve(2);
        if self.silence > 0 {
            self.end_silence();
        }
        if let Some(held) = self.held {
            self.release(held, 0);
        }
        self.bits.finish()
    }
}

/// What the run of ones before said about the next word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Nothing,
    /// It has no ones, nor a run.
    None,
    /// It has one more than its run says.
    One,
}

/// Reads the words of a block. Damaged words become wrong numbers or none, nothing worse.
#[derive(Debug, Clone)]
pub(super) struct WordReader<'a> {
    bits: BitReader<'a>,
    medians: [Medians; 2],
    known: Known,
    silence: u32,
}

impl<'a> WordReader<'a> {
    pub(super) fn new(bytes: &'a [u8], medians: [Medians; 2]) -> Self {
        Self { bits: BitReader::new(bytes), medians, known: Known::Nothing, silence: 0 }
    }

    /// More was read than is there.
    pub(super) fn overrun(&self) -> bool {
        self.bits.overrun()
    }

    /// The next residual; none if no word begins so.
    pub(super) fn residual(&mut self, channel: usize) -> Option<i32> {
        if self.known == Known::Nothing
            && self.medians.iter().all(|medians| medians.quiet())
            && self.silent()?
        {
            return Some(0);
        }
        self.bits.refill();
        let ones = self.ones()?;
        let medians = &mut self.medians[channel];
        let mut low = 0_u32;
        let rank = ones.min(2) as usize;
        for passed in 0..rank {
            low = low.wrapping_add(medians.width(passed));
            medians.rise(passed);
        }
        let width = medians.width(rank);
        if ones > 2 {
            low = low.wrapping_add((ones - 2).wrapping_mul(width));
            medians.rise(2);
        } else {
            medians.fall(rank);
        }
        let value = low.wrapping_add(self.below(width)).cast_signed();
        Some(if self.bits.take(1) == 1 { !value } else { value })
    }

    /// The next residuals of two channels; none if there is a word that begins so as no word does.
    pub(super) fn pairs<'p>(
        &mut self,
        frames: impl Iterator<Item = (&'p mut i32, &'p mut i32)>,
    ) -> Option<()> {
        let mut reader = self.clone();
        for (left, right) in frames {
            *left = reader.residual(0)?;
            *right = reader.residual(1)?;
        }
        *self = reader;
        Some(())
    }

    /// Whether the next residual is one of a run of zeros.
    fn silent(&mut self) -> Option<bool> {
        if self.silence > 0 {
            self.silence -= 1;
        } else {
            self.silence = self.bits.gamma()?;
            if self.silence > 0 {
                self.medians = Default::default();
            }
        }
        Some(self.silence > 0)
    }

    fn ones(&mut self) -> Option<u32> {
        if self.known == Known::None {
            self.known = Known::Nothing;
            return Some(0);
        }
        let mut run = self.bits.peek().trailing_ones();
        if run > MOST_ONES {
            return None;
        }
        self.bits.skip(run + 1);
        if run == MOST_ONES {
            run = self.bits.gamma()?.checked_add(MOST_ONES)?;
            self.bits.refill();
        }
        let ones = (run >> 1) + u32::from(self.known == Known::One);
        self.known = if run & 1 == 1 { Known::One } else { Known::None };
        Some(ones)
    }

    /// A number below `width`.
    fn below(&mut self, width: u32) -> u32 {
        if width == 1 {
            return 0;
        }
        let (length, spare) = truncated_binary(width - 1);
        let code = self.bits.take(length) as u32;
        if code < spare { code } else { code * 2 - spare + self.bits.take(1) as u32 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// Loud and quiet stretches, silence, and single cracks.
    fn stretches() -> impl Strategy<Value = Vec<i32>> {
        let loud =
            (0..24_u32, 1..80_usize).prop_flat_map(|(bits, length)| vec(-(1_i32 << bits)..1 << bits, length));
        let silence = (1..600_usize).prop_map(|length| vec![0; length]);
        vec(prop_oneof![loud, silence], 0..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn residuals_come_back(values in stretches(), channels in 1..=2_usize, medians in any::<[[u16; 3]; 2]>()) {
            let start = medians.map(|ranks| Medians(ranks.map(u32::from)));
            let mut writer = WordWriter::new(start);
            writer.reserve(values.len());
            for (at, &value) in values.iter().enumerate() {
                writer.residual(at % channels, value);
            }
            let bytes = writer.finish();
            prop_assert_eq!(bytes.len() % 2, 0);
            let mut reader = WordReader::new(&bytes, start);
            for (at, &value) in values.iter().enumerate() {
                prop_assert_eq!(reader.residual(at % channels), Some(value), "at {}", at);
            }
            prop_assert!(!reader.overrun());
        }

        #[test]
        fn other_bytes_are_no_danger(bytes in vec(any::<u8>(), 0..300), medians in any::<[[u32; 3]; 2]>()) {
            let mut reader = WordReader::new(&bytes, medians.map(Medians));
            for at in 0..2000 {
                if reader.residual(at % 2).is_none() {
                    break;
                }
            }
        }
    }
}
