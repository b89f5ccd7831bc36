//! The limits of S3 and the sizes that follow from them.
//!
//! Source of the limits: "Amazon S3 multipart upload limits" in the Amazon S3 User Guide.

pub(crate) const MIB: u64 = 1 << 20;

/// The most parts of one upload.
pub const MAX_PARTS: u32 = 10_000;
/// The least size of every part but the last.
pub const MIN_PART: u64 = 5 * MIB;
/// The most bytes of one put or one part.
pub const MAX_PUT: u64 = 5 << 30;
/// The most bytes of one object that we plan for.
pub const MAX_OBJECT: u64 = 5 << 40;
/// A size that a server may state, 1 PiB: no object of any cloud comes near to it, and sums of larger ones would overflow.
const PLAUSIBLE: u64 = 1 << 50;
/// The most bytes of a key's UTF-8.
pub(crate) const MAX_KEY: usize = 1024;

/// Small enough to be held 32 times, large enough that a request's own cost does not show.
const USUAL_PART: u64 = 8 * MIB;
/// A tenth of the parts is kept in reserve, for a source that grows while it is read.
const PLANNED_PARTS: u64 = 9_000;
/// Parts of an upload whose end is not known: each run of parts is twice as large as the one before.
const GROWTH: [(u32, u64); 7] = [
    (1_000, 16 * MIB),
    (2_000, 64 * MIB),
    (3_000, 128 * MIB),
    (4_000, 256 * MIB),
    (6_000, 512 * MIB),
    (8_000, 1024 * MIB),
    (MAX_PARTS, 2048 * MIB),
];

/// The size of every part but the last.
///
/// For a known total: 8 MiB, or the total over 9,000 rounded up to a MiB, whichever is more. For an unknown total the
/// size of the first part; the following ones grow as [`part_size_at`] says.
pub fn part_size(total: Option<u64>) -> u64 {
    match total {
        Some(total) => USUAL_PART.max(total.div_ceil(PLANNED_PARTS).next_multiple_of(MIB)),
        None => part_size_at(1),
    }
}

/// The size of part `number` (from 1) of an upload whose total is not known: 16 MiB for the first thousand, then more,
/// so that [`MAX_OBJECT`] fits into [`MAX_PARTS`].
pub fn part_size_at(number: u32) -> u64 {
    let run = GROWTH.iter().find(|(last, _)| number <= *last);
    run.map_or(GROWTH[GROWTH.len() - 1].1, |(_, size)| *size)
}

/// Where part `number` (from 1) of such an upload begins.
pub fn part_offset(number: u32) -> u64 {
    let mut offset = 0;
    let mut first = 1;
    for (last, size) in GROWTH {
        let parts = number.min(last + 1).saturating_sub(first);
        offset += u64::from(parts) * size;
        first = last + 1;
    }
    offset
}

/// A size as a server writes it; `None` for what is not the size of an object.
pub(crate) fn stated_size(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|size| *size <= PLAUSIBLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::nothing(0, 8 * MIB)]
    #[case::just_fits(9_000 * 8 * MIB, 8 * MIB)]
    #[case::one_more(9_000 * 8 * MIB + 1, 9 * MIB)]
    #[case::largest(MAX_OBJECT, 583 * MIB)]
    fn known_totals_stay_below_nine_thousand_parts(#[case] total: u64, #[case] size: u64) {
        assert_eq!(part_size(Some(total)), size);
        assert!(total.div_ceil(size) <= PLANNED_PARTS);
    }

    #[test]
    fn an_unknown_total_has_room_for_the_largest_object() {
        assert!(part_offset(MAX_PARTS) + part_size_at(MAX_PARTS) >= MAX_OBJECT);
    }

    #[rstest]
    fn parts_follow_each_other(#[values(1, 2, 999, 1_000, 1_001, 3_999, 4_000, 4_001, 9_999)] number: u32) {
        assert_eq!(part_offset(number) + part_size_at(number), part_offset(number + 1));
    }

    #[rstest]
    #[case("0", Some(0))]
    #[case(" 12 ", Some(12))]
    #[case("1125899906842624", Some(1 << 50))]
    #[case("1125899906842625", None)]
    #[case("9223372036854775808", None)]
    #[case("18446744073709551615", None)]
    #[case("-1", None)]
    #[case("", None)]
    fn a_stated_size_is_that_of_an_object(#[case] text: &str, #[case] size: Option<u64>) {
        assert_eq!(stated_size(text), size);
    }
}
