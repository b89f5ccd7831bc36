/// How large the words of a channel are of late: three numbers, in 16ths, that adapt to be passed by two words of seven, by two
/// sevenths of those, and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Medians(pub(super) [u32; 3]);

impl Medians {
    /// Values that fall below median `rank`.
    pub(super) fn width(self, rank: usize) -> u32 {
        (self.0[rank] >> 4).wrapping_add(1)
    }

    /// Follows a word that passed median `rank`.
    pub(super) fn rise(&mut self, rank: usize) {
        let median = &mut self.0[rank];
        let part = 7 - rank;
        *median = median.wrapping_add((median.wrapping_add(1 << part) >> part).wrapping_mul(5));
    }

    /// Follows a word that did not.
    pub(super) fn fall(&mut self, rank: usize) {
        let median = &mut self.0[rank];
        let part = 7 - rank;
        *median = median.wrapping_sub((median.wrapping_add((1 << part) - 2) >> part).wrapping_mul(2));
    }

    /// So small that silence is likely.
    pub(super) fn quiet(self) -> bool {
        self.0[0] < 2
    }
}
