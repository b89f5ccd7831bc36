use super::chains::Effort;

/// How far ahead to look for a longer match before one is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ahead {
    /// The first match is taken.
    No,
    /// One byte.
    One,
    /// Two bytes.
    Two,
}

/// What a level means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    pub(super) effort: Effort,
    pub(super) ahead: Ahead,
    /// After 2 to this power bytes without a match, one in two is not looked at any more.
    pub(super) patience: u32,
}

/// Levels 1 to 9; others count as the nearest. Chosen by measurement (`examples/deflate_speed.rs`) so that each is
/// smaller and faster than zlib's level of the same number.
pub(super) fn level(number: u8) -> Level {
    let (depth, nice, ahead, patience) = match number {
        0 | 1 => (2, 16, Ahead::No, 7),
        2 => (4, 24, Ahead::No, 7),
        3 => (8, 32, Ahead::No, 7),
        4 => (12, 30, Ahead::One, 8),
        5 => (20, 60, Ahead::One, 8),
        6 => (32, 100, Ahead::One, 8),
        7 => (64, 160, Ahead::One, 9),
        8 => (50, 258, Ahead::Two, 10),
        _ => (100, 258, Ahead::Two, 10),
    };
    Level { effort: Effort { depth, nice }, ahead, patience }
}
