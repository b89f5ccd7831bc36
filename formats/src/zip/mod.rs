//! A folder as a zip file, written as one stream while its files are compressed on all cores; a single file as an encrypted zip
//! file ([`zip_encrypted`]); and the way back ([`decrypt`]).
//!
//! The layout follows PKWARE's APPNOTE 6.3: deflate (or stored, for a small file that deflate does not shrink), ZIP64 only where
//! a size, an offset or a count needs it, UTF-8 names, times as DOS local time (what the format asks for), as Unix time (extra
//! field 0x5455) and in the directory as NTFS time (extra field 0x000a, 100 ns). Files that fit into one block have their sizes in
//! their own header; larger ones are followed by a data descriptor. For encryption see [`zip_encrypted`].
//!
//! The same input gives the same bytes, however many threads there are.

mod compress;
mod decrypt;
mod directory;
mod encrypted;
mod header;
mod password;
mod stream;
mod times;

use std::collections::VecDeque;

use adt_model::{Fault, Pulse};
use bytes::Bytes;
use jiff::tz::TimeZone;
use rayon::ThreadPool;

use crate::folder::Entry;

pub use decrypt::{Decrypted, decrypt};
pub use encrypted::{EncryptOptions, zip_encrypted};
pub use password::password_check;

use compress::Compressors;
use stream::Stream;

/// Bytes of a file that are compressed at once.
const BLOCK: usize = 1 << 20;

/// How a folder is zipped.
#[derive(Clone, Debug)]
pub struct ZipOptions {
    /// Deflate level, 1 (fast) to 9 (small).
    pub level: u8,
    /// What every entry's name begins with, without the slash that follows it. Empty: names begin at the top.
    pub entry_root: String,
    /// For DOS times, which are local by convention.
    pub time_zone: TimeZone,
    /// Sizes and offsets from here on are written as ZIP64; lower only in tests.
    limit: u64,
}

impl ZipOptions {
    /// Entries are called `entry_root/<relative path>`.
    pub fn new(level: u8, entry_root: impl Into<String>, time_zone: TimeZone) -> Self {
        Self { level, entry_root: entry_root.into(), time_zone, limit: u64::from(u32::MAX) }
    }

    /// For tests: ZIP64 from this size or offset on, so that it need not be made of gigabytes.
    #[must_use]
    pub fn zip64_from(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ZipSummary {
    /// Files and empty folders.
    pub entries: u64,
    /// Bytes of the files.
    pub bytes_in: u64,
    /// Bytes of the zip.
    pub bytes_out: u64,
}

/// Zips `entries`, in their order, and hands the zip to `out` piece by piece.
///
/// Runs on the calling thread, which must not be one of `pool`'s; `out` may block. At most a few blocks for each thread are in
/// memory, and the directory (about 150 bytes for each entry). A file that changes while it is read ends the zip with `Corrupt`.
pub fn zip_folder(
    entries: impl Iterator<Item = Result<Entry, Fault>>,
    out: &mut dyn FnMut(Bytes) -> Result<(), Fault>,
    pool: &ThreadPool,
    pulse: &dyn Pulse,
    options: &ZipOptions,
) -> Result<ZipSummary, Fault> {
    let compressors = Compressors::new(options.level);
    let mut stream = Stream::new(out, options);
    let ahead = 2 * pool.current_num_threads() + 2;
    pool.in_place_scope(|scope| {
        let mut queue = VecDeque::with_capacity(ahead);
        for entry in entries {
            for work in compress::plan(entry?)? {
                while queue.len() >= ahead {
                    stream.take_next(&mut queue, pulse)?;
                }
                queue.push_back(compress::start(work, scope, &compressors));
            }
        }
        while !queue.is_empty() {
            stream.take_next(&mut queue, pulse)?;
        }
        stream.finish()
    })
}
