/// Longest code of the two alphabets that may not be longer than 15 bits by the format.
pub(super) const MAX_BITS: usize = 15;

/// Lengths of a prefix code for symbols that occur `counts` times, none longer than `limit` bits (at most 15).
///
/// Symbols that never occur get length 0, but at least two symbols always get a code, so that it is complete: some
/// readers refuse a tree with one leaf.
pub(super) fn code_lengths<const N: usize>(counts: &[u32; N], limit: usize) -> [u8; N] {
    let mut lengths = [0; N];
    // Count above, symbol below: sorts by count, then by symbol, and so the same everywhere.
    let mut leaves: Vec<u64> = (0_u64..)
        .zip(counts)
        .filter(|(_, count)| **count > 0)
        .map(|(symbol, &count)| u64::from(count) << 16 | symbol)
        .collect();
    for symbol in 0..2 {
        if leaves.len() < 2 && !leaves.iter().any(|leaf| leaf & 0xFFFF == symbol) {
            leaves.push(1 << 16 | symbol);
        }
    }
    leaves.sort_unstable();
    let mut per_length = depths(&leaves.iter().map(|leaf| leaf >> 16).collect::<Vec<_>>());
    limit_depths(&mut per_length, limit);
    // The rarest symbols get the longest codes.
    let longest_first = per_length
        .iter()
        .enumerate()
        .rev()
        .flat_map(|(bits, &n)| std::iter::repeat_n(bits as u8, n as usize));
    for (leaf, bits) in leaves.iter().zip(longest_first) {
        lengths[(leaf & 0xFFFF) as usize] = bits;
    }
    lengths
}

/// How many leaves of the optimal tree lie at each depth; `counts` ascend and are at least two.
///
/// Two queues: leaves, and inner nodes, which are born in ascending order.
fn depths(counts: &[u64]) -> [u32; 64] {
    let inner_nodes = counts.len() - 1;
    let mut weights = Vec::with_capacity(inner_nodes);
    // Inner node above each node: leaves first, then inner nodes.
    let mut above = vec![0; counts.len() + inner_nodes];
    let (mut leaf, mut inner) = (0, 0);
    for node in 0..inner_nodes {
        let mut take = |weights: &[u64]| {
            let from_leaves = leaf < counts.len() && (inner >= node || counts[leaf] <= weights[inner]);
            let (at, weight, queue) = if from_leaves {
                (leaf, counts[leaf], &mut leaf)
            } else {
                (counts.len() + inner, weights[inner], &mut inner)
            };
            *queue += 1;
            above[at] = node;
            weight
        };
        let sum = take(&weights) + take(&weights);
        weights.push(sum);
    }
    let mut depth = vec![0_usize; inner_nodes];
    for node in (0..inner_nodes - 1).rev() {
        depth[node] = depth[above[counts.len() + node]] + 1;
    }
    let mut per_length = [0; 64];
    for &node in &above[..counts.len()] {
        // Counts of a block sum up to less than 2^32, so no leaf lies deeper than 47 (Fibonacci).
        per_length[(depth[node] + 1).min(63)] += 1;
    }
    per_length
}

/// Lifts leaves below `limit` up to it and lowers as few others as needed to make room (Kraft's sum is 1 again).
fn limit_depths(per_length: &mut [u32; 64], limit: usize) {
    let mut debt: u64 = 0;
    // In units of 2^-limit: a leaf lifted from depth d takes 1 instead of 2^(limit - d) < 1. Count what is too much.
    let too_deep: u32 = per_length[limit + 1..].iter().sum();
    if too_deep == 0 {
        return;
    }
    per_length[limit + 1..].fill(0);
    per_length[limit] += too_deep;
    for (bits, &n) in per_length.iter().enumerate().take(limit + 1).skip(1) {
        debt += u64::from(n) << (limit - bits);
    }
    while debt > 1 << limit {
        // A leaf one step above the limit, or the nearest above it, becomes an inner node: it and one leaf of the
        // lowest level hang below it. That frees exactly one unit.
        per_length[limit] -= 1;
        if let Some(bits) = (1..limit).rev().find(|&bits| per_length[bits] > 0) {
            per_length[bits] -= 1;
            per_length[bits + 1] += 2;
        }
        debt -= 1;
    }
}

/// The codes of RFC 1951, section 3.2.2, with their bits turned round so that they are written lowest bit first.
pub(super) fn codes<const N: usize>(lengths: &[u8; N]) -> [u16; N] {
    let mut next = [0_u32; MAX_BITS + 2];
    for &bits in lengths {
        next[bits as usize + 1] += u32::from(bits > 0);
    }
    for bits in 1..=MAX_BITS {
        next[bits + 1] = (next[bits] + next[bits + 1]) << 1;
    }
    let mut codes = [0; N];
    for (code, &bits) in codes.iter_mut().zip(lengths) {
        if bits > 0 {
            let value = next[bits as usize];
            next[bits as usize] += 1;
            *code = (value as u16).reverse_bits() >> (16 - u32::from(bits));
        }
    }
    codes
}
