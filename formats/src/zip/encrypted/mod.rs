//! One file as a zip file with one encrypted entry.

mod aes;
mod cipher;
mod salt;
mod sample;
mod traditional;
mod write;

use std::collections::VecDeque;

use adt_model::{Class, Fault, Pulse, Secret, VideoEncryption};
use bytes::Bytes;
use jiff::tz::TimeZone;
use rayon::ThreadPool;

use super::{
    BLOCK, ZipSummary,
    compress::{self, Compressors},
    stream::LONGEST_NAME,
};
use crate::{
    SteadyFile,
    folder::{Entry, EntryKind},
};
use write::Writer;

/// How a file is encrypted.
#[derive(Clone, Debug)]
pub struct EncryptOptions {
    /// With which cipher.
    pub encryption: VideoEncryption,
    /// Its UTF-8 bytes are the password. Letters beyond ASCII may be turned into other bytes by other tools.
    pub password: Secret,
    /// Random bytes, from which the salts are made. One seed serves all files of a job: what is drawn from it also depends on the
    /// file and on these options, so that no two contents share a key stream.
    pub seed: [u8; 16],
    /// Deflate level, 1 (fast) to 9 (small), for a content that deflate shrinks.
    pub level: u8,
    /// What the file is called inside, such as `body.mp4`.
    pub entry_name: String,
    /// For DOS times, which are local by convention.
    pub time_zone: TimeZone,
    /// Sizes and offsets from here on are written as ZIP64; lower only in tests.
    limit: u64,
}

impl EncryptOptions {
    /// Everything there is to say.
    pub fn new(
        encryption: VideoEncryption,
        password: Secret,
        seed: [u8; 16],
        level: u8,
        entry_name: impl Into<String>,
        time_zone: TimeZone,
    ) -> Self {
        let limit = u64::from(u32::MAX);
        Self { encryption, password, seed, level, entry_name: entry_name.into(), time_zone, limit }
    }

    /// For tests: ZIP64 from this size or offset on, so that it need not be made of gigabytes.
    #[must_use]
    pub fn zip64_from(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }

    fn check(&self, file: &Entry) -> Result<(), Fault> {
        let wrong = if self.password.is_empty() {
            "the password is empty".to_owned()
        } else if self.entry_name.is_empty() || self.entry_name.len() > LONGEST_NAME {
            format!("`{}` cannot be the name of a zip's entry", self.entry_name)
        } else if file.kind != EntryKind::File {
            "it is a folder".to_owned()
        } else {
            return Ok(());
        };
        Err(Fault::new(Class::BadInput, format!("cannot encrypt `{}`: {wrong}", file.path)))
    }
}

/// Hands `file` to `out` as a zip with one encrypted entry, piece by piece; nothing else is written anywhere.
///
/// With `Aes256` the entry is `WinZip`'s AE-2: AES-256 in counter mode, keys by PBKDF2 (HMAC-SHA1, 1000 rounds), and an HMAC-SHA1 of
/// 80 bits over what was encrypted. With `ZipCrypto` it is PKWARE's traditional cipher, which anybody can break who knows a few
/// bytes of the content: for readers that know nothing else.
///
/// A file of one block (1 MiB) is deflated when that makes it smaller. Of a larger one, two MiB spread evenly from its first to its
/// last byte are tried: when deflate takes at least 5 % off them the whole is deflated, otherwise (most videos) it is stored.
///
/// The same file, options and version of this program give the same bytes, however many threads there are.
///
/// Runs on the calling thread, which must not be one of `pool`'s; `out` may block. At most a few blocks for each thread are in
/// memory. Reading and compressing share the pool; the cipher runs on the calling thread. A file that changes while it is read, or
/// that is not what `file` says, ends it with `Corrupt`; an empty password, or an entry name of no or more than 65535 bytes, with
/// `BadInput`.
pub fn zip_encrypted(
    file: &Entry,
    out: &mut dyn FnMut(Bytes) -> Result<(), Fault>,
    pool: &ThreadPool,
    pulse: &dyn Pulse,
    options: &EncryptOptions,
) -> Result<ZipSummary, Fault> {
    options.check(file)?;
    let compressors = if worth_deflating(file, options.level, pool)? {
        Compressors::new(options.level)
    } else {
        Compressors::storing_large(options.level)
    };
    let mut writer = Writer::new(file, out, compressors.deflate(), options);
    let ahead = 2 * pool.current_num_threads() + 2;
    pool.in_place_scope(|scope| {
        let mut queue = VecDeque::with_capacity(ahead);
        for work in compress::plan(file.clone())? {
            while queue.len() >= ahead {
                writer.take_next(&mut queue, pulse)?;
            }
            queue.push_back(compress::start(work, scope, &compressors));
        }
        while !queue.is_empty() {
            writer.take_next(&mut queue, pulse)?;
        }
        writer.finish()
    })
}

/// Of a file of one block this is seen when it is compressed.
fn worth_deflating(file: &Entry, level: u8, pool: &ThreadPool) -> Result<bool, Fault> {
    if file.size <= BLOCK as u64 {
        return Ok(true);
    }
    let file = SteadyFile::open(&file.path, file.size, file.modified)?;
    sample::shrinks(&file, level, pool)
}
