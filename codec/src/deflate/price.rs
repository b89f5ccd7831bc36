use super::{
    symbols::{DISTANCES, LITLENS, MAX_MATCH, distance_extra, distance_symbol, length_symbol, litlen_extra},
    tally::Tally,
};

/// Longer matches are not weighed against each other byte by byte.
const COUNTED: usize = 12;
/// So many bits more must be saved for each byte that is put off.
const BIAS: i32 = UNIT as i32;
/// A match may be a little dearer than its literals: what literals it saves make matches cheaper, and the other way round.
const ALLOWANCE: i32 = 8;
/// Prices are kept in this part of a bit.
const UNIT: f32 = 16.0;
/// A symbol that is rare so far is not priced higher: else it would stay rare because it is dear.
const DEAREST_MATCH: i32 = 9 * UNIT as i32;

/// Bytes looked at for a first guess.
const SAMPLE: usize = 4096;

/// What symbols cost, guessed from what came before.
pub(super) struct Prices {
    literals: [i32; 256],
    lengths: [i32; MAX_MATCH + 1],
    distances: [i32; DISTANCES],
}

impl Prices {
    /// Nothing came before: literals cost what the first bytes of the text let expect, short matches about 12 bits.
    pub(super) fn guess(text: &[u8]) -> Self {
        let mut counts = [1; 256];
        for &byte in text.iter().take(SAMPLE) {
            counts[byte as usize] += 1;
        }
        let mut lengths = [0; MAX_MATCH + 1];
        for (length, price) in lengths.iter_mut().enumerate().skip(3) {
            *price = (5 + litlen_extra(length_symbol(length)).cast_signed()) * UNIT as i32;
        }
        let distances =
            std::array::from_fn(|symbol| (4 + distance_extra(symbol).cast_signed()) * UNIT as i32);
        Self { literals: prices(&counts), lengths, distances }
    }

    /// Learns from what came before.
    pub(super) fn learn(&mut self, tally: &Tally) {
        let litlens: [i32; LITLENS] = prices(&tally.litlens);
        let distances: [i32; DISTANCES] = prices(&tally.distances);
        self.literals.copy_from_slice(&litlens[..256]);
        for (length, price) in self.lengths.iter_mut().enumerate().skip(3) {
            let symbol = length_symbol(length);
            *price = litlens[symbol].min(DEAREST_MATCH) + litlen_extra(symbol).cast_signed() * UNIT as i32;
        }
        for (symbol, price) in self.distances.iter_mut().enumerate() {
            *price =
                distances[symbol].min(DEAREST_MATCH) + distance_extra(symbol).cast_signed() * UNIT as i32;
        }
    }

    /// Whether a match is cheaper than the literals it stands for. Long ones always are, unless the literals cost next
    /// to nothing.
    #[inline]
    pub(super) fn worth(&self, bytes: &[u8], distance: usize) -> bool {
        bytes.len() > COUNTED || self.gain(bytes, distance) > -ALLOWANCE
    }

    /// Whether a match that starts `later` bytes after another saves so much more that the bytes between, as literals,
    /// are better than the earlier one.
    #[inline]
    pub(super) fn better(&self, next: (&[u8], usize), than: (&[u8], usize), later: u8) -> bool {
        if next.0.len() <= COUNTED {
            return self.gain(next.0, next.1) > self.gain(than.0, than.1) + BIAS * i32::from(later);
        }
        // About four bits for each byte, and one for each halved distance.
        let saved = |(bytes, distance): (&[u8], usize)| 4 * bytes.len() + 16 - distance.ilog2() as usize;
        saved(next) + 2 > saved(than) + 4 * usize::from(later)
    }

    /// What a match saves against the literals it stands for, in parts of a bit; negative when it is dearer. Of longer
    /// matches, only the first bytes are counted.
    #[inline]
    pub(super) fn gain(&self, bytes: &[u8], distance: usize) -> i32 {
        let literals: i32 = bytes.iter().take(COUNTED).map(|&byte| self.literals[byte as usize]).sum();
        literals - self.lengths[bytes.len()] - self.distances[distance_symbol(distance)]
    }
}

fn prices<const N: usize>(counts: &[u32; N]) -> [i32; N] {
    let total = counts.iter().sum::<u32>().max(1) as f32;
    counts.map(|count| ((total / (count as f32).max(0.5)).log2().clamp(1.0, 14.0) * UNIT) as i32)
}
