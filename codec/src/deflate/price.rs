use super::{
    symbols::{DISTANCES, LITLENS, MAX_MATCH, distance_extra, distance_symbol, length_symbol, litlen_extra},
    tally::Tally,
};

/// Longer matches are always cheaper than their bytes, unless the bytes cost next to nothing.
const ALWAYS: usize = 12;
/// Prices are kept in this part of a bit.
const UNIT: f32 = 16.0;
/// A symbol that is rare so far is not priced higher: else it would stay rare because it is dear.
const DEAREST_MATCH: u32 = 9 * UNIT as u32;

/// Bytes looked at for a first guess.
const SAMPLE: usize = 4096;

/// What symbols cost, guessed from what came before.
pub(super) struct Prices {
    literals: [u32; 256],
    lengths: [u32; MAX_MATCH + 1],
    distances: [u32; DISTANCES],
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
            *price = (5 + litlen_extra(length_symbol(length))) * UNIT as u32;
        }
        let distances = std::array::from_fn(|symbol| (4 + distance_extra(symbol)) * UNIT as u32);
        Self { literals: prices(&counts), lengths, distances }
    }

    /// Learns from what came before.
    pub(super) fn learn(&mut self, tally: &Tally) {
        let litlens: [u32; LITLENS] = prices(&tally.litlens);
        let distances: [u32; DISTANCES] = prices(&tally.distances);
        self.literals.copy_from_slice(&litlens[..256]);
        for (length, price) in self.lengths.iter_mut().enumerate().skip(3) {
            let symbol = length_symbol(length);
            *price = litlens[symbol].min(DEAREST_MATCH) + litlen_extra(symbol) * UNIT as u32;
        }
        for (symbol, price) in self.distances.iter_mut().enumerate() {
            *price = distances[symbol].min(DEAREST_MATCH) + distance_extra(symbol) * UNIT as u32;
        }
    }

    /// Whether a match is cheaper than the literals it stands for.
    #[inline]
    pub(super) fn worth(&self, bytes: &[u8], distance: usize) -> bool {
        bytes.len() > ALWAYS || {
            let literals: u32 = bytes.iter().map(|&byte| self.literals[byte as usize]).sum();
            self.lengths[bytes.len()] + self.distances[distance_symbol(distance)] < literals
        }
    }
}

fn prices<const N: usize>(counts: &[u32; N]) -> [u32; N] {
    let total = counts.iter().sum::<u32>().max(1) as f32;
    counts.map(|count| ((total / (count as f32).max(0.5)).log2().clamp(1.0, 14.0) * UNIT) as u32)
}
