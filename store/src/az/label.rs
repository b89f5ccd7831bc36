//! Our own checksum beside a blob. The service keeps none of a blob made of blocks, so we write one into its metadata. Metadata can outlive the
//! bytes it was written for: other programs replace bytes and keep metadata, and a copy takes it along. So a second entry says what the checksum
//! was written for, and the checksum counts only while the service describes the blob so.
//!
//! That is proven by an MD5 that the service states. Where it states none, as of a blob made of blocks, size and time alone could be those of
//! other bytes that were written at once: then the checksum is a claim, which the blocks of the blob have to prove.

use std::collections::BTreeMap;

use adt_model::Crc64;
use adt_net::hex;
use jiff::Timestamp;

use crate::checksum;

/// The name of the checksum of all the bytes, in 16 hexadecimal digits.
pub(super) const CRC64: &str = "crc64nvme";
/// The name of what it was written for: size, MD5 as the service states it (or `-`), and the second, by the service's clock.
pub(super) const MADE_FOR: &str = "crc64nvme_of";

/// How many seconds before and after a label was made the service may have taken the blob. A label is sent with the request that makes the
/// blob; one that arrives later than this is written again.
const BEFORE: i64 = 2;
const AFTER: i64 = 3;

/// A checksum and what it was written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) crc64: Crc64,
    pub(super) size: u64,
    /// Of a blob that is put whole; the service computes the same.
    pub(super) md5: Option<[u8; 16]>,
    /// Seconds by the service's clock.
    pub(super) at: i64,
}

/// What a blob's metadata says of its checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Labelled {
    /// Nothing, or what cannot be compared with the blob.
    Not,
    /// It was written for these very bytes.
    Right(Crc64),
    /// It may have been: nothing that the service states contradicts it, and nothing proves it.
    Claimed(Crc64),
    /// It was written for others, and so may everything be that stands beside it.
    Outlived,
}

impl Label {
    pub(super) fn entries(&self) -> [(&'static str, String); 2] {
        let md5 = self.md5.map_or_else(|| "-".to_owned(), |md5| hex(&md5));
        [(CRC64, format!("{:016x}", self.crc64.0)), (MADE_FOR, format!("{},{md5},{}", self.size, self.at))]
    }

    fn read(crc64: &str, made_for: &str) -> Option<Self> {
        let digits = crc64.len() == 16 && crc64.bytes().all(|b| b.is_ascii_hexdigit());
        let crc64 = Crc64(u64::from_str_radix(crc64, 16).ok().filter(|_| digits)?);
        let mut parts = made_for.split(',');
        let (size, md5, at) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?.parse().ok()?);
        let md5 = match md5 {
            "-" => None,
            text => Some(checksum::md5_from_etag(text)?),
        };
        Some(Self { crc64, size, md5, at })
    }

    /// An MD5 that the service states decides; where it states none, its time can only contradict.
    fn of(&self, size: u64, md5: Option<[u8; 16]>, written: Option<Timestamp>) -> Labelled {
        let in_time = || {
            let late = written.and_then(|written| written.as_second().checked_sub(self.at));
            late.is_some_and(|late| (-BEFORE..=AFTER).contains(&late))
        };
        match (self.md5, md5) {
            _ if self.size != size => Labelled::Outlived,
            (Some(own), Some(stated)) if own == stated => Labelled::Right(self.crc64),
            (_, None) if in_time() => Labelled::Claimed(self.crc64),
            _ => Labelled::Outlived,
        }
    }
}

/// Takes our entries out of the metadata of a blob that the service describes so.
pub(super) fn take(
    labels: &mut BTreeMap<String, String>,
    size: u64,
    md5: Option<[u8; 16]>,
    written: Option<Timestamp>,
) -> Labelled {
    let (crc64, made_for) = (labels.remove(CRC64), labels.remove(MADE_FOR));
    // Earlier versions did not say what a checksum was written for.
    let (Some(crc64), Some(made_for)) = (crc64, made_for) else { return Labelled::Not };
    Label::read(&crc64, &made_for).map_or(Labelled::Outlived, |label| label.of(size, md5, written))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const AT: i64 = 1_700_000_000;
    const LABEL: Label = Label { crc64: Crc64(0xae8b_1486_0a79_9888), size: 4, md5: None, at: AT };

    fn labels(label: &Label) -> BTreeMap<String, String> {
        label.entries().into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    #[rstest]
    #[case::as_it_was_written(None, 4, None, 0, Labelled::Claimed(LABEL.crc64))]
    #[case::a_second_later(None, 4, None, 1, Labelled::Claimed(LABEL.crc64))]
    #[case::written_again_later(None, 4, None, 5, Labelled::Outlived)]
    #[case::from_before(None, 4, None, -60, Labelled::Outlived)]
    #[case::another_size(None, 5, None, 0, Labelled::Outlived)]
    #[case::put_whole_by_another_program(None, 4, Some([1; 16]), 0, Labelled::Outlived)]
    #[case::the_same_md5_whenever(Some([1; 16]), 4, Some([1; 16]), 9_999, Labelled::Right(LABEL.crc64))]
    #[case::another_md5_at_once(Some([1; 16]), 4, Some([2; 16]), 0, Labelled::Outlived)]
    #[case::another_size_and_the_same_md5(Some([1; 16]), 5, Some([1; 16]), 0, Labelled::Outlived)]
    #[case::an_md5_that_is_gone(Some([1; 16]), 4, None, 9_999, Labelled::Outlived)]
    #[case::an_md5_that_is_gone_at_once(Some([1; 16]), 4, None, 0, Labelled::Claimed(LABEL.crc64))]
    fn a_label_counts_for_what_it_was_written_for(
        #[case] own: Option<[u8; 16]>,
        #[case] size: u64,
        #[case] md5: Option<[u8; 16]>,
        #[case] later: i64,
        #[case] expected: Labelled,
    ) {
        let mut labels = labels(&Label { md5: own, ..LABEL });
        let written = Timestamp::from_second(AT + later).unwrap();
        assert_eq!(take(&mut labels, size, md5, Some(written)), expected);
        assert!(labels.is_empty());
    }

    #[rstest]
    #[case::of_an_earlier_version(Some("ae8b14860a799888"), None, Labelled::Not)]
    #[case::none(None, None, Labelled::Not)]
    #[case::half(None, Some("4,-,1700000000"), Labelled::Not)]
    #[case::unreadable(Some("+e8b14860a799888"), Some("4,-,1700000000"), Labelled::Outlived)]
    #[case::too_few(Some("ae8b14860a799888"), Some("4,-"), Labelled::Outlived)]
    #[case::beyond_all_numbers(
        Some("ae8b14860a799888"),
        Some("4,-,-9223372036854775808"),
        Labelled::Outlived
    )]
    fn what_is_no_label_is_not_believed(
        #[case] crc64: Option<&str>,
        #[case] made_for: Option<&str>,
        #[case] expected: Labelled,
    ) {
        let entries = [(CRC64, crc64), (MADE_FOR, made_for)];
        let entries =
            entries.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
        let written = Timestamp::from_second(AT).unwrap();
        assert_eq!(take(&mut entries.collect(), 4, None, Some(written)), expected);
    }
}
