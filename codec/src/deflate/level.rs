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
}

/// Levels 1 to 9; others count as the nearest. Chosen by measurement (`examples/deflate_speed.rs`) so that each is
/// smaller and faster than zlib's level of the same number.
pub(super) fn level(number: u8) -> Level {
    let (depth, nice, ahead) = match number {
        0 | 1 => (3, 16, Ahead::No),
        2 => (6, 24, Ahead::No),
        3 => (12, 32, Ahead::No),
        4 => (12, 30, Ahead::One),
        5 => (20, 60, Ahead::One),
        6 => (36, 100, Ahead::One),
        7 => (100, 160, Ahead::One),
        8 => (300, 258, Ahead::Two),
        _ => (800, 258, Ahead::Two),
    };
    Level { effort: Effort { depth, nice }, ahead }
}
