/// How hard the encoder works. Decoding takes about as long as encoding.
///
/// These are the speeds of the `wavpack` program (fast, normal, high, very high) and the levels 1 to 4 of `wavpack-numcodecs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// Level 1: two passes of prediction.
    Fast,
    /// Level 2: five passes.
    Normal,
    /// Level 3: ten passes. What the lab uses.
    High,
    /// Level 4: sixteen passes.
    VeryHigh,
}

impl Level {
    /// The level of a number from 1 to 4.
    pub const fn new(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Fast),
            2 => Some(Self::Normal),
            3 => Some(Self::High),
            4 => Some(Self::VeryHigh),
            _ => None,
        }
    }

    /// 1 to 4.
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    /// What each pass predicts from, in the encoder's order; see [`super::pass::Pass`].
    pub(super) const fn terms(self) -> &'static [i8] {
        match self {
            Self::Fast => &[18, 17],
            Self::Normal => &[18, 18, 2, 17, 3],
            Self::High => &[18, 18, 18, -2, 2, 3, 5, -1, 17, 4],
            Self::VeryHigh => &[18, 18, 2, 3, -2, 18, 2, 4, 7, 5, 3, 6, 8, -1, 18, 2],
        }
    }

    /// The flags of the program that wrote a stream of this level, told in its first block; no reader needs them.
    pub(super) const fn configuration(self) -> [u8; 3] {
        let flags = match self {
            Self::Fast => 0x02,
            Self::Normal => 0x00,
            Self::High => 0x08,
            Self::VeryHigh => 0x18,
        };
        [flags, 0x40, 0x20]
    }
}
