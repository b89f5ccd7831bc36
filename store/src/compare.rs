use adt_model::Crc64;
use jiff::Timestamp;

use crate::{Found, checksum};

/// Whether an object is what a source would make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds these bytes, or (by time alone) a version of the same source and moment.
    Same,
    /// It holds others.
    Different,
    /// Nothing that both sides know tells; copy it, or look closer.
    Unknown,
}

/// Times closer than a millisecond are the same: some tools that write `mtime` keep no more than that.
const TIME_GRAIN_NANOS: i128 = 1_000_000;

/// Holds an object against what is known of a source. The first row that can decide does:
///
/// | both sides know | equal | not equal |
/// |---|---|---|
/// | size | next row | Different |
/// | CRC-64/NVME of the whole object | Same | Different |
/// | MD5, where the `ETag` can be one (32 hexadecimal digits) | Same | next row: encrypted buckets have other `ETag`s |
/// | modification time, to the millisecond | Same | Different |
/// | none of them | Unknown | |
pub fn compare(
    found: &Found,
    size: u64,
    modified: Option<Timestamp>,
    crc64: Option<Crc64>,
    md5: Option<[u8; 16]>,
) -> Verdict {
    if found.size != size {
        return Verdict::Different;
    }
    if let (Some(there), Some(here)) = (found.crc64, crc64) {
        return if there == here { Verdict::Same } else { Verdict::Different };
    }
    let etag = found.etag.as_deref().and_then(checksum::md5_from_etag);
    if let (Some(there), Some(here)) = (etag, md5)
        && there == here
    {
        return Verdict::Same;
    }
    match (found.modified, modified) {
        (Some(there), Some(here)) if near(there, here) => Verdict::Same,
        (Some(_), Some(_)) => Verdict::Different,
        _ => Verdict::Unknown,
    }
}

fn near(a: Timestamp, b: Timestamp) -> bool {
    (a.as_nanosecond() - b.as_nanosecond()).abs() < TIME_GRAIN_NANOS
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Different, Same, Unknown};
    use rstest::rstest;

    const EMPTY_MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";

    fn time(nanos: i128) -> Timestamp {
        Timestamp::from_nanosecond(nanos).unwrap()
    }

    #[rstest]
    #[case::size_alone(3, None, None, None, Unknown)]
    #[case::other_size_whatever_the_rest(4, Some(1), Some(10), Some(true), Different)]
    #[case::checksum(3, Some(1), None, None, Same)]
    #[case::checksum_beats_time(3, Some(1), Some(99_000_000_000), None, Same)]
    #[case::other_checksum_beats_all(3, Some(2), Some(10), Some(true), Different)]
    #[case::md5(3, None, None, Some(true), Same)]
    #[case::md5_beats_time(3, None, Some(99_000_000_000), Some(true), Same)]
    #[case::other_md5_is_no_verdict(3, None, None, Some(false), Unknown)]
    #[case::other_md5_then_time(3, None, Some(10), Some(false), Same)]
    #[case::time(3, None, Some(10), None, Same)]
    #[case::time_within_the_grain(3, None, Some(999_000), None, Same)]
    #[case::other_time(3, None, Some(2_000_000_000), None, Different)]
    fn truth_table(
        #[case] size: u64,
        #[case] crc: Option<u64>,
        #[case] nanos: Option<i128>,
        #[case] md5: Option<bool>,
        #[case] verdict: Verdict,
    ) {
        let found = Found {
            etag: Some(EMPTY_MD5.into()),
            modified: Some(time(10)),
            crc64: Some(Crc64(1)),
            ..Found::new("k".parse().unwrap(), 3)
        };
        let md5 =
            md5.map(|equal| checksum::md5_from_etag(EMPTY_MD5).map(|m| if equal { m } else { [0; 16] }));
        let got = compare(&found, size, nanos.map(time), crc.map(Crc64), md5.flatten());
        assert_eq!(got, verdict);
    }

    #[rstest]
    #[case::no_etag(None)]
    #[case::multipart(Some(format!("{EMPTY_MD5}-2")))]
    fn an_etag_that_is_no_md5_says_nothing(#[case] etag: Option<String>) {
        let found = Found { etag, ..Found::new("k".parse().unwrap(), 0) };
        let md5 = checksum::md5_from_etag(EMPTY_MD5);
        assert_eq!(compare(&found, 0, Some(time(10)), Some(Crc64(0)), md5), Unknown);
    }
}
