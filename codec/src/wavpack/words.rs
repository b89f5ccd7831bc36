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
#[inline(always)]
fn truncated_binary(largest: u32) -> (u32, u32) {
    let length = (largest | 1).ilog2();
    (length, (2_u32 << length) - 1 - largest)
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
    let (bits, count) = if rest < spare {
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
    #[inline(always)]
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

    #[inline(always)]
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
mod known {
    pub(super) const NOTHING: u32 = 0;
    /// It has one more than its own run says.
    pub(super) const ONE: u32 = 1;
    /// It has none, and no run.
    pub(super) const NONE: u32 = 2;
}

/// Reads the words of a block. Damaged words become wrong numbers, nothing worse.
///
/// Hardly anything here is decided by a jump: what a word is like cannot be foreseen, and a jump that goes wrong takes longer than
/// to compute both ways. [`super::lanes`] takes the steps of [`Self::residual`] itself, with medians of its own.
#[derive(Debug, Clone)]
pub(super) struct WordReader<'a> {
    bits: BitReader<'a>,
    medians: [Medians; 2],
    known: u32,
    silence: u32,
    malformed: bool,
}

impl<'a> WordReader<'a> {
    pub(super) fn new(bytes: &'a [u8], medians: [Medians; 2]) -> Self {
        Self { bits: BitReader::new(bytes), medians, known: known::NOTHING, silence: 0, malformed: false }
    }

    /// Whether all words so far were words, and there.
    pub(super) fn sound(&self) -> bool {
        !self.malformed && !self.bits.overrun()
    }

    /// The next residual.
    pub(super) fn residual(&mut self, channel: usize) -> i32 {
        if self.medians.iter().all(|medians| medians.quiet()) && self.silent() {
            self.medians = Default::default();
            return 0;
        }
        let ones = self.ones();
        let (low, width) = self.medians[channel].follow(ones);
        let (length, spare) = truncated_binary(width - 1);
        let (below, negative) = self.rest(length, spare);
        let value = low.wrapping_add(below).cast_signed();
        value ^ -negative.cast_signed()
    }

    /// In a quiet time: whether the next residual is one of a run of zeros. All medians are 0 then.
    #[cold]
    pub(super) fn silent(&mut self) -> bool {
        if self.known != known::NOTHING {
            return false;
        }
        if self.silence > 0 {
            self.silence -= 1;
        } else {
            self.silence = self.gamma();
        }
        self.silence > 0
    }

    #[cold]
    fn gamma(&mut self) -> u32 {
        let number = self.bits.gamma();
        self.malformed |= number.is_none();
        number.unwrap_or_default()
    }

    /// How many medians the next word passed.
    #[inline(always)]
    pub(super) fn ones(&mut self) -> u32 {
        self.bits.refill();
        let runs = u32::from(self.known != known::NONE);
        let mut run = self.bits.peek().trailing_ones() & runs.wrapping_neg();
        if run >= MOST_ONES {
            run = self.many(run);
        } else {
            self.bits.skip(run + runs);
        }
        let ones = (run >> 1) + (self.known & known::ONE);
        self.known = (known::NONE - (run & 1)) & runs.wrapping_neg();
        ones
    }

    #[cold]
    fn many(&mut self, run: u32) -> u32 {
        self.malformed |= run > MOST_ONES;
        self.bits.skip(MOST_ONES + 1);
        let more = self.gamma();
        self.bits.refill();
        more.saturating_add(MOST_ONES)
    }

    /// What the word adds, in so many bits or from `spare` on one more, and whether its sign is set.
    #[inline(always)]
    pub(super) fn rest(&mut self, length: u32, spare: u32) -> (u32, u32) {
        let bits = self.bits.peek();
        let code = bits as u32 & ((1 << length) - 1);
        let bits = bits >> length;
        let longer = u32::from(code >= spare);
        let more = code.wrapping_sub(spare).wrapping_add(bits as u32 & 1) & longer.wrapping_neg();
        let sign = (bits >> longer) as u32 & 1;
        self.bits.skip(length + longer + 1);
        (code.wrapping_add(more), sign)
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
                prop_assert_eq!(reader.residual(at % channels), value, "at {}", at);
            }
            prop_assert!(reader.sound());
        }

        #[test]
        fn other_bytes_are_no_danger(bytes in vec(any::<u8>(), 0..300), medians in any::<[[u32; 3]; 2]>()) {
            let mut reader = WordReader::new(&bytes, medians.map(Medians));
            for at in 0..2000 {
                reader.residual(at % 2);
            }
        }
    }
}
