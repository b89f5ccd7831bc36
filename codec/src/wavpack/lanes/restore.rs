use super::{
    super::{block::Block, header::Flags, redundancy::Redundancy},
    Frame, LANES, Lanes,
};

/// What is left to do to samples once they are predicted.
#[derive(Debug)]
pub(super) struct Restorer {
    joint: bool,
    shortened: bool,
    shifts: Lanes,
    /// What is added before the shift and taken away after it.
    ones: Lanes,
    /// The bits of the value itself that are too.
    copies: Lanes,
    crc: Lanes,
}

impl Restorer {
    pub(super) fn new(blocks: &[Block<'_>]) -> Self {
        let mut made = Self {
            joint: blocks[0].flags.has(Flags::JOINT),
            shortened: false,
            shifts: Lanes::ZERO,
            ones: Lanes::ZERO,
            copies: Lanes::ZERO,
            crc: Lanes([-1; LANES]),
        };
        for (lane, block) in blocks.iter().enumerate() {
            let Redundancy { zeros, ones, copies } = block.redundancy;
            let shift = if zeros > 0 {
                zeros
            } else if ones > 0 {
                ones
            } else {
                copies
            };
            made.shortened |= shift > 0;
            made.shifts.0[lane] = shift.cast_signed();
            made.ones.0[lane] = i32::from(zeros == 0 && ones > 0);
            made.copies.0[lane] = i32::from(zeros == 0 && ones == 0);
        }
        made
    }

    /// The checksum over a pair's samples so far.
    pub(super) fn crc(&self, lane: usize) -> u32 {
        self.crc.0[lane].cast_unsigned()
    }

    /// Makes the channels from their difference and mean, sums them up, and adds the bits that were left out.
    #[inline(always)]
    pub(super) fn restore(&mut self, frame: &mut Frame) {
        let [left, right] = frame;
        if self.joint {
            for lane in 0..LANES {
                right.0[lane] = right.0[lane].wrapping_sub(left.0[lane] >> 1);
                left.0[lane] = left.0[lane].wrapping_add(right.0[lane]);
            }
        }
        for lane in 0..LANES {
            let sample = left.0[lane].wrapping_mul(3).wrapping_add(right.0[lane]);
            self.crc.0[lane] = self.crc.0[lane].wrapping_mul(9).wrapping_add(sample);
        }
        if self.shortened {
            self.lengthen(left);
            self.lengthen(right);
        }
    }

    /// [`Redundancy::restore`] for all pairs.
    #[inline(always)]
    fn lengthen(&self, values: &mut Lanes) {
        for lane in 0..LANES {
            let value = values.0[lane];
            let added = self.ones.0[lane] | (value & self.copies.0[lane]);
            let shifted = value.wrapping_add(added).wrapping_shl(self.shifts.0[lane].cast_unsigned());
            values.0[lane] = shifted.wrapping_sub(added);
        }
    }
}

/// Puts a frame into a row of samples, as far as there is room.
#[inline(always)]
pub(super) fn put(frame: &Frame, row: &mut [i16]) {
    let mut all = [0; 2 * LANES];
    for lane in 0..LANES {
        all[2 * lane] = frame[0].0[lane] as i16;
        all[2 * lane + 1] = frame[1].0[lane] as i16;
    }
    match row.first_chunk_mut::<{ 2 * LANES }>() {
        Some(row) => *row = all,
        None => row.copy_from_slice(&all[..row.len()]),
    }
}
