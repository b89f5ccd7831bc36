//! Items of several bytes, taken apart so that bytes (or bits) of the same rank lie side by side.
//!
//! Plain loops over fixed widths: the compiler makes vectors of them.

use super::Shuffle;

/// Shuffles a block; both have the same length. `spare` is room for another block.
pub(super) fn apart(shuffle: Shuffle, width: usize, from: &[u8], to: &mut [u8], spare: &mut Vec<u8>) {
    match shuffle {
        Shuffle::Byte => bytes_apart(width, from, to),
        Shuffle::Bit if bits_fit(width, from.len()) => {
            spare.resize(from.len(), 0);
            bits_apart(width, from, to, spare);
        }
        Shuffle::Bit | Shuffle::None | Shuffle::Auto => to.copy_from_slice(from),
    }
}

/// Undoes [`apart`].
pub(super) fn together(shuffle: Shuffle, width: usize, from: &[u8], to: &mut [u8], spare: &mut Vec<u8>) {
    match shuffle {
        Shuffle::Byte => bytes_together(width, from, to),
        Shuffle::Bit if bits_fit(width, from.len()) => {
            spare.resize(from.len(), 0);
            bits_together(width, from, to, spare);
        }
        Shuffle::Bit | Shuffle::None | Shuffle::Auto => to.copy_from_slice(from),
    }
}

/// Undoes a shuffle by bytes as Blosc and HDF5's filter 2 do it: `from` has all first bytes of items of `width` bytes, then all
/// second ones, and so on; what is behind the last whole item stays where it is.
///
/// Both must have the same length, and `width` must not be 0.
pub fn unshuffle(width: usize, from: &[u8], to: &mut [u8]) {
    bytes_together(width, from, to);
}

/// Bits are shuffled in blocks of a multiple of eight items only; others stay as they are.
fn bits_fit(width: usize, length: usize) -> bool {
    (length / width).is_multiple_of(8)
}

/// Whole items, and the bytes after the last one.
fn whole(width: usize, length: usize) -> usize {
    length / width * width
}

/// Bytes shuffled at a time by way of the stack: what is between two steps stays in the nearest cache.
const TILE: usize = 4096;

fn bytes_apart(width: usize, from: &[u8], to: &mut [u8]) {
    let (items, tail) = from.split_at(whole(width, from.len()));
    let (planes, rest) = to.split_at_mut(items.len());
    rest.copy_from_slice(tail);
    if items.is_empty() {
        return;
    }
    let plane = items.len() / width;
    match width {
        1 => planes.copy_from_slice(items),
        2 | 4 | 8 | 16 => {
            for (at, tile) in items.chunks(TILE).enumerate() {
                tile_apart(width, tile, planes, plane, at * (TILE / width));
            }
        }
        _ => {
            for (rank, plane) in planes.chunks_exact_mut(plane).enumerate() {
                for (to, item) in plane.iter_mut().zip(items.chunks_exact(width)) {
                    *to = item[rank];
                }
            }
        }
    }
}

/// Takes every other byte again and again, until each group is of two ranks; these go to their planes, from `start` on.
fn tile_apart(width: usize, tile: &[u8], planes: &mut [u8], plane: usize, start: usize) {
    let (mut this, mut next) = (&mut [0; TILE], &mut [0; TILE]);
    let mut groups = 1;
    while groups < width / 2 {
        let group = tile.len() / groups;
        let source = if groups == 1 { tile } else { &this[..tile.len()] };
        for (from, to) in source.chunks_exact(group).zip(next.chunks_exact_mut(group)) {
            let (even, odd) = to.split_at_mut(group / 2);
            unzip(from, even, odd);
        }
        (this, next) = (next, this);
        groups *= 2;
    }
    let source = if groups == 1 { tile } else { &this[..tile.len()] };
    let length = tile.len() / width;
    let (low, high) = planes.split_at_mut(plane * groups);
    for (group, from) in source.chunks_exact(2 * length).enumerate() {
        let at = rank_of(group, groups) * plane + start;
        unzip(from, &mut low[at..at + length], &mut high[at..at + length]);
    }
}

fn bytes_together(width: usize, from: &[u8], to: &mut [u8]) {
    let (planes, tail) = from.split_at(whole(width, from.len()));
    let (items, rest) = to.split_at_mut(planes.len());
    rest.copy_from_slice(tail);
    if items.is_empty() {
        return;
    }
    let plane = items.len() / width;
    match width {
        1 => items.copy_from_slice(planes),
        2 | 4 | 8 | 16 => {
            for (at, tile) in items.chunks_mut(TILE).enumerate() {
                tile_together(width, planes, plane, at * (TILE / width), tile);
            }
        }
        _ => {
            for (rank, plane) in planes.chunks_exact(plane).enumerate() {
                for (item, from) in items.chunks_exact_mut(width).zip(plane) {
                    item[rank] = *from;
                }
            }
        }
    }
}

/// The way of [`tile_apart`] backwards.
fn tile_together(width: usize, planes: &[u8], plane: usize, start: usize, tile: &mut [u8]) {
    let (mut this, mut next) = (&mut [0; TILE], &mut [0; TILE]);
    let whole = tile.len();
    let length = whole / width;
    let mut groups = width / 2;
    let (low, high) = planes.split_at(plane * groups);
    let target = if groups == 1 { &mut *tile } else { &mut this[..whole] };
    for (group, to) in target.chunks_exact_mut(2 * length).enumerate() {
        let at = rank_of(group, groups) * plane + start;
        zip(&low[at..at + length], &high[at..at + length], to);
    }
    while groups > 1 {
        groups /= 2;
        let group = whole / groups;
        let target = if groups == 1 { &mut *tile } else { &mut next[..whole] };
        for (from, to) in this.chunks_exact(group).zip(target.chunks_exact_mut(group)) {
            let (even, odd) = from.split_at(group / 2);
            zip(even, odd, to);
        }
        (this, next) = (next, this);
    }
}

/// The lower of the two ranks that are left in a group: each halving put the next bit of the rank behind those before.
fn rank_of(group: usize, groups: usize) -> usize {
    match groups {
        1 => 0,
        _ => group.reverse_bits() >> (usize::BITS - groups.ilog2()),
    }
}

fn unzip(from: &[u8], even: &mut [u8], odd: &mut [u8]) {
    // Two loops, each over words: this is what becomes vectors.
    let pairs = from.as_chunks::<2>().0;
    for (even, pair) in even.iter_mut().zip(pairs) {
        *even = u16::from_le_bytes(*pair) as u8;
    }
    for (odd, pair) in odd.iter_mut().zip(pairs) {
        *odd = (u16::from_le_bytes(*pair) >> 8) as u8;
    }
}

fn zip(even: &[u8], odd: &[u8], to: &mut [u8]) {
    for ((pair, even), odd) in to.as_chunks_mut::<2>().0.iter_mut().zip(even).zip(odd) {
        *pair = (u16::from(*even) | u16::from(*odd) << 8).to_le_bytes();
    }
}

/// Three turns: bytes of a rank together, in each eight of them bits of a rank together, then these bytes together.
fn bits_apart(width: usize, from: &[u8], to: &mut [u8], spare: &mut [u8]) {
    bytes_apart(width, from, spare);
    let items = whole(width, from.len());
    to[items..].copy_from_slice(&spare[items..]);
    if items == 0 {
        return;
    }
    let plane = items / width;
    for (from, to) in spare[..items].chunks_exact_mut(plane).zip(to.chunks_exact_mut(plane)) {
        turn_bits(from);
        bytes_apart(8, from, to);
    }
}

fn bits_together(width: usize, from: &[u8], to: &mut [u8], spare: &mut [u8]) {
    let items = whole(width, from.len());
    spare[items..].copy_from_slice(&from[items..]);
    if items > 0 {
        let plane = items / width;
        for (from, to) in from.chunks_exact(plane).zip(spare[..items].chunks_exact_mut(plane)) {
            bytes_together(8, from, to);
            turn_bits(to);
        }
    }
    bytes_together(width, spare, to);
}

/// Turns each eight bytes about their diagonal: bit `i` of byte `j` becomes bit `j` of byte `i`.
fn turn_bits(bytes: &mut [u8]) {
    for eight in bytes.as_chunks_mut::<8>().0 {
        let mut square = u64::from_le_bytes(*eight);
        for (distance, half) in [(7, 0x00AA_00AA_00AA_00AA), (14, 0x0000_CCCC_0000_CCCC), (28, 0xF0F0_F0F0)] {
            let differ = (square ^ square >> distance) & half;
            square ^= differ ^ differ << distance;
        }
        *eight = square.to_le_bytes();
    }
}
