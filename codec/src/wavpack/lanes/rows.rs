use super::{Frame, LANES, Lanes};

/// Interleaved samples, seen through a window of up to 32 channels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    samples: &'a [i16],
    channels: usize,
    first: usize,
    pairs: usize,
}

impl<'a> Rows<'a> {
    /// `pairs` channel pairs from channel `first` on.
    pub(super) fn new(samples: &'a [i16], channels: usize, first: usize, pairs: usize) -> Self {
        Self { samples, channels, first, pairs }
    }

    pub(super) fn pairs(self) -> usize {
        self.pairs
    }

    pub(super) fn frames(self) -> usize {
        self.samples.len() / self.channels
    }

    /// A frame; pairs that are not there are silent.
    #[inline(always)]
    pub(super) fn frame(self, at: usize) -> Frame {
        let row = &self.samples[at * self.channels + self.first..];
        match row.first_chunk::<{ 2 * LANES }>() {
            Some(row) if self.pairs == LANES => split(row),
            _ => {
                let mut padded = [0; 2 * LANES];
                padded[..2 * self.pairs].copy_from_slice(&row[..2 * self.pairs]);
                split(&padded)
            }
        }
    }
}

#[inline(always)]
fn split(row: &[i16; 2 * LANES]) -> Frame {
    let (mut left, mut right) = (Lanes::ZERO, Lanes::ZERO);
    for lane in 0..LANES {
        left.0[lane] = i32::from(row[2 * lane]);
        right.0[lane] = i32::from(row[2 * lane + 1]);
    }
    [left, right]
}

/// Shortens the samples, sums them up, and makes the two channels their difference and mean.
#[inline(always)]
pub(super) fn join(frame: &mut Frame, shifts: &Lanes, crc: &mut Lanes) {
    let [left, right] = frame;
    for lane in 0..LANES {
        let shift = shifts.0[lane].cast_unsigned();
        let (first, second) = (left.0[lane].wrapping_shr(shift), right.0[lane].wrapping_shr(shift));
        let sum = crc.0[lane].wrapping_mul(9);
        crc.0[lane] = sum.wrapping_add(first * 3 + second);
        left.0[lane] = first - second;
        right.0[lane] = second + ((first - second) >> 1);
    }
}
