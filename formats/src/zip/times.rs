//! Modification times in the three forms a zip file knows.

use jiff::{Timestamp, tz::TimeZone};

/// Seconds between 1601 (NTFS) and 1970 (Unix).
const NTFS_EPOCH: i64 = 11_644_473_600;

/// DOS time and date, local by convention: two-second steps from 1980 to 2107, the nearest of which is taken for times outside.
pub(super) fn dos(modified: Timestamp, zone: &TimeZone) -> (u16, u16) {
    let local = modified.to_zoned(zone.clone()).datetime();
    let year = i32::from(local.year());
    if year < 1980 {
        return (0, (1 << 5) | 1);
    }
    if year > 2107 {
        return (0xbf7d, 0xff9f);
    }
    let part = |n: i8| n.unsigned_abs().into();
    let (hour, minute, second): (u16, u16, u16) =
        (part(local.hour()), part(local.minute()), part(local.second()));
    let (month, day): (u16, u16) = (part(local.month()), part(local.day()));
    ((hour << 11) | (minute << 5) | (second / 2), (((year - 1980) as u16) << 9) | (month << 5) | day)
}

/// Extra field 0x5455: the Unix time in seconds. Empty for times its 32 bits cannot hold.
pub(super) fn unix_extra(modified: Timestamp) -> Vec<u8> {
    let Ok(seconds) = i32::try_from(modified.as_second()) else { return Vec::new() };
    let mut extra = Vec::with_capacity(9);
    extra.extend(0x5455_u16.to_le_bytes());
    extra.extend(5_u16.to_le_bytes());
    extra.push(1);
    extra.extend(seconds.to_le_bytes());
    extra
}

/// Extra field 0x000a: the modification time in steps of 100 ns; access and creation are given as the same, since the format wants all three.
pub(super) fn ntfs_extra(modified: Timestamp) -> Vec<u8> {
    let since = i128::from(NTFS_EPOCH) * 10_000_000 + modified.as_nanosecond() / 100;
    let Ok(since) = u64::try_from(since) else { return Vec::new() };
    let mut extra = Vec::with_capacity(36);
    extra.extend(0x000a_u16.to_le_bytes());
    extra.extend(32_u16.to_le_bytes());
    extra.extend(0_u32.to_le_bytes());
    extra.extend(1_u16.to_le_bytes());
    extra.extend(24_u16.to_le_bytes());
    for _ in 0..3 {
        extra.extend(since.to_le_bytes());
    }
    extra
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::plain("2023-10-12T08:32:19Z", (8, 32, 18), (2023, 10, 12))]
    #[case::before_the_epoch("1975-01-01T00:00:00Z", (0, 0, 0), (1980, 1, 1))]
    #[case::after_the_end("2200-01-01T00:00:00Z", (23, 59, 58), (2107, 12, 31))]
    fn dos_times_are_the_nearest_the_format_can_hold(
        #[case] time: &str,
        #[case] clock: (u16, u16, u16),
        #[case] day: (u16, u16, u16),
    ) {
        let (t, d) = dos(time.parse().unwrap(), &TimeZone::UTC);
        assert_eq!((t >> 11, (t >> 5) & 63, (t & 31) * 2), clock);
        assert_eq!(((d >> 9) + 1980, (d >> 5) & 15, d & 31), day);
    }

    #[test]
    fn dos_times_are_local() {
        let zone = TimeZone::fixed(jiff::tz::offset(-8));
        let (t, d) = dos("2023-10-12T02:00:00Z".parse().unwrap(), &zone);
        assert_eq!((t >> 11, d & 31), (18, 11));
    }

    #[test]
    fn ntfs_time_of_the_unix_epoch() {
        let extra = ntfs_extra(Timestamp::UNIX_EPOCH);
        assert_eq!(u64::from_le_bytes(extra[12..20].try_into().unwrap()), 116_444_736_000_000_000);
    }
}
