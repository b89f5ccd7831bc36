use super::{super::source::Order, Segment};

/// Makes samples little-endian.
pub(super) fn swap(samples: &mut [u8], size: usize, order: Order) {
    if order == Order::Little {
        return;
    }
    match size {
        2 => each(samples, |bytes: &mut [u8; 2]| bytes.reverse()),
        4 => each(samples, |bytes: &mut [u8; 4]| bytes.reverse()),
        8 => each(samples, |bytes: &mut [u8; 8]| bytes.reverse()),
        _ => {}
    }
}

fn each<const N: usize>(samples: &mut [u8], change: impl Fn(&mut [u8; N])) {
    samples.as_chunks_mut::<N>().0.iter_mut().for_each(change);
}

/// Undoes the predictor in the rows of a segment and makes its samples little-endian.
pub(super) fn restore(samples: &mut [u8], segment: &Segment, predictor: u64, order: Order) {
    let (row_bytes, size) = (segment.row_bytes as usize, segment.size);
    let apart = segment.pixel as usize / size;
    if predictor != 3 {
        swap(samples, size, order);
    }
    let mut line = Vec::new();
    for row in samples.chunks_exact_mut(row_bytes) {
        match (predictor, size) {
            (2, 1) => sums::<1>(row, apart, |a, b| [a[0].wrapping_add(b[0])]),
            (2, 2) => sums(row, apart, |a, b| {
                u16::from_le_bytes(a).wrapping_add(u16::from_le_bytes(b)).to_le_bytes()
            }),
            (2, 4) => sums(row, apart, |a, b| {
                u32::from_le_bytes(a).wrapping_add(u32::from_le_bytes(b)).to_le_bytes()
            }),
            (2, 8) => sums(row, apart, |a, b| {
                u64::from_le_bytes(a).wrapping_add(u64::from_le_bytes(b)).to_le_bytes()
            }),
            (3, _) => floats(row, apart, size, &mut line),
            _ => return,
        }
    }
}

/// Each sample was stored as its difference from the same sample of the pixel before.
fn sums<const N: usize>(row: &mut [u8], apart: usize, add: impl Fn([u8; N], [u8; N]) -> [u8; N]) {
    let row = row.as_chunks_mut::<N>().0;
    if apart == 1 {
        let mut sum = [0; N];
        for sample in row {
            sum = add(sum, *sample);
            *sample = sum;
        }
        return;
    }
    for at in apart..row.len() {
        row[at] = add(row[at], row[at - apart]);
    }
}

/// The bytes of floats were sorted, all highest ones first, and then stored as differences (Adobe's technical note 3).
fn floats(row: &mut [u8], apart: usize, size: usize, line: &mut Vec<u8>) {
    sums::<1>(row, apart, |a, b| [a[0].wrapping_add(b[0])]);
    line.clear();
    line.extend_from_slice(row);
    let count = row.len() / size;
    for (at, sample) in row.chunks_exact_mut(size).enumerate() {
        for (place, byte) in sample.iter_mut().rev().enumerate() {
            *byte = line[place * count + at];
        }
    }
}
