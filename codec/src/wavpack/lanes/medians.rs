use super::{
    super::{medians::Medians, words::Word},
    LANES, Lanes,
};

/// The [`Medians`] of a channel of all pairs.
#[derive(Debug, Clone, Copy)]
pub(super) struct LaneMedians([Lanes; 3]);

/// What the words of a channel may be, by their ones: the smallest number, and the bits that say how far it lies above.
#[derive(Debug, Clone, Copy)]
pub(super) struct LaneRanges {
    pub(super) low: Lanes,
    pub(super) lengths: Lanes,
    pub(super) spares: Lanes,
}

/// Ranges of 16-bit samples are never larger; those of damaged streams must not make shifts too long.
const FOREIGN: i32 = (1 << 24) - 1;

/// A word of a channel of all pairs: its bits, and its ones above the eight bits of its count.
#[derive(Debug, Clone, Copy)]
pub(super) struct LaneWords {
    pub(super) bits: Lanes,
    pub(super) counts: Lanes,
}

#[inline(always)]
fn select(condition: bool, yes: i32, no: i32) -> i32 {
    let mask = -i32::from(condition);
    (yes & mask) | (no & !mask)
}

/// A median after a word that passed it, or did not.
#[inline(always)]
fn moved(median: i32, part: i32, passed: bool) -> i32 {
    let rise = (median.wrapping_add(1 << part) >> part) * 5;
    let fall = (median.wrapping_add((1 << part) - 2) >> part) * 2;
    median.wrapping_add(select(passed, rise, -fall))
}

/// Bits that tell a number up to `largest`: so many, or one more from the second number on.
#[inline(always)]
fn truncated_binary(largest: i32) -> (i32, i32) {
    // The exponent of a float is one less than the length of the number.
    let length = (((largest | 1) as f32).to_bits() >> 23).cast_signed() - 127;
    (length, 2_i32.wrapping_shl(length.cast_unsigned()).wrapping_sub(1).wrapping_sub(largest))
}

impl LaneMedians {
    pub(super) const ZERO: Self = Self([Lanes::ZERO; 3]);

    pub(super) fn of(&self, lane: usize) -> Medians {
        Medians(self.0.map(|median| median.0[lane].cast_unsigned()))
    }

    pub(super) fn set(&mut self, lane: usize, medians: Medians) {
        for (rank, median) in medians.0.into_iter().enumerate() {
            self.0[rank].0[lane] = median.cast_signed();
        }
    }

    /// In which pairs both channels are so small that silence is likely, ored to `found`.
    #[inline(always)]
    pub(super) fn quiet(&self, other: &Self, found: &mut Lanes) {
        for lane in 0..LANES {
            found.0[lane] |= i32::from(self.0[0].0[lane] < 2) & i32::from(other.0[0].0[lane] < 2);
        }
    }

    /// Takes residuals below 2¹⁹ apart, as [`super::super::words`] does.
    #[inline(always)]
    pub(super) fn split(&mut self, values: &Lanes) -> LaneWords {
        let mut words = LaneWords { bits: Lanes::ZERO, counts: Lanes::ZERO };
        let [first, second, third] = &mut self.0;
        for lane in 0..LANES {
            let value = values.0[lane];
            let size = value ^ (value >> 31);
            let medians = [first.0[lane], second.0[lane], third.0[lane]];
            let widths = medians.map(|median| (median >> 4) + 1);
            let one = size >= widths[0];
            let beyond_one = size - widths[0];
            let two = one && (beyond_one >= widths[1]);
            let beyond_two = beyond_one - widths[1];
            let three = two && (beyond_two >= widths[2]);
            first.0[lane] = moved(medians[0], 7, one);
            second.0[lane] = select(one, moved(medians[1], 6, two), medians[1]);
            third.0[lane] = select(two, moved(medians[2], 5, three), medians[2]);
            // Both are below 2²⁴, where the quotient of two floats never reaches a whole number too early.
            let again = select(three, (beyond_two as f32 / widths[2] as f32) as i32, 0);
            let rest = select(one, select(two, beyond_two - again * widths[2], beyond_one), size);
            let largest = select(one, select(two, widths[2], widths[1]), widths[0]) - 1;
            let (length, spare) = truncated_binary(largest);
            let short = rest < spare;
            let code = rest + spare;
            let long = (code >> 1) | (code & 1).wrapping_shl(length.cast_unsigned());
            let count = length + i32::from(!short);
            let sign = i32::from(value < 0).wrapping_shl(count.cast_unsigned());
            words.bits.0[lane] = select(short, rest, long) | sign;
            let ones = i32::from(one) + i32::from(two) + again;
            words.counts.0[lane] = (ones << 8) | (count + 1);
        }
        words
    }

    /// [`Medians::follow`] for all pairs, and what it takes to read the rest of the words.
    #[inline(always)]
    pub(super) fn follow(&mut self, ones: &Lanes) -> LaneRanges {
        let mut ranges = LaneRanges { low: Lanes::ZERO, lengths: Lanes::ZERO, spares: Lanes::ZERO };
        let [first, second, third] = &mut self.0;
        for lane in 0..LANES {
            let ones = ones.0[lane];
            let medians = [first.0[lane], second.0[lane], third.0[lane]];
            let widths = medians.map(|median| (median >> 4) + 1);
            let [one, two, three] = [ones > 0, ones > 1, ones > 2];
            first.0[lane] = moved(medians[0], 7, one);
            second.0[lane] = select(one, moved(medians[1], 6, two), medians[1]);
            third.0[lane] = select(two, moved(medians[2], 5, three), medians[2]);
            let again = ones.wrapping_sub(2).max(0).wrapping_mul(widths[2]);
            let low = select(one, widths[0], 0).wrapping_add(select(two, widths[1], 0));
            ranges.low.0[lane] = low.wrapping_add(again);
            let largest = select(one, select(two, widths[2], widths[1]), widths[0]) - 1;
            (ranges.lengths.0[lane], ranges.spares.0[lane]) = truncated_binary(largest & FOREIGN);
        }
        ranges
    }
}

impl LaneWords {
    #[inline(always)]
    pub(super) fn of(&self, lane: usize) -> Word {
        let (bits, counts) = (self.bits.0[lane].cast_unsigned(), self.counts.0[lane].cast_unsigned());
        Word { ones: counts >> 8, bits: u64::from(bits), count: counts & 0xFF }
    }
}
