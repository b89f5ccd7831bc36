//! Pieces become the one entry of an encrypted zip: header, content, descriptor, directory.

use std::collections::VecDeque;

use adt_codec::crc32_combine;
use adt_model::{Class, Fault, Pulse, VideoEncryption};
use bytes::Bytes;

use super::{
    EncryptOptions,
    cipher::{Cipher, overhead},
    salt::salt,
};
use crate::{
    folder::Entry,
    zip::{
        ZipSummary,
        compress::{self, Done, Pending},
        header::{self, Head},
        stream::largest,
    },
};

pub(super) struct Writer<'a> {
    file: &'a Entry,
    out: &'a mut dyn FnMut(Bytes) -> Result<(), Fault>,
    /// Whether a file of several blocks is deflated.
    deflate: bool,
    options: &'a EncryptOptions,
    offset: u64,
    crc: u32,
    bytes_in: u64,
    open: Option<(Head, Cipher)>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        file: &'a Entry,
        out: &'a mut dyn FnMut(Bytes) -> Result<(), Fault>,
        deflate: bool,
        options: &'a EncryptOptions,
    ) -> Self {
        Self { file, out, deflate, options, offset: 0, crc: 0, bytes_in: 0, open: None }
    }

    /// Waits for the oldest piece of work and writes what came of it.
    pub(super) fn take_next(
        &mut self,
        queue: &mut VecDeque<Pending>,
        pulse: &dyn Pulse,
    ) -> Result<(), Fault> {
        let Some(pending) = queue.pop_front() else { return Ok(()) };
        match compress::wait(&pending)? {
            Done::Folder(_) => Err(Fault::new(Class::Bug, "a folder came to be encrypted")),
            Done::Whole { entry, crc, deflated, bytes } => {
                pulse.beat(entry.size)?;
                self.begin(deflated)?;
                self.piece(crc, entry.size, bytes)
            }
            Done::Part { entry, crc, length, bytes, last } => {
                pulse.beat(length)?;
                if entry.is_some() {
                    self.begin(self.deflate)?;
                }
                self.piece(crc, length, bytes)?;
                // Not by the thread that read the last part: another may still have been reading an earlier one.
                last.map_or(Ok(()), |file| file.finish())
            }
        }
    }

    /// Writes what comes before the content.
    fn begin(&mut self, deflated: bool) -> Result<(), Fault> {
        let (file, options) = (self.file, self.options);
        let mut head = Head::named(options.entry_name.clone(), file, &options.time_zone);
        let added = overhead(options.encryption);
        head.encryption = Some(options.encryption);
        head.deflated = deflated;
        // AE-2 has no checksum, so that a stored entry is known beforehand: then it can be read as a stream.
        head.described = deflated || options.encryption == VideoEncryption::ZipCrypto;
        head.large = largest(file.size) + added >= options.limit;
        head.size = file.size;
        head.packed = file.size + added;
        let check = (head.time.0 >> 8) as u8;
        let salt = salt(file, deflated, options);
        let (cipher, before) = Cipher::new(options.encryption, &options.password, &salt, check);
        self.write(head.local())?;
        head.packed = before.len() as u64;
        self.write(before)?;
        self.open = Some((head, cipher));
        Ok(())
    }

    fn piece(&mut self, crc: u32, length: u64, mut bytes: Vec<u8>) -> Result<(), Fault> {
        let Some((head, cipher)) = &mut self.open else {
            return Err(Fault::new(Class::Bug, "a part of a file came before its beginning"));
        };
        cipher.apply(&mut bytes);
        head.packed += bytes.len() as u64;
        self.crc = crc32_combine(self.crc, crc, length);
        self.bytes_in += length;
        self.write(bytes)
    }

    /// Writes what comes after the content; nothing may follow.
    pub(super) fn finish(mut self) -> Result<ZipSummary, Fault> {
        let Some((mut head, cipher)) = self.open.take() else {
            return Err(Fault::new(Class::Bug, "a file ended before its beginning"));
        };
        let after = cipher.end();
        head.packed += after.len() as u64;
        if self.options.encryption == VideoEncryption::ZipCrypto {
            head.crc = self.crc;
        }
        self.write(after)?;
        if head.described {
            self.write(head.descriptor())?;
        }
        let (offset, limit) = (self.offset, self.options.limit);
        let directory = head.central(0, limit);
        let end = header::end(1, directory.len() as u64, offset, limit);
        self.write(directory)?;
        self.write(end)?;
        Ok(ZipSummary { entries: 1, bytes_in: self.bytes_in, bytes_out: self.offset })
    }

    fn write(&mut self, bytes: Vec<u8>) -> Result<(), Fault> {
        self.offset += bytes.len() as u64;
        if bytes.is_empty() { Ok(()) } else { (self.out)(bytes.into()) }
    }
}
