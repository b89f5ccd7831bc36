use super::{
    bits::{BitWriter, SLACK},
    huffman::{MAX_BITS, code_lengths, codes},
    symbols::{
        DISTANCES, END, LITLENS, MAX_MATCH, distance_extra, distance_rest, distance_symbol, length_rest,
        length_symbol, litlen_extra,
    },
    tally::{Step, Tally},
};

/// Four literals are put together before they are stored, which fits only with codes of at most 14 bits.
const LITLEN_LIMIT: usize = 14;
/// The order in which lengths of length codes are written (RFC 1951, section 3.2.7).
const LENGTH_CODE_ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/// A stored block holds at most so many bytes.
const STORED_MOST: usize = 65_535;

/// Bits that do not fill a byte yet, from one block to the next.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    bits: u64,
    count: u32,
}

/// Lengths of the codes of a block.
struct Lengths {
    litlens: [u8; LITLENS],
    distances: [u8; DISTANCES],
}

impl Lengths {
    /// RFC 1951, section 3.2.6.
    fn fixed() -> Self {
        let mut litlens = [8; LITLENS];
        litlens[144..256].fill(9);
        litlens[256..280].fill(7);
        Self { litlens, distances: [5; DISTANCES] }
    }

    fn best(tally: &Tally) -> Self {
        Self {
            litlens: code_lengths(&tally.litlens, LITLEN_LIMIT),
            distances: code_lengths(&tally.distances, MAX_BITS),
        }
    }

    fn cost(&self, tally: &Tally) -> u64 {
        let of = |counts: &[u32], lengths: &[u8]| -> u64 {
            counts.iter().zip(lengths).map(|(&n, &bits)| u64::from(n) * u64::from(bits)).sum()
        };
        of(&tally.litlens, &self.litlens) + of(&tally.distances, &self.distances) + tally.extra_bits()
    }
}

/// Appends one block, in the cheapest of the three kinds, that stands for `bytes` as `steps` spell them.
pub(super) fn write_block(
    out: &mut Vec<u8>,
    held: &mut Held,
    bytes: &[u8],
    steps: &[Step],
    tally: &Tally,
    last: bool,
) {
    let (best, fixed) = (Lengths::best(tally), Lengths::fixed());
    let description = Description::of(&best);
    let dynamic_cost = description.cost() + best.cost(tally);
    let fixed_cost = 3 + fixed.cost(tally);
    let stored_cost = (bytes.len() + 5 * bytes.len().div_ceil(STORED_MOST).max(1)) as u64 * 8;
    let cost = dynamic_cost.min(fixed_cost).min(stored_cost);

    let start = out.len();
    out.resize(start + (cost / 8) as usize + 3 * SLACK, 0);
    let mut writer = BitWriter::new(&mut out[start..], held.bits, held.count);
    if cost == stored_cost {
        write_stored(&mut writer, bytes, last);
    } else if cost == fixed_cost {
        writer.put(u64::from(last) | 1 << 1, 3);
        write_steps(&mut writer, bytes, steps, &fixed);
    } else {
        writer.put(u64::from(last) | 2 << 1, 3);
        description.write(&mut writer);
        write_steps(&mut writer, bytes, steps, &best);
    }
    let (stored, bits, count) = writer.finish();
    *held = Held { bits, count };
    out.truncate(start + stored);
}

/// Ends on a byte border: by an empty stored block when more will follow, else by filling up the last byte.
pub(super) fn finish(out: &mut Vec<u8>, held: Held, last: bool) {
    let start = out.len();
    out.resize(start + 2 * SLACK, 0);
    let mut writer = BitWriter::new(&mut out[start..], held.bits, held.count);
    if last {
        writer.align();
    } else {
        write_stored(&mut writer, &[], false);
    }
    let (stored, ..) = writer.finish();
    out.truncate(start + stored);
}

fn write_stored(writer: &mut BitWriter<'_>, mut bytes: &[u8], last: bool) {
    loop {
        let (now, rest) = bytes.split_at(bytes.len().min(STORED_MOST));
        writer.put(u64::from(last && rest.is_empty()), 3);
        writer.align();
        let length = now.len() as u64;
        writer.put(length | (!length & 0xFFFF) << 16, 32);
        writer.copy(now);
        bytes = rest;
        if bytes.is_empty() {
            return;
        }
    }
}

/// A code with the bits that always follow it: bits below, their number in the highest byte.
#[derive(Clone, Copy, Default)]
struct Word(u32);

impl Word {
    fn new(bits: u32, count: u32) -> Self {
        Self(bits | count << 24)
    }

    #[inline]
    fn bits(self) -> u64 {
        u64::from(self.0 & 0xFF_FFFF)
    }

    #[inline]
    fn count(self) -> u32 {
        self.0 >> 24
    }
}

fn write_steps(writer: &mut BitWriter<'_>, mut bytes: &[u8], steps: &[Step], lengths: &Lengths) {
    let litlens = words(&lengths.litlens);
    let distances = words(&lengths.distances);
    let mut matches = [Word::default(); MAX_MATCH + 1];
    for (length, word) in matches.iter_mut().enumerate().skip(3) {
        let symbol = length_symbol(length);
        let code = litlens[symbol];
        let bits = code.0 & 0xFF_FFFF | length_rest(length) << code.count();
        *word = Word::new(bits, code.count() + litlen_extra(symbol));
    }
    for &step in steps {
        let (literals, rest) = bytes.split_at(step.literals as usize);
        write_literals(writer, literals, &litlens);
        bytes = rest;
        if step.length == 0 {
            continue;
        }
        bytes = &bytes[step.length as usize..];
        let word = matches[step.length as usize];
        writer.add(word.bits(), word.count());
        let symbol = distance_symbol(step.distance());
        let extra = distance_extra(symbol);
        writer.add(distances[symbol].bits(), distances[symbol].count());
        writer.add(distance_rest(step.distance(), extra), extra);
        writer.store();
    }
    writer.put(litlens[END].bits(), litlens[END].count());
}

#[inline]
fn write_literals(writer: &mut BitWriter<'_>, literals: &[u8], words: &[Word; LITLENS]) {
    let (fours, rest) = literals.as_chunks::<4>();
    for four in fours {
        for &byte in four {
            let word = words[byte as usize];
            writer.add(word.bits(), word.count());
        }
        writer.store();
    }
    for &byte in rest {
        let word = words[byte as usize];
        writer.add(word.bits(), word.count());
    }
    writer.store();
}

fn words<const N: usize>(lengths: &[u8; N]) -> [Word; N] {
    let codes = codes(lengths);
    std::array::from_fn(|symbol| Word::new(u32::from(codes[symbol]), u32::from(lengths[symbol])))
}

/// How a dynamic block tells its codes: their lengths, run-length coded, themselves under a prefix code.
struct Description {
    litlens: usize,
    distances: usize,
    /// Symbol of 0..=18 with the value of its extra bits.
    runs: Vec<(u8, u8)>,
    lengths: [u8; 19],
    ordered: usize,
}

fn run_extra(symbol: u8) -> u32 {
    match symbol {
        16 => 2,
        17 => 3,
        18 => 7,
        _ => 0,
    }
}

impl Description {
    fn of(lengths: &Lengths) -> Self {
        let used = |lengths: &[u8], least: usize| {
            lengths.iter().rposition(|&bits| bits > 0).map_or(least, |at| (at + 1).max(least))
        };
        let (litlens, distances) = (used(&lengths.litlens, 257), used(&lengths.distances, 1));
        let runs = runs(&[&lengths.litlens[..litlens], &lengths.distances[..distances]].concat());
        let mut counts = [0; 19];
        for &(symbol, _) in &runs {
            counts[symbol as usize] += 1;
        }
        let own: [u8; 19] = code_lengths(&counts, 7);
        let ordered = LENGTH_CODE_ORDER.iter().rposition(|&at| own[at] > 0).map_or(4, |at| (at + 1).max(4));
        Self { litlens, distances, runs, lengths: own, ordered }
    }

    /// Bits, with those of the block's first three.
    fn cost(&self) -> u64 {
        let runs: u32 =
            self.runs.iter().map(|&(at, _)| u32::from(self.lengths[at as usize]) + run_extra(at)).sum();
        3 + 14 + 3 * self.ordered as u64 + u64::from(runs)
    }

    fn write(&self, writer: &mut BitWriter<'_>) {
        writer.add(self.litlens as u64 - 257, 5);
        writer.add(self.distances as u64 - 1, 5);
        writer.put(self.ordered as u64 - 4, 4);
        for &at in &LENGTH_CODE_ORDER[..self.ordered] {
            writer.put(u64::from(self.lengths[at]), 3);
        }
        let words = words(&self.lengths);
        for &(symbol, rest) in &self.runs {
            let word = words[symbol as usize];
            writer.add(word.bits(), word.count());
            writer.put(u64::from(rest), run_extra(symbol));
        }
    }
}

fn runs(lengths: &[u8]) -> Vec<(u8, u8)> {
    let mut runs = Vec::with_capacity(lengths.len());
    for same in lengths.chunk_by(|a, b| a == b) {
        let (value, mut left) = (same[0], same.len());
        if value != 0 {
            runs.push((value, 0));
            left -= 1;
        }
        while left > 0 {
            let (symbol, least, most) = match (value, left) {
                (0, 11..) => (18, 11, 138),
                (0, 3..) => (17, 3, 10),
                (1.., 3..) => (16, 3, 6),
                _ => {
                    runs.push((value, 0));
                    left -= 1;
                    continue;
                }
            };
            let now = left.min(most);
            runs.push((symbol, (now - least) as u8));
            left -= now;
        }
    }
    runs
}
