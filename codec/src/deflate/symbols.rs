//! The two alphabets of RFC 1951, section 3.2.5.

/// Literals, the end of a block, 29 lengths; two more exist only in the fixed code.
pub(super) const LITLENS: usize = 288;
/// Distances; two more exist only in the fixed code.
pub(super) const DISTANCES: usize = 32;
/// Ends a block.
pub(super) const END: usize = 256;
/// Longest match.
pub(super) const MAX_MATCH: usize = 258;
/// How far back a match may lie.
pub(super) const WINDOW: usize = 32_768;

const LENGTH_EXTRA: [u8; 29] =
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];

/// First length of each length symbol.
const LENGTH_BASE: [u16; 29] = {
    let mut base = [0; 29];
    let (mut symbol, mut length) = (0, 3);
    while symbol < 28 {
        base[symbol] = length;
        length += 1 << LENGTH_EXTRA[symbol];
        symbol += 1;
    }
    base[28] = 258;
    base
};

/// Length symbol, counted from 257, of each length of 3..=258.
const LENGTH_SYMBOL: [u8; MAX_MATCH + 1] = {
    let mut of = [0; MAX_MATCH + 1];
    let (mut symbol, mut length) = (0, 3);
    while length < 258 {
        while symbol < 27 && LENGTH_BASE[symbol + 1] as usize <= length {
            symbol += 1;
        }
        of[length] = symbol as u8;
        length += 1;
    }
    of[258] = 28;
    of
};

/// Symbol of a match length in the first alphabet.
#[inline]
pub(super) fn length_symbol(length: usize) -> usize {
    257 + LENGTH_SYMBOL[length] as usize
}

/// Extra bits that follow a symbol of the first alphabet.
pub(super) fn litlen_extra(symbol: usize) -> u32 {
    symbol.checked_sub(257).and_then(|at| LENGTH_EXTRA.get(at)).map_or(0, |&bits| u32::from(bits))
}

/// What the extra bits of a length say.
pub(super) fn length_rest(length: usize) -> u32 {
    (length - LENGTH_BASE[LENGTH_SYMBOL[length] as usize] as usize) as u32
}

/// Symbol of a distance of 1..=32768.
#[inline]
pub(super) fn distance_symbol(distance: usize) -> usize {
    let back = distance - 1;
    if back < 4 {
        return back;
    }
    let top = back.ilog2() as usize;
    2 * top + (back >> (top - 1) & 1)
}

/// Extra bits that follow a distance symbol.
#[inline]
pub(super) fn distance_extra(symbol: usize) -> u32 {
    ((symbol >> 1) as u32).saturating_sub(1)
}

/// What the extra bits of a distance say: its low bits, counted from 1.
#[inline]
pub(super) fn distance_rest(distance: usize, extra: u32) -> u64 {
    ((distance - 1) & ((1 << extra) - 1)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// Rows of the tables in RFC 1951, section 3.2.5.
    #[rstest]
    #[case(3, 257, 0, 0)]
    #[case(10, 264, 0, 0)]
    #[case(12, 265, 1, 1)]
    #[case(130, 280, 4, 15)]
    #[case(257, 284, 5, 30)]
    #[case(258, 285, 0, 0)]
    fn lengths(#[case] length: usize, #[case] symbol: usize, #[case] extra: u32, #[case] rest: u32) {
        assert_eq!((length_symbol(length), litlen_extra(symbol), length_rest(length)), (symbol, extra, rest));
    }

    #[rstest]
    #[case(1, 0, 0, 0)]
    #[case(4, 3, 0, 0)]
    #[case(6, 4, 1, 1)]
    #[case(193, 15, 6, 0)]
    #[case(24_576, 28, 13, 8191)]
    #[case(24_577, 29, 13, 0)]
    #[case(32_768, 29, 13, 8191)]
    fn distances(#[case] distance: usize, #[case] symbol: usize, #[case] extra: u32, #[case] rest: u64) {
        assert_eq!((distance_symbol(distance), distance_extra(symbol)), (symbol, extra));
        assert_eq!(distance_rest(distance, extra), rest);
    }
}
