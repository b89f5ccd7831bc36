use super::symbols::{DISTANCES, END, LITLENS, distance_extra, distance_symbol, length_symbol, litlen_extra};

/// Literals, then a match; length 0 when no match follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) literals: u32,
    pub(super) length: u16,
    /// One less than the distance, which may be 32768.
    back: u16,
}

impl Step {
    pub(super) fn new(literals: u32, length: usize, distance: usize) -> Self {
        Self { literals, length: length as u16, back: distance.wrapping_sub(1) as u16 }
    }

    pub(super) fn distance(self) -> usize {
        self.back as usize + 1
    }
}

/// How often each symbol occurs in a piece of the text.
#[derive(Clone)]
pub(super) struct Tally {
    pub(super) litlens: [u32; LITLENS],
    pub(super) distances: [u32; DISTANCES],
}

impl Tally {
    /// The end of the block occurs once in any.
    pub(super) fn new() -> Self {
        let mut litlens = [0; LITLENS];
        litlens[END] = 1;
        Self { litlens, distances: [0; DISTANCES] }
    }

    #[inline]
    pub(super) fn literal(&mut self, byte: u8) {
        self.litlens[byte as usize] += 1;
    }

    #[inline]
    pub(super) fn matched(&mut self, length: usize, distance: usize) {
        self.litlens[length_symbol(length)] += 1;
        self.distances[distance_symbol(distance)] += 1;
    }

    /// Counts of both pieces; the end of the block still once.
    pub(super) fn joined(&self, other: &Self) -> Self {
        let mut joined = self.clone();
        joined.litlens.iter_mut().zip(&other.litlens).for_each(|(sum, count)| *sum += count);
        joined.distances.iter_mut().zip(&other.distances).for_each(|(sum, count)| *sum += count);
        joined.litlens[END] = 1;
        joined
    }

    /// Bits behind the codes, which no code can save.
    pub(super) fn extra_bits(&self) -> u64 {
        let of = |counts: &[u32], extra: fn(usize) -> u32| -> u64 {
            counts.iter().enumerate().map(|(symbol, &n)| u64::from(n) * u64::from(extra(symbol))).sum()
        };
        of(&self.litlens, litlen_extra) + of(&self.distances, distance_extra)
    }

    /// About how many bits the codes of this piece take as a block of its own, with the description of the codes.
    pub(super) fn estimate(&self) -> f32 {
        entropy(&self.litlens) + entropy(&self.distances)
    }
}

/// A code in a block's header takes about so many bits.
const BITS_FOR_A_CODE: f32 = 3.5;

fn entropy(counts: &[u32]) -> f32 {
    let (mut total, mut bits, mut used) = (0_u32, 0.0, 0_u32);
    for &count in counts.iter().filter(|count| **count > 0) {
        total += count;
        used += 1;
        bits -= count as f32 * (count as f32).log2();
    }
    let whole = total.max(1) as f32;
    bits + whole * whole.log2() + used as f32 * BITS_FOR_A_CODE
}
