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

    /// Follows a word with so many ones, as the calls above do one after the other. Returns the smallest value such a word can
    /// have, and how many values.
    #[inline(always)]
    pub(super) fn follow(&mut self, ones: u32) -> (u32, u32) {
        let widths = [0, 1, 2].map(|rank| self.width(rank));
        let passed = [0, 1, 2].map(|rank| u32::from(ones > rank).wrapping_neg());
        // What a median is not asked about it does not learn from.
        let asked = [u32::MAX, passed[0], passed[1]];
        for rank in 0..3 {
            let (mut risen, mut fallen) = (*self, *self);
            risen.rise(rank);
            fallen.fall(rank);
            self.0[rank] = pick(asked[rank], pick(passed[rank], risen.0[rank], fallen.0[rank]), self.0[rank]);
        }
        let again = ones.saturating_sub(2).wrapping_mul(widths[2]);
        let low = (widths[0] & passed[0]).wrapping_add(widths[1] & passed[1]).wrapping_add(again);
        (low, pick(passed[0], pick(passed[1], widths[2], widths[1]), widths[0]))
    }
}

/// `yes` where the mask is set.
#[inline(always)]
fn pick(mask: u32, yes: u32, no: u32) -> u32 {
    (yes & mask) | (no & !mask)
}
