/// Low bits that all samples of a block have alike, and that are therefore not packed. At most one number is above 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Redundancy {
    /// So many bits are 0.
    pub(super) zeros: u32,
    /// So many bits are 1.
    pub(super) ones: u32,
    /// So many bits are as the one above them.
    pub(super) copies: u32,
}

/// What samples have in common, gathered one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Common {
    pub(super) any: i32,
    pub(super) all: i32,
    pub(super) mixed: i32,
}

impl Common {
    pub(super) const NOTHING: Self = Self { any: 0, all: -1, mixed: 0 };

    pub(super) fn of(samples: impl IntoIterator<Item = i32>) -> Self {
        samples.into_iter().fold(Self::NOTHING, |common, sample| Self {
            any: common.any | sample,
            all: common.all & sample,
            mixed: common.mixed | sample ^ -(sample & 1),
        })
    }

    /// All samples are 0.
    pub(super) fn silent(self) -> bool {
        self.any == 0
    }

    /// The bits that need not be packed. A sample keeps at least one.
    pub(super) fn redundancy(self) -> Redundancy {
        let none = Redundancy::default();
        if self.silent() {
            none
        } else if self.any & 1 == 0 {
            Redundancy { zeros: self.any.trailing_zeros(), ..none }
        } else if self.all & 1 == 1 {
            Redundancy { ones: self.all.trailing_ones().min(15), ..none }
        } else {
            Redundancy { copies: (self.mixed >> 1).trailing_zeros().min(15), ..none }
        }
    }
}

impl Redundancy {
    /// Bits a sample is made shorter by.
    pub(super) fn shift(self) -> u32 {
        self.zeros + self.ones + self.copies
    }

    /// A sample from what was packed of it.
    pub(super) fn restore(self, value: i32) -> i32 {
        if self.zeros > 0 {
            value << self.zeros
        } else if self.ones > 0 {
            (value.wrapping_add(1) << self.ones).wrapping_sub(1)
        } else {
            let low = value & 1;
            (value.wrapping_add(low) << self.copies).wrapping_sub(low)
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&[0, 0], Redundancy::default())]
    #[case(&[12, -24, 36], Redundancy { zeros: 2, ..Default::default() })]
    #[case(&[3, -13, 7], Redundancy { ones: 1 + 1, ..Default::default() })]
    #[case(&[0, 7, -8, 15], Redundancy { copies: 2, ..Default::default() })]
    #[case(&[-32768], Redundancy { zeros: 15, ..Default::default() })]
    #[case(&[-1, -1], Redundancy { ones: 15, ..Default::default() })]
    #[case(&[0, -1], Redundancy { copies: 15, ..Default::default() })]
    #[case(&[1, 2], Redundancy::default())]
    fn bits_that_all_samples_share_are_left_out(#[case] samples: &[i32], #[case] expected: Redundancy) {
        let found = Common::of(samples.iter().copied()).redundancy();
        assert_eq!(found, expected);
        for &sample in samples {
            assert_eq!(found.restore(sample >> found.shift()), sample);
        }
    }
}
