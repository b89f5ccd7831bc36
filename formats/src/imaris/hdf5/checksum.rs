/// Bob Jenkins' `lookup3` with a start of 0: the checksum of HDF5's metadata.
pub(super) fn lookup3(bytes: &[u8]) -> u32 {
    let start = 0xDEAD_BEEF_u32.wrapping_add(bytes.len() as u32);
    let mut state = [start; 3];
    if bytes.is_empty() {
        return start;
    }
    // The last group, whole or not, is mixed in another way.
    let last = (bytes.len() - 1) / 12 * 12;
    for group in bytes[..last].chunks_exact(12) {
        add(&mut state, group);
        mix(&mut state);
    }
    add(&mut state, &bytes[last..]);
    finish(&mut state);
    state[2]
}

fn add(state: &mut [u32; 3], group: &[u8]) {
    for (word, bytes) in state.iter_mut().zip(group.chunks(4)) {
        let value = bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
        *word = word.wrapping_add(value);
    }
}

fn mix([a, b, c]: &mut [u32; 3]) {
    let turn = |x: &mut u32, y: &mut u32, z: &mut u32, bits| {
        *x = x.wrapping_sub(*z) ^ z.rotate_left(bits);
        *z = z.wrapping_add(*y);
    };
    turn(a, b, c, 4);
    turn(b, c, a, 6);
    turn(c, a, b, 8);
    turn(a, b, c, 16);
    turn(b, c, a, 19);
    turn(c, a, b, 4);
}

fn finish([a, b, c]: &mut [u32; 3]) {
    let turn = |x: &mut u32, y: u32, bits| *x = (*x ^ y).wrapping_sub(y.rotate_left(bits));
    turn(c, *b, 14);
    turn(a, *c, 11);
    turn(b, *a, 25);
    turn(c, *b, 16);
    turn(a, *c, 4);
    turn(b, *a, 14);
    turn(c, *b, 24);
}

/// The checksum behind chunks: Fletcher's sums of words of 16 bits, the upper byte first.
pub(super) fn fletcher32(bytes: &[u8]) -> u32 {
    let fold = |sum: u32| (sum & 0xFFFF) + (sum >> 16);
    let (mut low, mut high) = (0_u32, 0_u32);
    // So many words that neither sum leaves its 32 bits.
    for piece in bytes.chunks(720) {
        for word in piece.chunks(2) {
            low += u32::from(word[0]) << 8 | word.get(1).copied().map_or(0, u32::from);
            high += low;
        }
        (low, high) = (fold(low), fold(high));
    }
    fold(high) << 16 | fold(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// Values that its author names.
    #[rstest]
    #[case::nothing(b"", 0xDEAD_BEEF)]
    #[case::sentence(b"Four score and seven years ago", 0x1777_0551)]
    fn known_values(#[case] bytes: &[u8], #[case] expected: u32) {
        assert_eq!(lookup3(bytes), expected);
    }
}
