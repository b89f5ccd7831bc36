use std::{fs::Metadata, time::SystemTime};

use jiff::Timestamp;

/// When a file was last modified, to the nanosecond. A file system that keeps no such time, and a time outside of the
/// years -9999 to 9999, give the nearest end: the same value every time, so that a comparison still holds.
pub(crate) fn modified(metadata: &Metadata) -> Timestamp {
    let Ok(time) = metadata.modified() else { return Timestamp::MIN };
    Timestamp::try_from(time).unwrap_or(if time < SystemTime::UNIX_EPOCH {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}
