use super::symbols::WINDOW;

const HASH4_BITS: u32 = 16;
const HASH3_BITS: u32 = 15;
/// Older than any window.
const NEVER: i16 = i16::MIN;

/// An earlier place that reads the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Match {
    /// Bytes that are equal; below 3 there is no match.
    pub(super) length: usize,
    /// How far back it starts.
    pub(super) distance: usize,
}

/// How hard to look for a match.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// Earlier places looked at.
    pub(super) depth: u32,
    /// A match of this length is good enough to stop looking.
    pub(super) nice: usize,
}

/// Where sequences of four bytes stood before (all places of the last 32 KiB, newest first, by hash), and where
/// sequences of three did (the newest place only: an older match of three costs as much as its literals).
///
/// Places are kept in 16 bits relative to `base`, which moves along in steps of 32 KiB, so that all tables fit into
/// the second cache of a core.
pub(super) struct Chains {
    newest4: Box<[i16; 1 << HASH4_BITS]>,
    newest3: Box<[i16; 1 << HASH3_BITS]>,
    /// The place before each place in the same chain.
    before: Box<[i16; WINDOW]>,
    base: usize,
}

#[expect(clippy::unnecessary_box_returns, reason = "the tables are too large for a stack")]
fn filled<const N: usize>() -> Box<[i16; N]> {
    vec![NEVER; N].into_boxed_slice().try_into().unwrap_or_else(|_| Box::new([NEVER; N]))
}

#[inline]
fn load4(text: &[u8], at: usize) -> u32 {
    text.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

#[inline]
fn load8(text: &[u8], at: usize) -> u64 {
    text.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[inline]
fn hash(sequence: u32, bits: u32) -> usize {
    (sequence.wrapping_mul(0x9E37_79B1) >> (32 - bits)) as usize
}

/// How many bytes from `a` and from `b` are equal; the first `known` are, and more than `most` do not matter.
#[inline]
fn equal(text: &[u8], a: usize, b: usize, known: usize, most: usize) -> usize {
    let mut length = known;
    while length + 8 <= most {
        let differ = load8(text, a + length) ^ load8(text, b + length);
        if differ != 0 {
            return length + (differ.trailing_zeros() >> 3) as usize;
        }
        length += 8;
    }
    while length < most && text[a + length] == text[b + length] {
        length += 1;
    }
    length
}

impl Chains {
    pub(super) fn new() -> Self {
        Self { newest4: filled(), newest3: filled(), before: filled(), base: 0 }
    }

    /// Forgets everything.
    pub(super) fn reset(&mut self) {
        self.newest4.fill(NEVER);
        self.newest3.fill(NEVER);
        self.base = 0;
    }

    /// Moves `base` on by one window when `at` is that far ahead; gives `at` relative to it.
    #[inline]
    fn place(&mut self, at: usize) -> i16 {
        if at - self.base >= WINDOW {
            self.slide();
        }
        ((at - self.base) as u16).cast_signed()
    }

    #[cold]
    fn slide(&mut self) {
        let older = |place: &mut i16| *place = place.saturating_add(NEVER);
        self.newest4.iter_mut().for_each(older);
        self.newest3.iter_mut().for_each(older);
        self.before.iter_mut().for_each(older);
        self.base += WINDOW;
    }

    /// Remembers the places `from..to` without looking for matches. Places must be remembered in order.
    pub(super) fn skip(&mut self, text: &[u8], from: usize, to: usize) {
        let Some(sequences) = text.get(from..text.len().min(to + 3)) else { return };
        for (at, sequence) in (from..).zip(sequences.windows(4)) {
            let place = self.place(at);
            let sequence = sequence.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
            self.newest3[hash(sequence << 8, HASH3_BITS)] = place;
            let newest = &mut self.newest4[hash(sequence, HASH4_BITS)];
            self.before[place as usize & (WINDOW - 1)] = *newest;
            *newest = place;
        }
    }

    /// Remembers the place `at` and looks for the longest earlier match that is longer than `least` bytes (at least 2)
    /// and at most `most`. Gives `least` and distance 0 when there is none.
    #[inline]
    pub(super) fn find(
        &mut self,
        text: &[u8],
        at: usize,
        least: usize,
        most: usize,
        effort: Effort,
    ) -> Match {
        let mut best = Match { length: least, distance: 0 };
        let place = self.place(at);
        if most < 4 {
            return best;
        }
        let sequence = load4(text, at);
        let oldest = i32::from(place) + i32::from(NEVER);
        let three = std::mem::replace(&mut self.newest3[hash(sequence << 8, HASH3_BITS)], place);
        let newest4 = &mut self.newest4[hash(sequence, HASH4_BITS)];
        let mut candidate = *newest4;
        self.before[place as usize & (WINDOW - 1)] = candidate;
        *newest4 = place;

        let absolute = |candidate: i16| self.base.wrapping_add_signed(isize::from(candidate));
        if least < 3 && i32::from(three) > oldest {
            let from = absolute(three);
            if (load4(text, from) ^ sequence) << 8 == 0 {
                best = Match { length: 3, distance: at - from };
            }
        }
        let mut floor = best.length.max(3);
        let mut tail = load4(text, at + floor - 3);
        for _ in 0..effort.depth {
            if i32::from(candidate) <= oldest {
                break;
            }
            let from = absolute(candidate);
            candidate = self.before[candidate as usize & (WINDOW - 1)];
            // The byte that would make it longer, with the three before it; then the first four.
            if floor >= most || load4(text, from + floor - 3) != tail || load4(text, from) != sequence {
                continue;
            }
            let length = equal(text, from, at, 4, most);
            if length > floor {
                floor = length;
                best = Match { length, distance: at - from };
                if length >= effort.nice {
                    break;
                }
                tail = load4(text, at + length - 3);
            }
        }
        best
    }
}
