//! Which version of a file was seen: its size, its time, and when anything of it was changed.
//!
//! A file's time can be set to any value, so a file may hold other bytes with the same size and time. The time of its last change
//! (`ctime` of Unix) cannot be set. It also changes when only permissions, owner or name do: where it is all that differs, the bytes decide.
//!
//! Windows keeps such a time too (`ChangeTime`), but neither the standard library nor an established crate reads it without `unsafe`. There
//! the identity of the file takes its place: it shows that another file took the name, and not that bytes were overwritten within the file
//! and its time was set back. `--checksum` compares those.

use std::{fs::Metadata, path::Path};

use jiff::Timestamp;

use crate::FileIdentity;

/// Begins the mark of a change in an `etag`. No cloud's `ETag` has it: theirs end with `-` and a number at most.
const CHANGED: &str = "-c";

/// What tells a file from an earlier one of the same size and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// When its content, name or permissions were last changed.
    At(Timestamp),
    /// Which file it is, where the system does not say when it was changed.
    Identity(FileIdentity),
}

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileVersion {
    /// Its bytes.
    pub size: u64,
    /// Its time, where the file system keeps one.
    pub modified: Option<Timestamp>,
    /// What differs in another version of the same size and time, as far as the system says so.
    pub changed: Option<Change>,
}

impl FileVersion {
    /// The version of what `path` leads to, which `metadata` describes.
    pub fn at(path: &Path, metadata: &Metadata) -> Self {
        Self { changed: changed(path, metadata), ..Self::unmarked(metadata) }
    }

    /// Size and time alone.
    pub fn unmarked(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
        Self { size: metadata.len(), modified, changed: None }
    }

    /// The version as one text: `<time>-<size>-c<change>`, without the last part where it is not known.
    pub fn etag(&self) -> String {
        let time = self.modified.map_or_else(|| "0".to_owned(), unix_seconds);
        let changed = self.changed.map(change_mark).unwrap_or_default();
        format!("{time}-{}{changed}", self.size)
    }
}

/// The mark of a source file, as it is recorded beside its size and time.
pub fn change_mark(changed: Change) -> String {
    match changed {
        Change::At(time) => format!("{CHANGED}{}", unix_seconds(time)),
        Change::Identity(FileIdentity { volume, number }) => format!("{CHANGED}f{volume:x}.{number:x}"),
    }
}

/// Whether a recorded text and one of now name one version of a file. What was recorded without a mark, by an earlier program or on another
/// system, is compared without it.
pub fn same_version(recorded: &str, now: &str) -> bool {
    match (recorded.find(CHANGED), now.find(CHANGED)) {
        (Some(_), Some(_)) => recorded == now,
        _ => without_change(recorded) == without_change(now),
    }
}

/// The version without the mark of its last change.
pub fn without_change(etag: &str) -> &str {
    etag.find(CHANGED).map_or(etag, |end| &etag[..end])
}

/// Seconds since 1970 with as many digits of a fraction as are needed.
pub fn unix_seconds(time: Timestamp) -> String {
    let nanos = time.as_nanosecond();
    let (sign, nanos) = (if nanos < 0 { "-" } else { "" }, nanos.unsigned_abs());
    let (whole, fraction) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{}", format!("{fraction:09}").trim_end_matches('0'))
}

#[cfg(unix)]
fn changed(_path: &Path, metadata: &Metadata) -> Option<Change> {
    use std::os::unix::fs::MetadataExt;
    Timestamp::new(metadata.ctime(), i32::try_from(metadata.ctime_nsec()).ok()?).ok().map(Change::At)
}

#[cfg(windows)]
fn changed(path: &Path, metadata: &Metadata) -> Option<Change> {
    FileIdentity::at(path, metadata).map(Change::Identity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn version(modified: i128, size: u64, changed: Option<i128>) -> String {
        let time = |nanos| Timestamp::from_nanosecond(nanos).unwrap();
        let changed = changed.map(|nanos| Change::At(time(nanos)));
        FileVersion { size, modified: Some(time(modified)), changed }.etag()
    }

    #[test]
    fn where_no_time_of_a_change_is_known_the_file_itself_is_the_mark() {
        let version = |number| FileVersion {
            size: 3,
            modified: Timestamp::from_second(5).ok(),
            changed: Some(Change::Identity(FileIdentity { volume: 0xab, number })),
        };
        let (one, other) = (version(18).etag(), version(19).etag());
        assert_eq!(one, "5-3-cfab.12");
        assert!(same_version(&one, &one) && !same_version(&one, &other));
        assert_eq!(without_change(&one), without_change(&other));
        assert!(same_version(&one, "5-3"));
    }

    #[rstest]
    #[case::whole(5_000_000_000, None, "5-3")]
    #[case::fraction(1_500_000_000, Some(2_000_000_001), "1.5-3-c2.000000001")]
    #[case::before_1970(-500_000_000, Some(-1_000_000_000), "-0.5-3-c-1")]
    fn a_version_is_one_text(#[case] modified: i128, #[case] changed: Option<i128>, #[case] text: &str) {
        assert_eq!(version(modified, 3, changed), text);
    }

    #[rstest]
    #[case::same(Some(1), Some(1), true)]
    #[case::changed(Some(1), Some(2), false)]
    #[case::recorded_by_an_earlier_program(None, Some(2), true)]
    #[case::not_known_now(Some(1), None, true)]
    fn a_change_counts_where_both_know_it(
        #[case] then: Option<i128>,
        #[case] now: Option<i128>,
        #[case] same: bool,
    ) {
        assert_eq!(same_version(&version(7, 3, then), &version(7, 3, now)), same);
        assert!(!same_version(&version(7, 3, then), &version(7, 4, now)));
        assert!(!same_version(&version(7, 3, then), &version(8, 3, now)));
    }

    #[rstest]
    fn etags_of_clouds_stay_whole(
        #[values("d41d8cd98f00b204e9800998ecf8427e-2", "0x8DC0FFEE", "1712345678901234")] etag: &str,
    ) {
        assert_eq!(without_change(etag), etag);
        assert!(same_version(etag, etag) && !same_version(etag, "other"));
    }
}
